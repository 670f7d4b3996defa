from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tintype.core.mask_settings import MaskSettings
from tintype.imaging.inpaint import prepare_inpaint
from tintype.imaging.matched_noise import matched_noise
from tintype.imaging.outpaint import (
    DIRECTIONS,
    Direction,
    Margins,
    mk2_extension,
    poor_mans_canvas,
    poor_mans_result,
    poor_mans_work,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "a1111"


def golden(name: str) -> Image.Image:
    folder = "inputs" if (GOLDEN / "inputs" / f"{name}.png").exists() else "images"
    return Image.open(GOLDEN / folder / f"{name}.png")


@pytest.mark.parametrize(
    ("directions", "margins"),
    [
        (["left", "down"], Margins(left=64, down=64)),
        (["left", "right"], Margins(left=32, right=32)),
        (["up"], Margins(up=64)),
        ([], Margins()),
    ],
)
def test_margins(directions: list[Direction], margins: Margins) -> None:
    """Sides grow to the next multiple of 64, sharing what is added; others stay."""
    canvas = poor_mans_canvas(golden("photo"), directions, 32, 4)
    assert canvas.margins == margins
    width, height = canvas.image.size
    assert width == 64 + margins.left + margins.right
    assert height == 64 + margins.up + margins.down


def test_recorded() -> None:
    """What the tiles' masks keep has its old bytes in A1111's picture, to the very edge."""
    canvas = poor_mans_canvas(golden("photo"), ["left", "down"], 32, 4)
    tiles, work = poor_mans_work(canvas, (64, 64), 32)
    assert [piece.place for piece in work] == [0, 1, 3, 4, 5, 6, 7, 8]
    kept: dict[int, Image.Image] = {}
    for piece in work:
        prepared = prepare_inpaint(
            piece.image,
            piece.mask,
            MaskSettings(8, 8, fill=0),
            (64, 64),
            other_latent_mask=piece.latent_mask,
        )
        assert prepared.masking is not None
        kept[piece.place] = prepared.masking.overlay.getchannel("A").convert("RGB")
    white = tiles.mapped(lambda tile: Image.new("RGB", tile.image.size, "#ffffff"))
    is_kept = np.asarray(poor_mans_result(white, kept))[..., 0] == 255
    recorded = np.asarray(golden("script-poor-mans-outpainting-0"))
    np.testing.assert_array_equal(recorded[is_kept], np.asarray(canvas.image)[is_kept])
    assert is_kept.sum() > 1400
    assert (recorded[~is_kept] == np.asarray(canvas.image)[~is_kept]).mean() < 0.05


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_mk2(direction: Direction) -> None:
    """One side grows; the picture keeps its bytes and its place, and nothing stays black."""
    picture = golden("photo").point([max(level, 9) for level in range(256)] * 3)
    extension = mk2_extension(picture, direction, 40, 4, (96, 96))
    before = np.asarray(picture)
    canvas = np.asarray(extension.canvas)
    is_wide, is_first = direction in ("left", "right"), direction in ("left", "up")
    assert extension.canvas.size == ((128, 64) if is_wide else (64, 128))
    inside = canvas[-64:, -64:] if is_first else canvas[:64, :64]
    np.testing.assert_array_equal(inside, before)
    assert canvas.min() >= 9
    width, height = extension.work.image.size
    assert (width, height) == ((96, 64) if is_wide else (64, 96))
    assert extension.work.mask.size == (width, height)
    painted = Image.new("RGB", (width, height), "#00ff00")
    finished = np.asarray(extension.finished(painted))
    assert (finished == [0, 255, 0]).all(-1).sum() == 96 * 64


def test_noise_has_the_colours_of_the_picture() -> None:
    """Shaped noise has the values of what is known, and the same every time."""
    picture = golden("photo").resize((128, 64))
    unknown = Image.new("L", picture.size)
    unknown.paste(255, (64, 0, 128, 64))
    noise = np.asarray(matched_noise(picture, unknown))
    known, new = np.asarray(picture)[:, :64], noise[:, 64:]
    np.testing.assert_array_equal(noise[:, :64], known)
    np.testing.assert_allclose(np.sort(new, axis=None), np.sort(known, axis=None), atol=1)
    np.testing.assert_array_equal(matched_noise(picture, unknown), noise)


def test_nothing_to_learn_from() -> None:
    """Where all or nothing is known the picture comes back as it is."""
    picture = golden("photo")
    for level in (0, 255):
        unknown = Image.new("L", picture.size, level)
        assert matched_noise(picture, unknown).tobytes() == picture.tobytes()
