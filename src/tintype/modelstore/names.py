"""The many names of a checkpoint, and which file somebody means by one."""

import re
from collections.abc import Iterable, Sequence

from tintype.core.models import ModelRecord
from tintype.errors import UnknownName

_HASH_SUFFIX = re.compile(r"\s*\[[^\]]*\]\s*$")


class Names:
    """What A1111 calls each checkpoint of a list.

    In order: name, title, stem, `model_name`, `stem [shorthash]`, shorthash, sha256. Where two
    files share a name, the more exact kind of name wins, then the earlier file.
    """

    def __init__(self, records: Sequence[ModelRecord]) -> None:
        self._records = records
        self._exact: dict[str, ModelRecord] = {}
        self._folded: dict[str, ModelRecord] = {}
        for names in zip(*(_names_of(record) for record in records), strict=True):
            self._add(zip(names, records, strict=True))

    def find(self, name: str) -> ModelRecord:
        """The checkpoint meant by a name.

        A name is looked up as it is, then in any case, then both again without a trailing
        ` [hash]`; then the file with the shortest name that contains it is taken. A1111 does so
        for some of its fields, but with titles, where the answer changes once a file is hashed.
        A backslash counts as a slash.

        Raises:
            UnknownName: nothing fits; carries the titles there are.
        """
        wanted = name.strip()
        texts = [text for text in (wanted, _HASH_SUFFIX.sub("", wanted)) if text]
        for look_up in (self._named, self._containing):
            for text in texts:
                if record := look_up(text):
                    return record
        raise UnknownName("checkpoint", name, [record.title for record in self._records])

    def _add(self, names: Iterable[tuple[str | None, ModelRecord]]) -> None:
        for name, record in names:
            if name is not None:
                self._exact.setdefault(name, record)
                self._folded.setdefault(_folded(name), record)

    def _named(self, name: str) -> ModelRecord | None:
        return self._exact.get(name) or self._folded.get(_folded(name))

    def _containing(self, text: str) -> ModelRecord | None:
        found = [record for record in self._records if _folded(text) in _folded(record.name)]
        return min(found, key=lambda record: len(record.name), default=None)


def _names_of(record: ModelRecord) -> tuple[str | None, ...]:
    short_title = None if record.sha256 is None else f"{record.stem} [{record.shorthash}]"
    return (
        record.name,
        record.title,
        record.stem,
        record.model_name,
        short_title,
        record.shorthash,
        record.sha256,
    )


def _folded(name: str) -> str:
    return name.replace("\\", "/").casefold()
