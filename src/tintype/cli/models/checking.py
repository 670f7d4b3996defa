"""Reading models again, and holding them against all that is known of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tintype.errors import ModelError
from tintype.fetching.records import Record, read_record
from tintype.modelstore import Entry, ModelStore
from tintype.modelstore.hashes import sha256_of
from tintype.modelstore.pipelines import weights_of
from tintype.modelstore.sidecars import hashes_by_civitai
from tintype.tensorfiles import open_table


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of it.

    Attributes:
        name: of the model.
        known_by: what it was held against, in words.
        wrongs: what is wrong, each in a sentence; empty where all is well.
    """

    name: str
    known_by: str
    wrongs: tuple[str, ...]


def verify_all(chosen: Iterable[Entry], store: ModelStore) -> Iterator[Verdict]:
    """Read all of each model, one after the other."""
    return (_verify(entry, store) for entry in chosen)


def _verify(entry: Entry, store: ModelStore) -> Verdict:
    path, record = entry.file.path, read_record(entry.file.path)
    known = store.hashes.known(entry.file)
    digests: dict[str, str] = {}
    wrongs = [*_unreadable(entry), *_hash_all(path, record, digests)]
    sources: list[str] = []
    whole = digests.get(path.name)
    if known is not None and whole is not None:
        sources.append("index")
        if whole != known.sha256:
            wrongs.append(f"its SHA-256 is {whole}; the index knows {known.sha256}")
    if record is not None:
        sources.append("source" if all(f.stated for f in record.files.values()) else "first copy")
        wrongs += _against_record(path, record, digests)
    if whole is not None and (stated := hashes_by_civitai(path)):
        sources.append("Civitai")
        if whole not in stated:
            wrongs.append(f"its SHA-256 is {whole}, of none of the files Civitai tells of")
    return Verdict(entry.name, _in_words(sources), tuple(wrongs))


def _unreadable(entry: Entry) -> Iterator[str]:
    """Upscalers and textual inversions come in forms that are no tables; their hashes must do."""
    if entry.kind in ("checkpoint", "lora", "vae", "controlnet"):
        try:
            open_table(entry.file.path)
        except ModelError as error:
            yield str(error)


def _hash_all(path: Path, record: Record | None, digests: dict[str, str]) -> Iterator[str]:
    """Fill `digests` by name; of a folder with what its record speaks of, and its U-Net."""
    files = {path.name: path}
    if path.is_dir():
        names = () if record is None else record.files
        files = {name: path / name for name in names if _is_below(name)}
    for name, file in files.items():
        try:
            digests[name] = sha256_of([file])
        except OSError as error:
            yield f"{name} cannot be read: {error.strerror}"
    if path.is_dir():
        yield from _hash_unet(path, digests)


def _hash_unet(folder: Path, digests: dict[str, str]) -> Iterator[str]:
    """A folder goes by its U-Net's weights, shard by shard."""
    try:
        digests[folder.name] = sha256_of(weights_of(folder))
    except OSError as error:
        yield f"its U-Net cannot be read: {error.strerror}"


def _against_record(path: Path, record: Record, digests: Mapping[str, str]) -> Iterator[str]:
    for name, file in record.files.items():
        is_whole = name == path.name or path.is_dir()
        found = digests.get(name)
        if is_whole and found is not None and found != file.sha256:
            yield f"{name}: its SHA-256 is {found}; {file.sha256} came from {record.address}"


def _in_words(sources: list[str]) -> str:
    return f"by {', '.join(sources)}" if sources else "no hash was known"


def _is_below(name: str) -> bool:
    return not name.startswith("/") and ".." not in name.split("/")
