"""Textual inversions on disk, told by their headers alone."""

import hashlib
import os
from base64 import b64encode
from pathlib import Path

import pytest
import torch
from PIL import Image, PngImagePlugin
from tests.fakes.checkpoints import save_tensors
from torch import nn

from tintype.core.models import EmbeddingRecord
from tintype.modelstore import ModelStore


def listed(*roots: Path) -> dict[str, EmbeddingRecord]:
    return {record.name: record for record in ModelStore(roots).embeddings()}


@pytest.mark.parametrize(
    ("root", "below"),
    [
        (".", "embeddings"),
        (".", "models/embeddings"),
        ("models", "embeddings"),
        ("x", "x/embeddings"),
    ],
)
def test_folders(tmp_path: Path, root: str, below: str) -> None:
    """Embeddings lie beside models, in it, or in a root; subfolders count."""
    for folder in ("models", "x", f"{below}/sub"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    save_tensors({"a": torch.zeros(2, 4)}, tmp_path / below / "sub" / "b.safetensors")
    save_tensors({"a": torch.zeros(2, 4)}, tmp_path / below / "A.safetensors")
    assert list(listed(tmp_path / root)) == ["A", "b"]


def test_vectors_and_widths(tmp_path: Path) -> None:
    """Rows and columns are told from safetensors and from torch's pickles of every age."""
    folder = tmp_path / "embeddings"
    folder.mkdir()
    save_tensors({"emb_params": torch.zeros(3, 768)}, folder / "one.safetensors")
    save_tensors({"emb_params": torch.zeros(768)}, folder / "flat.safetensors")
    tables = {"clip_g": torch.zeros(2, 1280), "clip_l": torch.zeros(2, 768)}
    save_tensors(tables, folder / "xl.safetensors")
    torch.save({"<word>": torch.zeros(5, 1024)}, folder / "diffusers.bin")
    a1111 = {"string_to_param": {"*": nn.Parameter(torch.zeros(4, 768))}, "step": 5}
    torch.save(a1111, folder / "a1111.pt")
    oldest = {"string_to_param": nn.ParameterDict({"*": nn.Parameter(torch.zeros(6, 768))})}
    torch.save(oldest, folder / "oldest.pt")
    found = {name: (r.vectors, r.widths) for name, r in listed(tmp_path).items()}
    assert found == {
        "a1111": (4, (("text", 768),)),
        "diffusers": (5, (("text", 1024),)),
        "flat": (1, (("text", 768),)),
        "oldest": (6, (("text", 768),)),
        "one": (3, (("text", 768),)),
        "xl": (2, (("clip_l", 768), ("clip_g", 1280))),
    }


class Evil:
    """Would make a folder where pickles may run code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_files_of_something_else_are_left_out(tmp_path: Path) -> None:
    """LoRAs, torn files and pickles with code are no embeddings, and no code is run."""
    folder = tmp_path / "embeddings"
    folder.mkdir()
    save_tensors({"a": torch.zeros(2, 4), "b": torch.zeros(2, 4)}, folder / "lora.safetensors")
    (folder / "torn.safetensors").write_bytes(b"\x08")
    (folder / "torn.pt").write_bytes(b"PK\x03\x04")
    torch.save({"a": Evil(tmp_path / "pwned")}, folder / "evil.pt")
    assert listed(tmp_path) == {}
    assert not (tmp_path / "pwned").exists()


def test_hash(tmp_path: Path) -> None:
    """The hash is that of the whole file, and is listed by who starts after it was computed."""
    (tmp_path / "embeddings").mkdir()
    path = save_tensors({"a": torch.zeros(2, 4)}, tmp_path / "embeddings" / "a.safetensors")
    store = ModelStore([tmp_path], tmp_path / "facts.sqlite")
    (record,) = store.embeddings()
    expected = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    assert record.hash is None
    assert store.embedding_hash(record) == expected
    (later,) = ModelStore([tmp_path], tmp_path / "facts.sqlite").embeddings()
    assert later.hash == expected


def test_new_files_after_a_refresh(tmp_path: Path) -> None:
    """The list is kept until it is refreshed."""
    (tmp_path / "embeddings").mkdir()
    store = ModelStore([tmp_path])
    assert store.embeddings() == ()
    save_tensors({"a": torch.zeros(2, 4)}, tmp_path / "embeddings" / "a.safetensors")
    assert store.embeddings() == ()
    store.refresh()
    assert len(store.embeddings()) == 1


@pytest.mark.parametrize("root", [".", "models"])
def test_styles(tmp_path: Path, root: str) -> None:
    """The styles file lies beside the models folder."""
    (tmp_path / "models").mkdir()
    assert ModelStore([tmp_path / root]).styles_path() is None
    (tmp_path / "styles.csv").write_text("name,prompt,negative_prompt\n")
    assert ModelStore([tmp_path / root]).styles_path() == tmp_path / "styles.csv"


def test_pictures(tmp_path: Path) -> None:
    """A picture with vectors in its text goes by the name in it; previews do not count."""
    folder = tmp_path / "embeddings"
    folder.mkdir()
    text = b64encode(b'{"name": "drawn", "string_to_param": {"*": [[1, 2], [3, 4], [5, 6]]}}')
    info = PngImagePlugin.PngInfo()
    info.add_text("sd-ti-embedding", text.decode())
    Image.new("RGB", (8, 8)).save(folder / "x.png", pnginfo=info)
    save_tensors({"a": torch.zeros(2, 4)}, folder / "y.safetensors")
    for preview in ("y.png", "y.preview.png", "z.preview.png", "nothing.png"):
        Image.new("RGB", (8, 8)).save(folder / preview)
    found = {name: (r.vectors, r.path.name) for name, r in listed(tmp_path).items()}
    assert found == {"drawn": (3, "x.png"), "y": (2, "y.safetensors")}
