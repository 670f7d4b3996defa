"""Starting a worker process, and the front's end of the pipe to it."""

import socket
import subprocess
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread

from tintype.core.jobs import Command, Event
from tintype.errors import SetupError


class WorkerProcess:
    """A running worker; made by `launch`.

    Nothing here needs an event loop, so a worker can be started before anything slow is imported;
    what it says meanwhile waits in the pipe.
    """

    def __init__(self, process: subprocess.Popen[bytes], connection: Connection) -> None:
        self._process = process
        self._connection = connection
        self._outbox: SimpleQueue[Command | None] = SimpleQueue()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def listen(self, on_event: Callable[[Event], None], on_end: Callable[[int], None]) -> None:
        """Begin to pass messages, both ways in threads.

        Args:
            on_event: called with each event, in order, in a thread of this object.
            on_end: called once after the last event with the exit code (negative: the signal).
        """
        Thread(target=self._write, name="tintype-to-worker", daemon=True).start()
        Thread(
            target=self._read, args=(on_event, on_end), name="tintype-from-worker", daemon=True
        ).start()

    def send(self, command: Command) -> None:
        """Tell the worker; never blocks, and does nothing once it has ended."""
        self._outbox.put(command)

    def terminate(self) -> None:
        """Ask the process to end (SIGTERM)."""
        self._process.terminate()

    def kill(self) -> None:
        """End the process (SIGKILL)."""
        self._process.kill()

    def _write(self) -> None:
        while (command := self._outbox.get()) is not None:
            try:
                self._connection.send(command)
            except OSError:
                return

    def _read(self, on_event: Callable[[Event], None], on_end: Callable[[int], None]) -> None:
        try:
            while True:
                on_event(self._connection.recv())
        except (EOFError, OSError):
            self._outbox.put(None)
        ended = self._ended()
        self._connection.close()
        on_end(ended)

    def _ended(self, patience_seconds: float = 5.0) -> int:
        try:
            return self._process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def launch(command: Sequence[str]) -> WorkerProcess:
    """Start a worker.

    The worker is not in our foreground process group: Ctrl+C in a terminal reaches the front
    alone, which then ends the worker in order. Should the front die, the pipe closes and the
    worker ends by itself.

    Args:
        command: program and arguments; `--fd N`, its end of the pipe, is added.

    Raises:
        SetupError: the program cannot be started.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(
                [*command, "--fd", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                process_group=0,
            )
        except OSError as error:
            ours.close()
            raise SetupError(f"the worker cannot be started: {error}") from error
    return WorkerProcess(process, Connection(ours.detach()))
