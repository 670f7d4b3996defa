"""Models, styles and pictures of an old install, all of which stay where they are."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from tintype.cli.importing.rows import Row, counted
from tintype.core.models import ModelKind
from tintype.errors import TintypeError
from tintype.modelstore import ModelStore
from tintype.planning import Library

_MOST_FILES = 1_000_000
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".avif")
_WITHOUT_HOME: tuple[tuple[str, str], ...] = (
    ("LDSR", "this upscaler is not there yet"),
    ("adetailer", "faces are not detailed yet"),
    ("text_encoder", "text encoders come with their checkpoints"),
    ("text_encoders", "text encoders come with their checkpoints"),
    ("clip", "text encoders come with their checkpoints"),
    ("clip_vision", "pictures are no prompts yet"),
    ("unet", "networks in parts are not put together"),
    ("diffusion_models", "networks in parts are not put together"),
)
_NOT_YET: tuple[tuple[ModelKind, str], ...] = (
    ("controlnet", "ControlNet is not there yet; the files are listed"),
    ("hypernetwork", "hypernetworks are not there yet; the files are listed"),
)
_OUTPUTS = ("outputs", "output", "log/images")


def model_rows(models: ModelStore, roots: Sequence[Path]) -> Iterator[Row]:
    """How many models of each kind were found, and which have no home."""
    found = models.listing()
    for count, *nouns in (
        (len(found.checkpoints), "checkpoint"),
        (len(found.adapters), "LoRA"),
        (len(found.vaes), "VAE"),
        (len(found.embeddings), "embedding"),
        (len(found.others.get("upscaler", {})), "upscaler"),
        (len(found.others.get("face", {})), "file for faces", "files for faces"),
    ):
        if count:
            yield Row(counted(count, *nouns), "comes", "used where they are; nothing is copied")
    for kind, why in _NOT_YET:
        if count := len(found.others.get(kind, {})):
            yield Row(counted(count, kind), "stays", why)
    for name, why in _WITHOUT_HOME:
        if any(_has_files(root / "models" / name) for root in roots):
            yield Row(f"models/{name}", "stays", why)


def style_rows(models: ModelStore) -> Iterator[Row]:
    """How many styles there are."""
    try:
        files = Library(models).style_files()
    except TintypeError as error:
        yield Row("styles", "wrong", str(error))
        return
    for path, styles in files:
        yield Row(counted(len(styles), "style"), "comes", f"read from {path}")


def output_rows(root: Path, data: Path) -> Iterator[Row]:
    """Pictures that were made; whoever wants them in the gallery puts them into its folder."""
    for name in _OUTPUTS:
        if count := _count(root / name):
            how = f"to have them in the gallery: cp -a {root / name}/. {data / 'outputs'}/"
            yield Row(counted(count, f"picture of {name}", f"pictures in {name}"), "partly", how)


def _count(folder: Path) -> int:
    names = (name for _, _, files in os.walk(folder) for name in files)
    return sum(name.lower().endswith(_PICTURES) for name in islice(names, _MOST_FILES))


def _has_files(folder: Path) -> bool:
    return any(True for _, _, files in islice(os.walk(folder), 1000) if _but_notes(files))


def _but_notes(files: list[str]) -> list[str]:
    return [name for name in files if not name.lower().endswith((".txt", ".md", ".json"))]
