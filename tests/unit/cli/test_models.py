"""`tintype models`."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from threading import Event

import pytest
from tests.fakes.elsewhere import Elsewhere, Held, elsewhere
from tests.fakes.small_models import CHECKPOINT, LORA, VAE, safetensors

from tintype.cli import main

LORA_FILE = safetensors(LORA, padding=100_000)


@dataclass
class Said:
    """What a command line came to."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder in the working folder, and a data folder."""
    monkeypatch.chdir(tmp_path)
    for variable in ("HF_TOKEN", "CIVITAI_TOKEN", "HF_ENDPOINT", "TINTYPE_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "data").mkdir()
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def run(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`tintype models` with some words."""

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["tintype", "models", *words])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        code = end.value.code
        return Said(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run


@pytest.fixture
def there() -> Iterator[Elsewhere]:
    """Another server."""
    with elsewhere() as server:
        yield server


def put(path: Path, content: bytes) -> Path:
    """A file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_pull(there: Elsewhere, run: Run, root: Path) -> None:
    """Each model is fetched, and told in a line with its path."""
    urls = [there.puts(f"/{name}.safetensors", LORA_FILE) for name in ("a", "b")]
    said = run("pull", *urls)
    assert said.code == 0
    for name, line in zip(("a", "b"), said.out.splitlines(), strict=True):
        path = root / "Lora" / f"{name}.safetensors"
        assert line == f"{path}  (lora, 98.0 KiB, no hash was stated)"
        assert path.read_bytes() == LORA_FILE
    assert "was there already" in run("pull", urls[0]).out


def test_the_folder_is_made(there: Elsewhere, run: Run, root: Path) -> None:
    """`./models`, where no other was given."""
    root.rmdir()
    run("pull", there.puts("/a.safetensors", LORA_FILE))
    assert (root / "Lora" / "a.safetensors").is_file()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["pull", "nonsense"], "'nonsense' is no address of a model"),
        (["pull", "a/b", "c/d", "--name", "x"], "for one address at a time"),
        (["pull", "a/b", "--kind", "cat"], "'cat' is not one of checkpoint, lora, vae"),
        (["pull", "a/b", "--hf-endpoint", "ftp://x"], "is not an address such as https://"),
        (["show", "cats"], "model 'cats' is not known"),
        (["remove", "tintype-shapes"], "belongs to the package and stays"),
    ],
)
def test_mistakes_end_in_one_line(run: Run, words: list[str], complaint: str) -> None:
    """Exit code 2, and one line that says what was wrong."""
    said = run(*words)
    assert said.code == 2
    (line,) = said.err.splitlines()
    assert complaint in line


