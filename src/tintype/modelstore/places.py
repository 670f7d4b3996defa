"""Which folders hold which kind of model, in the trees of A1111, Forge and ComfyUI."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tintype.core.models import ModelKind
from tintype.modelstore.extra_paths import LISTS, Section, read_sections
from tintype.modelstore.folders import has_checkpoints

Group = tuple[Path, ...]
"""Folders of one owner: among them A1111's own rules decide, between groups the earlier wins."""

_A1111_AND_COMFYUI: Mapping[ModelKind, tuple[str, ...]] = {
    "checkpoint": ("Stable-diffusion", "checkpoints"),
    "diffusers": ("diffusers",),
    "vae": ("vae", "VAE"),
    "lora": ("loras", "Lora", "LyCORIS"),
    "embedding": ("embeddings",),
    "controlnet": ("ControlNet", "controlnet"),
    "upscaler": ("ESRGAN", "RealESRGAN", "DAT", "SwinIR", "ScuNET", "upscale_models"),
    "captioner": ("BLIP",),
    "face": ("GFPGAN", "Codeformer", "facerestore_models", "facedetection", "facelib/weights"),
    "vae_approx": ("VAE-taesd", "VAE-approx", "vae_approx"),
    "hypernetwork": ("hypernetworks",),
}


@dataclass(frozen=True)
class Places:
    """Where to look for models.

    Attributes:
        roots: folders with a `models` folder in them, such folders themselves, or folders with
            checkpoints directly in them. The first one is asked first.
        folders: further folders by kind, asked before the roots, as A1111's `--ckpt-dir` is.
        lists: files in the form of ComfyUI's `extra_model_paths.yaml`; those that lie in a root
            are read as well. Their sections come after the roots, but for those marked as default.
    """

    roots: tuple[Path, ...]
    folders: tuple[tuple[ModelKind, Path], ...] = ()
    lists: tuple[Path, ...] = ()

    def groups(self, kind: ModelKind) -> list[Group]:
        """The folders for a kind, best first; each may be missing."""
        given = [(folder,) for named, folder in self.folders if named == kind]
        listed = [(s.is_default, s.folders.get(kind, ())) for s in self._sections]
        first = [folders for is_default, folders in listed if is_default]
        last = [folders for is_default, folders in listed if not is_default]
        own = [tuple(_in_root(root, kind)) for root in self.roots]
        return [group for group in (*given, *first, *own, *last) if group]

    def beside(self) -> Iterator[Path]:
        """The folders beside the models of each root, where A1111 keeps its `styles.csv`."""
        return (root.parent if root.name == "models" else root for root in self.roots)

    @cached_property
    def _sections(self) -> Sequence[Section]:
        found = [path for folder in self.beside() if (path := folder / LISTS).is_file()]
        return read_sections(self.lists, found)


def checkpoint_folder(root: Path) -> Path | None:
    """The folder of a root that checkpoints are in, or None if there is none."""
    folders = (folder for group in Places((root,)).groups("checkpoint") for folder in group)
    return next((folder for folder in folders if os.path.isdir(folder)), None)


def models_folder(root: Path) -> Path:
    """The folder of a root that holds one folder for each kind."""
    return root / "models" if os.path.isdir(root / "models") else root


def _in_root(root: Path, kind: ModelKind) -> Iterator[Path]:
    models = models_folder(root)
    names = _A1111_AND_COMFYUI[kind]
    if kind == "embedding":
        yield from (folder / "embeddings" for folder in _around(root))
        return
    yield from (models / name for name in names)
    if kind == "checkpoint" and not any(os.path.isdir(models / name) for name in names):
        yield from [root] if has_checkpoints(root) else []


def _around(root: Path) -> Iterator[Path]:
    """A1111 keeps embeddings beside its models, ComfyUI among them."""
    if root.name == "models":
        yield root.parent
    yield root
    yield root / "models"
