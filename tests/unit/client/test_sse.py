"""Server-sent events out of bytes."""

import pytest

from tintype.client.sse import EventReader, ServerEvent

TEXT = (
    "event: state\nid: 1\ndata: {}\n\n"
    ": still there\n\n"
    "event: end\r\nid: 2\r\ndata: ä\rdata:b\r\n\r\n"
)
EVENTS = [ServerEvent("state", "{}"), ServerEvent("end", "ä\nb")]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_however_the_stream_is_cut(size: int) -> None:
    """Pieces of any size give the same events, with any of the three line ends."""
    reader, text = EventReader(), TEXT.encode()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    events = [event for piece in pieces for event in reader.feed(piece)]

    assert events == EVENTS
    assert reader.last_id == "2"


def test_an_event_that_is_not_whole_is_none() -> None:
    """What was half read when the line was lost does not mix with the next line."""
    reader = EventReader()
    assert list(reader.feed(b"event: state\nid: 5\ndata: lost")) == []
    reader.begin_again()

    assert list(reader.feed(b"data: found\n\n")) == [ServerEvent("message", "found")]
    assert reader.last_id == "5"


def test_odd_lines() -> None:
    """Unknown fields, comments, a byte order mark, and events without data are passed over."""
    reader = EventReader()
    text = "\ufeffevent: a\n\nretry: 7\nfoo: bar\nid: x\0y\ndata\n\n"

    assert list(reader.feed(text.encode())) == [ServerEvent("message", "")]
    assert reader.last_id == ""
