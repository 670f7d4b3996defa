"""Autoencoders in files of their own: found as A1111 finds them, and named as its options do."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from tintype.core.models import ModelRecord, VaeRecord
from tintype.core.requests import AUTOMATIC_VAE, BUILT_IN_VAE
from tintype.errors import ModelError, UnknownName
from tintype.modelstore.facts import FileState
from tintype.modelstore.folders import Walk, files_below
from tintype.modelstore.hashes import FileHashes
from tintype.modelstore.places import Places

_EXTENSIONS = (".ckpt", ".pt", ".safetensors")
_BESIDE = tuple(f".vae{extension}" for extension in _EXTENSIONS)


class VaeListing:
    """The autoencoders there are, by file name in any case.

    Attributes:
        records: all of them; hashes as far as they are known.
    """

    def __init__(self, files: Mapping[str, FileState], hashes: FileHashes) -> None:
        ordered = sorted(files.items(), key=lambda item: item[0].casefold())
        self.records = tuple(_record(file, hashes) for _, file in ordered)

    def find(self, name: str) -> VaeRecord:
        """The file a name means: as it is, without its extension, then both in any case.

        The first ten digits of a hash that is known will do as well.

        Raises:
            UnknownName: there is none such; carries the names there are.
        """
        wanted = name.strip()
        record = self._exact.get(wanted) or self._folded.get(wanted.casefold())
        if record is None:
            choices = [AUTOMATIC_VAE, BUILT_IN_VAE, *(record.name for record in self.records)]
            raise UnknownName("VAE", name, choices)
        return record

    def named_after(self, checkpoint: ModelRecord) -> VaeRecord | None:
        """The first file whose name begins with the checkpoint's stem, or None."""
        found = (record for record in self.records if record.name.startswith(checkpoint.stem))
        return next(found, None)

    @cached_property
    def _exact(self) -> Mapping[str, VaeRecord]:
        kinds = zip(*(_names_of(record) for record in self.records), strict=True)
        pairs = (pair for names in kinds for pair in zip(names, self.records, strict=True))
        return _first_of((name, record) for name, record in pairs if name is not None)

    @cached_property
    def _folded(self) -> Mapping[str, VaeRecord]:
        return _first_of((name.casefold(), record) for name, record in self._exact.items())


def vae_at(path: Path, hashes: FileHashes) -> VaeRecord:
    """The file at a path, wherever that is. Raises `ModelError` if it cannot be read."""
    try:
        status = path.stat()
    except OSError as error:
        raise ModelError(f"VAE {path.name} cannot be read ({error.strerror}): {path}") from error
    return _record(FileState(path, status.st_size, status.st_mtime_ns), hashes)


def hashed_vae(record: VaeRecord, hashes: FileHashes) -> VaeRecord:
    """The same file with the hash, size and time it has now; reads all of it at most once.

    Raises:
        ModelError: the file cannot be read, or is being written.
    """
    file, found = hashes.compute(record.path, f"VAE {record.name}")
    return VaeRecord(record.name, record.path, file.bytes, file.modified, found.sha256)


def vae_files(places: Places, walk: Walk) -> dict[str, FileState]:
    """Autoencoders by file name.

    Files of one name hide each other: those beside checkpoints (`*.vae.pt` and so on) are hidden
    by those of VAE folders, those of later owners by earlier ones, and among one owner's the last
    one found is taken, as in A1111.
    """
    groups = [(group, _EXTENSIONS) for group in places.groups("vae")]
    groups += [(group, _BESIDE) for group in places.groups("checkpoint")]
    files: dict[str, FileState] = {}
    for group, extensions in groups:
        own = [file for folder in group for file in files_below(folder, extensions, walk)]
        files = {file.path.name: file for file in own} | files
    return files


def _record(file: FileState, hashes: FileHashes) -> VaeRecord:
    known = hashes.known(file)
    sha256 = None if known is None else known.sha256
    return VaeRecord(file.path.name, file.path, file.bytes, file.modified, sha256)


def _names_of(record: VaeRecord) -> tuple[str | None, ...]:
    return record.name, record.path.stem, record.shorthash


def _first_of(pairs: Iterable[tuple[str, VaeRecord]]) -> dict[str, VaeRecord]:
    found: dict[str, VaeRecord] = {}
    for name, record in pairs:
        found.setdefault(name, record)
    return found
