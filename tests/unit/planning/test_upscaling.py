"""Names of upscalers in requests, settled."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.library import make_library, planned
from tests.fakes.pictures import picture_file
from tests.fakes.small_models import safetensors

from tintype.core.enlarging import ExtrasSettings
from tintype.core.requests import HiresRequest, Init, Request
from tintype.core.scripts import SdUpscale
from tintype.core.upscalers import TileSettings
from tintype.errors import InvalidRequest, UnknownName
from tintype.planning import Library, enlargement

TILES = TileSettings(side=64, overlap=16)


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A library with an upscaler "4x-Sharp"."""
    root = tmp_path_factory.mktemp("root")
    path = root / "models" / "ESRGAN" / "4x-Sharp.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(safetensors({"x": (1,)}))
    return make_library(root)


def test_wherever_pictures_are_enlarged(stocked: Library) -> None:
    """Hires passes, img2img and SD upscale know the network and its tiles, under its own name."""
    request = Request(
        hires=HiresRequest(0.5, upscaler="4X-SHARP"),
        init=Init(picture_file(), upscaler="4x-sharp"),
        script=SdUpscale(64, "4x-sharp.safetensors", 2.0),
        tiles=TILES,
    )
    (plan,) = planned(request, stocked)
    assert plan.hires is not None
    assert plan.init is not None
    assert isinstance(plan.script, SdUpscale)
    settled = [plan.hires, plan.init, plan.script]
    assert [one.upscaler for one in settled] == ["4x-Sharp"] * 3
    for one in settled:
        assert one.enlarger is not None
        assert (one.enlarger.record.name, one.enlarger.tile, one.enlarger.overlap) == (
            "4x-Sharp",
            64,
            16,
        )


def test_those_without_a_network(stocked: Library) -> None:
    """Names alone, as A1111 writes them."""
    request = Request(
        hires=HiresRequest(0.5, upscaler="latent"), init=Init(picture_file(), upscaler="nearest")
    )
    (plan,) = planned(request, stocked)
    assert plan.hires is not None
    assert plan.init is not None
    assert (plan.hires.upscaler, plan.hires.enlarger) == ("Latent", None)
    assert (plan.init.upscaler, plan.init.enlarger) == ("Nearest", None)


@pytest.mark.parametrize(
    "request_",
    [
        Request(hires=HiresRequest(0.5, upscaler="x9")),
        Request(init=Init(b"", upscaler="Latent")),
        Request(init=Init(b""), script=SdUpscale(64, "x9", 2.0)),
    ],
)
def test_unknown_ones(request_: Request, stocked: Library) -> None:
    """Refused with the choices."""
    with pytest.raises(UnknownName, match="4x-Sharp"):
        planned(request_, stocked)


def test_an_enlargement(stocked: Library) -> None:
    """Both names are settled; the second network only where it has a say."""
    settings = ExtrasSettings(
        upscaler="4x-sharp", second_upscaler="4x-SHARP", second_visibility=0.5
    )
    plan = enlargement(b"p", settings, stocked, TILES)
    assert (plan.settings.upscaler, plan.settings.second_upscaler) == ("4x-Sharp", "4x-Sharp")
    assert plan.network == plan.second_network
    silent = enlargement(b"p", replace(settings, second_visibility=0), stocked, TILES)
    assert (silent.network, silent.second_network) == (plan.network, None)
    for first in ("None", "Lanczos"):
        plain = enlargement(b"p", replace(settings, upscaler=first), stocked, TILES)
        assert plain.network is None
        assert (plain.second_network is None) == (first == "None")


def test_slips_in_an_enlargement(stocked: Library) -> None:
    """Also in a name that has no say; and tiles that make no sense."""
    for settings in (ExtrasSettings(upscaler="x9"), ExtrasSettings(second_upscaler="x9")):
        with pytest.raises(UnknownName):
            enlargement(b"p", settings, stocked, TILES)
    with pytest.raises(InvalidRequest, match="ESRGAN_tile"):
        enlargement(b"p", ExtrasSettings(upscaler="4x-Sharp"), stocked, TileSettings(side=1))


def test_paths_are_files_of_the_library(stocked: Library) -> None:
    """No path in a name leads anywhere."""
    with pytest.raises(UnknownName):
        enlargement(b"p", ExtrasSettings(upscaler=str(Path("/etc/passwd"))), stocked, TILES)
