"""What can be told of a model without loading it, gathered from its header and from beside it."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from tintype.core.foreign import as_mapping
from tintype.core.models import ModelRecord
from tintype.errors import UnknownName
from tintype.modelstore.contents import Contents, known_contents
from tintype.modelstore.facts import FileState
from tintype.modelstore.free_text import known_alias, text_of
from tintype.modelstore.hashes import Hashes
from tintype.modelstore.pictures import Preview, has_preview, preview_of
from tintype.modelstore.sidecars import Notes, notes_beside, plain
from tintype.modelstore.store import ModelStore

CardKind = Literal[
    "checkpoint",
    "lora",
    "vae",
    "embedding",
    "controlnet",
    "upscaler",
    "captioner",
    "face",
    "hypernetwork",
]
CARD_KINDS: tuple[CardKind, ...] = get_args(CardKind)

_MOST_TAGS, _MOST_CHARS = 30, 500
_TRAINING: Mapping[str, str] = {  # what trainers call it: what we call it
    "ss_base_model_version": "base_model_version",
    "ss_sd_model_name": "base_model",
    "ss_steps": "steps",
    "ss_epoch": "epoch",
    "ss_num_epochs": "epochs",
    "ss_network_dim": "rank",
    "ss_network_alpha": "alpha",
    "ss_network_module": "module",
    "ss_resolution": "resolution",
    "ss_num_train_images": "images",
    "ss_batch_size_per_device": "batch_size",
    "ss_learning_rate": "learning_rate",
    "ss_optimizer": "optimizer",
    "ss_clip_skip": "clip_skip",
    "ss_training_comment": "comment",
    "modelspec.date": "date",
    "modelspec.title": "title",
    "modelspec.resolution": "native_resolution",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A model in the list.

    Attributes:
        kind: by the folder it lies in.
        name: as requests say it.
        file: its path, size and time.
        checkpoint: its record, of checkpoints.
    """

    kind: CardKind
    name: str
    file: FileState
    checkpoint: ModelRecord | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """All that is known of a model.

    Attributes:
        entry: which it is.
        alias: what it is also known by.
        title: a checkpoint's, hash included once it is known; of others the name.
        contents: what the file is; None while nobody has looked into it.
        prediction: what a checkpoint's U-Net answers with.
        hashes: as far as they are known.
        notes: what was found beside it, or in its header where nothing was.
        licence: as its header states it.
        tags: what its training pictures were called most often, with how often.
        training: what its trainer noted, by names of ours.
        has_preview: there is a picture.
    """

    entry: Entry
    alias: str | None
    title: str
    contents: Contents | None
    prediction: str | None
    hashes: Hashes | None
    notes: Notes
    licence: str | None
    tags: tuple[tuple[str, int], ...]
    training: Mapping[str, str]
    has_preview: bool


def entries(store: ModelStore) -> Iterator[Entry]:
    """Every model there is, by kind; nothing is read but headers of new textual inversions."""
    listing = store.listing()
    for record in listing.checkpoints:
        yield _checkpoint(record)
    for stem, file in listing.adapters.items():
        yield Entry("lora", stem, file)
    for name, file in listing.vaes.items():
        yield Entry("vae", name, file)
    words = {record.path: record.name for record in store.embeddings()}
    for file in listing.embeddings.values():
        if (word := words.get(file.path)) is not None:
            yield Entry("embedding", word, file)
    for kind, files in listing.others.items():
        yield from (Entry(cast("CardKind", kind), stem, file) for stem, file in files.items())


def find_entry(store: ModelStore, kind: CardKind, name: str) -> Entry:
    """The model a name means, by the rules of requests. Raises `UnknownName`."""
    if kind == "checkpoint" and name.strip():  # no name means the default elsewhere
        return _checkpoint(store.find(name))
    if kind == "vae":
        record = store.find_vae(name)
        return Entry(kind, record.name, FileState.of(record))
    if kind == "lora" and (adapter := store.find_adapter(name)) is not None:
        file = FileState.of(adapter)
        return Entry(kind, adapter.name, file)
    there = {entry.name: entry for entry in entries(store) if entry.kind == kind}
    folded = {known.casefold(): entry for known, entry in there.items()}
    found = there.get(name) or folded.get(name.casefold())
    if found is None:
        raise UnknownName(kind, name, list(there))
    return found


