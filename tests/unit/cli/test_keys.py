"""`tintype keys`."""

import sys
from pathlib import Path

import pytest

from tintype.cli import main
from tintype.core.rights import Allowance
from tintype.keystore import KEYS_FILE, KeyStore


def run(*words: str, monkeypatch: pytest.MonkeyPatch) -> int | str | None:
    """The exit code of a command line."""
    monkeypatch.setattr(sys, "argv", ["tintype", *words])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def test_the_command_makes_lists_and_removes(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The key is printed once; the list shows all but the key; the last removal is commented."""
    monkeypatch.setenv("TINTYPE_DATA", str(tmp_path))
    store = KeyStore(tmp_path / KEYS_FILE)
    words = ["--right", "paint", "--rate", "30/minute", "--images-per-day", "9", "--queued", "2"]

    assert run("keys", "add", "app", *words, monkeypatch=monkeypatch) in (None, 0)
    secret = capsys.readouterr().out.strip()
    key = store.find(secret)
    assert key is not None
    assert (key.rights, key.allowance) == ({"paint"}, Allowance(30, 9, 2))

    run("keys", "list", monkeypatch=monkeypatch)
    listed = capsys.readouterr().out
    assert listed.startswith("app  paint  since ")
    assert "30/minute  9 images a day  2 queued" in listed
    assert secret not in listed

    run("keys", "remove", "app", monkeypatch=monkeypatch)
    assert "the last key" in capsys.readouterr().out
    assert store.all() == ()
    store.close()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["add", "app", "--right", "fly"], "'fly' is not one of paint, see, manage"),
        (["add", "app", "--rate", "often"], "'often' is not a rate such as 30/minute"),
        (["add", "app", "--rate", "0"], "'0' is not a rate"),
        (["add", "a b"], "name: expected"),
        (["remove", "app"], "key 'app' is not known"),
    ],
)
def test_mistakes_end_in_one_line(
    words: list[str],
    complaint: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit code 2, and one line that says what was wrong."""
    monkeypatch.chdir(tmp_path)

    assert run("keys", *words, monkeypatch=monkeypatch) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
