"""Pictures made larger: what networks are asked, and what becomes of their answers."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image
from tests.fakes.answers import FakeNetworks
from tests.fakes.pictures import picture_file, striped_file
from tests.fakes.plans import small_plan

from tintype.core.enlarging import Enlargement, ExtrasSettings
from tintype.core.models import UpscalerRecord
from tintype.core.orders import Recipe, Upscale
from tintype.core.requests import Hires, HiresSize, Init
from tintype.core.scripts import SdUpscale
from tintype.core.upscalers import UpscalerNetwork
from tintype.recipes import enlarged, expected_steps, painted

SMOOTH = Image.linear_gradient("L").resize((300, 200)).convert("RGB")


def network(scale: int = 2, tile: int = 64, overlap: int = 8) -> UpscalerNetwork:
    """One whose file is nowhere; the answers are made by the test."""
    record = UpscalerRecord(f"x{scale}", Path(f"/m/ESRGAN/x{scale}.pth"), 1, 1, scale)
    return UpscalerNetwork(record, tile, overlap)


def file_of(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def plan_for(
    settings: ExtrasSettings, one: UpscalerNetwork | None, picture: Image.Image = SMOOTH
) -> Enlargement:
    return Enlargement(file_of(picture), settings, one)


def played(recipe: Recipe) -> tuple[Image.Image, list[Upscale]]:
    """The picture of a recipe whose networks repeat every pixel, and what they were asked."""
    networks = FakeNetworks()
    (pixels,) = networks.play(recipe)
    return Image.fromarray(pixels.numpy()), networks.of(Upscale)


def test_tiles_leave_no_seams() -> None:
    """A network that repeats pixels gives in tiles what it gives at once, to a level of 255."""
    settings = ExtrasSettings(scale=2, upscaler="x2")
    whole, once = played(enlarged(plan_for(settings, network(tile=0))))
    tiled, tiles = played(enlarged(plan_for(settings, network())))
    assert (len(once), tuple(once[0].pixels.shape)) == (1, (3, 200, 300))
    assert len(tiles) == 6 * 4
    assert {tuple(tile.pixels.shape) for tile in tiles} == {(3, 64, 64)}
    assert whole.size == tiled.size == (600, 400)
    assert np.abs(np.asarray(whole, int) - np.asarray(tiled, int)).max() <= 1


def test_small_pictures_are_shown_as_they_are() -> None:
    """No tile reaches beyond the picture."""
    settings = ExtrasSettings(scale=2, upscaler="x2")
    _, asked = played(enlarged(plan_for(settings, network(tile=192), SMOOTH.resize((40, 250)))))
    assert {tuple(tile.pixels.shape) for tile in asked} == {(3, 192, 40)}


@pytest.mark.parametrize(
    ("scale", "own", "times", "size"),
    [
        (2, 4, 1, (48, 32)),
        (3, 2, 2, (72, 48)),
        (8, 2, 3, (192, 128)),
        (1, 1, 1, (24, 16)),
        (1, 2, 1, (24, 16)),
        (0.5, 2, 0, (8, 8)),
        (4, 1, 1, (96, 64)),
    ],
)
def test_how_often_a_network_is_asked(
    scale: float, own: int, times: int, size: tuple[int, int]
) -> None:
    """Until the size is reached, three times at most; once to mend a picture of the size it has."""
    plan = plan_for(
        ExtrasSettings(scale=scale, upscaler="x"), network(own, 0), SMOOTH.resize((24, 16))
    )
    picture, asked = played(enlarged(plan))
    assert (len(asked), picture.size) == (times, size)
    assert expected_steps(plan) == max(times, 1)


def test_a_scale_the_file_did_not_tell() -> None:
    """What a network really answers counts, whatever its record says."""
    plan = plan_for(ExtrasSettings(scale=4, upscaler="x"), network(4), SMOOTH.resize((24, 16)))
    recipe = enlarged(plan)
    order = cast(Upscale, next(recipe))
    order = cast(Upscale, recipe.send(order.pixels.repeat_interleave(2, 1).repeat_interleave(2, 2)))
    assert tuple(order.pixels.shape) == (3, 32, 48)


def test_two_upscalers_are_blended() -> None:
    """Each is asked for itself, and the second has its share."""
    settings = ExtrasSettings(scale=2, upscaler="x2", second_upscaler="x4", second_visibility=0.25)
    plan = replace(plan_for(settings, network(2, 0)), second_network=network(4, 0))
    recipe = enlarged(plan)
    first = cast(Upscale, next(recipe))
    second = cast(Upscale, recipe.send(torch.full((3, 400, 600), 40, dtype=torch.uint8)))
    with pytest.raises(StopIteration) as end:
        recipe.send(torch.full((3, 800, 1200), 80, dtype=torch.uint8))
    assert (first.upscaler.name, second.upscaler.name) == ("x2", "x4")
    assert end.value.value[0].unique().tolist() == [50]


def test_to_a_size() -> None:
    """Large enough for both sides, and cut to them."""
    settings = ExtrasSettings(1, width=320, height=320, upscaler="x2")
    picture, _ = played(enlarged(plan_for(settings, network())))
    assert picture.size == (320, 320)


def test_without_a_network_nothing_is_asked() -> None:
    """Lanczos is done on the spot."""
    picture, asked = played(enlarged(plan_for(ExtrasSettings(upscaler="Lanczos"), None)))
    assert (picture.size, asked) == ((600, 400), [])


def test_transparency_is_laid_on_white() -> None:
    """As for every picture somebody sends."""
    clear = picture_file((0, 0, 0, 0), (16, 16))
    plan = Enlargement(clear, ExtrasSettings(upscaler="x2"), network())
    picture, _ = played(enlarged(plan))
    assert picture.getpixel((0, 0)) == (255, 255, 255)


def sizes_asked(networks: FakeNetworks) -> list[tuple[int, ...]]:
    return [tuple(o.pixels.shape) for o in networks.orders if isinstance(o, Upscale)]


def test_a_hires_pass_through_a_network() -> None:
    """The first pass's picture is enlarged, and encoded at the final size."""
    plan = small_plan()
    size = HiresSize(96, 96, 0, 0, ("Hires upscale", 1.5))
    hires = Hires(size, 0, "x2", 0.5, "a", "", plan.network, plan.settings, plan.guidance)
    hires = replace(hires, enlarger=network())
    networks = FakeNetworks()
    (picture,) = networks.play(painted(replace(plan, hires=hires)))
    assert sizes_asked(networks) == [(3, 64, 64)]
    assert picture.shape == (96, 96, 3)


@pytest.mark.parametrize(("side", "asked"), [(128, [(3, 64, 64)]), (64, []), (32, [])])
def test_img2img_enlarges_small_pictures(side: int, asked: list[tuple[int, ...]]) -> None:
    """Only pictures that are too small are shown to the network."""
    init = Init(striped_file((64, 64)), upscaler="x2", enlarger=network())
    networks = FakeNetworks()
    networks.play(painted(replace(small_plan(width=side, height=side), init=init)))
    assert sizes_asked(networks) == asked


def test_sd_upscale_through_a_network() -> None:
    """The picture is enlarged before it is cut into tiles that are repainted."""
    script = SdUpscale(16, "x2", 2.0, enlarger=network())
    plan = replace(small_plan(), init=Init(striped_file((64, 64))), script=script)
    networks = FakeNetworks()
    (picture,) = networks.play(painted(plan))
    assert sizes_asked(networks) == [(3, 64, 64)]
    assert picture.shape == (128, 128, 3)
