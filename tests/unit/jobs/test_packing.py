"""Plans as bytes: everything comes back, and nothing else comes out."""

import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.pictures import half_mask_file, picture_file
from tests.fakes.plans import small_plan

from tintype.core.enlarging import Enlargement, ExtrasSettings
from tintype.core.mask_settings import MaskSettings, SoftInpainting
from tintype.core.models import AdapterRecord, EmbeddingRecord, UpscalerRecord
from tintype.core.orders import Adapter
from tintype.core.requests import Hires, HiresSize, Init, Plan, Refiner
from tintype.core.scripts import Loopback, OutpaintingMk2, PoorMansOutpainting, SdUpscale
from tintype.core.upscalers import UpscalerNetwork
from tintype.errors import EngineError
from tintype.jobs.packing import digest_of, pack, rebuilt, unpack

SCRIPTS = (
    Loopback(2, 0.5, "Lazy"),
    SdUpscale(64, "Lanczos", 2.0),
    PoorMansOutpainting(128, 4, ("left",)),
    OutpaintingMk2(128, 8, ("up", "down")),
)


def rich_plan() -> Plan:
    plan = small_plan(prompt="a cat, × 2")
    adapter = Adapter(AdapterRecord("l", Path("/m/l.safetensors"), 1, 2, "l"), rank=4)
    network = replace(plan.network, adapters=(adapter,), tiling=True)
    size = HiresSize(96, 96, 0, 0, ("Hires upscale", 1.5))
    init = Init(
        picture_file(),
        mask=half_mask_file(),
        masking=MaskSettings(blur_x=0),
        soft=SoftInpainting(),
    )
    return replace(
        plan,
        network=network,
        init=init,
        hires=Hires(size, 0, "Latent", 0.5, "", "", network, plan.settings, plan.guidance),
        refiner=Refiner(network, 0.8),
        embeddings=(EmbeddingRecord("e", Path("/m/e.pt"), 3, 4, (("clip_l", 768),)),),
        notes=(("a", 1), ("b", None)),
        styles=("s",),
    )


@pytest.mark.parametrize("script", [None, *SCRIPTS])
def test_every_kind_of_plan_comes_back(script: Any) -> None:
    """Nested values, paths, pictures and infinities are as they were."""
    plans = (replace(rich_plan(), script=script), small_plan(seed=2))

    assert unpack(pack(plans)) == plans


def test_equal_pictures_are_stored_once() -> None:
    """Sixteen images that begin with one picture take the room of one, whoever read it."""
    file = bytes(range(256)) * 400
    plans = tuple(
        replace(small_plan(seed=seed), init=Init(bytes(bytearray(file)))) for seed in range(16)
    )

    assert len(pack(plans)) < 1.2 * len(file)


def test_plans_of_an_earlier_version_are_read() -> None:
    """A field that came later has its default."""
    plan = small_plan()
    needed = ("prompt", "negative_prompt", "width", "height")
    needed += ("network", "settings", "guidance", "text", "noise")
    older = {name: getattr(plan, name) for name in needed}

    assert rebuilt("tintype.core.requests:Plan", older) == plan


class Evil:
    def __reduce__(self) -> Any:
        return os.putenv, ("TINTYPE_TEST", "1")


@pytest.mark.parametrize(
    "hostile",
    [
        pickle.dumps(Evil()),
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"ctintype.jobs.packing\nrebuilt\n(S'os:system'\n(dtR.",
        b"ctintype.jobs.packing\nrebuilt\n(S'tintype.core.jobs:dataclass'\n(dtR.",
        b"ctintype.jobs.packing\nrebuilt\n(S'tintype.core.nowhere:Plan'\n(dtR.",
        b"torn",
        pickle.dumps((1, 2)),
    ],
)
def test_nothing_but_plans_comes_out(hostile: bytes) -> None:
    """Bytes that would call something, or are no plans, are refused in words."""
    with pytest.raises(EngineError):
        unpack(hostile)


def test_digest_is_of_the_values() -> None:
    """Equal plans have equal digests however they came to be; any difference shows."""
    plan = rich_plan()
    (again,) = unpack(pack((plan,)))

    assert digest_of(again) == digest_of(plan)
    assert digest_of(replace(plan, width=72)) != digest_of(plan)
    assert digest_of(replace(plan, prompt="a", negative_prompt="b")) != digest_of(
        replace(plan, prompt="ab", negative_prompt="")
    )


def test_enlargements_come_back() -> None:
    """Plans of jobs that only make pictures larger are plans as well."""
    network = UpscalerNetwork(UpscalerRecord("x", Path("/m/x.pth"), 1, 2, 4), 64, 16)
    settings = ExtrasSettings(1, width=300, upscaler="x", second_upscaler="Lanczos")
    plan = Enlargement(picture_file(), settings, network)
    assert unpack(pack((plan, plan))) == (plan, plan)
    assert digest_of(plan) != digest_of(replace(plan, network=replace(network, tile=32)))
