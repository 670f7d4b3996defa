"""The folder of a job: its finished pictures, and a log of answers for each unfinished one.

Both processes use it. A picture is written under another name and then renamed, so whoever sees
its name can trust it. A log may end in the middle of a record, where its process was killed.
"""

import os
import re
import shutil
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zlib import crc32

from tintype.core.jobs import Painted, Pixels
from tintype.whole_files import replacing

_PICTURE = re.compile(r"(\d+)\.picture")
_PICTURE_MAGIC = b"TTP1"
_LOG_MAGIC = b"TTL1"
_DIGEST_BYTES = 32
_START = len(_LOG_MAGIC) + _DIGEST_BYTES
_RECORD = struct.Struct("<II")  # bytes of the body, CRC-32 of it
_PAGE = struct.Struct("<IIBQ")  # width, height, channels, bytes


@dataclass(frozen=True, slots=True)
class LoggedAnswer:
    """A tensor as bytes.

    Attributes:
        dtype: its name as torch says it ("float32").
        shape: its sizes.
        device: the kind it was on ("cpu", "cuda").
        data: all of it, in the machine's byte order.
    """

    dtype: str
    shape: tuple[int, ...]
    data: bytes
    device: str = "cpu"


class JobFolder:
    """One job's files; the folder is made when the first is written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def job_id(self) -> str:
        """Whose it is: the folder's name."""
        return self._path.name

    def keep(self, image: int, painted: Painted) -> None:
        """Write a picture and have it on the disk. Raises `OSError`."""
        self._path.mkdir(parents=True, exist_ok=True)
        with replacing(self._path / f"{image}.picture") as out:
            out.write(_PICTURE_MAGIC + bytes((painted.is_partial, 1 + len(painted.beside))))
            for pixels in (painted.pixels, *painted.beside):
                size = len(pixels.data)
                out.write(_PAGE.pack(pixels.width, pixels.height, pixels.channels, size))
                out.write(pixels.data)

    def kept(self) -> frozenset[int]:
        """Images there is a picture of."""
        names = os.listdir(self._path) if self._path.is_dir() else []
        return frozenset(int(m[1]) for m in map(_PICTURE.fullmatch, names) if m)

    def picture(self, image: int) -> Painted | None:
        """A picture, or None where there is none."""
        try:
            data = (self._path / f"{image}.picture").read_bytes()
        except FileNotFoundError:
            return None
        return _painted(data)

    def pictures(self) -> dict[int, Painted]:
        """All pictures by image."""
        found = ((image, self.picture(image)) for image in sorted(self.kept()))
        return {image: painted for image, painted in found if painted is not None}

    def forget_partial(self) -> None:
        """Delete pictures that were stopped before their end."""
        for image, painted in self.pictures().items():
            if painted.is_partial:
                (self._path / f"{image}.picture").unlink(missing_ok=True)

    def log(self, image: int, digest: bytes, most_bytes: int) -> "AnswerLog":
        """The log of an image's answers; what an earlier attempt wrote there is kept.

        Args:
            image: its number.
            digest: 32 bytes; a log that was begun under others is begun anew.
            most_bytes: of the file; what comes after is not written.

        Raises:
            OSError: it cannot be written.
        """
        self._path.mkdir(parents=True, exist_ok=True)
        return AnswerLog(self._path / f"{image}.log", digest, most_bytes)

    def drop_log(self, image: int) -> None:
        """Delete the log of an image."""
        (self._path / f"{image}.log").unlink(missing_ok=True)

    def drop_logs(self) -> None:
        """Delete all logs."""
        for path in self._path.glob("*.log*"):
            path.unlink(missing_ok=True)

    def size_bytes(self) -> int:
        """What the files take."""
        total = 0
        with suppress(FileNotFoundError), os.scandir(self._path) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    total += entry.stat().st_size
        return total

    def remove(self) -> None:
        """Delete the folder and all that is in it."""
        shutil.rmtree(self._path, ignore_errors=True)


class AnswerLog:
    """Answers of one image, in order, for another attempt to begin with."""

    def __init__(self, path: Path, digest: bytes, most_bytes: int) -> None:
        """Open it; see `JobFolder.log`.

        What is good of an old file is copied to a new one: the process that wrote the old may
        still be about to end, and shall not write into ours.
        """
        self._path, self._most_bytes = path, most_bytes
        self._end = self._good = _good_bytes(path, digest)
        with replacing(path, syncs=False) as out:
            if self._good:
                _copy(path, out, self._good)
            else:
                out.write(_LOG_MAGIC + digest)
                self._end = self._good = _START
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)

    def answers(self) -> Iterator[LoggedAnswer]:
        """What earlier attempts have logged."""
        with self._path.open("rb") as file:
            file.seek(_START)
            while file.tell() < self._good and (body := _read_body(file)) is not None:
                yield _answer(body)

    def append(self, answer: LoggedAnswer) -> bool:
        """Write an answer behind the others.

        Returns:
            whether it was; False for ever after the first that had no room, for answers are only
            of use without a gap.

        Raises:
            OSError: the disk is full, or fails; nothing more is written then.
        """
        body = _body(answer)
        record = _RECORD.pack(len(body), crc32(body)) + body
        if self._file < 0 or self._end + len(record) > self._most_bytes:
            self.close()
            return False
        written = os.write(self._file, record)
        if written < len(record):
            self.close()
            return False
        self._end += written
        return True

    def close(self) -> None:
        """Write no more."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _painted(data: bytes) -> Painted:
    is_partial, count = data[len(_PICTURE_MAGIC)], data[len(_PICTURE_MAGIC) + 1]
    pages: list[Pixels] = []
    start = len(_PICTURE_MAGIC) + 2
    for _ in range(count):
        width, height, channels, size = _PAGE.unpack_from(data, start)
        start += _PAGE.size
        pages.append(Pixels(width, height, data[start : start + size], channels))
        start += size
    return Painted(pages[0], tuple(pages[1:]), bool(is_partial))


def _copy(path: Path, out: IO[bytes], size: int) -> None:
    with path.open("rb") as file:
        while size and (part := file.read(min(size, 2**20))):
            out.write(part)
            size -= len(part)


def _good_bytes(path: Path, digest: bytes) -> int:
    """How far a log can be trusted; 0 if it is not there, or of another plan."""
    try:
        with path.open("rb") as file:
            if file.read(_START) != _LOG_MAGIC + digest:
                return 0
            good = _START
            while _read_body(file) is not None:
                good = file.tell()
            return good
    except FileNotFoundError:
        return 0


def _read_body(file: IO[bytes]) -> bytes | None:
    """The next record's body, or None at the end of what is whole."""
    header = file.read(_RECORD.size)
    if len(header) < _RECORD.size:
        return None
    size, checksum = _RECORD.unpack(header)
    body = file.read(size)
    return body if len(body) == size and crc32(body) == checksum else None


def _body(answer: LoggedAnswer) -> bytes:
    words = f"{answer.dtype} {answer.device}".encode()
    shape = struct.pack(f"<{len(answer.shape)}I", *answer.shape)
    return bytes((len(words), len(answer.shape))) + words + shape + answer.data


def _answer(body: bytes) -> LoggedAnswer:
    words_bytes, dims = body[0], body[1]
    dtype, device = body[2 : 2 + words_bytes].decode().split(" ")
    shape = struct.unpack_from(f"<{dims}I", body, 2 + words_bytes)
    return LoggedAnswer(dtype, shape, body[2 + words_bytes + 4 * dims :], device)
