"""What a file is by its header, and which folder its kind belongs in."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from tintype.core.families import family_of, other_kind
from tintype.errors import FetchError, ModelError
from tintype.fetching.offers import Kind, RemoteFile
from tintype.modelstore.folders import has_checkpoints
from tintype.modelstore.places import models_folder
from tintype.modelstore.unfinished import stated_end
from tintype.tensorfiles import TensorTable, open_table
from tintype.tensorfiles.safetensors import LONGEST_HEADER_BYTES

_LENGTH_BYTES = 8
_LARGEST_BYTES = 2**42
_BY_FOLDER: Mapping[str, Kind] = {
    "models/Lora": "lora",
    "models/VAE": "vae",
    "embeddings": "embedding",
    "models/ControlNet": "controlnet",
    "models/ESRGAN": "upscaler",
    "models/BLIP": "captioner",
}
_FOLDERS: Mapping[str, tuple[str, ...]] = {  # A1111's first, then ComfyUI's
    "checkpoint": ("Stable-diffusion", "checkpoints"),
    "lora": ("Lora", "loras"),
    "vae": ("VAE", "vae"),
    "controlnet": ("ControlNet", "controlnet"),
    "upscaler": ("ESRGAN", "upscale_models"),
    "captioner": ("BLIP",),
}


def kind_of(path: Path, name: str) -> tuple[Kind | None, str]:
    """What a file holds.

    Args:
        path: where it is, whatever it is called there.
        name: what it will be called, with its extension.

    Returns:
        its kind, or None where the header tells of nothing we have a folder for; and in words.

    Raises:
        ModelError: it is torn, or no file of weights at all.
    """
    try:
        return kind_of_table(open_table(path, name))
    except ModelError as error:
        raise ModelError(f"{name}: {_page_in_words(path) or error}") from error


def kind_of_table(table: TensorTable) -> tuple[Kind | None, str]:
    """The same of tensors by their names."""
    if family_of(table.tensors) is not None:
        return "checkpoint", "a checkpoint"
    found = other_kind(table.tensors)
    kind = _BY_FOLDER.get(found.folder or "")
    if kind is None and _looks_like_embedding(table):
        return "embedding", "a textual inversion embedding"
    return kind, found.words


def kind_ahead(remote: RemoteFile) -> tuple[Kind | None, str]:
    """What a safetensors file holds, by its first bytes alone.

    Raises:
        ModelError: it is none.
        FetchError: its source refuses it.
        TransientFault: try again.
    """
    with remote.source.open(0, None) as body, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / remote.name
        if body.total is not None and body.total > _LARGEST_BYTES:
            raise FetchError(f"{remote.name} is said to have {body.total} bytes, as no model has")
        with path.open("wb") as file:
            for block in body.blocks:
                file.write(block)
                if file.tell() >= _header_end(path, file):
                    break
            whole = body.total or min(stated_end(path) or 0, _LARGEST_BYTES)
            if file.tell() < whole:
                file.truncate(whole)  # sparse: only the header is looked at
        return kind_of(path, remote.name)


def folder_for(kind: Kind, root: Path) -> Path:
    """The folder below a model root that files of a kind are put into; it need not exist.

    A1111's, unless the root has only ComfyUI's.
    """
    models = models_folder(root)
    if kind == "embedding":  # A1111 keeps them beside its models, ComfyUI among them
        around = [root / "embeddings", models / "embeddings"]
        if root.name == "models":
            around.insert(0, root.parent / "embeddings")
        return next((folder for folder in around if folder.is_dir()), root / "embeddings")
    folders = [models / name for name in _FOLDERS[kind]]
    if kind == "checkpoint" and not any(folder.is_dir() for folder in folders):
        folders[0] = root if has_checkpoints(root) else folders[0]
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def require_kind(found: Kind | None, words: str, wanted: Kind | None, name: str) -> Kind:
    """The kind a file is put away as.

    Args:
        found: by its header.
        words: the same.
        wanted: as somebody said, or its source.
        name: of the file.

    Raises:
        FetchError: it is another kind than was said, or nobody can tell.
    """
    kind = wanted or found
    if kind is None:
        raise FetchError(f"{name} is {words}; if you know better, say what with --kind")
    if found is not None and found != kind:
        raise FetchError(f"{name} is {words}, not a {kind}; fetch it with --kind {found}")
    return kind


def _header_end(path: Path, file: BinaryIO) -> int:
    """Where the header ends by its first bytes; where they end, if they are those of no header."""
    file.flush()
    with path.open("rb") as start:
        length = int.from_bytes(start.read(_LENGTH_BYTES), "little")
    return _LENGTH_BYTES + (length if length <= LONGEST_HEADER_BYTES else 0)


def _looks_like_embedding(table: TensorTable) -> bool:
    """A table or two of vectors as wide as a text encoder's."""
    shapes = list(table.shapes.values())
    widths = {shape[-1] for shape in shapes if shape}
    return 0 < len(shapes) <= 2 and widths <= {768, 1024, 1280, 2048} and len(shapes[0]) <= 2


def _page_in_words(path: Path) -> str | None:
    """What somebody most likely got where a file of weights was meant."""
    with path.open("rb") as file:
        start = file.read(1024).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml")):
        return "a web page came instead of a file, perhaps a login: it needs a token"
    if start.startswith((b"{", b"[")):
        return "a message came instead of a file, perhaps a refusal: it needs a token"
    if start.startswith(b"version https://git-lfs"):
        return "this is a pointer of git-lfs, not the file it stands for"
    return None
