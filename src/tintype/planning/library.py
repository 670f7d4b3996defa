"""What planning asks about the files there are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tintype.core.faces import FaceDetectorRecord, FaceRestorerName, FaceRestorerRecord
from tintype.core.models import (
    AdapterRecord,
    CheckpointFacts,
    EmbeddingRecord,
    ModelRecord,
    UpscalerRecord,
    VaeRecord,
)
from tintype.errors import SetupError
from tintype.modelstore import ModelStore, WildcardListing
from tintype.modelstore.faces import find_face_detector, find_face_restorer
from tintype.prompt.styles import Style, read_styles


class Library:
    """The model files of this machine, hashed as they are needed, and the saved styles.

    Args:
        store: finds and hashes files.
        vae_path: the autoencoder for every checkpoint, whatever requests say; None for no such.
    """

    def __init__(self, store: ModelStore, vae_path: Path | None = None) -> None:
        self._store, self._vae_path = store, vae_path

    def find_checkpoint(self, name: str | None) -> ModelRecord:
        """The file a name means, its hash known; the server's own for None.

        Raises `UnknownName` or `ModelError`.
        """
        return self._store.hashed(self._store.find(name))

    def only_vae(self) -> VaeRecord | None:
        """The autoencoder for every checkpoint, hashed, or None if there is a choice.

        Raises `ModelError` if it cannot be read.
        """
        path = self._vae_path
        return None if path is None else self._store.hashed_vae(self._store.vae_at(path))

    def find_vae(self, name: str) -> VaeRecord:
        """The autoencoder a name means, hashed. Raises `UnknownName` or `ModelError`."""
        return self._store.hashed_vae(self._store.find_vae(name))

    def vae_named_after(self, checkpoint: ModelRecord) -> VaeRecord | None:
        """The autoencoder whose name begins as the checkpoint's, hashed, or None."""
        found = self._store.vae_named_after(checkpoint)
        return None if found is None else self._store.hashed_vae(found)

    def noted_vae(self, checkpoint: ModelRecord) -> str | None:
        """The name of the autoencoder that the notes beside a checkpoint want, or None."""
        return self._store.noted_vae(checkpoint)

    def find_adapter(self, name: str) -> AdapterRecord | None:
        """The LoRA of that name or alias, its hash known, or None."""
        record = self._store.find_adapter(name)
        return None if record is None else replace(record, hash=self._store.adapter_hash(record))

    def facts(self, checkpoint: ModelRecord) -> CheckpointFacts:
        """What a checkpoint's header says."""
        return self._store.facts(checkpoint)

    def embeddings(
        self, checkpoint: ModelRecord, adapters: Sequence[AdapterRecord] = ()
    ) -> tuple[EmbeddingRecord, ...]:
        """The textual inversions that fit a checkpoint; their hashes may be missing.

        Those that LoRAs bring along are among them, unless one of their name has a file of its own.
        """
        width = self._store.facts(checkpoint).context_width
        every = self._store.embeddings()
        taken = {embedding.name.casefold() for embedding in every}
        for adapter in adapters:
            bundled = self._store.bundled_embeddings(adapter)
            every += tuple(e for e in bundled if e.name.casefold() not in taken)
        return tuple(embedding for embedding in every if embedding.width == width)

    def hashed_embedding(self, record: EmbeddingRecord) -> EmbeddingRecord:
        """The same file with its hash."""
        return replace(record, hash=self._store.embedding_hash(record))

    def upscalers(self) -> tuple[UpscalerRecord, ...]:
        """The networks that enlarge pictures."""
        return self._store.upscalers()

    def face_restorer(self, name: FaceRestorerName) -> FaceRestorerRecord:
        """The file of a kind of restorer. Raises `ModelError` if there is none."""
        return find_face_restorer(self._store, name)

    def face_detector(self) -> FaceDetectorRecord:
        """What finds faces. Raises `ModelError` if there is none."""
        return find_face_detector(self._store)

    def styles(self) -> Mapping[str, Style]:
        """Saved styles by name; of one that comes twice the last counts."""
        return {style.name: style for _, styles in self.style_files() for style in styles}

    def style_files(self) -> list[tuple[Path, list[Style]]]:
        """Each file of styles, and what it holds.

        Raises:
            SetupError: one is no CSV; says which.
        """
        return [(path, _styles_in(path)) for path in self._store.styles_paths()]

    def wildcards(self) -> WildcardListing:
        """The wildcards there are now."""
        return self._store.wildcards.look()


def _styles_in(path: Path) -> list[Style]:
    try:
        return read_styles(path.read_text(encoding="utf-8-sig", errors="replace"))
    except OSError as error:
        raise SetupError(f"the styles {path} cannot be read: {error.strerror}") from error
    except SetupError as error:
        raise SetupError(f"{path}: {error}") from error
