"""Letters about the ends of jobs, over real sockets and out of a real database."""

import asyncio
import json
import sqlite3
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.fakes.views import ended_job, running_job

from tintype.core.settings import WebhookConfig
from tintype.errors import InvalidRequest
from tintype.jobs import JobStore, JobView
from tintype.server.native.webhooks.outbox import Outbox
from tintype.server.native.webhooks.signing import signed_headers
from tintype.server.native.webhooks.webhooks import RETRY_SECONDS, Webhooks

SECRET = b"s" * 32
PRIVATE = WebhookConfig(allows_private=True)


@dataclass
class Receiver:
    """A small HTTP server that takes letters.

    Attributes:
        status: what it answers next.
        letters: headers and body of each call.
        arrived: set with every call.
        is_open: while it is not set, no call is answered.
    """

    status: int = 204
    location: str = ""
    letters: list[tuple[dict[str, str], bytes]] = field(
        default_factory=list[tuple[dict[str, str], bytes]]
    )
    port: int = 0
    most_at_once: int = 0
    at_once: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        """Where it listens."""
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one letter and close."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers["content-length"]))
        self.letters.append((headers, body))
        self.arrived.set()
        await self.is_open.wait()
        self.at_once -= 1
        extra = f"Location: {self.location}\r\n" if self.location else ""
        writer.write(f"HTTP/1.1 {self.status} X\r\n{extra}Content-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@dataclass
class Post:
    """Everything a test needs: the sender, who is told, and the database between them."""

    receiver: Receiver
    store: JobStore
    views: dict[str, JobView]
    now: float = 1000.0
    config: WebhookConfig = PRIVATE

    def sender(self, resolve: Callable[[str, int, str], Awaitable[str]] | None = None) -> Webhooks:
        """A sender that has not begun."""
        more = {} if resolve is None else {"resolve": resolve}
        return Webhooks(
            Outbox(self.store), self.look, lambda: SECRET, self.config, self.clock, **more
        )

    async def look(self, job_id: str) -> JobView | None:
        """A job by its id."""
        return self.views.get(job_id)

    def clock(self) -> float:
        """The time as it was set."""
        return self.now

    async def file(self, job_id: str, url: str) -> None:
        """Put a letter into the outbox, as the end of a job does."""
        self.views[job_id] = ended_job(id=job_id, webhook=url)

        def insert(db: sqlite3.Connection) -> None:
            db.execute("INSERT INTO webhooks VALUES (?, ?, 0, ?, NULL)", (job_id, url, self.now))

        await self.store.write(insert)

    async def rows(self) -> list[tuple[str, int, float, str | None]]:
        """What is still to be told."""
        columns = "job, attempts, due, error"
        return await self.store.read(
            lambda db: db.execute(f"SELECT {columns} FROM webhooks ORDER BY job").fetchall()
        )

    async def until_rows(
        self, wanted: Callable[[list[tuple[str, int, float, str | None]]], bool]
    ) -> None:
        """Wait until the outbox looks as wanted."""
        async with asyncio.timeout(30):
            while not wanted(await self.rows()):
                await asyncio.sleep(0)


@pytest.fixture
def store(tmp_path: Path) -> Generator[JobStore]:
    """An empty database."""
    store = JobStore(tmp_path / "jobs.sqlite")
    yield store
    store.close()


@asynccontextmanager
async def post_to(store: JobStore, *, is_open: bool = True) -> AsyncGenerator[Post]:
    """A receiver that listens, and a database."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    if is_open:
        receiver.is_open.set()
    async with server:
        yield Post(receiver, store, {})


@asynccontextmanager
async def sending(sender: Webhooks) -> AsyncGenerator[Webhooks]:
    """A sender at work."""
    sender.start()
    try:
        yield sender
    finally:
        await sender.stop()


def test_the_end_of_a_job_is_told_once_and_signed(store: JobStore) -> None:
    """One POST with the job's JSON, its signature right, and then nothing is left to tell."""

    async def story() -> tuple[dict[str, str], bytes]:
        async with post_to(store) as post, sending(post.sender()) as sender:
            await post.file("j1", post.receiver.url())
            sender.job_ended(post.views["j1"])
            await post.receiver.arrived.wait()
            await post.until_rows(lambda rows: not rows)
        (letter,) = post.receiver.letters
        return letter

    headers, body = asyncio.run(story())
    told = json.loads(body)
    assert (told["id"], told["state"]) == ("j1", "done")
    assert told["images"][1]["link"] == "/v1/jobs/j1/images/1"
    expected = signed_headers(SECRET, "j1", 1000, body)
    assert {name: headers[name] for name in expected} == {
        name: value.lower() for name, value in expected.items()
    }
    assert headers["content-type"] == "application/json"


def test_what_an_earlier_process_left_is_told(store: JobStore) -> None:
    """A letter that was filed before the start needs no one to call."""

    async def story() -> int:
        async with post_to(store) as post:
            await post.file("j1", post.receiver.url())
            async with sending(post.sender()):
                await post.until_rows(lambda rows: not rows)
            return len(post.receiver.letters)

    assert asyncio.run(story()) == 1


def test_failures_are_tried_again_later_and_at_last_given_up(store: JobStore) -> None:
    """Each attempt that is not answered with 2xx moves the next one further away."""

    async def story() -> list[float]:
        waits: list[float] = []
        async with post_to(store) as post:
            post.receiver.status = 500
            await post.file("j1", post.receiver.url())
            for attempt in range(len(RETRY_SECONDS)):
                async with sending(post.sender()):
                    await post.until_rows(lambda rows, n=attempt: rows[0][1] == n + 1)
                ((_, _, due, error),) = await post.rows()
                assert error == "answered 500"
                waits.append(due - post.now)
                post.now = due
            async with sending(post.sender()):
                await post.until_rows(lambda rows: not rows)
            assert len(post.receiver.letters) == len(RETRY_SECONDS) + 1
        return waits

    assert asyncio.run(story()) == list(RETRY_SECONDS)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 410])
