"""What should be in a worker's memory before anybody asks for a picture."""

import asyncio
from collections.abc import Callable
from itertools import count

from tintype.core.jobs import Command, Load, Settled, Unload
from tintype.core.models import ModelRecord
from tintype.errors import ModelError, WorkerUnavailable


class Wishes:
    """Wishes sent to a worker, and those who wait for what becomes of them.

    All methods belong to the thread of the event loop.
    """

    def __init__(self, send: Callable[[Command], None]) -> None:
        self._send = send
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._wanted: ModelRecord | None = None

    def load(self, checkpoint: ModelRecord) -> "asyncio.Future[None]":
        """Have a checkpoint in memory as soon as nothing runs, also of the worker's successors.

        Returns:
            what ends once that is so, or something else was wished for, or with `ModelError` or
            `WorkerUnavailable`. Nobody need wait for it.
        """
        self._wanted = checkpoint
        number = next(self._numbers)
        return self._sent(number, Load(number, checkpoint))

    def unload(self) -> "asyncio.Future[None]":
        """Have the memory of all weights given back, as `load`."""
        self._wanted = None
        number = next(self._numbers)
        return self._sent(number, Unload(number))

    def settle(self, event: Settled) -> None:
        """Note what became of a wish."""
        waiting = self._waiting.pop(event.wish, None)
        if waiting is None or waiting.done():
            return
        if event.error is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(ModelError(event.error))

    def worker_died(self, reason: str) -> None:
        """Tell those who wait."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(WorkerUnavailable(reason))
        self._waiting.clear()

    def renew(self) -> None:
        """Tell a new worker what is wanted, for it began with what was wanted at the start."""
        if self._wanted is not None and not self._waiting:
            self.load(self._wanted)

    def _sent(self, number: int, command: Command) -> "asyncio.Future[None]":
        waiting = asyncio.get_running_loop().create_future()
        waiting.add_done_callback(_heard)
        self._waiting[number] = waiting
        self._send(command)
        return waiting


def _heard(waiting: "asyncio.Future[None]") -> None:
    """An error nobody waited for is none of the event loop's business; the worker logged it."""
    if not waiting.cancelled():
        waiting.exception()
