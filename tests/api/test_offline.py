"""Who is asked for anything over the network: nobody, unless somebody wants it."""

import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.fakes.front import running_front
from tests.fakes.waiting import until
from tests.fakes.watched_sockets import WatchedSockets, watched_sockets

TINTYPE = (sys.executable, "-m", "tintype")
PICTURE = {"prompt": "a red star", "steps": 1, "width": 64, "height": 64}


@pytest.fixture
def sockets(tmp_path: Path) -> WatchedSockets:
    """Watches all that is started with its environment."""
    return watched_sockets(tmp_path)


def run(sockets: WatchedSockets, *words: str) -> subprocess.CompletedProcess[str]:
    """A command, in a folder of its own."""
    return subprocess.run(
        [*TINTYPE, *words],
        env=sockets.environment,
        cwd=sockets.log.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@contextmanager
def serving(sockets: WatchedSockets, *words: str) -> Generator[str]:
    """A real server on the demo model; its address."""
    log = sockets.log.with_name("serve.log")
    with (
        log.open("w") as out,
        subprocess.Popen(
            [*TINTYPE, "serve", "--port", "0", "--device", "cpu", *words],
            env=sockets.environment,
            cwd=log.parent,
            stdout=out,
            stderr=out,
        ) as process,
    ):
        try:
            yield until(lambda: re.findall(r"http://127.0.0.1:\d+", log.read_text()))[0]
        finally:
            process.terminate()


@pytest.mark.parametrize("words", [(), ("--offline",)])
def test_a_server_needs_no_other_machine(sockets: WatchedSockets, words: tuple[str, ...]) -> None:
    """Neither front nor worker leave this machine for a picture."""
    with serving(sockets, *words) as url:
        answer = httpx.post(f"{url}/sdapi/v1/txt2img", json=PICTURE, timeout=90)
        assert len(answer.json()["images"]) == 1

    assert sockets.processes == 2
    assert sockets.far == []


def test_commands_need_no_other_machine(sockets: WatchedSockets) -> None:
    """Neither does a picture without a server, nor looking at the models."""
    small = ["--steps", "1", "--size", "64", "--device", "cpu"]
    assert run(sockets, "generate", "a red star", *small, "--offline").returncode == 0
    assert "tintype-shapes" in run(sockets, "models", "list", "--offline").stdout
    assert "tintype-shapes" in run(sockets, "models", "show", "shapes").stdout

    assert sockets.processes == 3
    assert sockets.far == []


def test_the_watch_sees_what_leaves(sockets: WatchedSockets) -> None:
    """A pull is seen on its way out, and nothing of it offline, not even a look-up."""
    address = "https://models.invalid/a.safetensors"
    code = "from tintype.core.offline import stay_offline; import socket, sys\n"
    ask = "\nsocket.getaddrinfo('models.invalid', 443)"

    def python(text: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", text],
            env=sockets.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr

    assert (
        "--offline or TINTYPE_OFFLINE forbids it"
        in run(sockets, "models", "pull", address, "--offline").stderr
    )
    assert sockets.far == []
    assert "stopped by the test" in python(code + ask)
    assert len(sockets.far) == 1


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.getaddrinfo('models.invalid', 443)",
        "socket.gethostbyname('models.invalid')",
        "socket.socket().connect(('192.0.2.1', 443))",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "httpx.get('https://192.0.2.1/')",
    ],
)
def test_offline_holds_for_libraries(attempt: str) -> None:
    """Whatever tries to leave fails as without a network; loopback and pipes go on working."""
    near = """
from tintype.core.offline import stay_offline
import httpx, socket
stay_offline()
listener = socket.create_server(("127.0.0.1", 0))
socket.create_connection(listener.getsockname()).close()
one, other = socket.socketpair()
one.send(b"x")
"""
    done = subprocess.run(
        [sys.executable, "-c", near + attempt], capture_output=True, text=True, check=False
    )
    assert "this process stays offline" in done.stderr


def test_requests_for_the_network_are_refused_in_words(tmp_path: Path) -> None:
    """Pictures by address and webhooks, even where both are otherwise allowed."""
    trust = {"fetches_urls": True, "is_offline": True}
    webhooks = {"allows_private": True, "is_offline": True}
    with running_front(tmp_path, trust=trust, webhooks=webhooks) as front:
        body = {"init_images": ["https://models.invalid/cat.png"], "steps": 2}
        answer = front.http.post("/sdapi/v1/img2img", json=body)
        assert answer.status_code == 422
        assert "this server is offline" in answer.text
        job = {"prompt": "a cat", "steps": 2, "webhook": "http://127.0.0.1:9/done"}
        answer = front.http.post("/v1/jobs", json=job)
        assert answer.status_code == 422
        assert "this server is offline" in answer.text
