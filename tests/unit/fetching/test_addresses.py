"""What people write down when they mean a model somewhere else."""

from pathlib import Path

import pytest

from tintype.errors import InvalidRequest
from tintype.fetching.addresses import (
    Address,
    BucketAddress,
    CivitaiAddress,
    HubAddress,
    LocalAddress,
    WebAddress,
    read_address,
)

FILE = "a/b.safetensors"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("owner/repo", HubAddress("owner/repo")),
        (" hf:owner/repo ", HubAddress("owner/repo")),
        ("hf://owner/repo", HubAddress("owner/repo")),
        ("hf:owner/repo.safetensors", HubAddress("owner/repo.safetensors")),
        ("owner/repo@v1", HubAddress("owner/repo", "v1")),
        ("owner/repo@refs/pr/1", HubAddress("owner/repo", "refs/pr/1")),
        (f"owner/repo/{FILE}", HubAddress("owner/repo", "main", FILE)),
        (f"owner/repo/{FILE}@v1", HubAddress("owner/repo", "v1", FILE)),
        (f"owner/repo@v1/{FILE}", HubAddress("owner/repo", "v1", FILE)),
        ("https://huggingface.co/owner/repo", HubAddress("owner/repo")),
        ("https://hf.co/owner/repo/tree/v1", HubAddress("owner/repo", "v1")),
        (
            f"https://huggingface.co/owner/repo/blob/refs%2Fpr%2F1/{FILE}?download=true",
            HubAddress("owner/repo", "refs/pr/1", FILE),
        ),
        (
            "https://huggingface.co/owner/repo/resolve/main/a%20b.safetensors",
            HubAddress("owner/repo", "main", "a b.safetensors"),
        ),
        ("http://mirror:8000/owner/repo", HubAddress("owner/repo")),
        ("civitai:123", CivitaiAddress(123)),
        ("civitai:model/456", CivitaiAddress(None, 456)),
        ("civitai:456@123", CivitaiAddress(123, 456)),
        ("https://civitai.com/models/456", CivitaiAddress(None, 456)),
        ("https://civitai.com/models/456/a-name?modelVersionId=123", CivitaiAddress(123, 456)),
        ("https://civitai.com/api/download/models/123?type=Model", CivitaiAddress(123)),
        ("urn:air:sdxl:lora:civitai:456@123", CivitaiAddress(123, 456)),
        ("urn:air:sd1:checkpoint:civitai:456", CivitaiAddress(None, 456)),
        ("urn:air:sd1:checkpoint:huggingface:owner/repo", HubAddress("owner/repo")),
        (
            "https://example.com/a.safetensors?x=1",
            WebAddress("https://example.com/a.safetensors?x=1"),
        ),
        ("s3://bucket/key/a.ckpt", BucketAddress("bucket", "key/a.ckpt")),
        ("s3://bucket", BucketAddress("bucket", "")),
        ("/srv/a.ckpt", LocalAddress(Path("/srv/a.ckpt"))),
        ("file:///srv/a.ckpt", LocalAddress(Path("/srv/a.ckpt"))),
        ("./a.ckpt", LocalAddress(Path("a.ckpt").absolute())),
    ],
)
def test_every_form_is_understood(text: str, meant: Address) -> None:
    """As the table of the room and the pages of the sites have them."""
    assert read_address(text, ["mirror:8000"]) == meant


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected owner/repo"),
        ("model.safetensors", "is no address of a model"),
        ("owner/model.safetensors", r"a file here \(./owner/model.safetensors\)"),
        ("owner/repo/../../x", "is no address"),
        ("owner repo/x", "is no address"),
        ("https://", "is no address"),
        ("https://[::1", "is no address"),
        ("https://user:pass@example.com/a.ckpt", "a login in an address is not sent"),
        ("https://huggingface.co/datasets/owner/repo", "no model repository"),
        ("https://huggingface.co/owner/repo/discussions/3", "names no file or branch"),
        ("https://civitai.com/images/3", "no page of a model"),
        ("civitai:abc", "is no address"),
        ("urn:air:sd1:checkpoint:elsewhere:1", "only civitai and huggingface"),
        ("s3:bucket", "is not s3://bucket/key"),
        ("ftp://example.com/a.ckpt", "is no address"),
        ("a\nb/c", "is no address"),
    ],
)
def test_anything_else_is_refused(text: str, words: str) -> None:
    """With what was expected."""
    with pytest.raises(InvalidRequest, match=words):
        read_address(text)
