"""Letters about the ends of jobs, from a real front to a real receiver."""

import json
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from tests.api.native.client import Jobs
from tests.fakes.front import running_front
from tests.fakes.waiting import until

from tintype.core.settings import WebhookConfig
from tintype.server.native.webhooks.signing import signed_headers, webhook_secret


@dataclass
class Letters:
    """Where letters arrive.

    Attributes:
        url: where to send them; refused until `open` is called.
        came: headers and body of each.
    """

    url: str
    open: Callable[[], None]
    came: list[tuple[dict[str, str], bytes]]


@pytest.fixture
def letters() -> Generator[Letters]:
    """A receiver that is glad of every letter."""
    with receiver() as letters:
        letters.open()
        yield letters


@contextmanager
def receiver() -> Generator[Letters]:
    """A receiver that has its port, but is not open yet."""
    came: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False) as server:
        server.server_bind()
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})

        def begin() -> None:
            server.server_activate()
            thread.start()

        yield Letters(f"http://127.0.0.1:{server.server_port}/hook", begin, came)
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("prompt", "state"), [("a cat", "done"), ("fail-engine", "failed"), ("hold", "cancelled")]
)
def test_every_end_is_told_once_and_signed(
    jobs: Jobs, letters: Letters, prompt: str, state: str
) -> None:
    """The job as it stands at its end, without pictures, signed with the kept secret."""
    job = jobs.made(prompt=prompt, webhook=letters.url)
    if state == "cancelled":
        jobs.http.post(f"/v1/jobs/{job}/cancel")
    until(lambda: letters.came)
    ((headers, body),) = letters.came
    told = json.loads(body)
    secret = webhook_secret(WebhookConfig(), jobs.front.folder / "data")

    assert (told["id"], told["state"], told["request"]) == (job, state, None)
    assert told == jobs.seen(job) | {"request": None}
    expected = signed_headers(secret, job, int(headers["webhook-timestamp"]), body)
    assert {name: headers[name] for name in expected} == expected


def test_private_addresses_are_refused_unless_allowed(own_jobs: Jobs, letters: Letters) -> None:
    """A front that was not told to allow them says so at once."""
    answer = own_jobs.post(webhook=letters.url)

    assert answer.status_code == 422
    assert "private network" in answer.json()["detail"]


def test_a_killed_front_tells_after_its_next_start(tmp_path: Path) -> None:
    """A letter nobody took is tried again by the next process."""
    allowed = {"allows_private": True}
    with receiver() as letters:
        with running_front(tmp_path, webhooks=allowed) as front:
            front.wait_until_ready()
            job = Jobs(front).made(webhook=letters.url)
            until(lambda: _attempts(tmp_path, job) == 1)
            front.process.kill()
            front.process.wait()
        _make_due(tmp_path, job)
        letters.open()
        with running_front(tmp_path, webhooks=allowed):
            until(lambda: letters.came)

    assert json.loads(letters.came[0][1])["id"] == job


def _attempts(folder: Path, job: str) -> int:
    with closing(sqlite3.connect(folder / "data" / "jobs.sqlite")) as db:
        row = db.execute("SELECT attempts FROM webhooks WHERE job = ?", (job,)).fetchone()
    return 0 if row is None else row[0]


def _make_due(folder: Path, job: str) -> None:
    with closing(sqlite3.connect(folder / "data" / "jobs.sqlite")) as db, db:
        db.execute("UPDATE webhooks SET due = 0 WHERE job = ?", (job,))
