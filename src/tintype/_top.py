"""`tintype top`: what a server is doing, live in the terminal, read from its `/v1/status`."""

import base64
import json
import os
import select
import sys
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from importlib.util import find_spec
from threading import Event
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tintype.errors import SetupError

_PERIOD_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0
_WINDOW = 10  # looks over which a rate is taken
_MIB, _GIB = 2**20, 2**30
_END = "q"

Status = Mapping[str, Any]


class Unreachable(SetupError):  # noqa: N818 - reads as the sentence it is
    """A server does not answer, or not as one of ours; says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where to look, and as whom.

    Attributes:
        url: of the server, with or without a slash at its end.
        key: API key, or None.
        user: "name:password", or None.
    """

    url: str
    key: str | None = None
    user: str | None = None

    def status(self) -> Status:
        """What it says of itself now. Raises `Unreachable`."""
        try:
            request = Request(self.url.rstrip("/") + "/v1/status", headers=self._headers())
            with urlopen(request, timeout=_PATIENCE_SECONDS) as answer:
                return _read(answer.read(), self.url)
        except HTTPError as error:
            error.close()
            raise Unreachable(_refusal(error.code, self.url)) from error
        except URLError as error:
            raise Unreachable(f"{self.url} cannot be reached: {_why(error.reason)}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise Unreachable(f"{self.url} cannot be reached: {_why(error)}") from error

    def _headers(self) -> dict[str, str]:
        if self.key is not None:
            return {"Authorization": f"Bearer {self.key}"}
        if self.user is not None:
            return {"Authorization": f"Basic {base64.b64encode(self.user.encode()).decode()}"}
        return {}


@dataclass(slots=True)
class Rates:
    """Passes of the U-Net over the last looks."""

    _looks: deque[tuple[float, int, int]] = field(
        default_factory=lambda: deque[tuple[float, int, int]](maxlen=_WINDOW)
    )

    def note(self, status: Status) -> None:
        """Remember a look; one at another worker begins anew."""
        tally = status["tally"]
        look = status["uptime_seconds"], _of(tally, "passes"), _of(tally, "rows")
        if self._looks and (look[0] < self._looks[-1][0] or look[1] < self._looks[-1][1]):
            self._looks.clear()
        self._looks.append(look)

    @property
    def passes_per_second(self) -> float | None:
        """None before the second look."""
        seconds, passes, _ = self._since_first()
        return passes / seconds if seconds else None

    @property
    def rows_per_pass(self) -> float | None:
        """Of the passes between the looks, else of all; None without any."""
        _, passes, rows = self._since_first()
        if not passes and self._looks:
            _, passes, rows = self._looks[-1]
        return rows / passes if passes else None

    def _since_first(self) -> tuple[float, int, int]:
        if not self._looks:
            return 0.0, 0, 0
        first, last = self._looks[0], self._looks[-1]
        return last[0] - first[0], last[1] - first[1], last[2] - first[2]


def show_once(server: Server, console: Console) -> None:
    """Print how a server is doing. Raises `Unreachable`."""
    status, rates = server.status(), Rates()
    rates.note(status)
    console.print(frame(status, rates))


def show(server: Server, console: Console) -> None:
    """Draw how a server is doing, again and again until q or Ctrl+C.

    A server that goes away is waited for.
    """
    rates = Rates()
    screen = Live(console=console, screen=True, auto_refresh=False)
    with suppress(KeyboardInterrupt), _keys() as pressed, screen as live:
        while True:
            live.update(_looked(server, rates), refresh=True)
            if pressed(_PERIOD_SECONDS) in (_END, _END.upper()):
                return


def frame(status: Status, rates: Rates) -> RenderableType:
    """One picture of a server, as `/v1/status` tells it."""
    return Group(
        _head(status),
        _pace(status, rates),
        _memory(status["tally"]),
        Text(),
        _running(status),
        Text(),
        _waiting(status["queue"]),
    )


def _looked(server: Server, rates: Rates) -> RenderableType:
    try:
        status = server.status()
    except Unreachable as error:
        return Group(Text(_plain(str(error)), "bold red"), Text("Trying again; q ends.", "dim"))
    rates.note(status)
    return Group(frame(status, rates), Text(), Text("q ends", "dim"))


def _head(status: Status) -> Text:
    worker, version = status["worker"], status["versions"]["tintype"]
    state, reason = worker["state"], worker["reason"]
    line = Text.assemble(
        ("Tintype", "bold"), f" {_plain(version)}, up {_span(status['uptime_seconds'])}  worker "
    )
    line.append(_plain(state), "green" if state == "ready" else "bold yellow")
    line.append(f" on {_plain(worker['device'])}" if worker["device"] else "")
    line.append(f", {worker['restarts']} restarts" if worker["restarts"] else "")
    line.append(f": {_plain(reason)}" if reason else "", "yellow")
    return line


def _pace(status: Status, rates: Rates) -> Text:
    tally = status["tally"]
    parts = [f"{status['images_per_minute']} images/min"]
    if (passes := rates.passes_per_second) is not None:
        parts.append(f"{passes:.1f} passes/s")
    if (rows := rates.rows_per_pass) is not None:
        parts.append(f"{rows:.1f} rows per pass")
    if tally["step_seconds"]:
        parts.append(f"last step {tally['step_seconds']:.3f} s, {tally['step_rows']} rows")
    if tally["out_of_memory"]:
        parts.append(f"{tally['out_of_memory']} passes split for want of memory")
    return Text("  ".join(parts))


def _memory(tally: Status) -> RenderableType:
    held, everything = tally["memory_bytes"], tally["memory_total_bytes"]
    models = ", ".join(_plain(name) for name in tally["resident"]) or "none"
    weights = Text(f"models {models} ({_size(tally['resident_bytes'])})")
    if not everything:
        return weights
    row = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=everything, completed=held, width=20)
    row.add_row("memory", bar, f"{_size(held)} of {_size(everything)} ", weights)
    return row


