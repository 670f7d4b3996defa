"""`tintype top`, from what a server says of itself."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from rich.console import Console

from tintype.cli.top import Rates, Server, Unreachable, frame, show_once

STATUS: dict[str, Any] = {
    "uptime_seconds": 3720.0,
    "versions": {"tintype": "1.2.3", "python": "3.11"},
    "worker": {"state": "ready", "reason": "", "device": "cuda:0", "restarts": 1},
    "queue": {
        "waiting": 5,
        "oldest_seconds": 65.0,
        "remaining_seconds": 95.0,
        "lines": [
            {"owner": "bob", "priority": "batch", "jobs": 5, "oldest_seconds": 65.0},
        ],
    },
    "running": [
        {
            "id": "5f3a77d1c0ffee",
            "owner": "ana",
            "dialect": "sdapi/txt2img",
            "priority": "normal",
            "images": 4,
            "finished": 1,
            "progress": 0.54,
            "remaining_seconds": 12.4,
        }
    ],
    "images_per_minute": 31,
    "tally": {
        "passes": {"denoise": 40},
        "rows": {"denoise": 260},
        "step_seconds": 0.125,
        "step_rows": 8,
        "out_of_memory": 0,
        "resident": ["shapes"],
        "resident_bytes": 2**29,
        "memory_bytes": 3 * 2**30,
        "memory_total_bytes": 8 * 2**30,
    },
}


def seen(status: dict[str, Any], *looks: dict[str, Any]) -> str:
    """A frame as text, after some looks."""
    rates = Rates()
    for look in looks:
        rates.note(look)
    console = Console(file=StringIO(), width=120)
    console.print(frame(status, rates))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def later(seconds: float, passes: int, rows: int) -> dict[str, Any]:
    """The same server, having worked on."""
    tally = STATUS["tally"] | {"passes": {"denoise": passes}, "rows": {"denoise": rows}}
    return STATUS | {"uptime_seconds": 3720.0 + seconds, "tally": tally}


def test_everything_on_one_page() -> None:
    """Worker, pace, memory, running jobs with how far and how long, the queue by owner."""
    text = seen(STATUS, STATUS)

    for words in (
        "Tintype 1.2.3, up 1 h 2 min",
        "worker ready on cuda:0, 1 restarts",
        "31 images/min",
        "6.5 rows per pass",
        "last step 0.125 s, 8 rows",
        "3.0 GiB of 8.0 GiB",
        "models shapes (512 MiB)",
        "Running: 1",
        "5f3a77d1  ana    sdapi/txt2img  normal    1/4",
        "54%  in 12 s",
        "Waiting: 5, the first for 1 min 5 s, all done in 1 min 35 s",
        "bob    batch     5",
    ):
        assert words in text


def test_an_idle_server_says_so() -> None:
    """In words, not in empty tables."""
    queue: dict[str, Any] = {"waiting": 0, "oldest_seconds": 0.0, "lines": []}
    text = seen(STATUS | {"running": [], "queue": queue})

    assert "Nothing is running." in text
    assert "Nothing waits." in text


def test_a_worker_that_is_away_says_why() -> None:
    """Its state, and the reason in words."""
    worker = {"state": "waiting", "reason": "ended by SIGKILL", "device": None, "restarts": 3}
    assert "worker waiting, 3 restarts: ended by SIGKILL" in seen(STATUS | {"worker": worker})


def test_rates_are_of_the_last_looks() -> None:
    """Passes in the time between, and rows of those passes alone."""
    text = seen(STATUS, STATUS, later(2.0, 60, 320))

    assert "10.0 passes/s" in text
    assert "3.0 rows per pass" in text


def test_rates_begin_anew_with_another_worker() -> None:
    """Counters that fell are another worker's, or another server's."""
    rates = Rates()
    for look in (STATUS, later(2.0, 60, 320), later(3.0, 5, 10)):
        rates.note(look)

    assert rates.passes_per_second is None
    assert rates.rows_per_pass == 2.0


def test_names_do_not_steer_the_terminal() -> None:
    """Neither escapes nor markup in what others have named."""
    job = STATUS["running"][0] | {"owner": "\x1b[2J[red]eve"}
    text = seen(STATUS | {"running": [job]})

    assert "\x1b" not in text
    assert "[red]eve" in text


class _Answer(BaseHTTPRequestHandler):
    status, body, asked = 200, b"", ""

    def do_GET(self) -> None:
        type(self).asked = f"{self.path} {self.headers.get('Authorization')}"
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keeps the test's output clean."""


@contextmanager
def answering(status: int, body: bytes) -> Generator[tuple[str, type[_Answer]]]:
    """An HTTP server that says always the same."""
    handler = type("Handler", (_Answer,), {"status": status, "body": body})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()


def test_it_asks_as_somebody() -> None:
    """A key as bearer, name and password as basic, at the address given."""
    with answering(200, json.dumps(STATUS).encode()) as (url, handler):
        show_once(Server(url + "/", key="tt_1"), Console(file=StringIO()))
        assert handler.asked == "/v1/status Bearer tt_1"
        show_once(Server(url, user="ana:x"), Console(file=StringIO()))
        assert handler.asked == "/v1/status Basic YW5hOng="


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, b"", "wants another login (HTTP 401): give --key or --user"),
        (404, b"", "has no /v1/status: is it a Tintype server?"),
        (502, b"", "answers HTTP 502"),
        (200, b"<html>", "does not answer as a Tintype server of this version"),
        (200, b"[]", "does not answer as a Tintype server of this version"),
        (200, b'{"worker": 3}', "does not answer as a Tintype server of this version"),
    ],
)
def test_answers_that_are_none(status: int, body: bytes, says: str) -> None:
    """What is wrong, in a sentence, with the address."""
    with answering(status, body) as (url, _), pytest.raises(Unreachable) as error:
        Server(url).status()

    assert str(error.value).startswith(url)
    assert says in str(error.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "http://[", "http://a b/"])
def test_nobody_there(url: str) -> None:
    """An address without a server, or that is none."""
    with pytest.raises(Unreachable, match="cannot be reached"):
        Server(url).status()
