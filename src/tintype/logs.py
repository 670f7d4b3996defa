"""What the processes write down: one line for each thing that happened, for people or for programs.

A line carries the job, the owner and the request it belongs to where they are known: from
`extra={"job": …, "owner": …}` where the line is written, else from the HTTP request in whose
context it is. `extra={"facts": {…}}` adds numbers that only the JSON form shows. Prompts are
written at debug level or not at all.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal, TextIO, cast

Format = Literal["text", "json"]
FORMATS: tuple[Format, ...] = ("text", "json")
LEVELS = ("debug", "info", "warning", "error")

REQUEST: ContextVar[Mapping[str, object] | None] = ContextVar("tintype_request", default=None)
"""The state of the HTTP request that is being answered: `request_id`, `identity`, `job_id`."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_LOUD = ("asyncio", "PIL", "urllib3")  # at debug level they say more than all of ours


def write_logs(log_format: str, level: str, stream: TextIO | None = None) -> None:
    """Have this process write its lines to the error stream in this form, and none otherwise.

    Args:
        log_format: one of `FORMATS`.
        level: one of `LEVELS`: the least that is written.
        stream: another place to write to.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if log_format == "json" else _Text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in _LOUD:
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLogger().level))


class _Text(logging.Formatter):
    """`2026-03-01T12:00:00.123Z info tintype.jobs: message job=… owner=… request=…`."""

    def format(self, record: logging.LogRecord) -> str:
        head = f"{_time(record)} {record.levelname.lower()} {record.name}: "
        belongs = [f"{name}={_one_line(value)}" for name, value in _belonging(record).items()]
        line = " ".join([head + _one_line(record.getMessage()), *belongs])
        return "\n".join([line, *_trace(self, record)])


class _Json(logging.Formatter):
    """One JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_belonging(record),
            **cast("Mapping[str, object]", getattr(record, "facts", {})),
        }
        if trace := _trace(self, record):
            said["exception"] = "\n".join(trace)
        return json.dumps(said, ensure_ascii=False, default=str)


def _time(record: logging.LogRecord) -> str:
    """RFC 3339, UTC."""
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _belonging(record: logging.LogRecord) -> dict[str, str]:
    """Job, owner and request of a line, as far as they are known."""
    request = REQUEST.get() or {}
    known = {
        "job": getattr(record, "job", None) or request.get("job_id"),
        "owner": getattr(record, "owner", None) or getattr(request.get("identity"), "owner", ""),
        "request": getattr(record, "request", None) or request.get("request_id"),
    }
    return {name: str(value) for name, value in known.items() if value}


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    parts = [formatter.formatException(record.exc_info)] if record.exc_info else []
    return [*parts, formatter.formatStack(record.stack_info)] if record.stack_info else parts


def _one_line(text: str) -> str:
    """Without what would begin another line: nobody who asks can write lines of their own."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
