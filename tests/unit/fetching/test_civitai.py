"""Civitai, and servers that speak as it does."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.elsewhere import Elsewhere, Status
from tests.fakes.small_models import EMBEDDING, LORA, safetensors
from tests.unit.fetching.conftest import Fetch

from tintype.errors import FetchError, InvalidRequest
from tintype.fetching import Pulled

CONTENT = safetensors(LORA, padding=10_000)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def civitai(there: Elsewhere, fetch: Fetch) -> Fetch:
    """`fetch` with the other server as Civitai; `token` is CIVITAI_TOKEN."""

    def from_civitai(address: str, token: str | None = None, **wish: Any) -> Pulled:
        return fetch(address, config={"civitai": there.url, "civitai_token": token}, **wish)

    return from_civitai


def file_of(name: str, content: bytes, path: str, **fields: Any) -> dict[str, Any]:
    """A file as the API tells of it."""
    digest = sha256(content).hexdigest().upper()
    return {
        "id": 9,
        "name": name,
        "type": "Model",
        "sizeKB": len(content) / 1024,
        "hashes": {"SHA256": digest, "AutoV2": digest[:10]},
        "metadata": {"fp": "fp16", "size": "pruned", "format": "SafeTensor"},
        "downloadUrl": f"https://civitai.com{path}",
        "primary": True,
    } | fields


def publish(there: Elsewhere, kind: str = "LORA", **fields: Any) -> dict[str, Any]:
    """Have version 123 of model 456."""
    there.puts("/api/download/models/123", CONTENT)
    preview = there.puts("/preview", PNG, media_type="image/png")
    version = {
        "id": 123,
        "modelId": 456,
        "name": "v2",
        "baseModel": "SD 1.5",
        "trainedWords": ["big cat", "whiskers"],
        "description": "<p>For <b>cats</b> &amp; dogs</p>",
        "model": {"name": "Cats", "type": kind},
        "files": [file_of("big cats.safetensors", CONTENT, "/api/download/models/123")],
        "images": [
            {"url": f"{there.url}/adult", "type": "image", "nsfwLevel": 16},
            {"url": f"{there.url}/film", "type": "video", "nsfwLevel": 1},
            {"url": preview, "type": "image", "nsfwLevel": 1},
        ],
    } | fields
    there.says("/api/v1/model-versions/123", version)
    there.says("/api/v1/models/456", {"name": "Cats", "type": kind, "modelVersions": [version]})
    return version


@pytest.mark.parametrize("address", ["civitai:123", "civitai:model/456", "civitai:456@123"])
def test_a_version_with_all_that_belongs_to_it(
    there: Elsewhere, civitai: Fetch, root: Path, address: str
) -> None:
    """The file by its hash, what is told of it as A1111 and others read it, a harmless picture."""
    publish(there)
    pulled = civitai(address, token="secret")

    assert pulled.path == root / "Lora" / "big cats.safetensors"
    assert (pulled.checked, pulled.remarks) == (True, ())
    beside = pulled.path.with_suffix
    told = json.loads(beside(".json").read_text())
    assert told["activation text"] == "big cat, whiskers"
    assert told["description"] == "For cats & dogs"
    assert told["sd version"] == "SD1"
    assert json.loads(beside(".civitai.info").read_text())["id"] == 123
    assert beside(".preview.png").read_bytes() == PNG
    download = there.asked_for("/api/download/models/123")
    assert download[0]["Authorization"] == "Bearer secret"


def test_notes_of_ones_own_stay(there: Elsewhere, civitai: Fetch, root: Path) -> None:
    """Sidecars never write over what is there."""
    publish(there)
    mine = root / "Lora" / "big cats.json"
    mine.parent.mkdir()
    mine.write_text("mine")
    civitai("civitai:123")
    assert mine.read_text() == "mine"


def test_a_wrong_hash_is_refused(there: Elsewhere, civitai: Fetch, root: Path) -> None:
    """What came is taken away."""
    publish(there)
    there.puts("/api/download/models/123", safetensors(LORA, padding=10_000, seed=1))
    with pytest.raises(FetchError, match="is not what was expected"):
        civitai("civitai:123")
    assert not [path for path in root.rglob("*") if path.is_file()]


def test_without_a_preview(there: Elsewhere, civitai: Fetch) -> None:
    """The model is worth more than its picture."""
    publish(there)
    there.mishaps["/preview"] = [Status(404)]
    assert civitai("civitai:123").remarks[0].startswith("there is no preview: ")
    assert civitai("civitai:123").state == "there"


def test_no_model_without_its_config(there: Elsewhere, civitai: Fetch, root: Path) -> None:
    """It is put away after what it needs, and goes on where it ended."""
    there.puts("/config", b"model: {}")
    config = file_of("cats.yaml", b"model: {}", "/config", type="Config")
    version = publish(there)
    publish(there, files=[*version["files"], config])
    there.mishaps["/config"] = [Status(404)]
    with pytest.raises(FetchError, match="Civitai knows no such model"):
        civitai("civitai:123")
    assert not (root / "Lora" / "big cats.safetensors").exists()
    before = len(there.asked_for("/api/download/models/123"))

    pulled = civitai("civitai:123")
    assert pulled.path.with_suffix(".yaml").is_file()
    assert len(there.asked_for("/api/download/models/123")) == before + 1  # for the header


def test_one_of_several_files(there: Elsewhere, civitai: Fetch) -> None:
    """The primary one, or that of a precision; a config comes along."""
    big = safetensors(LORA, padding=20_000)
    there.puts("/api/download/models/123/big", big)
    there.puts("/api/download/models/123/config", b"model: {}")
    files = [
        file_of("small.safetensors", CONTENT, "/api/download/models/123"),
        file_of("big.safetensors", big, "/api/download/models/123/big", primary=False)
        | {"metadata": {"fp": "fp32", "size": "full"}},
        file_of("big.yaml", b"model: {}", "/api/download/models/123/config", type="Config"),
    ]
    publish(there, files=files)
    assert civitai("civitai:123").path.name == "small.safetensors"
    pulled = civitai("civitai:123", variant="fp32")
    assert pulled.path.name == "big.safetensors"
    assert pulled.path.with_suffix(".yaml").read_bytes() == b"model: {}"
    with pytest.raises(InvalidRequest, match=r"'fp8' is not there; there are .*fp16.*fp32"):
        civitai("civitai:123", variant="fp8")


def test_kinds(there: Elsewhere, civitai: Fetch) -> None:
    """Those nothing here uses are refused; what the file says counts more than what is told."""
    publish(there, kind="Wildcards")
    with pytest.raises(InvalidRequest, match="of Civitai's type 'Wildcards', which nothing"):
        civitai("civitai:123")
    publish(there, kind="Checkpoint")
    with pytest.raises(FetchError, match="is a LoRA, not a checkpoint"):
        civitai("civitai:123")


def test_an_embedding(there: Elsewhere, civitai: Fetch, root: Path) -> None:
    """It goes beside the models, as A1111 has it, where there is such a folder."""
    content = safetensors(EMBEDDING)
    there.puts("/e", content)
    publish(there, kind="TextualInversion", files=[file_of("cat.safetensors", content, "/e")])
    (root.parent / "embeddings").mkdir()
    assert civitai("civitai:123").path == root.parent / "embeddings" / "cat.safetensors"


@pytest.mark.parametrize(
    ("status", "words"),
    [(Status(401), "it needs a token; make one"), (Status(404), "knows no such model")],
)
def test_refusals_say_what_to_do(
    there: Elsewhere, civitai: Fetch, status: Status, words: str
) -> None:
    """In the words of the site."""
    there.mishaps["/api/v1/model-versions/123"] = [status]
    with pytest.raises(FetchError, match=words):
        civitai("civitai:123")


def test_a_login_page_in_place_of_the_file(there: Elsewhere, civitai: Fetch) -> None:
    """That is what Civitai leads strangers to."""
    publish(there)
    there.puts("/login", b"<html>", media_type="text/html")
    there.mishaps["/api/download/models/123"] = [Status(307, {"Location": "/login"})]
    with pytest.raises(FetchError, match=r"web page instead of a file.*needs a token"):
        civitai("civitai:123")


def test_hostile_answers(there: Elsewhere, civitai: Fetch) -> None:
    """Names lead nowhere, types are not trusted."""
    publish(there, files=[file_of("../../x/..", CONTENT, "/api/download/models/123")])
    with pytest.raises(FetchError, match="is no name for a file"):
        civitai("civitai:123")
    publish(there, files="none", images=3, trainedWords={})
    with pytest.raises(FetchError, match="has no file of weights"):
        civitai("civitai:123")
    there.puts("/api/v1/model-versions/123", b"[" * 100_000)
    with pytest.raises(FetchError, match="does not answer in JSON"):
        civitai("civitai:123")
