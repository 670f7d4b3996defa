"""Lines in the log, for people and for programs."""

import io
import json
import logging
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest

from tintype.logs import REQUEST, write_logs

_log = logging.getLogger("tintype.test")


@dataclass(frozen=True)
class Somebody:
    owner: str


@pytest.fixture(autouse=True)
def _as_before() -> Generator[None]:
    """Leaves the root logger to the other tests as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)


def written(log_format: str, level: str = "info") -> io.StringIO:
    """Where the lines go from now on."""
    stream = io.StringIO()
    logging.getLogger().handlers.clear()
    write_logs(log_format, level, stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_say_when_what_and_whose() -> None:
    """RFC 3339 in UTC, level, logger, message, and what the line belongs to."""
    stream = written("json")
    _log.warning("%d left", 3, extra={"job": "j1", "owner": "ana", "facts": {"rows": 6.5}})

    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "tintype.test",
        "message": "3 left",
        "job": "j1",
        "owner": "ana",
        "rows": 6.5,
    }


def test_time_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the machine stands."""
    monkeypatch.setattr("time.time_ns", lambda: 1_772_366_400_250_000_000)
    monkeypatch.setattr("time.time", lambda: 1_772_366_400.25)
    stream = written("json")
    _log.info("noon")

    assert lines(stream)[0]["time"] == "2026-03-01T12:00:00.250Z"


def test_lines_within_a_request_carry_it() -> None:
    """Id, owner and job of the request in whose context they are written."""
    stream = written("json")
    token = REQUEST.set({"request_id": "r1", "identity": Somebody("ana"), "job_id": "j1"})
    _log.info("inside")
    REQUEST.reset(token)
    _log.info("outside")

    inside, outside = lines(stream)
    assert (inside["request"], inside["owner"], inside["job"]) == ("r1", "ana", "j1")
    assert not {"request", "owner", "job"} & set(outside)


def test_errors_come_with_their_trace_on_the_same_line() -> None:
    """In JSON a traceback is a field, not further lines."""
    stream = written("json")
    try:
        raise ZeroDivisionError("one by nought")
    except ZeroDivisionError:
        _log.exception("failed")

    (line,) = lines(stream)
    assert "ZeroDivisionError: one by nought" in line["exception"]


def test_text_lines_are_one_sentence_with_what_they_belong_to() -> None:
    """Time, level and logger in front, job and owner behind."""
    stream = written("text")
    _log.info("half done", extra={"job": "j1", "owner": "ana", "facts": {"rows": 6.5}})

    assert stream.getvalue().endswith(" info tintype.test: half done job=j1 owner=ana\n")


@pytest.mark.parametrize("newline", ["\n", "\r", "\u2028", "\x1b[2J"])
def test_nobody_writes_lines_of_their_own(newline: str) -> None:
    """What somebody sent cannot look like another line, nor steer a terminal."""
    stream = written("text")
    _log.info("GET %s", f"/x{newline}2026-03-01 info: all is well")

    assert stream.getvalue().count("\n") == 1
    assert newline not in stream.getvalue().removesuffix("\n")


def test_level_is_a_floor() -> None:
    """What is below it is not written."""
    stream = written("json", "warning")
    _log.info("quiet")
    _log.warning("loud")

    assert [line["message"] for line in lines(stream)] == ["loud"]


def test_others_do_not_shout_at_debug_level() -> None:
    """Libraries stay at info when ours are asked for everything."""
    stream = written("json", "debug")
    logging.getLogger("PIL.PngImagePlugin").debug("chunk by chunk")
    _log.debug("ours")

    assert [line["message"] for line in lines(stream)] == ["ours"]