def test_ctrl_c(there: Elsewhere, run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has come stays, and how to go on is said."""
    url = there.puts("/a.safetensors", LORA_FILE)
    gate = Event()
    there.mishaps["/a.safetensors"] = [None, Held(50_000, gate)]

    def interrupt(_self: object, _block: bytes) -> None:
        gate.set()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("tintype.fetching.part.Part.append", interrupt)
        said = run("pull", url)
    assert (said.code, said.err) == (130, "tintype: stopped; the same command goes on from there\n")
    assert run("pull", url).code == 0


def test_list(run: Run, root: Path) -> None:
    """By kind and family, for people and programs; the demo model is one of them."""
    put(root / "Stable-diffusion" / "people.safetensors", safetensors(CHECKPOINT))
    put(root / "Lora" / "cats.safetensors", LORA_FILE)
    assert [line.split()[:2] for line in run("list").out.splitlines()] == [
        ["checkpoint", "people.safetensors"],
        ["checkpoint", "tintype-shapes.safetensors"],
        ["lora", "cats"],
    ]
    (one,) = json.loads(run("list", "--kind", "loras", "--json").out)
    assert one["path"] == str(root / "Lora" / "cats.safetensors")
    assert one["what"] == "a LoRA"
    assert "cats" not in run("list", "--family", "sd1").out


def test_show(there: Elsewhere, run: Run, root: Path) -> None:
    """Everything, where it came from included."""
    url = there.puts("/cats.safetensors", LORA_FILE)
    run("pull", url)
    (root / "Lora" / "cats.json").write_text('{"activation text": "whiskers"}')
    told = run("show", "CATS").out
    assert f"from:           {url}" in told
    assert "what:           a LoRA" in told
    assert "trigger words:  whiskers" in told


def test_verify(there: Elsewhere, run: Run, root: Path) -> None:
    """A byte that has changed is found, by whatever is known of the file."""
    run("pull", there.puts("/cats.safetensors", LORA_FILE))
    put(root / "VAE" / "soft.safetensors", safetensors(VAE)[:-1])
    said = run("verify", "cats")
    assert (said.code, said.out) == (0, "ok     cats  by first copy\n")

    cats = root / "Lora" / "cats.safetensors"
    cats.write_bytes(LORA_FILE[:-1] + b"!")
    said = run("verify")
    assert said.code == 1
    wrong = [line for line in said.out.splitlines() if not line.startswith("ok")]
    assert wrong[0].startswith("wrong  cats")
    assert "came from http://127.0.0.1" in wrong[1]
    assert wrong[2].startswith("wrong  soft.safetensors")
    assert "torn" in wrong[3]


def test_verify_by_civitai(run: Run, root: Path) -> None:
    """Notes of any download manager will do."""
    put(root / "Lora" / "cats.safetensors", LORA_FILE)
    notes = {"files": [{"hashes": {"SHA256": "A" * 64}}]}
    put(root / "Lora" / "cats.civitai.info", json.dumps(notes).encode())
    said = run("verify", "cats")
    assert said.code == 1
    assert "none of the files Civitai tells of" in said.out


def test_remove(run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that belongs to it alone, once somebody has said yes."""
    folder = root / "Lora"
    put(folder / "cats.safetensors", LORA_FILE)
    for name in ("cats.json", "cats.preview.png", "cats.safetensors.source.json", "cats2.json"):
        put(folder / name, b"{}")
    for answer in ("n\n", ""):
        monkeypatch.setattr(sys, "stdin", StringIO(answer))
        assert run("remove", "cats").code != 0
    assert (folder / "cats.safetensors").is_file()
    assert run("remove", "cats", "--yes").code == 0
    assert [path.name for path in folder.iterdir()] == ["cats2.json"]


def test_terminals_are_told_nothing(run: Run, root: Path) -> None:
    """Names and notes may hold what moves cursors or sets titles; a line stays a line."""
    put(root / "Lora" / "a\x1b[31m\nb.safetensors", LORA_FILE)
    put(root / "Lora" / "a\x1b[31m\nb.txt", b"\x1b]0;mine\x07 and\nmore")
    assert "a?[31m?b " in run("list").out
    told = run("show", "a\x1b[31m\nb").out
    assert "?]0;mine? and\nmore" in told
    assert "\x1b" not in told


@pytest.mark.parametrize("name", ["", "cat", "CATS", "afetens"])
def test_a_part_of_a_name_removes_nothing(run: Run, root: Path, name: str) -> None:
    """What requests would take for a name is too little to delete by."""
    cats = put(root / "Stable-diffusion" / "cats.safetensors", safetensors(CHECKPOINT))
    said = run("remove", name, "--yes")
    assert (said.code, cats.is_file()) == (2, True)
    assert f"model {name!r} is not known" in said.err


def test_a_very_name_goes_before_a_part_of_another(run: Run, root: Path) -> None:
    """A LoRA is meant, not the checkpoint of a longer name; of two equal names, neither."""
    mammoth = put(root / "Stable-diffusion" / "mammoth.safetensors", safetensors(CHECKPOINT))
    moth = put(root / "Lora" / "moth.safetensors", LORA_FILE)
    assert str(moth) in run("show", "moth").out
    assert run("remove", "moth", "--yes").code == 0
    assert (mammoth.is_file(), moth.is_file()) == (True, False)
    put(root / "Lora" / "mammoth.safetensors", LORA_FILE)
    said = run("remove", "mammoth", "--yes")
    assert said.code == 2
    assert "mammoth (lora)" in said.err
    assert run("remove", "mammoth", "--kind", "lora", "--yes").code == 0
    assert mammoth.is_file()


def test_remove_stays_in_its_folders(run: Run, root: Path, tmp_path: Path) -> None:
    """What lies behind a link to elsewhere is somebody else's."""
    cats = put(tmp_path / "others" / "cats.safetensors", LORA_FILE)
    (root / "Lora").symlink_to(cats.parent)
    said = run("remove", "cats", "--yes")
    assert said.code == 2
    assert "left alone" in said.err
    assert cats.is_file()


def test_dedupe(run: Run, root: Path) -> None:
    """Equal bytes are kept once, and nothing changes for who reads them."""
    kept = put(root / "Lora" / "a.safetensors", LORA_FILE)
    twin = put(root / "Lora" / f"{'b' * 240}.safetensors", LORA_FILE)
    other = put(root / "Lora" / "c.safetensors", LORA_FILE[:-1] + b"!")
    assert "98.0 KiB could be saved with --apply" in run("dedupe").out
    assert not kept.samefile(twin)

    said = run("dedupe", "--apply")
    assert "98.0 KiB saved" in said.out
    assert twin.read_bytes() == LORA_FILE
    assert other.read_bytes() != LORA_FILE
    assert kept.samefile(twin) or "shares blocks" in said.out
    assert sorted(os.listdir(root / "Lora")) == [path.name for path in (kept, twin, other)]
    if kept.samefile(twin):
        assert run("dedupe").out == "nothing is there twice\n"
