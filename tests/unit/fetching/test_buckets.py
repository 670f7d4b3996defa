"""Object storage, as moto's S3 server plays it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.small_models import LORA, diffusers_folder, safetensors
from tests.unit.fetching.conftest import Fetch

from tintype.errors import FetchError, InvalidRequest, SetupError

CONTENT = safetensors(LORA, padding=3_000_000)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server that speaks S3."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client with a bucket "models", as AWS's own variables tell everybody of it."""
    import boto3.session  # pyright: ignore[reportMissingTypeStubs]

    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    session: Any = boto3.session.Session()
    client = session.client("s3")
    client.create_bucket(Bucket="models")
    return client


def test_an_object(s3: Any, fetch: Fetch, root: Path) -> None:
    """A file by its key, held against the checksum its writer left."""
    s3.put_object(
        Bucket="models", Key="x/cats.safetensors", Body=CONTENT, ChecksumAlgorithm="SHA256"
    )
    pulled = fetch("s3://models/x/cats.safetensors")
    assert pulled.path == root / "Lora" / "cats.safetensors"
    assert pulled.path.read_bytes() == CONTENT
    assert pulled.checked


@pytest.mark.parametrize("seed", [0, 9])
def test_a_part_goes_on_while_the_object_is_the_same(
    s3: Any, fetch: Fetch, root: Path, seed: int
) -> None:
    """Under its ETag; another object is fetched anew."""
    etag = s3.put_object(Bucket="models", Key="b.safetensors", Body=CONTENT)["ETag"]
    content = safetensors(LORA, padding=3_000_000, seed=seed)
    s3.put_object(Bucket="models", Key="b.safetensors", Body=content)
    part = root / "Lora" / "b.safetensors.part"
    part.parent.mkdir()
    part.write_bytes(CONTENT[:-1000])
    promise = {"source": "s3://models/b.safetensors", "sha256": None, "version": etag}
    part.with_name(f"{part.name}.json").write_text(json.dumps(promise))

    assert fetch("s3://models/b.safetensors").path.read_bytes() == content


def test_a_prefix(s3: Any, fetch: Fetch, root: Path) -> None:
    """A diffusers folder becomes one; of others an object is to be named."""
    for name, content in diffusers_folder().items():
        s3.put_object(Bucket="models", Key=f"pipes/cats/{name}", Body=content)
    assert fetch("s3://models/pipes/cats/").path == root / "Stable-diffusion" / "cats"
    assert fetch("s3://models/pipes/cats", name="dogs").path.name == "dogs"
    with pytest.raises(InvalidRequest, match="name one object: cats/text_encoder/"):
        fetch("s3://models/pipes/")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("s3://models/none.safetensors", "there is nothing at s3://models/none.safetensors/"),
        ("s3://no-such-bucket/a.safetensors", "there is nothing at s3://no-such-bucket/a"),
    ],
)
def test_what_is_not_there(s3: Any, fetch: Fetch, address: str, words: str) -> None:
    """Said with its address."""
    with pytest.raises(FetchError, match=words):
        fetch(address)


def test_without_credentials(
    s3: Any, fetch: Fetch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is missing is named."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(FetchError, match="needs credentials: AWS_ACCESS_KEY_ID"):
        fetch("s3://models/x/cats.safetensors")


def test_without_boto3(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said."""
    import sys

    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SetupError, match=r"need boto3: pip install 'tintype\[s3\]'"):
        fetch("s3://models/a.safetensors")
