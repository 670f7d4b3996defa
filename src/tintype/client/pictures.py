"""Pictures a server holds: fetched when somebody looks at them, and once."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from tintype.client.files import FileKind, infotext_of, kind_of
from tintype.client.values import Job, opened

if TYPE_CHECKING:
    from PIL import Image

P = TypeVar("P", covariant=True)


@dataclass(frozen=True, slots=True)
class Pictures(Sequence[P], Generic[P]):
    """The finished pictures of a job, in their order.

    Attributes:
        job: as it was when they were finished.
        all: they themselves.
    """

    job: Job
    all: tuple[P, ...]

    @overload
    def __getitem__(self, index: int) -> P: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[P, ...]: ...
    def __getitem__(self, index: int | slice) -> P | tuple[P, ...]:
        return self.all[index]

    def __len__(self) -> int:
        return len(self.all)

    def __iter__(self) -> Iterator[P]:
        return iter(self.all)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a job.

    Attributes:
        job_id: of the job.
        index: its number in the job, from 0.
        seed: it was painted from; None where the server does not say.
    """

    job_id: str
    index: int
    seed: int | None
    _fetch: Callable[[FileKind], bytes] = field(repr=False, compare=False)
    _files: dict[FileKind, bytes] = field(
        default_factory=dict[FileKind, bytes], repr=False, compare=False
    )

    @property
    def data(self) -> bytes:
        """Its PNG file, with infotext."""
        return self.file("png")

    def file(self, kind: FileKind) -> bytes:
        """Its file of another kind, with infotext."""
        if kind not in self._files:
            self._files[kind] = self._fetch(kind)
        return self._files[kind]

    @property
    def image(self) -> "Image.Image":
        """Opened with Pillow."""
        return opened(self.data)

    @property
    def infotext(self) -> str | None:
        """How it was made, as A1111 writes it; None where the server writes none."""
        return infotext_of(self.data)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write it to a file, of the kind its name ends in: png, jpg, webp or avif.

        Returns:
            The path.

        Raises:
            ValueError: the name ends in something else.
        """
        target = Path(path)
        target.write_bytes(self.file(kind_of(target)))
        return target


@dataclass(frozen=True, slots=True)
class AsyncPicture:
    """A picture of a job; what has to be fetched is awaited. Attributes as `Picture`."""

    job_id: str
    index: int
    seed: int | None
    _fetch: Callable[[FileKind], Awaitable[bytes]] = field(repr=False, compare=False)
    _files: dict[FileKind, bytes] = field(
        default_factory=dict[FileKind, bytes], repr=False, compare=False
    )

    async def data(self) -> bytes:
        """As `Picture.data`."""
        return await self.file("png")

    async def file(self, kind: FileKind) -> bytes:
        """As `Picture.file`."""
        if kind not in self._files:
            self._files[kind] = await self._fetch(kind)
        return self._files[kind]

    async def image(self) -> "Image.Image":
        """As `Picture.image`."""
        return opened(await self.data())

    async def infotext(self) -> str | None:
        """As `Picture.infotext`."""
        return infotext_of(await self.data())

    async def save(self, path: str | PathLike[str]) -> Path:
        """As `Picture.save`."""
        target = Path(path)
        target.write_bytes(await self.file(kind_of(target)))
        return target


def seed_of(job: Job, index: int) -> int | None:
    """The seed of one picture of a job, if it is known."""
    seeds = job.seeds or ()
    return seeds[index] if index < len(seeds) else None
