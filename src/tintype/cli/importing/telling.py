"""A move, told on the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tintype.cli.importing.moving import Moving
from tintype.cli.importing.rows import State

_MARKS: Mapping[State, str] = {
    "comes": "[green]comes along[/]",
    "partly": "[yellow]partly[/]",
    "needless": "[dim]not needed[/]",
    "stays": "[dim]stays behind[/]",
    "wrong": "[red]unreadable[/]",
}


def tell(moving: Moving, written: Sequence[Path], console: Console) -> None:
    """Print the table of a move, what was written, and the command that starts the server.

    Args:
        moving: what was found.
        written: the files that were written; none for a dry run.
        console: where to print.
    """
    console.print(f"{moving.tree.program} in {escape(str(moving.tree.root))}", highlight=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(max_width=36, overflow="fold")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in moving.rows:
        table.add_row(escape(_line(row.what)), _MARKS[row.state], escape(_line(row.how)))
    console.print(table, highlight=False)
    for path in written:
        console.print(f"written: {escape(str(path))}", highlight=False, soft_wrap=True)
    if not written:
        console.print("nothing was written", highlight=False)
    console.print("start with:", highlight=False)
    console.print(f"  {escape(moving.command)}", highlight=False, soft_wrap=True)


def _line(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
