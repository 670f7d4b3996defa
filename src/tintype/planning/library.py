"""What planning asks about the files there are."""

from collections.abc import Mapping
from dataclasses import replace

from tintype.core.models import AdapterRecord, CheckpointFacts, EmbeddingRecord, ModelRecord
from tintype.modelstore import ModelStore
from tintype.prompt.styles import Style, read_styles


class Library:
    """The model files of this machine, hashed as they are needed, and the saved styles."""

    def __init__(self, store: ModelStore) -> None:
        self._store = store

    def find_checkpoint(self, name: str | None) -> ModelRecord:
        """The file a name means, its hash known; the server's own for None.

        Raises `UnknownName` or `ModelError`.
        """
        return self._store.hashed(self._store.find(name))

    def find_adapter(self, name: str) -> AdapterRecord | None:
        """The LoRA of that name or alias, its hash known, or None."""
        record = self._store.find_adapter(name)
        return None if record is None else replace(record, hash=self._store.adapter_hash(record))

    def facts(self, checkpoint: ModelRecord) -> CheckpointFacts:
        """What a checkpoint's header says."""
        return self._store.facts(checkpoint)

    def embeddings(self, checkpoint: ModelRecord) -> tuple[EmbeddingRecord, ...]:
        """The textual inversions that fit a checkpoint; their hashes may be missing."""
        width = self._store.facts(checkpoint).context_width
        every = self._store.embeddings()
        return tuple(e for e in every if sum(columns for _, columns in e.widths) == width)

    def hashed_embedding(self, record: EmbeddingRecord) -> EmbeddingRecord:
        """The same file with its hash."""
        return replace(record, hash=self._store.embedding_hash(record))

    def styles(self) -> Mapping[str, Style]:
        """Saved styles by name; of one that comes twice the last counts."""
        path = self._store.styles_path()
        if path is None:
            return {}
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        return {style.name: style for style in read_styles(text)}