def _running(status: Status) -> RenderableType:
    jobs = status["running"]
    if not jobs:
        return Text("Nothing is running.", "dim")
    table = _table("job", "owner", "how", "priority", "images", "", "", "")
    for job in jobs:
        table.add_row(
            Text(_plain(job["id"] or "")[:8]),
            Text(_plain(job["owner"])),
            Text(_plain(job["dialect"])),
            Text(_plain(job["priority"])),
            f"{job['finished']}/{job['images']}",
            ProgressBar(total=1.0, completed=job["progress"], width=20),
            f"{job['progress']:.0%}",
            _remaining(job["remaining_seconds"]),
        )
    return Group(Text(f"Running: {len(jobs)}", "bold"), table)


def _waiting(queue: Status) -> RenderableType:
    if not queue["waiting"]:
        return Text("Nothing waits.", "dim")
    title = f"Waiting: {queue['waiting']}, the first for {_span(queue['oldest_seconds'])}"
    if (remaining := queue["remaining_seconds"]) is not None:
        title += f", all done in {_span(remaining)}"
    table = _table("owner", "priority", "jobs", "first waits")
    for line in queue["lines"]:
        table.add_row(
            Text(_plain(line["owner"])),
            Text(_plain(line["priority"])),
            str(line["jobs"]),
            _span(line["oldest_seconds"]),
        )
    return Group(Text(title, "bold"), table)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _remaining(seconds: float | None) -> str:
    return "" if seconds is None else f"in {_span(seconds)}"


def _span(seconds: float) -> str:
    """A length of time as people say it: two units at most."""
    whole = int(seconds)
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {whole % 60} s"
    return f"{whole} s"


def _size(count: int) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / _MIB:.0f} MiB"


def _plain(value: object) -> str:
    """Text of the server's without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "�" for letter in str(value))


def _of(tally: Status, name: str) -> int:
    return tally[name].get("denoise", 0)


def _read(body: bytes, url: str) -> Status:
    try:
        status = json.loads(body)
        frame(status, Rates())
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unreachable(f"{url} does not answer as a Tintype server of this version") from error
    return status


def _refusal(code: int, url: str) -> str:
    match code:
        case 401 | 403:
            return f"{url} wants another login (HTTP {code}): give --key or --user name:password"
        case 404:
            return f"{url} has no /v1/status: is it a Tintype server?"
        case _:
            return f"{url} answers HTTP {code}"


def _why(reason: object) -> str:
    """The system's words without its numbers."""
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


@contextmanager
def _keys() -> Generator[Callable[[float], str]]:
    """Keys as they are pressed, without Enter, while the block lasts.

    Yields what waits so many seconds for a key, and gives "" without one.
    """
    if not sys.stdin.isatty() or find_spec("termios") is None:
        yield _no_key
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield _key
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _no_key(seconds: float) -> str:
    Event().wait(seconds)
    return ""


def _key(seconds: float) -> str:
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    if not ready:
        return ""
    return os.read(sys.stdin.fileno(), 1).decode("ascii", "replace") or _END  # "": it was closed
