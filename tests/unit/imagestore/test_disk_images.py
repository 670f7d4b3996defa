from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from tintype.errors import SetupError
from tintype.imagestore import DiskImages

DAY = date(2025, 3, 9)


def test_where_pictures_go(tmp_path: Path) -> None:
    """A picture lies under its day, number and seed, as A1111's do."""
    images = DiskImages(tmp_path / "data")
    folder = tmp_path / "data" / "outputs" / "txt2img-images" / "2025-03-09"
    assert images.save(b"one", seed=1234, day=DAY) == folder / "00000-1234.png"
    assert images.save(b"two", seed=7, day=DAY) == folder / "00001-7.png"
    assert (folder / "00000-1234.png").read_bytes() == b"one"
    assert len(list(folder.iterdir())) == 2


def test_numbers_go_on(tmp_path: Path) -> None:
    """Numbers follow the highest there is, be it from an earlier start or another program."""
    folder = tmp_path / "outputs" / "txt2img-images" / "2025-03-09"
    folder.mkdir(parents=True)
    for name in ("00041-5.png", "00007-9.png", "notes.txt"):
        (folder / name).touch()
    assert DiskImages(tmp_path).save(b"", seed=5, day=DAY).name == "00042-5.png"


def test_every_day_starts_anew(tmp_path: Path) -> None:
    """Each day counts from 0."""
    images = DiskImages(tmp_path)
    images.save(b"", seed=1, day=DAY)
    assert images.save(b"", seed=1, day=date(2025, 3, 10)).name == "00000-1.png"


def test_threads(tmp_path: Path) -> None:
    """Pictures saved at once, even with the same seed, get different names and their own bytes."""
    images = DiskImages(tmp_path)
    contents = [bytes([number]) * 1000 for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(partial(images.save, seed=1, day=DAY), contents))
    assert sorted(path.name for path in paths) == [f"{n:05}-1.png" for n in range(40)]
    assert [path.read_bytes() for path in paths] == contents


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A place that cannot be written is an error that names it."""
    (tmp_path / "outputs").touch()
    with pytest.raises(SetupError, match="no picture can be saved in"):
        DiskImages(tmp_path).save(b"", seed=1, day=DAY)
