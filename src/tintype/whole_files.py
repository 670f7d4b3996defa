"""Files that have their name only once they are whole: nobody ever reads half of one."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_ANYBODY = 0o666  # less what the umask takes


@contextmanager
def replacing(path: Path, *, syncs: bool = True, mode: int = _ANYBODY) -> Generator[BinaryIO]:
    """A file to be written, which takes the place of `path` at the end of the block.

    If anything fails, `path` is as it was, and nothing is left beside it. Of several that write
    at the same time the last one counts.

    Args:
        path: in a folder that is there.
        syncs: it is on the disk by then, also if the power fails.
        mode: who may do what with the file.

    Raises:
        OSError: it cannot be written.
    """
    beside = path.with_name(f".{os.urandom(8).hex()}.tmp")  # of the longest names nothing is left
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            yield file
            file.flush()
            if syncs:
                os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def write_whole(path: Path, data: bytes, *, syncs: bool = True, mode: int = _ANYBODY) -> None:
    """Put bytes in the place of a file; as `replacing`."""
    with replacing(path, syncs=syncs, mode=mode) as file:
        file.write(data)
