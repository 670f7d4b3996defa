"""Everything that one look at the model folders finds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from tintype.core.models import ModelKind, ModelRecord
from tintype.modelstore.adapters import adapters_in
from tintype.modelstore.embeddings import embedding_files
from tintype.modelstore.facts import FileState
from tintype.modelstore.folders import Walk, checkpoints_in, files_below, modified
from tintype.modelstore.places import Places
from tintype.modelstore.unfinished import Unfinished
from tintype.modelstore.vaes import vae_files
from tintype.tensorfiles import WEIGHTS

_NO_NAMES = frozenset({"model", "pytorch_model"})  # of every file of transformers
_OTHERS: Mapping[ModelKind, tuple[str, ...]] = {
    "controlnet": (".safetensors", ".pth", ".pt", ".ckpt", ".bin"),
    "upscaler": (".pth", ".pt", ".safetensors"),
    "captioner": WEIGHTS,
    "face": (".pth", ".pt", ".safetensors"),
    "hypernetwork": (".pt",),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """The model files there are.

    Attributes:
        checkpoints: in A1111's order, without hashes.
        adapters: LoRAs by stem.
        embeddings: what may be textual inversions, by stem.
        vaes: autoencoders by file name.
        others: further kinds by stem, or by their folder where they are called as all are.
        folders: modification times of all folders that were looked at, to tell whether anything
            has changed; None for those that are missing.
    """

    checkpoints: tuple[ModelRecord, ...]
    adapters: Mapping[str, FileState]
    embeddings: Mapping[str, FileState]
    vaes: Mapping[str, FileState]
    others: Mapping[ModelKind, Mapping[str, FileState]]
    folders: Mapping[Path, int | None]

    @property
    def is_current(self) -> bool:
        """No folder has changed since; a file that was written to in its place is not noticed."""
        return all(modified(folder) == time for folder, time in self.folders.items())

    def has_same_files(self, other: "Listing") -> bool:
        """Nothing has come, gone or changed between two looks."""
        return replace(self, folders=other.folders) == other

    def with_checkpoint(self, record: ModelRecord) -> "Listing":
        """The same with what is known of one checkpoint now."""
        if record in self.checkpoints:
            return self
        renewed = (record if old.path == record.path else old for old in self.checkpoints)
        return replace(self, checkpoints=tuple(renewed))


def look(places: Places, unfinished: Unfinished | None = None) -> Listing:
    """Walk through all model folders; no file is opened but for those that `unfinished` doubts."""
    if unfinished is not None:
        unfinished.begin()
    walk = Walk(unfinished)
    walk.folders |= {root: modified(root) for root in places.roots}
    return Listing(
        checkpoints=tuple(_checkpoints(places, walk)),
        adapters=adapters_in(places.groups("lora"), walk),
        embeddings=embedding_files(places.groups("embedding"), walk),
        vaes=vae_files(places, walk),
        others={kind: _others(places, kind, walk) for kind in _OTHERS},
        folders=walk.folders,
    )


def first_checkpoint(places: Places) -> ModelRecord | None:
    """The first of the list, found without making one."""
    return next(_checkpoints(places, Walk()), None)


def _checkpoints(places: Places, walk: Walk) -> Iterator[ModelRecord]:
    """Of two of one name the earlier is taken."""
    files = (folder for group in places.groups("checkpoint") for folder in group)
    pipelines = (folder for group in places.groups("diffusers") for folder in group)
    names = set[str]()
    for record in chain(
        chain.from_iterable(checkpoints_in(folder, walk) for folder in files),
        chain.from_iterable(checkpoints_in(f, walk, takes_files=False) for f in pipelines),
    ):
        if record.name not in names:
            names.add(record.name)
            yield record


def _others(places: Places, kind: ModelKind, walk: Walk) -> dict[str, FileState]:
    files: dict[str, FileState] = {}
    for folder in (folder for group in places.groups(kind) for folder in group):
        for file in files_below(folder, _OTHERS[kind], walk):
            files.setdefault(_name(file.path), file)
    return files


def _name(path: Path) -> str:
    return path.parent.name if path.stem in _NO_NAMES else path.stem
