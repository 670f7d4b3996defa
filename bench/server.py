"""A `tintype serve` of our own, and clocks for what it does."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from socket import create_server
from tempfile import TemporaryDirectory

PATIENCE_SECONDS = 600.0
PAUSE_SECONDS = 0.005  # between two questions


@dataclass(frozen=True, slots=True)
class Server:
    """A server under measurement: its process, and when it was started (`time.perf_counter`)."""

    pid: int
    port: int
    started: float

    def seconds_until(self, path: str) -> float:
        """Time from exec until `GET path` first answers 200."""
        while time.perf_counter() - self.started < PATIENCE_SECONDS:
            try:
                if self._ask("GET", path).status == 200:
                    return time.perf_counter() - self.started
            except OSError:
                pass
            time.sleep(PAUSE_SECONDS)
        raise TimeoutError(f"{path} did not answer 200 within {PATIENCE_SECONDS} s")

    def seconds_for(self, path: str) -> float:
        """Time a `GET path` takes."""
        began = time.perf_counter()
        if (answer := self._ask("GET", path)).status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        return time.perf_counter() - began

    def paint(self, body: dict[str, object]) -> tuple[float, dict[str, float]]:
        """Seconds a txt2img call takes, and the seconds the server says it spent where."""
        began = time.perf_counter()
        answer = self._ask("POST", "/sdapi/v1/txt2img", json.dumps(body))
        seconds = time.perf_counter() - began
        if answer.status != 200:
            raise RuntimeError(f"txt2img answered {answer.status}")
        return seconds, _server_timing(answer.getheader("Server-Timing") or "")

    def paint_when_listening(self, body: dict[str, object]) -> None:
        """Ask for a picture as soon as the port takes the call; the server lets it wait."""
        while True:
            try:
                self.paint(body)
            except ConnectionRefusedError:
                time.sleep(PAUSE_SECONDS)
            else:
                return

    def _ask(self, method: str, path: str, body: str | None = None) -> HTTPResponse:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer


@contextmanager
def serving(
    models: Path | None = None, data: Path | None = None, **variables: str
) -> Generator[Server]:
    """Start `tintype serve` on a free port, and end it after.

    Args:
        models: a models folder; None for nothing but the demo model.
        data: a data folder that is kept; None for a new one.
        variables: of its environment.
    """
    with create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with TemporaryDirectory() as folder:
        tintype = str(Path(sys.executable).with_name("tintype"))
        started = time.perf_counter()
        more = [] if models is None else ["--models", str(models)]
        process = subprocess.Popen(
            [tintype, "serve", "--port", str(port), "--data", str(data or folder), *more],
            cwd=folder,
            env=os.environ | variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Server(process.pid, port, started)
        finally:
            process.terminate()
            process.wait(60)


def _server_timing(header: str) -> dict[str, float]:
    """Seconds by name from a Server-Timing header, whose durations are in milliseconds."""
    parts = (part.strip().split(";dur=") for part in header.split(",") if ";dur=" in part)
    return {name: float(milliseconds) / 1000 for name, milliseconds in parts}
