"""What `tintype models list` and `show` say."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

from tintype.errors import InvalidRequest, UnknownName
from tintype.fetching.records import read_record
from tintype.modelstore import CARD_KINDS, CardKind, Entry, ModelStore, card_of, entries, find_entry
from tintype.modelstore.contents import Contents, contents_of

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True, slots=True)
class Listed:
    """A model, what is in its file, and its hash if that is known."""

    entry: Entry
    contents: Contents
    sha256: str | None


def listed(store: ModelStore, kind: CardKind | None, family: str | None) -> list[Listed]:
    """The models of a kind and family; headers that nobody has read yet are read."""
    found = [entry for entry in entries(store) if kind in (None, entry.kind)]
    contents = contents_of([entry.file for entry in found], store.index)
    every = (_listed(e, c, store) for e, c in zip(found, contents, strict=True))
    return [one for one in every if family in (None, one.contents.family)]


def lines(found: Sequence[Listed]) -> Iterator[str]:
    """A line for each: kind, name, size, family, hash."""
    width = max((len(one.entry.name) for one in found), default=0)
    for one in found:
        name = _harmless(one.entry.name.replace("\n", "?"))
        known = one.contents.family or one.contents.error or one.contents.what
        size, digits = size_in_words(one.entry.file.bytes), (one.sha256 or "")[:10]
        parts = f"{one.entry.kind:<12}{name:<{width}}  {size:>9}  {digits:<10}  {known}"
        yield parts.rstrip()


def line(one: Listed) -> dict[str, object]:
    """The same for programs."""
    entry = one.entry
    return {
        "kind": entry.kind,
        "name": entry.name,
        "path": str(entry.file.path),
        "bytes": entry.file.bytes,
        "sha256": one.sha256,
        **asdict(one.contents),
    }


def named(store: ModelStore, name: str, kind: CardKind | None) -> Entry:
    """The one model of that very name, or of that stem: to delete by, a part is not enough.

    Raises:
        UnknownName: there is none such; carries the names there are.
        InvalidRequest: there are several.
    """
    every = [entry for entry in entries(store) if kind in (None, entry.kind)]
    fits = [entry for entry in every if name in (entry.name, _stem(entry))]
    if not fits:
        raise UnknownName("model", name, [entry.name for entry in every])
    if len(fits) > 1:
        several = ", ".join(f"{entry.name} ({entry.kind})" for entry in fits)
        raise InvalidRequest("name", f"{name!r} may be any of {several}; use --kind or a full name")
    return fits[0]


def found_by_name(store: ModelStore, name: str, kind: CardKind | None) -> Entry:
    """The model a name means: of one kind, of that very name, or of the first kind to know it.

    Raises:
        UnknownName: there is none such; carries the names there are.
    """
    if kind is not None:
        return find_entry(store, kind, name)
    with suppress(UnknownName, InvalidRequest):
        return named(store, name, kind)
    for one in CARD_KINDS:
        try:
            return find_entry(store, one, name)
        except UnknownName:
            continue
    raise UnknownName("model", name, [entry.name for entry in entries(store)])


def chosen(store: ModelStore, names: Sequence[str], kind: CardKind | None) -> list[Entry]:
    """The models of some names; all, or all of a kind, for none. Raises `UnknownName`."""
    if names:
        return [found_by_name(store, name, kind) for name in names]
    return [entry for entry in entries(store) if kind in (None, entry.kind)]


def told(entry: Entry, store: ModelStore) -> Iterator[str]:
    """Everything that is known of a model, a line for each thing."""
    (contents,) = contents_of([entry.file], store.index)
    card, record = card_of(entry, store), read_record(entry.file.path)
    modified = datetime.fromtimestamp(entry.file.modified / 1e9)
    facts: dict[str, object] = {
        "name": card.title,
        "alias": card.alias if card.alias != entry.name else None,
        "file": entry.file.path,
        "from": None if record is None else record.address,
        "size": f"{size_in_words(entry.file.bytes)}, of {modified:%Y-%m-%d}",
        "what": contents.error or contents.what,
        "family": contents.family,
        "prediction": card.prediction,
        "precision": contents.precision,
        "parameters": f"{contents.parameters:,}" if contents.parameters else None,
        "rank": contents.rank,
        "sha256": None if card.hashes is None else card.hashes.sha256,
        "trigger words": ", ".join(card.notes.trigger_words),
        "negative": card.notes.negative_text,
        "base": card.notes.base_model,
        "author": card.notes.author,
        "licence": card.licence,
        "source": card.notes.source,
        "preview": "yes" if card.has_preview else None,
        "about": card.notes.description,
        "notes": card.notes.notes,
    }
    facts |= {f"trained: {key}": value for key, value in card.training.items()}
    for name, value in facts.items():
        if value not in (None, ""):
            yield _harmless(f"{name + ':':<15} {str(value).strip()}")


def size_in_words(size: float) -> str:
    """Bytes as people read them: "2.1 GiB"."""
    unit = 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit else f"{size:.0f} bytes"


def _harmless(text: str) -> str:
    """Without signs that terminals obey: names and notes are other people's."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "?" for sign in text)


def _stem(entry: Entry) -> str:
    path = entry.file.path
    return path.name if path.is_dir() else path.stem


def _listed(entry: Entry, contents: Contents, store: ModelStore) -> Listed:
    hashes = store.hashes.known(entry.file)
    return Listed(entry, contents, None if hashes is None else hashes.sha256)
