"""Recipes that are stopped on their way show what they have become."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.fakes.answers import FakeNetworks
from tests.fakes.pictures import half_mask_file, opened, striped_file
from tests.fakes.plans import NOWHERE, small_plan
from torch import Tensor

from tintype.core.orders import Decode, Network, Stopped
from tintype.core.requests import Hires, HiresSize, Init, Plan
from tintype.core.scripts import Loopback, SdUpscale
from tintype.recipes import painted

OTHER = Network(replace(NOWHERE, name="b.safetensors"))
SIZE = HiresSize(128, 128, 0, 0, ("Hires upscale", 2.0))


def last_answer(fake: FakeNetworks) -> Tensor:
    return fake.play_again(fake.questions[-1])


def with_hires(plan: Plan, upscaler: str) -> Plan:
    hires = Hires(SIZE, 0, upscaler, 0.5, "a dog", "", OTHER, plan.settings, plan.guidance)
    return replace(plan, hires=hires)


@pytest.mark.parametrize("sampler", ["Euler", "DPM++ 2M", "Heun", "DDIM", "UniPC"])
def test_the_last_answer_is_decoded(sampler: str) -> None:
    """Stopped before its fourth question, a picture is what the third answer shows."""
    fake = FakeNetworks()
    fake.play(painted(small_plan(steps=9, sampler=sampler)), stop_at=3)
    assert len(fake.questions) == 3
    (decode,) = fake.of(Decode)
    torch.testing.assert_close(decode.latent, last_answer(fake))


def test_nothing_to_show() -> None:
    """Stopped before the first answer there is no picture."""
    with pytest.raises(Stopped):
        FakeNetworks().play(painted(small_plan()), stop_at=0)


def test_stopped_in_the_first_pass_there_is_no_second() -> None:
    """The low picture is what an interrupted hires picture is, as in A1111."""
    fake = FakeNetworks()
    (picture,) = fake.play(painted(with_hires(small_plan(steps=6), "Latent")), stop_at=2)
    assert tuple(picture.shape) == (64, 64, 3)


@pytest.mark.parametrize("upscaler", ["Latent", "Lanczos"])
def test_stopped_between_the_passes(upscaler: str) -> None:
    """A second pass without an answer leaves the first pass's latent, for its own checkpoint."""
    fake, plan = FakeNetworks(), with_hires(small_plan(steps=4), upscaler)
    (picture,) = fake.play(painted(plan), stop_at=4)
    assert tuple(picture.shape) == (64, 64, 3)
    assert fake.of(Decode)[-1].network == plan.network


def test_stopped_in_the_second_pass() -> None:
    """The picture has its final size and is decoded by the second checkpoint."""
    fake = FakeNetworks()
    (picture,) = fake.play(painted(with_hires(small_plan(steps=4), "Latent")), stop_at=5)
    assert tuple(picture.shape) == (128, 128, 3)
    assert fake.of(Decode)[-1].network == OTHER


def test_what_a_mask_protects_stays() -> None:
    """A stopped inpainting still lays the original over what was not to be repainted."""
    init = Init(striped_file(), denoising_strength=1.0, mask=half_mask_file())
    plan = replace(small_plan(steps=8), init=init)
    (picture, *_) = FakeNetworks().play(painted(plan), stop_at=2)
    original = np.asarray(opened(_text(striped_file())).convert("RGB"))
    assert np.array_equal(picture.numpy()[:, 48:], original[:, 48:])
    assert not np.array_equal(picture.numpy()[:, :16], original[:, :16])


def _text(file: bytes) -> str:
    from base64 import b64encode

    return b64encode(file).decode()


def test_loopback_keeps_its_turns() -> None:
    """Stopped in its second turn, loopback shows the first and what the second had become."""
    init = Init(striped_file(), denoising_strength=0.5)
    script = Loopback(loops=4, final_strength=0.5, curve="Linear")
    plan = replace(small_plan(steps=4), init=init, script=script)
    turn = len(FakeNetworksOf(replace(plan, script=None)).questions)
    pictures = FakeNetworks().play(painted(plan), stop_at=turn + 1)
    assert len(pictures) == 2


def test_sd_upscale_keeps_the_other_tiles() -> None:
    """Stopped in its first tile, SD upscale shows a picture of the whole size."""
    init = Init(striped_file(), denoising_strength=0.5)
    script = SdUpscale(overlap=16, upscaler="Lanczos", scale=2.0)
    plan = replace(small_plan(steps=4), init=init, script=script)
    (picture,) = FakeNetworks().play(painted(plan), stop_at=1)
    assert tuple(picture.shape) == (128, 128, 3)


def FakeNetworksOf(plan: Plan) -> FakeNetworks:  # noqa: N802 - stands for one that has played
    fake = FakeNetworks()
    fake.play(painted(plan))
    return fake