def alias_of(entry: Entry, store: ModelStore) -> str | None:
    """What a model is also known by: a checkpoint's stem, the name a LoRA's trainer gave it."""
    if entry.checkpoint is not None:
        return entry.checkpoint.stem
    return known_alias(entry.file, store.index) if entry.kind == "lora" else None


def family_in(entry: Entry, store: ModelStore) -> str | None:
    """The family of a model whose header has been read; None too where it does not say."""
    known = known_contents(entry.file, store.index)
    return None if known is None else known.family


def is_known(entry: Entry, store: ModelStore) -> bool:
    """Whether the model's header has been read."""
    return known_contents(entry.file, store.index) is not None


def card_of(entry: Entry, store: ModelStore) -> Card:
    """Everything about a model; reads what lies beside it, and its header if nobody has yet."""
    return _card(entry, store, text_of(entry.file, store.index))


def cards_of(several: Sequence[Entry], store: ModelStore) -> list[Card]:
    """The same for some models at once; headers that nobody has read yet say nothing."""
    texts = store.index.texts([entry.file for entry in several])
    return [
        _card(entry, store, json.loads(text or "{}"))
        for entry, text in zip(several, texts, strict=True)
    ]


def _card(entry: Entry, store: ModelStore, text: Mapping[str, object]) -> Card:
    hashes = store.hashes.known(entry.file)
    return Card(
        entry=entry,
        alias=alias_of(entry, store),
        title=entry.name if hashes is None or entry.kind != "checkpoint" else _title(entry, hashes),
        contents=known_contents(entry.file, store.index),
        prediction=_prediction(entry, store),
        hashes=hashes,
        notes=_notes(entry.file.path, text),
        licence=_line(text.get("modelspec.license")),
        tags=_tags(text.get("ss_tag_frequency")),
        training=dict(_training(text)),
        has_preview=has_preview(entry.file.path, text),
    )


def preview_picture(entry: Entry, store: ModelStore) -> Preview | None:
    """The picture of a model as it lies on disk, or None."""
    return preview_of(entry.file.path, text_of(entry.file, store.index))


def _checkpoint(record: ModelRecord) -> Entry:
    file = FileState.of(record)
    return Entry("checkpoint", record.name, file, record)


def _title(entry: Entry, hashes: Hashes) -> str:
    return f"{entry.name} [{hashes.autov2}]"


def _prediction(entry: Entry, store: ModelStore) -> str | None:
    if entry.checkpoint is None or family_in(entry, store) is None:
        return None
    return store.facts(entry.checkpoint).prediction


def _notes(path: Path, text: Mapping[str, object]) -> Notes:
    """What lies beside a file wins over what is in its header."""
    beside = notes_beside(path)
    phrase = _line(text.get("modelspec.trigger_phrase"))
    return Notes(
        description=beside.description or _line(text.get("modelspec.description")),
        notes=beside.notes,
        trigger_words=beside.trigger_words or ((phrase,) if phrase else ()),
        negative_text=beside.negative_text,
        preferred_weight=beside.preferred_weight,
        base_model=beside.base_model or _line(text.get("modelspec.architecture")),
        author=beside.author or _line(text.get("modelspec.author")),
        source=beside.source,
        vae=beside.vae,
    )


def _training(text: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, ours in _TRAINING.items():
        if (line := _line(text.get(name))) is not None:
            yield ours, line


def _line(value: object) -> str | None:
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dict | list):
        return json.dumps(value)[:_MOST_CHARS]
    return plain(value) if isinstance(value, str) else None


def _tags(value: object) -> tuple[tuple[str, int], ...]:
    """The most frequent of all folders of training pictures together."""
    counts = Counter[str]()
    for folder in as_mapping(value).values():
        for tag, count in as_mapping(folder).items():
            if type(count) is int and 0 < count < 1 << 32:
                counts[tag.strip()[:_MOST_CHARS]] += count
    return tuple(counts.most_common(_MOST_TAGS))
