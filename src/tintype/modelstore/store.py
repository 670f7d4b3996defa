"""The model files of this machine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import RLock

from tintype.core.models import (
    AdapterRecord,
    CheckpointFacts,
    EmbeddingRecord,
    ModelRecord,
)
from tintype.errors import ModelError
from tintype.modelstore.adapters import AdapterListing, adapter_hash
from tintype.modelstore.embeddings import embedding_hash, embeddings_in
from tintype.modelstore.facts import FileFacts
from tintype.modelstore.folders import checkpoint_folder, checkpoints_in
from tintype.modelstore.hashes import FileHashes
from tintype.modelstore.headers import safetensors_metadata
from tintype.modelstore.headline import checkpoint_facts
from tintype.modelstore.names import Names

SMALL_DECODER = "taesd_decoder.safetensors"
_APPROXIMATE = ("VAE-taesd", "VAE-approx", "vae_approx")  # A1111's, Forge's and ComfyUI's folders


@dataclass(frozen=True)
class _Listing:
    records: tuple[ModelRecord, ...]

    @cached_property
    def names(self) -> Names:
        return Names(self.records)


class ModelStore:
    """Finds, names and hashes checkpoints, LoRAs and embeddings; safe between threads.

    Nothing is read before the first question. A list is then kept until `refresh`. Listing
    checkpoints looks at folders and file sizes only; the headers of LoRAs and embeddings are read
    once and remembered.

    Args:
        roots: model folders laid out as A1111 does, see `checkpoint_folder`. The first one comes
            first, and hides files of the same name in later ones. One that is missing is empty.
        database: SQLite file that remembers hashes and what headers say, created on first need;
            None for memory only.
    """

    def __init__(self, roots: Sequence[Path], database: Path | None = None) -> None:
        self._roots = tuple(roots)
        self._hashes = FileHashes(database)
        self._facts = FileFacts(database)
        self._listing: _Listing | None = None
        self._adapters: AdapterListing | None = None
        self._embeddings: tuple[EmbeddingRecord, ...] | None = None
        self._lock = RLock()

    def checkpoints(self) -> tuple[ModelRecord, ...]:
        """Every checkpoint in A1111's order, hashes included as far as they are known."""
        return self._listed().records

    def default(self) -> ModelRecord:
        """The first checkpoint of the list. Raises `ModelError` where there is none."""
        if records := self.checkpoints():
            return records[0]
        places = ", ".join(str(root) for root in self._roots) or "no folder at all"
        raise ModelError(f"no checkpoint was found; looked in {places}")

    def find(self, name: str | None) -> ModelRecord:
        """The checkpoint somebody means, see `Names.find`; the default for None or nothing.

        Raises:
            UnknownName: there is none such.
            ModelError: the default is wanted and there is none.
        """
        return self._listed().names.find(name) if name else self.default()

    def hashed(self, record: ModelRecord) -> ModelRecord:
        """The same file with the hash, size and time it has now; reads all of it at most once.

        Raises:
            ModelError: the file cannot be read, or is being written.
        """
        (size, modified), sha256 = self._hashes.compute(record)
        hashed = replace(record, bytes=size, modified=modified, sha256=sha256)
        with self._lock:
            if self._listing is not None and hashed not in self._listing.records:
                self._listing = _Listing(tuple(_updated(self._listing.records, hashed)))
        return hashed

    def facts(self, record: ModelRecord) -> CheckpointFacts:
        """What the checkpoint's header says; read once."""
        return checkpoint_facts(record, self._facts)

    def adapters(self) -> tuple[AdapterRecord, ...]:
        """Every LoRA, those of `models/Lora` before those of `models/LyCORIS`."""
        with self._lock:
            return self._adapter_listing().records

    def find_adapter(self, name: str) -> AdapterRecord | None:
        """The LoRA a prompt means, or None: by stem, alias, then either in any case.

        For a name that is not there the folders are looked at once more, as A1111 does.
        """
        with self._lock:
            found = self._adapter_listing().find(name)
            if found is None:
                self._adapters = None
                found = self._adapter_listing().find(name)
            return found

    def adapter_hash(self, record: AdapterRecord) -> str:
        """The twelve digits in A1111's "Lora hashes". Raises `ModelError` for unreadable files."""
        return record.hash or adapter_hash(record, self._facts)

    def adapter_metadata(self, record: AdapterRecord) -> dict[str, object]:
        """The free text of a LoRA's header; empty where there is none."""
        return safetensors_metadata(record.path)

    def embeddings(self) -> tuple[EmbeddingRecord, ...]:
        """Every textual inversion, by name."""
        with self._lock:
            if self._embeddings is None:
                self._embeddings = embeddings_in(self._roots, self._facts)
            return self._embeddings

    def embedding_hash(self, record: EmbeddingRecord) -> str:
        """The twelve digits in A1111's "TI hashes". Raises `ModelError` for unreadable files."""
        return record.hash or embedding_hash(record, self._facts)

    def styles_path(self) -> Path | None:
        """The first `styles.csv` beside a root's models, or None."""
        beside = (root.parent if root.name == "models" else root for root in self._roots)
        return next((path for f in beside if (path := f / "styles.csv").is_file()), None)

    def small_decoder_path(self) -> Path | None:
        """TAESD's decoder where A1111, Forge or ComfyUI keep it, in the first root that has one."""
        places = (root / folder / SMALL_DECODER for root in self._roots for folder in _APPROXIMATE)
        return next((path for path in places if path.is_file()), None)

    def refresh(self) -> None:
        """Forget the lists; the next question looks at the folders again."""
        with self._lock:
            self._listing = self._adapters = self._embeddings = None

    def _adapter_listing(self) -> AdapterListing:
        if self._adapters is None:
            self._adapters = AdapterListing(self._roots, self._facts)
        return self._adapters

    def _listed(self) -> _Listing:
        with self._lock:
            if self._listing is None:
                self._listing = _Listing(tuple(self._found()))
            return self._listing

    def _found(self) -> Iterator[ModelRecord]:
        folders = [folder for root in self._roots if (folder := checkpoint_folder(root))]
        names: set[str] = set()
        for record in (record for folder in folders for record in checkpoints_in(folder)):
            if record.name not in names:
                names.add(record.name)
                yield replace(record, sha256=self._hashes.known(record))


def _updated(records: Sequence[ModelRecord], new: ModelRecord) -> Iterator[ModelRecord]:
    return (new if record.path == new.path else record for record in records)
