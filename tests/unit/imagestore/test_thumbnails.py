"""Small pictures, kept for the next time."""

import os
from pathlib import Path

import pytest

from tintype.errors import InvalidRequest
from tintype.imagestore import Thumbnails


def test_made_once(tmp_path: Path) -> None:
    """The second time the file is enough; another key or side is another one."""
    made: list[int] = []

    def make(file: Path, side: int) -> bytes:
        made.append(side)
        return f"{file.name} {side}".encode()

    thumbnails = Thumbnails(tmp_path / "small", make)
    for key, side in (("a1", 128), ("a1", 128), ("a1", 256), ("b2", 128)):
        assert thumbnails.of(Path("x.png"), key, side) == f"x.png {side}".encode()
    assert made == [128, 256, 128]
    assert thumbnails.begun(Path("x.png"), "b2", 128).result() == b"x.png 128"


def test_the_oldest_go(tmp_path: Path) -> None:
    """Beyond their room those made first are deleted, until a quarter of it is free."""
    folder = tmp_path / "small"
    thumbnails = Thumbnails(folder, lambda file, side: bytes(100), 1000, counted_every=0)
    for number in range(11):
        thumbnails.of(Path("x"), f"{number:02}", 128)
        os.utime(folder / f"{number:02}" / f"{number:02}-128.webp", (number, number))
    left = sorted(path.name for path in folder.glob("*/*.webp"))
    assert left == [f"{number:02}-128.webp" for number in range(4, 11)]


def test_a_file_that_is_no_picture(tmp_path: Path) -> None:
    """Nothing is kept of it."""

    def make(file: Path, side: int) -> bytes:
        raise InvalidRequest("image", "this is no picture")

    with pytest.raises(InvalidRequest):
        Thumbnails(tmp_path / "small", make).of(Path("x"), "a", 128)
    assert not (tmp_path / "small").exists()
