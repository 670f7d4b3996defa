from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path, PurePosixPath

import pytest

from tintype.errors import InvalidRequest, SetupError
from tintype.imagestore import DiskImages, Place

DAY = PurePosixPath("txt2img-images/2025-03-09")


def test_where_pictures_go(tmp_path: Path) -> None:
    """A picture lies in its folder under the next number and its name, as A1111's do."""
    images = DiskImages(tmp_path / "data")
    folder = tmp_path / "data" / "outputs" / DAY

    assert images.save(b"one", Place(DAY, "1234"), "png") == folder / "00000-1234.png"
    assert images.save(b"two", Place(DAY, "7", suffix="-mask"), "jpg") == (
        folder / "00001-7-mask.jpg"
    )
    assert (folder / "00000-1234.png").read_bytes() == b"one"
    assert len(list(folder.iterdir())) == 2


def test_sheets(tmp_path: Path) -> None:
    """Sheets count by themselves, and may tell more behind their number."""
    images = DiskImages(tmp_path)
    names = [
        images.save(b"", Place(DAY, name, first="grid"), "png").name for name in ("", "7-a cat")
    ]

    assert names == ["grid-0000.png", "grid-0001-7-a cat.png"]


def test_numbers_go_on(tmp_path: Path) -> None:
    """Numbers follow the highest there is, be it from an earlier start or another program."""
    folder = tmp_path / "outputs" / DAY
    folder.mkdir(parents=True)
    for name in ("00041-5.png", "00007-9.png", "notes.txt", f"{'9' * 200}.png"):
        (folder / name).touch()
    (folder / "2025-03-09").mkdir()

    assert DiskImages(tmp_path).save(b"", Place(DAY, "5"), "png").name == "00042-5.png"


def test_every_folder_starts_anew(tmp_path: Path) -> None:
    """Each folder counts from 0."""
    images = DiskImages(tmp_path)
    images.save(b"", Place(DAY, "1"), "png")

    assert images.save(b"", Place(DAY.with_name("x"), "1"), "png").name == "00000-1.png"


def test_names_without_numbers(tmp_path: Path) -> None:
    """The same name makes room for the new file, or counts, as one likes; no name is a number."""
    images = DiskImages(tmp_path)
    replacing = Place(DAY, "cat", is_numbered=False)
    adding = Place(DAY, "cat", is_numbered=False, replaces=False)
    paths = [images.save(bytes([k]), replacing, "png") for k in (1, 2)]
    names = [images.save(b"", adding, "png").name for _ in range(2)]

    assert [path.name for path in paths] == ["cat.png", "cat.png"]
    assert paths[0].read_bytes() == bytes([2])
    assert names == ["cat-1.png", "cat-2.png"]
    assert images.save(b"", Place(DAY, "", is_numbered=False), "png").name == "00000.png"


@pytest.mark.parametrize("name", ["x" * 1000, "猫" * 500, "a. b. c" * 100])
def test_long_names_are_cut(tmp_path: Path, name: str) -> None:
    """A prompt longer than any name still names a file, with room for its suffixes."""
    images = DiskImages(tmp_path)
    for place in (
        Place(DAY, name),
        Place(DAY, name, suffix="-mask-composite", is_numbered=False, replaces=False),
        Place(DAY, name, suffix="-mask-composite", is_numbered=False, replaces=False),
        Place(DAY, name, first="grid"),
    ):
        path = images.save(b"x", place, "webp")
        assert path.read_bytes() == b"x"
        assert images.save_beside(b"y", path, "txt").read_bytes() == b"y"


def test_threads(tmp_path: Path) -> None:
    """Pictures saved at once, even with the same name, get different numbers and their bytes."""
    images = DiskImages(tmp_path)
    contents = [bytes([number]) * 1000 for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        save = partial(images.save, place=Place(DAY, "1"), extension="png")
        paths = list(pool.map(save, contents))

    assert sorted(path.name for path in paths) == [f"{n:05}-1.png" for n in range(40)]
    assert [path.read_bytes() for path in paths] == contents


def test_the_last_infotext_is_at_hand(tmp_path: Path) -> None:
    """`params.txt` holds what was noted last, and nothing else lies beside it."""
    images = DiskImages(tmp_path)
    images.note("first, and it is longer than what is noted afterwards")
    images.note("a 猫 and half a pair: \ud800")

    assert (tmp_path / "params.txt").read_text(encoding="utf-8") == "a 猫 and half a pair: ?"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A place that cannot be written is an error that names it."""
    (tmp_path / "outputs").touch()
    with pytest.raises(SetupError, match="no picture can be saved in"):
        DiskImages(tmp_path).save(b"", Place(DAY, "1"), "png")


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    """Who asks for a folder where a picture lies has asked for something wrong."""
    images = DiskImages(tmp_path)
    picture = DAY / images.save(b"", Place(DAY, "1"), "png").name
    for folder in (picture, picture / "deeper"):
        with pytest.raises(InvalidRequest, match="expected a folder"):
            images.save(b"", Place(folder, "2"), "png")
