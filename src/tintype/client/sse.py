"""Server-sent events out of bytes, however they are cut.

Source: WHATWG HTML, section 9.2.6, "Interpreting an event stream".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its kind, and its data as text."""

    kind: str
    data: str


class EventReader:
    """Takes pieces of a stream and gives the events that are whole by then."""

    def __init__(self) -> None:
        self.last_id = ""
        """What to send as `Last-Event-ID` to go on from here."""
        self._rest = b""
        self._kind, self._data = "", list[str]()

    def feed(self, piece: bytes) -> Iterator[ServerEvent]:
        """The events that end in this piece."""
        for line in self._lines(piece):
            if line:
                self._take(line.decode("utf-8", "replace"))
            else:
                yield from self._dispatched()

    def begin_again(self) -> None:
        """Another stream begins; what was half read of the last one is dropped."""
        self._rest, self._kind, self._data = b"", "", []

    def _lines(self, piece: bytes) -> list[bytes]:
        *lines, self._rest = self._split(self._rest + piece)
        return lines

    @staticmethod
    def _split(text: bytes) -> list[bytes]:
        """The last part is no line yet; a carriage return at the end may be half a line end."""
        if text.endswith(b"\r"):
            *lines, last = _LINE_END.split(text[:-1])
            return [*lines, last + b"\r"]
        return _LINE_END.split(text)

    def _take(self, line: str) -> None:
        name, _, value = line.removeprefix("\ufeff").partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                self._kind = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self.last_id = value
            case _:
                pass

    def _dispatched(self) -> Iterator[ServerEvent]:
        kind, data = self._kind or "message", self._data
        self._kind, self._data = "", []
        if data:
            yield ServerEvent(kind, "\n".join(data))
