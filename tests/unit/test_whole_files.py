"""Files are there whole or not at all."""

from pathlib import Path

import pytest

from tintype.whole_files import replacing, write_whole


def test_a_file_takes_the_place_of_another(tmp_path: Path) -> None:
    """And nothing is left beside it."""
    path = tmp_path / "a.txt"
    write_whole(path, b"old")
    write_whole(path, b"new", syncs=False)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_whoever_fails_half_way_changes_nothing(tmp_path: Path) -> None:
    """The file is as it was, and nothing is left beside it."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="no more"):
        _fail_half_way(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_where_there_is_no_folder_there_is_no_file(tmp_path: Path) -> None:
    """The error is the system's."""
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "a.txt", b"")


def test_the_longest_name_a_disk_takes_can_be_written(tmp_path: Path) -> None:
    """What stands beside it meanwhile has a short name of its own."""
    path = tmp_path / ("a" * 251 + ".png")
    write_whole(path, b"whole")
    assert path.read_bytes() == b"whole"


def test_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    """From the first moment on."""
    path = tmp_path / "secret"
    with replacing(path, mode=0o600) as file:
        assert {one.stat().st_mode & 0o777 for one in tmp_path.iterdir()} == {0o600}
        file.write(b"hush")
    assert path.stat().st_mode & 0o777 == 0o600


def _fail_half_way(path: Path) -> None:
    with replacing(path) as file:
        file.write(b"half")
        raise ValueError("no more")