def test_only_2xx_counts_and_redirects_are_not_followed(store: JobStore, status: int) -> None:
    """A redirect to another place is a failure, and nothing is asked of that place."""

    async def story() -> tuple[int, str | None]:
        async with post_to(store) as post:
            post.receiver.status = status
            post.receiver.location = post.receiver.url(path="/elsewhere")
            await post.file("j1", post.receiver.url())
            async with sending(post.sender()):
                await post.until_rows(lambda rows: rows[0][1] == 1)
            ((*_, error),) = await post.rows()
            return len(post.receiver.letters), error

    assert asyncio.run(story()) == (1, f"answered {status}")


def test_nobody_there_is_a_failure(store: JobStore) -> None:
    """A closed port is noted in words, and tried again."""

    async def story() -> str | None:
        async with post_to(store) as post:
            url = post.receiver.url()
        await post.file("j1", url)
        async with sending(post.sender()):
            await post.until_rows(lambda rows: rows[0][1] == 1)
        ((*_, error),) = await post.rows()
        return error

    error = asyncio.run(story())
    assert error is not None
    assert error.startswith("no answer: ConnectError")


def test_a_slow_receiver_keeps_few_letters_waiting(store: JobStore) -> None:
    """At most eight are under way at once; all arrive."""

    async def story() -> tuple[int, int]:
        async with post_to(store, is_open=False) as post:
            for number in range(20):
                await post.file(f"j{number}", post.receiver.url())
            async with sending(post.sender()):
                async with asyncio.timeout(30):
                    while post.receiver.at_once < 8:
                        await post.receiver.arrived.wait()
                        await asyncio.sleep(0)
                post.receiver.is_open.set()
                await post.until_rows(lambda rows: not rows)
            return len(post.receiver.letters), post.receiver.most_at_once

    assert asyncio.run(story()) == (20, 8)


def test_a_job_that_is_forgotten_is_not_told_of(store: JobStore) -> None:
    """Nor one that is not over; the letter goes away."""

    async def story() -> int:
        async with post_to(store) as post:
            await post.file("j1", post.receiver.url())
            await post.file("j2", post.receiver.url())
            del post.views["j1"]
            post.views["j2"] = running_job(id="j2")
            async with sending(post.sender()):
                await post.until_rows(lambda rows: not rows)
            return len(post.receiver.letters)

    assert asyncio.run(story()) == 0


def test_letters_go_to_the_address_that_was_looked_at(store: JobStore) -> None:
    """The name is asked for once, and stands in `Host`; the connection goes to the answer."""
    asked: list[tuple[str, int]] = []

    async def resolve(host: str, port: int, _: str) -> str:
        asked.append((host, port))
        return "127.0.0.1"

    async def story() -> tuple[dict[str, str], int]:
        async with post_to(store) as post:
            post.config = WebhookConfig()
            await post.file("j1", post.receiver.url(host="hooks.example.test"))
            async with sending(post.sender(resolve)):
                await post.until_rows(lambda rows: not rows)
            ((headers, _),) = post.receiver.letters
            return headers, post.receiver.port

    headers, port = asyncio.run(story())
    assert headers["host"] == f"hooks.example.test:{port}"
    assert asked == [("hooks.example.test", port)]


def test_certificates_are_asked_for_by_name(store: JobStore) -> None:
    """Though the connection goes to an address, the name is what TLS is told."""
    names: list[str | None] = []

    def note(_: object, name: str | None, __: ssl.SSLContext) -> int:
        names.append(name)
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    async def resolve(*_: object) -> str:
        return "127.0.0.1"

    async def nobody(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        """No connection comes so far."""

    async def story() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = note
        server = await asyncio.start_server(nobody, "127.0.0.1", 0, ssl=context)
        async with server, post_to(store) as post:
            post.config = WebhookConfig()
            port = server.sockets[0].getsockname()[1]
            await post.file("j1", f"https://hooks.example.test:{port}/")
            async with sending(post.sender(resolve)):
                await post.until_rows(lambda rows: rows[0][1] == 1)

    asyncio.run(story())
    assert names == ["hooks.example.test"]


def test_private_addresses_are_refused_at_every_attempt(store: JobStore) -> None:
    """A name that means a private address by then is not connected to."""

    async def story() -> tuple[int, str | None]:
        async with post_to(store) as post:
            post.config = WebhookConfig()
            await post.file("j1", post.receiver.url(host="localhost"))
            async with sending(post.sender()):
                await post.until_rows(lambda rows: rows[0][1] == 1)
            ((*_, error),) = await post.rows()
            return len(post.receiver.letters), error

    count, error = asyncio.run(story())
    assert count == 0
    assert error is not None
    assert "private network" in error


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://localhost:9/", "https://[::1]/", "http://169.254.169.254/"]
)
def test_private_targets_are_refused_at_admission(store: JobStore, url: str) -> None:
    """Unless the server was told to allow them."""

    async def story() -> None:
        async with post_to(store) as post:
            await post.sender().check(url)
            post.config = WebhookConfig()
            with pytest.raises(InvalidRequest, match="private"):
                await post.sender().check(url)

    asyncio.run(story())
