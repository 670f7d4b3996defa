import numpy as np
import pytest
from PIL import Image

from tintype.errors import UnknownName
from tintype.imaging.resize import ResizeMode, resized, upscaled

LANCZOS = Image.Resampling.LANCZOS


def ramp(width: int, height: int) -> Image.Image:
    levels = np.linspace(0, 255, width * height * 3).reshape(height, width, 3)
    return Image.fromarray(levels.astype(np.uint8))


@pytest.mark.parametrize("mode", [0, 1, 2])
@pytest.mark.parametrize("size", [(30, 20), (20, 31), (64, 64), (7, 200)])
def test_size(mode: ResizeMode, size: tuple[int, int]) -> None:
    """The result has exactly the size asked for, whatever the mode."""
    assert resized(ramp(48, 32), *size, mode).size == size


def test_stretch() -> None:
    """Mode 0 is Pillow's Lanczos; grey stays grey."""
    assert (
        resized(ramp(48, 32), 20, 20, 0).tobytes()
        == ramp(48, 32).resize((20, 20), LANCZOS).tobytes()
    )
    assert resized(ramp(48, 32).convert("L"), 20, 20, 0).mode == "L"


def test_crop() -> None:
    """Mode 1 covers the size from the middle, and cuts off what stands out."""
    whole = ramp(48, 32).resize((60, 40), LANCZOS).crop((10, 0, 50, 40))
    assert resized(ramp(48, 32), 40, 40, 1).tobytes() == whole.tobytes()


@pytest.mark.parametrize(("size", "axis"), [((48, 64), 0), ((128, 32), 1)])
def test_bars(size: tuple[int, int], axis: int) -> None:
    """Mode 2 fits the picture in and stretches its outermost rows or columns over the bars."""
    picture = np.asarray(ramp(48, 32)).astype(int)
    result = np.asarray(resized(ramp(48, 32), *size, 2)).astype(int)
    bar = (result.shape[axis] - picture.shape[axis]) // 2
    before, middle, after = np.split(result, [bar, result.shape[axis] - bar], axis=axis)
    np.testing.assert_array_equal(middle, picture)
    edges = np.take(picture, [0], axis=axis), np.take(picture, [-1], axis=axis)
    np.testing.assert_allclose(before, np.broadcast_to(edges[0], before.shape), atol=1)
    np.testing.assert_allclose(after, np.broadcast_to(edges[1], after.shape), atol=1)


def test_bars_of_a_mask() -> None:
    """A mask fitted in is RGB afterwards, with its edge in the bars."""
    result = resized(Image.new("L", (10, 10), 200), 30, 10, 2)
    assert (result.mode, result.getextrema()) == ("RGB", ((200, 200),) * 3)


def test_upscaler_only_enlarges() -> None:
    """An upscaler is asked for RGB pictures that are too small on one side, by that factor."""
    asked: list[float] = []

    def note(image: Image.Image, scale: float) -> Image.Image:
        asked.append(scale)
        return image

    resized(ramp(48, 32), 24, 64, 0, note)
    resized(ramp(48, 32), 48, 32, 0, note)
    resized(ramp(48, 32).convert("L"), 96, 64, 0, note)
    assert asked == [2.0]


@pytest.mark.parametrize(
    ("name", "scale", "size"),
    [("Lanczos", 1.25, (120, 96)), ("Nearest", 2, (192, 160)), ("None", 2, (96, 80))],
)
def test_upscaled(name: str, scale: float, size: tuple[int, int]) -> None:
    """Sides are multiples of 8, rounded down; "None" changes nothing."""
    assert upscaled(ramp(96, 80), scale, name).size == size


def test_unknown_upscaler() -> None:
    """A name nobody knows is refused with the ones there are."""
    with pytest.raises(UnknownName, match="Lanczos"):
        upscaled(ramp(8, 8), 2, "ESRGAN_9x")
