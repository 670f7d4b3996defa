"""What a source has to give: one model of one or several files."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

Kind = Literal["checkpoint", "lora", "vae", "embedding", "controlnet", "upscaler", "captioner"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class TransientFault(Exception):  # noqa: N818 - it is no one's error, and never leaves this room
    """Something that may be gone at the next attempt: a cut connection, a 503.

    Attributes:
        wait_seconds: what the other side asked for, or None.
    """

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class RangeRefused(Exception):  # noqa: N818
    """The bytes asked for are not there: the file is another one by now, or we have all of it."""


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes on their way.

    Attributes:
        start: where in the file they begin; 0 although more was asked for if the file changed.
        total: bytes of the whole file, or None where nobody says.
        version: what changes with the file (an ETag), or None.
        blocks: the bytes; raises `TransientFault` where they end too early.
        sha256: of the whole file as its source states it, or None.
        media_type: as its source states it, lower case, or empty.
    """

    start: int
    total: int | None
    version: str | None
    blocks: Iterator[bytes]
    sha256: str | None = None
    media_type: str = ""


class Source(Protocol):
    """Where the bytes of one file come from."""

    @property
    def address(self) -> str:
        """What names the file in messages and records; carries no token."""
        ...

    def open(self, start: int, version: str | None) -> AbstractContextManager[Body]:
        """The bytes from `start` on, of the file as it was at `version`.

        Raises:
            TransientFault: try again.
            RangeRefused: it has no such bytes.
            FetchError: it will not give them; says why.
        """
        ...


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that can be fetched.

    Attributes:
        name: file name; in folders the path below it, with slashes.
        source: gives its bytes.
        bytes: its size, or None where nobody says.
        sha256: of its content, 64 lower-case digits, or None.
        version: what changes with it, where that is known without asking for it.
    """

    name: str
    source: Source
    bytes: int | None = None
    sha256: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A model as its source offers it.

    Attributes:
        address: what was asked for, with the revision it led to.
        name: stem of the file it becomes, or name of the folder.
        files: what it is made of: one file, or those of a diffusers folder.
        is_folder: it becomes a folder.
        kind: what its source says it is, or None.
        beside: small files that go with it; their names are what follows its stem
            (".preview.png"), with "*" for the extension of a picture.
        texts: the same for what is known already (".json").
    """

    address: str
    name: str
    files: tuple[RemoteFile, ...]
    is_folder: bool = False
    kind: Kind | None = None
    beside: tuple[RemoteFile, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
