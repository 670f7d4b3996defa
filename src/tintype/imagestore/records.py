"""What the gallery knows of a picture, and what may be asked of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture that was just written.

    Attributes:
        path: of the file, whole by now.
        infotext: as in the file; "" for none.
        width: in pixels.
        height: in pixels.
        job_id: of the job that made it, or None.
        owner: whose it is; "" where no login is on.
        made: when it was asked for.
        is_sheet: it shows several pictures.
    """

    path: Path
    infotext: str
    width: int
    height: int
    job_id: str | None
    owner: str
    made: datetime
    is_sheet: bool


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What an infotext says that one may search for; None where it does not say."""

    prompt: str = ""
    negative_prompt: str = ""
    model: str | None = None
    model_hash: str | None = None
    sampler: str | None = None
    schedule: str | None = None
    seed: int | None = None
    steps: int | None = None
    loras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file says of itself: its infotext ("" for none), and its sides in pixels."""

    infotext: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Reader:
    """How files and texts are read; rooms beside this one know that.

    Attributes:
        look: into a file. Raises `InvalidRequest` if it is no picture.
        facts: of an infotext.
    """

    look: Callable[[Path], Looked]
    facts: Callable[[str], PictureFacts]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the gallery.

    Attributes:
        id: for as long as the index lives.
        folder: below `outputs/`, with slashes.
        name: of its file.
        bytes: of its file.
        modified: of its file, nanoseconds.
        made: Unix seconds.
        infotext: all of it; "" for none.
        trashed: since when it is in the trash, Unix seconds, or None.
    """

    number: int
    id: str
    folder: str
    name: str
    bytes: int
    modified: int
    width: int
    height: int
    facts: PictureFacts
    infotext: str
    job_id: str | None
    owner: str
    made: float
    is_sheet: bool
    starred: bool
    board: str | None
    tags: tuple[str, ...]
    trashed: float | None

    @property
    def path(self) -> str:
        """Below `outputs/`."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; all of it has to hold, None and "" for whatever.

    Attributes:
        words: of the prompt, each whole or its beginning, in any case and order.
        model: its name or hash.
        sampler: its name.
        since: made at this Unix second or later.
        until: made before this Unix second.
        owner: whose pictures, None for everybody's.
        in_trash: those in the trash instead of all others.
    """

    words: tuple[str, ...] = ()
    model: str | None = None
    sampler: str | None = None
    seed: int | None = None
    since: float | None = None
    until: float | None = None
    starred: bool | None = None
    tag: str | None = None
    board: str | None = None
    is_sheet: bool | None = None
    job_id: str | None = None
    owner: str | None = None
    in_trash: bool = False


@dataclass(frozen=True, slots=True)
class PicturePage:
    """Some of what was found, the newest first.

    Attributes:
        total: how many were found in all.
        next: cursor of the next page; None on the last.
    """

    pictures: tuple[Picture, ...]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody wants to be different about a picture; None for what stays.

    Attributes:
        board: its new board, "" for none.
    """

    starred: bool | None = None
    tags: tuple[str, ...] | None = None
    board: str | None = None
