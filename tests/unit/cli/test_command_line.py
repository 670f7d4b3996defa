"""The `tintype` command as a person types it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tintype.cli import main


@pytest.fixture(autouse=True)
def _models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "models" / "Stable-diffusion"
    folder.mkdir(parents=True)
    (folder / "list.safetensors").write_bytes(b"\x03" + bytes(7) + b"[1]")


def code_of(*words: str, monkeypatch: pytest.MonkeyPatch) -> int | str | None:
    """The exit code of a command line."""
    monkeypatch.setattr(sys, "argv", ["tintype", *words])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["paint"], "No such command 'paint'; see tintype --help"),
        (["serve", "now"], "unexpected extra argument"),
        (["serve", "--prot", "1"], "No such option: --prot"),
        (["serve", "--port"], "'--port' requires an argument"),
        (["serve", "--port", "99999"], "--port: '99999' is not a port"),
        (["generate"], "Missing argument 'prompt'; see tintype generate --help"),
        (["generate", "a cat", "--steps", "few"], "Invalid value for '--steps'"),
        (["generate", "a cat", "--steps", "0"], "steps: 0 is not a whole number from 1 to 150"),
        (["generate", "a cat", "--n", "1000"], "1000 is not a whole number from 1 to 64"),
        (["generate", "a cat", "--sampler", "Elder"], "did you mean 'Euler'?"),
        (["generate", "a cat", "--model", "zeta"], "checkpoint 'zeta' is not known"),
        (["generate", "a cat", "--size", "9" * 5000], "is not WIDTHxHEIGHT"),
        (["generate", "a cat", "--size", "7"], "width: 7 is too small"),
        (["generate", "a cat", "--out", "cat.jpg"], "does not end in .png"),
        (["generate", "a cat", "--out", "gone/cat.png"], "there is no folder gone"),
        (["generate", "a cat", "--out", "folder.png"], "folder.png cannot be written"),
        (["generate", "a cat", "--device", "cpu"], "list.safetensors: This is not a safetensors"),
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
    (tmp_path / "folder.png").mkdir()

    assert code_of(*words, monkeypatch=monkeypatch) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tintype: ")
    assert complaint in line


def test_no_words_at_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tintype` alone says what it can do."""
    assert code_of(monkeypatch=monkeypatch) == 0
    assert "generate" in capsys.readouterr().out


def test_doctor_shows_names_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Brackets in a folder's name are no markup."""
    for name in ("[red]", "old [", "]"):
        (tmp_path / name).mkdir()
    code_of("doctor", "--models", "[red]", "--data", "[/]", monkeypatch=monkeypatch)

    said = capsys.readouterr().out
    assert f"{tmp_path / '[red]'}\n" in said
    assert f"{tmp_path / '[/]'} can be written to\n" in said


def test_terminals_without_our_letters() -> None:
    """`python -m tintype` is the command too, and says in ASCII what it can."""
    done = subprocess.run(
        [sys.executable, "-m", "tintype", "doctor", "--device", "cuda:99"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert "ok Python" in done.stdout
