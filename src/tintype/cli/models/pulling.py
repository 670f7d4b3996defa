"""Fetching with a bar, into the right model folder."""

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from tintype.cli.models.listing import size_in_words
from tintype.core.settings import FetchConfig
from tintype.errors import SetupError
from tintype.fetching import Manner, Pulled, Tell, Wanted, pull
from tintype.settings import DEMO_TREE, Settings

_LARGE_BYTES = 100 * 2**20


def root_for(settings: Settings) -> Path:
    """The root that new models go to: the first, or `./models`, which is made.

    Raises:
        SetupError: it cannot be.
    """
    roots = [root for root in settings.store.model_roots if root != DEMO_TREE]
    if roots:
        return roots[0]
    folder = Path("models").absolute()
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise SetupError(f"{folder} cannot be made ({error.strerror}); see --models") from error
    return folder


def pull_all(several: Sequence[Wanted], root: Path, config: FetchConfig) -> Iterator[Pulled]:
    """Fetch one after the other, with a bar on the error stream where that is a terminal."""
    with _bar() as manner:
        for wanted in several:
            yield pull(wanted, root, config, manner)


def described(pulled: Pulled) -> str:
    """A line about a model that is here now, and one for each thing that is missing."""
    checked = "hash as stated" if pulled.checked else "no hash was stated"
    state = f"{pulled.kind}, {size_in_words(pulled.bytes)}, {checked}"
    there = "was there already: " if pulled.state == "there" else ""
    remarks = "".join(f"\n  {remark}" for remark in pulled.remarks)
    return f"{pulled.path}  ({there}{state}){remarks}"


@contextmanager
def _bar() -> Generator[Manner]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Manner(_in_lines())
        return
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True) as bar:

        def tell(name: str, here: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=here, total=total)

        yield Manner(tell)


def _in_lines() -> Tell:
    """For logs: a line for each tenth of a file, and none for small ones."""
    tenths: dict[str, int] = {}

    def tell(name: str, here: int, total: int | None) -> None:
        if total is None or total < _LARGE_BYTES:
            return
        tenth = 10 * here // total
        if tenth > tenths.get(name, 0):
            tenths[name] = tenth
            of = size_in_words(total)
            print(f"{name}: {size_in_words(here)} of {of}", file=sys.stderr, flush=True)

    return tell
