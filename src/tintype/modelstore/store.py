"""The model files of this machine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import RLock

from tintype.core.models import (
    AdapterRecord,
    CheckpointFacts,
    EmbeddingRecord,
    ModelRecord,
    UpscalerRecord,
    VaeRecord,
)
from tintype.core.settings import StoreConfig
from tintype.errors import ModelError
from tintype.modelstore.adapters import AdapterListing, adapter_hash
from tintype.modelstore.embeddings import bundled_embeddings, embedding_hash, embeddings_in
from tintype.modelstore.facts import INDEX_FILE, FileFacts, FileState
from tintype.modelstore.hashes import FileHashes, Pause
from tintype.modelstore.headline import checkpoint_facts
from tintype.modelstore.listing import Listing, first_checkpoint, look
from tintype.modelstore.names import Names
from tintype.modelstore.phrases import Phrases, new_styles_file, styles_files, wildcard_folders
from tintype.modelstore.places import Places
from tintype.modelstore.sidecars import noted_vae
from tintype.modelstore.unfinished import Unfinished
from tintype.modelstore.upscalers import upscalers_in
from tintype.modelstore.vaes import VaeListing, hashed_vae, vae_at
from tintype.modelstore.wildcards import WildcardFiles

SMALL_DECODERS = ("taesd_decoder", "taesdxl_decoder")  # for SD 1 and 2; for SDXL
_SMALL_DECODER_ENDS = (".safetensors", ".pth")


@dataclass(frozen=True)
class _Checkpoints:
    records: tuple[ModelRecord, ...]

    @cached_property
    def names(self) -> Names:
        return Names(self.records)


class ModelStore:
    """Finds, names and hashes checkpoints, LoRAs, VAEs and embeddings; safe between threads.

    Nothing is read before the first question. A list is then kept until `refresh`, or until
    `look_again` finds that files have come or gone. Listing looks at names, sizes and times only;
    what headers say is read once and remembered.

    Args:
        places: where the files are; or roots, see `Places`, of which the first comes first and
            hides files of the same name in later ones. One that is missing is empty.
        database: the index, created with the first thing there is to remember; None for memory
            only.
        phrases: where words are kept besides; None for nowhere.
    """

    def __init__(
        self,
        places: Places | Sequence[Path],
        database: Path | None = None,
        phrases: Phrases | None = None,
    ) -> None:
        self._places = places if isinstance(places, Places) else Places(tuple(places))
        self._phrases = phrases or Phrases()
        self.wildcards = WildcardFiles(lambda: wildcard_folders(self._places, self._phrases))
        self.index = FileFacts(database)
        self.hashes = FileHashes(self.index)
        self._unfinished = Unfinished()
        self._has_looked = False
        self._listing: Listing | None = None
        self._checkpoints: _Checkpoints | None = None
        self._adapters: AdapterListing | None = None
        self._embeddings: tuple[EmbeddingRecord, ...] | None = None
        self._vaes: VaeListing | None = None
        self._upscalers: tuple[UpscalerRecord, ...] | None = None
        self._lock = RLock()

    def checkpoints(self) -> tuple[ModelRecord, ...]:
        """Every checkpoint in A1111's order, hashes included as far as they are known."""
        return self._named().records

    def default(self) -> ModelRecord:
        """The first checkpoint of the list. Raises `ModelError` where there is none."""
        if records := self.checkpoints():
            return records[0]
        places = ", ".join(str(root) for root in self._places.roots) or "no folder at all"
        raise ModelError(f"no checkpoint was found; looked in {places}")

    def default_path(self) -> Path | None:
        """Where the first checkpoint is, or None; looks no further than it has to."""
        with self._lock:
            listed = None if self._listing is None else self._listing.checkpoints[:1]
        first = first_checkpoint(self._places) if listed is None else next(iter(listed), None)
        return None if first is None else first.path

    def find(self, name: str | None) -> ModelRecord:
        """The checkpoint somebody means, see `Names.find`; the default for None or nothing.

        Raises:
            UnknownName: there is none such.
            ModelError: the default is wanted and there is none.
        """
        return self._named().names.find(name) if name else self.default()

    def hashed(self, record: ModelRecord) -> ModelRecord:
        """The same file with the hash, size and time it has now; reads all of it at most once.

        Raises:
            ModelError: the file cannot be read, or is being written.
        """
        file, found = self.hashes.compute(record.path, f"checkpoint {record.name}")
        hashed = replace(record, bytes=file.bytes, modified=file.modified, sha256=found.sha256)
        if hashed != record:
            self._take_over(hashed)
        return hashed

    def complete_hashes(self, file: FileState, pause: Pause) -> None:
        """Compute whatever hashes of a file are not known yet, in no hurry.

        Raises:
            ModelError: the file cannot be read, or is being written.
        """
        self.hashes.compute(file.path, str(file.path), with_autov3=True, pause=pause)
        with self._lock:
            adapter = self.listing().adapters.get(file.path.stem)
            if adapter is None or adapter.path != file.path:
                self._checkpoints = self._vaes = self._embeddings = None

    def facts(self, record: ModelRecord) -> CheckpointFacts:
        """What the checkpoint's header says; read once."""
        return checkpoint_facts(record, self.index)

    def adapters(self) -> tuple[AdapterRecord, ...]:
        """Every LoRA, those of `models/Lora` before those of `models/LyCORIS`."""
        return self._adapter_listing().records

    def find_adapter(self, name: str) -> AdapterRecord | None:
        """The LoRA a prompt means, or None: by stem, alias, then either in any case.

        For a name that is not there the folders are looked at once more, as A1111 does.
        """
        found = self._adapter_listing().find(name)
        if found is None:
            self.look_again()
            found = self._adapter_listing().find(name)
        return found

    def adapter_hash(self, record: AdapterRecord) -> str:
        """The twelve digits in A1111's "Lora hashes". Raises `ModelError` for unreadable files."""
        return record.hash or adapter_hash(record, self.index, self.hashes)

    def adapter_texts(self) -> list[tuple[AdapterRecord, str]]:
        """Every LoRA with the free text of its header as A1111 shows it, in JSON."""
        records = self.adapters()
        files = [FileState.of(record) for record in records]
        texts = self.index.texts(files)  # kept when the records were made
        return [(record, text or "{}") for record, text in zip(records, texts, strict=True)]

    def embeddings(self) -> tuple[EmbeddingRecord, ...]:
        """Every textual inversion, by name."""
        with self._lock:
            if self._embeddings is None:
                files = self.listing().embeddings
                self._embeddings = embeddings_in(files, self.index, self.hashes)
            return self._embeddings

    def bundled_embeddings(self, record: AdapterRecord) -> tuple[EmbeddingRecord, ...]:
        """The textual inversions in a LoRA's file; read once."""
        return bundled_embeddings(record, self.index)

    def embedding_hash(self, record: EmbeddingRecord) -> str:
        """The twelve digits in A1111's "TI hashes". Raises `ModelError` for unreadable files."""
        return record.hash or embedding_hash(record, self.hashes)

    def vaes(self) -> tuple[VaeRecord, ...]:
        """Every autoencoder in a file of its own, by name; hashes as far as they are known."""
        return self._vae_listing().records

    def find_vae(self, name: str) -> VaeRecord:
        """The autoencoder somebody means, see `VaeListing.find`; raises `UnknownName`."""
        return self._vae_listing().find(name)

    def vae_named_after(self, checkpoint: ModelRecord) -> VaeRecord | None:
        """A1111's habit: the first autoencoder whose name begins with the checkpoint's stem."""
        return self._vae_listing().named_after(checkpoint)

    def noted_vae(self, checkpoint: ModelRecord) -> str | None:
        """The name of the autoencoder that the notes beside a checkpoint want for it, or None."""
        return noted_vae(checkpoint.path)

    def vae_at(self, path: Path) -> VaeRecord:
        """The autoencoder at a path. Raises `ModelError` if there is none to be read."""
        return vae_at(path, self.hashes)

    def hashed_vae(self, record: VaeRecord) -> VaeRecord:
        """The same file with its hash. Raises `ModelError` for unreadable files."""
        return hashed_vae(record, self.hashes)

    def upscalers(self) -> tuple[UpscalerRecord, ...]:
        """Every network that enlarges pictures, by name."""
        with self._lock:
            if self._upscalers is None:
                files = self.listing().others["upscaler"].values()
                self._upscalers = upscalers_in(files, self.index)
            return self._upscalers

    def styles_path(self) -> Path | None:
        """The first file of styles, or None."""
        return next(iter(self.styles_paths()), None)

    def styles_paths(self) -> tuple[Path, ...]:
        """The files of styles, see `phrases.styles_files`."""
        return styles_files(self._places, self._phrases)

    def new_styles_path(self) -> Path:
        """Where a file of styles belongs if there is none yet."""
        return new_styles_file(self._places, self._phrases)

    def small_decoder_paths(self) -> tuple[Path, ...]:
        """TAESD's decoders where A1111, Forge or ComfyUI keep them; of each the first that is."""
        folders = [folder for group in self._places.groups("vae_approx") for folder in group]
        files = (
            [folder / f"{stem}{end}" for folder in folders for end in _SMALL_DECODER_ENDS]
            for stem in SMALL_DECODERS
        )
        found = (next((path for path in paths if path.is_file()), None) for paths in files)
        return tuple(path for path in found if path is not None)

    def listing(self) -> Listing:
        """The files there are, as they were found."""
        with self._lock:
            if self._listing is None:
                self._listing = look(self._places, self._unfinished if self._has_looked else None)
                self._has_looked = True
            return self._listing

    def refresh(self) -> None:
        """Forget the lists; the next question looks at the folders again."""
        with self._lock:
            self._listing = None
            self._forget_records()

    def look_again(self, *, thoroughly: bool = False) -> bool:
        """Take note of files that have come, gone or changed; true where there are any.

        Files that are still being written are left out until they are whole, see `Unfinished`.

        Args:
            thoroughly: look at every file, not only at the folders, and so notice those that were
                written to in their place.
        """
        old = self.listing()
        if not thoroughly and not self._unfinished.were_met and old.is_current:
            return False
        new = look(self._places, self._unfinished)
        with self._lock:
            self._listing = new
            if new.has_same_files(old):
                return False
            self._forget_records()
        return True

    def _named(self) -> _Checkpoints:
        with self._lock:
            if self._checkpoints is None:
                records = (self._with_hash(record) for record in self.listing().checkpoints)
                self._checkpoints = _Checkpoints(tuple(records))
            return self._checkpoints

    def _with_hash(self, record: ModelRecord) -> ModelRecord:
        known = self.hashes.known(FileState.of(record))
        return record if known is None else replace(record, sha256=known.sha256)

    def _take_over(self, hashed: ModelRecord) -> None:
        """A hash that was not known, or a file that has changed since the lists were made."""
        with self._lock:
            self._checkpoints = None
            if self._listing is not None:
                self._listing = self._listing.with_checkpoint(replace(hashed, sha256=None))

    def _adapter_listing(self) -> AdapterListing:
        with self._lock:
            if self._adapters is None:
                self._adapters = AdapterListing(self.listing().adapters, self.index, self.hashes)
            return self._adapters

    def _vae_listing(self) -> VaeListing:
        with self._lock:
            if self._vaes is None:
                self._vaes = VaeListing(self.listing().vaes, self.hashes)
            return self._vaes

    def _forget_records(self) -> None:
        self._checkpoints = self._adapters = self._embeddings = self._vaes = None
        self._upscalers = None


def open_models(config: StoreConfig) -> ModelStore:
    """The models that settings speak of, with their index in the data folder if there is one."""
    places = Places(config.model_roots, config.folders, config.folder_lists)
    phrases = Phrases(config.data, config.wildcard_folders, config.styles_files)
    return ModelStore(places, config.data / INDEX_FILE if config.data.is_dir() else None, phrases)
