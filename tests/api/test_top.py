"""`tintype top` at a running server, and in a terminal."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.fakes.front import Front, running_front
from tests.fakes.waiting import until


def test_top_prints_one_look(front: Front) -> None:
    """For scripts, with exit code 0."""
    done = top("--once", "--url", front.url)

    assert done.returncode == 0, done.stderr
    assert "worker ready on fake" in done.stdout
    assert "Nothing is running." in done.stdout


def test_top_says_when_nobody_is_there() -> None:
    """One line and exit code 2, as every mistake on the command line."""
    done = top("--once", "--url", "http://127.0.0.1:1")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("tintype: http://127.0.0.1:1 cannot be reached: Connection refused\n")


def top(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tintype", "top", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_top_outlives_its_server_and_ends_with_q(tmp_path: Path) -> None:
    """In the terminal: a server that goes away is missed in words, and seen when it is back."""
    with running_front(tmp_path) as front, top_in_terminal(front.url) as screen:
        front.wait_until_ready()
        until(lambda: "worker ready on fake" in screen.text())
        port = front.address[1]
        front.process.terminate()
        front.process.wait(30)
        until(lambda: "cannot be reached: Connection refused" in screen.text())
        screen.forget()
        with running_front(tmp_path, port=port):
            until(lambda: "worker ready on fake" in screen.text())
        screen.press("q")

        assert screen.process.wait(30) == 0
        assert "\x1b[?1049l" in screen.text()  # the screen from before is back


def test_top_ends_in_order_when_interrupted() -> None:
    """Ctrl+C gives the terminal back, and is no mistake."""
    with top_in_terminal("http://127.0.0.1:1") as screen:
        until(lambda: "cannot be reached" in screen.text())
        screen.process.send_signal(signal.SIGINT)

        assert screen.process.wait(30) == 0
        assert "\x1b[?1049l" in screen.text()
        assert "Traceback" not in screen.text()


class Screen:
    """A terminal with a program in it."""

    def __init__(self, process: subprocess.Popen[bytes], fd: int) -> None:
        self.process, self._fd, self._seen = process, fd, b""

    def text(self) -> str:
        """Everything written to it so far, without colours."""
        os.set_blocking(self._fd, False)
        with suppress(BlockingIOError, OSError):  # OSError: the program has ended
            while part := os.read(self._fd, 65536):
                self._seen += part
        return re.sub(r"\x1b\[[0-9;]*m", "", self._seen.decode(errors="replace"))

    def forget(self) -> None:
        """Look only at what comes from now on."""
        self.text()
        self._seen = b""

    def press(self, key: str) -> None:
        """Send a key."""
        os.write(self._fd, key.encode())


@contextmanager
def top_in_terminal(url: str) -> Generator[Screen]:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tintype", "top", "--url", url]
    size = {"COLUMNS": "120", "LINES": "40", "TERM": "xterm"}
    with subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **size},
        preexec_fn=_hear_interrupts,
    ) as process:
        os.close(theirs)
        try:
            yield Screen(process, ours)
        finally:
            process.kill()
            os.close(ours)


def _hear_interrupts() -> None:
    """As in a terminal; tests that run in the background of a shell would hand on deafness."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
