"""The page about models against the command."""

import inspect
import re
import shlex
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from tests.fakes.elsewhere import elsewhere
from tests.fakes.small_models import LORA, safetensors

from tintype.cli import main
from tintype.cli.commands import bake
from tintype.cli.models.commands import pull

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "pull.md").read_text(encoding="utf-8")
CALLS = re.findall(r"^tintype (models .*)$", PAGE, re.MULTILINE)
CATS = safetensors(LORA)


@pytest.mark.parametrize("call", [call for call in CALLS if "s3://" not in call])
def test_calls_of_the_page_work(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each one, on a machine that has the models it speaks of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cats.safetensors").write_bytes(CATS)
    if " pull " not in call:
        mine = tmp_path / "models" / "Lora" / "cats.safetensors"
        mine.parent.mkdir(parents=True)
        mine.write_bytes(CATS)
    with elsewhere() as there:
        there.has_repository("owner/repo", {"file.safetensors": CATS})
        listing = there.things["/api/models/owner/repo/revision/main"]
        there.things["/api/models/owner/repo/revision/v1.0"] = listing
        url = there.puts("/cats.safetensors", CATS)
        file = {"name": "c.safetensors", "downloadUrl": url, "primary": True}
        version = {"id": 123, "model": {"type": "LORA"}, "files": [file]}
        there.says("/api/v1/model-versions/123", version)
        monkeypatch.setenv("HF_ENDPOINT", there.url)
        monkeypatch.setenv("TINTYPE_CIVITAI_ENDPOINT", there.url)
        digest = sha256(CATS).hexdigest()
        typed = call.replace(
            "https://example.com/cats.safetensors", url.replace("127.0.0.1", "localhost")
        )
        monkeypatch.setattr(
            sys, "argv", ["tintype", *shlex.split(typed.replace("<digest>", digest))]
        )
        with pytest.raises(SystemExit) as end:
            main()
    assert not end.value.code


@pytest.mark.parametrize("command", [pull, bake])
def test_every_option_is_on_the_page(command: Callable[..., None]) -> None:
    """By its name; those of every command, and what is no option, aside."""
    aside = {"addresses", "data", "device"}
    for name in inspect.signature(command).parameters.keys() - aside:
        assert f"--{name.replace('_', '-')}" in PAGE, name
