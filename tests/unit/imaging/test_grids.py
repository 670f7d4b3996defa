import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tintype.errors import InvalidRequest
from tintype.imaging.annotations import Label, annotated
from tintype.imaging.grids import grid, grid_rows
from tintype.imaging.tiles import combine_grid, split_grid


def noise(width: int, height: int) -> Image.Image:
    levels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(levels)


@pytest.mark.parametrize(
    ("count", "batch_size", "rows", "no_gaps", "expected"),
    [
        (9, 1, -1, False, 3),
        (7, 1, -1, False, 3),
        (12, 1, -1, True, 3),
        (7, 1, -1, True, 1),
        (8, 4, 0, False, 4),
        (2, 4, 0, False, 2),
        (8, 4, 2, True, 2),
        (3, 1, 9, False, 3),
    ],
)
def test_rows(count: int, batch_size: int, rows: int, no_gaps: bool, expected: int) -> None:  # noqa: FBT001
    """A sheet is about square unless the rows are given or follow the batches."""
    assert grid_rows(count, batch_size, rows, no_gaps=no_gaps) == expected


def test_grid() -> None:
    """Pictures stand row after row, small ones in the middle of their place."""
    red, blue = Image.new("RGB", (4, 4), "#ff0000"), Image.new("RGB", (2, 2), "#0000ff")
    sheet = grid([red, blue, red], rows=2, background="#00ff00")
    assert sheet.size == (8, 8)
    places = {(0, 0): red, (5, 1): blue, (0, 4): red}
    for place, image in places.items():
        assert sheet.getpixel(place) == image.getpixel((0, 0))
    assert [sheet.getpixel(place) for place in ((4, 0), (4, 4))] == [(0, 255, 0)] * 2


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(6, 40), st.data())
def test_tiles_there_and_back(width: int, height: int, side: int, data: st.DataObject) -> None:
    """Tiles cover the whole picture, and together they are the picture again."""
    overlap = data.draw(st.integers(0, (side - 1) // 2))
    tiles = split_grid(noise(width, height), side, side, overlap)
    assert combine_grid(tiles).tobytes() == noise(width, height).tobytes()
    assert {tile.image.size for tile in tiles.tiles} == {(side, side)}


def test_places_of_tiles() -> None:
    """Tiles are spread evenly and share at least the overlap."""
    tiles = split_grid(noise(96, 80), 64, 64, 16)
    assert [(tile.left, tile.top) for tile in tiles.tiles] == [(0, 0), (32, 0), (0, 16), (32, 16)]


def test_fade() -> None:
    """A tile fades in over its neighbour along the overlap, in even steps from nothing."""
    tiles = split_grid(Image.new("RGB", (12, 8)), 8, 8, 4)
    white = Image.new("RGB", (8, 8), "#ffffff")
    whole = combine_grid(tiles.mapped(lambda tile: white if tile.left else tile.image))
    assert np.asarray(whole)[0, :, 0].tolist() == [0] * 4 + [0, 63, 127, 191] + [255] * 4


def test_overlap_too_large() -> None:
    """Tiles that overlap completely would never end."""
    with pytest.raises(InvalidRequest, match="overlap"):
        split_grid(noise(8, 8), 4, 4, 4)


def test_annotated() -> None:
    """Labels make room for themselves, and no picture is covered by them."""
    sheet = noise(400, 160)
    columns = [[Label("Steps: 20")], [Label("a label much too long for one line, DPM++ 2M Karras")]]
    labelled = annotated(sheet, columns, [[Label("7"), Label("8", is_active=False)]], margin=6)
    left, top = labelled.width - 406, labelled.height - 160
    assert left == 150
    assert top > 30
    second = labelled.crop((left + 206, top, left + 406, top + 160))
    assert second.tobytes() == sheet.crop((200, 0, 400, 160)).tobytes()
    assert np.asarray(labelled)[:top].min() < 100
    assert np.asarray(labelled)[:, left + 200 : left + 206].min() == 255


def test_no_labels() -> None:
    """Without words nothing is added."""
    sheet = noise(40, 40)
    assert annotated(sheet, [[], []], [[Label("")]]).tobytes() == sheet.tobytes()
