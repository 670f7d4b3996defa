"""Where a model came from: `NAME.source.json` beside its file or folder.

It travels with the models folder, so that `tintype models verify` knows on any machine what was
fetched.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tintype.core.foreign import as_mapping

_SUFFIX = ".source.json"
_LONGEST_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file as it came.

    Attributes:
        bytes: its size.
        sha256: of its content.
        stated: its source had named this hash beforehand.
        modified: its modification time once it was here, in nanoseconds since 1970.
    """

    bytes: int
    sha256: str
    stated: bool
    modified: int


@dataclass(frozen=True, slots=True)
class Record:
    """How a model came here.

    Attributes:
        address: where from, with the revision.
        files: by name; of a folder by the path in it.
    """

    address: str
    files: Mapping[str, FetchedFile]


def record_path(model: Path) -> Path:
    """Where the record of a model's file or folder is."""
    return model.with_name(f"{model.name}{_SUFFIX}")


def write_record(model: Path, record: Record) -> None:
    """Write down how it came."""
    told = {
        "address": record.address,
        "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": {name: asdict(file) for name, file in record.files.items()},
    }
    record_path(model).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def read_record(model: Path) -> Record | None:
    """What is written of a model, or None; records by other hands are never trusted to be whole."""
    path = record_path(model)
    try:
        if path.stat().st_size > _LONGEST_BYTES:
            return None
        told: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    fields = as_mapping(told)
    files = {
        name: file
        for name, entry in as_mapping(fields.get("files")).items()
        if (file := _file(as_mapping(entry)))
    }
    return Record(str(fields.get("address")), files) if files else None


def is_as_fetched(path: Path, file: FetchedFile) -> bool:
    """Whether a file has the size and time it came with; its content is not looked at."""
    try:
        status = path.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (file.bytes, file.modified)


def _file(entry: Mapping[str, object]) -> FetchedFile | None:
    size, sha256, modified = entry.get("bytes"), entry.get("sha256"), entry.get("modified")
    if not (isinstance(size, int) and isinstance(sha256, str) and isinstance(modified, int)):
        return None
    return FetchedFile(size, sha256, entry.get("stated") is True, modified)
