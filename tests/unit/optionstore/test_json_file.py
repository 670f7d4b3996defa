"""Options and presets on disk."""

from pathlib import Path

import pytest

from tintype.errors import SetupError
from tintype.optionstore import JsonFile


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """By another process too; nothing else is left in the folder."""
    path = tmp_path / "data" / "options.json"
    JsonFile(path).write({"b": [1, None, "猫"], "a": 0.5})

    assert JsonFile(path).read() == {"a": 0.5, "b": [1, None, "猫"]}
    assert JsonFile(path).peek("a") == 0.5
    assert [one.name for one in path.parent.iterdir()] == ["options.json"]


def test_no_file(tmp_path: Path) -> None:
    """Nobody has set anything yet."""
    file = JsonFile(tmp_path / "options.json")

    assert (file.read(), file.peek("a")) == ({}, None)


@pytest.mark.parametrize("text", [b"{", b"", b"[]", b"\xff", b"null", b"[" * 100_000])
def test_damaged_files_are_set_aside(
    tmp_path: Path, text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The server starts with its defaults, says so, and the bytes are still there."""
    file = JsonFile(tmp_path / "options.json")
    file.path.write_bytes(text)

    assert (file.peek("a"), file.read()) == (None, {})
    (aside,) = tmp_path.glob("options-*.json")
    assert aside.read_bytes() == text
    assert aside.name in caplog.text


def test_files_of_others_are_read(tmp_path: Path) -> None:
    """Editors that put a byte order mark first, and A1111's own `config.json`."""
    file = JsonFile(tmp_path / "options.json")
    file.path.write_bytes(b'\xef\xbb\xbf{"CLIP_stop_at_last_layers": 2.0}')

    assert file.read() == {"CLIP_stop_at_last_layers": 2.0}


def test_files_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    """Not the same as a damaged one: the server does not start without what was set."""
    (tmp_path / "options.json").mkdir()
    with pytest.raises(SetupError, match="cannot be read"):
        JsonFile(tmp_path / "options.json").read()


def test_people_can_read_it(tmp_path: Path) -> None:
    """Letters are themselves, names stand in their order; half a letter comes back as it was."""
    file = JsonFile(tmp_path / "options.json")
    file.write({"b": "猫", "A": "half \ud83d"})

    assert file.path.read_text(encoding="utf-8") == '{\n  "A": "half \\ud83d",\n  "b": "猫"\n}\n'
    assert file.read() == {"A": "half \ud83d", "b": "猫"}
