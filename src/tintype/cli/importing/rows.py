"""What is told of a move, a row for each thing that was found."""

from dataclasses import dataclass
from typing import Literal

State = Literal["comes", "partly", "needless", "stays", "wrong"]
"""Comes along; some of it does; is not needed here; stays behind; or could not be read."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of the old folder.

    Attributes:
        what: it is, in a few words.
        state: what becomes of it.
        how: where it is from now on, or why it stays behind.
    """

    what: str
    state: State
    how: str


def counted(count: int, one: str, many: str | None = None) -> str:
    """A number and its noun: "1 checkpoint", "12 checkpoints"."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def listed(names: list[str], most: int = 8) -> str:
    """A few names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
