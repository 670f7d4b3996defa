"""Telling files that are still being written, so that nobody reads half of one.

Only files written to within the last minute are looked at. A safetensors file says in its header
how long it will be, a zip archive ends in its table of contents; of another pickle one can only
wait until it has been quiet for some seconds. After a minute without a byte a file is listed
whatever it is, and whoever loads it says what is missing.
"""

import os
import re
import time
import zipfile
from pathlib import Path

from tintype.modelstore.facts import FileState
from tintype.tensorfiles.safetensors import LONGEST_HEADER_BYTES

_YOUNG_NS, _QUIET_NS = 60 * 10**9, 5 * 10**9
_ENDS = re.compile(rb'"data_offsets"\s*:\s*\[\s*\d+\s*,\s*(\d{1,19})\s*\]')
_STILL_LOADING = ".aria2"  # beside a file whose full length is reserved before it is filled


class Unfinished:
    """Remembers which young files were found whole."""

    def __init__(self) -> None:
        self._whole: set[FileState] = set()
        self.were_met = False

    def begin(self) -> None:
        """Another look at the folders begins."""
        self.were_met = False

    def is_one(self, file: FileState) -> bool:
        """Whether a file that was just found is still being written."""
        age = time.time_ns() - file.modified
        if abs(age) > _YOUNG_NS or file in self._whole:
            return False
        if not _is_whole(file, age):
            self.were_met = True
            return True
        self._whole.add(file)
        return False


def _is_whole(file: FileState, age: int) -> bool:
    if file.bytes == 0 or os.path.exists(f"{file.path}{_STILL_LOADING}"):
        return False
    try:
        if file.path.suffix.lower() == ".safetensors":
            return _has_its_tensors(file)
        return _has_its_end(file.path) or age > _QUIET_NS
    except OSError:
        return True


def stated_end(path: Path) -> int | None:
    """Where a safetensors file ends by its own header; None for one that is not all there.

    Places that no file reaches are passed over.
    """
    with path.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        header = opened.read(length) if length <= LONGEST_HEADER_BYTES else b""
    ends = [int(end) for end in _ENDS.findall(header)]
    return 8 + length + max(ends, default=0) if len(header) == length else None


def _has_its_tensors(file: FileState) -> bool:
    """As far as one can tell: what is no safetensors file at all will not become one."""
    with file.path.open("rb") as opened:
        start = opened.read(9)
    length = int.from_bytes(start[:8], "little")
    if length == 0:
        return False  # reserved, but not filled yet
    if length > LONGEST_HEADER_BYTES or start[8:] not in (b"{", b""):
        return True
    end = stated_end(file.path)
    return end is not None and file.bytes >= end


def _has_its_end(path: Path) -> bool:
    with path.open("rb") as opened:
        start = opened.read(4)
    if start.startswith(b"PK\x03\x04"):
        return zipfile.is_zipfile(path)
    return not start.startswith(b"\x80")  # no pickle: whatever it is, it will not become one
