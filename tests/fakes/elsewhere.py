"""Another server, on loopback: files with ranges and ETags, and everything that can go wrong."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

_MOST_ENDLESS_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Thing:
    """What is behind a path.

    Attributes:
        content: its bytes.
        etag: None for a server that knows none.
        media_type: of the answer.
        headers: further ones.
        knows_ranges: it answers them.
        has_length: it says how long the whole is; else the connection's end is the file's.
    """

    content: bytes
    etag: str | None = '"1"'
    media_type: str = "application/octet-stream"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    knows_ranges: bool = True
    has_length: bool = True


@dataclass(frozen=True)
class Status:
    """An answer without a file."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


@dataclass(frozen=True)
class Cut:
    """The file, but the connection ends after so many bytes."""

    after: int


@dataclass(frozen=True)
class Endless:
    """Bytes without a length, for ever, or as long as anybody takes them."""


@dataclass(frozen=True)
class Held:
    """The file, but after so many bytes nothing comes until the event is set."""

    after: int
    until: Event


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]


Mishap = Status | Cut | Endless | Held


class Elsewhere:
    """What the server has, and what it was asked.

    Attributes:
        url: where it is, without a slash at the end.
        things: by path, without query.
        mishaps: by path: what to answer instead, one for each request, None for the thing itself.
        asked: all requests, in their order.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.things: dict[str, Thing] = {}
        self.mishaps: dict[str, list[Mishap | None]] = defaultdict(list)
        self.asked: list[Asked] = []

    def puts(self, path: str, content: bytes, **settings: Any) -> str:
        """Have a file; its address."""
        self.things[path] = Thing(content, **settings)
        return self.url + path

    def says(self, path: str, value: object) -> None:
        """Answer in JSON."""
        self.puts(path, json.dumps(value).encode(), media_type="application/json")

    def asked_for(self, path: str) -> list[Mapping[str, str]]:
        """The headers of each request for a path."""
        return [asked.headers for asked in self.asked if asked.path.partition("?")[0] == path]

    def has_repository(self, repo: str, files: Mapping[str, bytes], commit: str = "c" * 40) -> None:
        """Be Hugging Face with this repository: large files in LFS, kept under another path."""
        siblings: list[dict[str, object]] = []
        for name, content in files.items():
            digest = hashlib.sha256(content).hexdigest()
            entry: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": digest}
            if not name.endswith((".json", ".txt", ".md")):
                entry["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 130}
            siblings.append(entry)
            self.puts(f"/{repo}/resolve/{commit}/{name}", content, etag=f'"{digest}"')
        told = {"id": repo, "sha": commit, "siblings": siblings}
        self.says(f"/api/models/{repo}/revision/main", told)
        self.says(f"/api/models/{repo}/revision/{commit}", told)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    elsewhere: Elsewhere

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients go when they please."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        here, path = self.server.elsewhere, self.path.partition("?")[0]
        here.asked.append(Asked(self.path, dict(self.headers.items())))
        mishap = here.mishaps[path].pop(0) if here.mishaps[path] else None
        try:
            self._answer(here.things.get(path), mishap)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, thing: Thing | None, mishap: Mishap | None) -> None:
        match mishap:
            case Status(code, headers, body):
                self._send(code, {**headers, "Content-Length": str(len(body))}, body)
            case Endless():
                self._send(200, {"Connection": "close"}, b"")
                for _ in range(_MOST_ENDLESS_BYTES // 65536):
                    self.wfile.write(bytes(65536))
            case _ if thing is None:
                self._send(404, {"Content-Length": "0"}, b"")
            case _:
                self._send_thing(thing, mishap)

    def _send_thing(self, thing: Thing, mishap: Cut | Held | None) -> None:
        code, start, headers = self._place(thing)
        body = thing.content[start:]
        self.send_response(code)
        for name, value in {**headers, **thing.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        match mishap:
            case Cut(after):
                self.wfile.write(body[:after])
                self.close_connection = True
            case Held(after, until):
                self.wfile.write(body[:after])
                until.wait(30)
                self.wfile.write(body[after:])
            case None:
                self.wfile.write(body)

    def _place(self, thing: Thing) -> tuple[int, int, dict[str, str]]:
        size = len(thing.content)
        headers = {"Content-Type": thing.media_type}
        if thing.etag is not None:
            headers["ETag"] = thing.etag
        start = int(self.headers.get("Range", "bytes=0-")[6:].rstrip("-"))
        is_same = self.headers.get("If-Range", thing.etag) == thing.etag
        if start >= size > 0:
            return 416, size, headers | {"Content-Length": "0"}
        if not thing.has_length:
            return 200, 0, headers | {"Connection": "close"}
        if start == 0 or not thing.knows_ranges or not is_same:
            return 200, 0, headers | {"Content-Length": str(size)}
        headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        return 206, start, headers | {"Content-Length": str(size - start)}

    def _send(self, code: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests look at `asked` instead."""


@contextmanager
def elsewhere() -> Generator[Elsewhere]:
    """A running server, gone at the end."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.elsewhere = Elsewhere(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.elsewhere
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
