"""Changing a file of styles without touching what else is in it.

Rows of others, comments, further columns, line ends and quotes stay byte for byte.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO

from tintype.errors import SetupError
from tintype.prompt.styles import Style

_MARK = "\ufeff"
_COLUMNS = ("name", "prompt", "negative_prompt")


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as it is written, its line end included, and as it is read."""

    written: str
    cells: tuple[str, ...]


def with_style(text: str, style: Style) -> str:
    """The file with a style added at its end, or in place of all of that name.

    Args:
        text: of the file; "" for a new one.

    Raises:
        SetupError: this is no CSV, or has no column called name.
    """
    mark, text = _without_mark(text)
    head, rows, end = _read(text)
    kept = [row for row in rows if _name(row, head) != style.name]
    places = [k for k, row in enumerate(rows) if _name(row, head) == style.name]
    old = rows[places[0]].cells if places else ()
    new = _written(_cells(style, head.cells, old), end)
    place = places[0] if places else len(kept)
    written = [head.written, *(row.written for row in kept)]
    written.insert(place + 1, new)
    return mark + "".join(line if line.endswith(("\n", "\r")) else line + end for line in written)


def without_style(text: str, name: str) -> str:
    """The file without the styles of that name. Raises as `with_style`."""
    mark, text = _without_mark(text)
    head, rows, _ = _read(text)
    return mark + head.written + "".join(row.written for row in rows if _name(row, head) != name)


def _without_mark(text: str) -> tuple[str, str]:
    """The byte order mark that stands before the text, and the text."""
    return (_MARK, text[1:]) if text.startswith(_MARK) else ("", text)


def _read(text: str) -> tuple[_Row, list[_Row], str]:
    """Head, rows, and the line end in use."""
    end = "\r\n" if "\r\n" in text else "\n"
    if not text.strip():
        return _Row(",".join(_COLUMNS) + end, _COLUMNS), [], end
    try:
        head, *rows = _rows(text)
    except csv.Error as error:
        raise SetupError(f"the styles cannot be read: {error}") from error
    if "name" not in head.cells:
        raise SetupError("the styles have no column called name in their first line")
    return head, rows, end


def _rows(text: str) -> Iterator[_Row]:
    lines = list(StringIO(text, newline=""))
    reader = csv.reader(lines)
    start = 0
    for cells in reader:
        yield _Row("".join(lines[start : reader.line_num]), tuple(cells))
        start = reader.line_num


def _name(row: _Row, head: _Row) -> str:
    place = head.cells.index("name")
    return row.cells[place] if place < len(row.cells) else ""


def _cells(style: Style, columns: tuple[str, ...], old: tuple[str, ...]) -> list[str]:
    """The cells of a style in a file's own columns; those that are not ours stay as they were."""
    prompt = "prompt" if "prompt" in columns else "text"
    ours: Mapping[str, str] = {
        "name": style.name,
        prompt: style.prompt,
        "negative_prompt": style.negative_prompt,
    }
    missing = [column for column, value in ours.items() if value and column not in columns]
    if missing:
        raise SetupError(f"the styles have no column called {missing[0]} in their first line")
    padded = (*old, *[""] * (len(columns) - len(old)))
    return [ours.get(column, padded[k]) for k, column in enumerate(columns)]


def _written(cells: list[str], end: str) -> str:
    file = StringIO()
    csv.writer(file, lineterminator=end).writerow(cells)
    return file.getvalue()
