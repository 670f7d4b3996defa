"""The worker's end of the pipe to the front process.

Frozen dataclasses of `core.jobs` are pickled through it; both ends are our own processes, and no
byte of a request is ever unpickled.
"""

import os
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from threading import Thread
from time import sleep

from tintype.core.jobs import Command, Event


class FrontGone(Exception):  # noqa: N818 - reads as the sentence it is
    """The front process has closed the pipe or died: nobody waits for anything any more."""


class Channel:
    """Commands in, events out.

    A thread of its own reads, so the end of the front is noticed in the middle of a long pass. A
    worker that has not ended by itself `orphan_seconds` later is ended hard: whatever it hangs in,
    it must not outlive its front and hold the device.
    """

    def __init__(self, connection: Connection, orphan_seconds: float = 3.0) -> None:
        self._connection, self._orphan_seconds = connection, orphan_seconds
        self._inbox: SimpleQueue[Command | None] = SimpleQueue()
        Thread(target=self._read, name="tintype-channel", daemon=True).start()

    def poll(self, timeout_seconds: float | None) -> list[Command]:
        """All commands that are there.

        Args:
            timeout_seconds: how long to wait for the first one; None for as long as it takes, 0
                for not at all.

        Raises:
            FrontGone: the front is no more; commands it had still sent are forgotten.
        """
        commands: list[Command] = []
        try:
            commands.append(self._take(timeout_seconds))
            while True:
                commands.append(self._take(0))
        except Empty:
            return commands

    def interject(self, command: Command) -> None:
        """Have a command polled as if the front had sent it; safe in a signal handler."""
        self._inbox.put(command)

    def send(self, event: Event) -> None:
        """Tell the front. Raises `FrontGone`."""
        try:
            self._connection.send(event)
        except OSError as error:
            raise FrontGone from error

    def _take(self, timeout_seconds: float | None) -> Command:
        command = self._inbox.get(timeout=timeout_seconds)
        if command is None:
            self._inbox.put(None)
            raise FrontGone
        return command

    def _read(self) -> None:
        try:
            while True:
                self._inbox.put(self._connection.recv())
        except (EOFError, OSError):
            self._inbox.put(None)
        sleep(self._orphan_seconds)
        os._exit(1)


def open_channel(fd: int) -> Channel:
    """The channel over an inherited file descriptor, as `--fd` names it."""
    return Channel(Connection(fd))
