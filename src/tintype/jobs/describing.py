"""Pictures sent to a worker to be described, and those who wait for the words."""

import asyncio
from collections.abc import Callable
from itertools import count

from tintype.core.captioners import CaptionerRecord, CaptionSettings
from tintype.core.jobs import Command, Describe, Described, Forget, Pixels
from tintype.errors import EngineError, ModelError, QueueFull, WorkerUnavailable

MOST_WAITING = 256


class Descriptions:
    """What is being described. All methods belong to the thread of the event loop."""

    def __init__(self, send: Callable[[Command], None]) -> None:
        self._send = send
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[str]] = {}

    def ask(
        self, captioner: CaptionerRecord, pixels: Pixels, settings: CaptionSettings
    ) -> "asyncio.Future[str]":
        """Have a picture described.

        Args:
            captioner: by which network.
            pixels: RGB, a square as large as the captioner sees.
            settings: how.

        Returns:
            what becomes the caption, or `ModelError`, `EngineError` or `WorkerUnavailable`; cancel
            it if nobody waits any more.

        Raises:
            QueueFull: too many wait.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise QueueFull(f"{MOST_WAITING} pictures wait to be described, as many as may")
        number = next(self._numbers)
        waiting = asyncio.get_running_loop().create_future()
        waiting.add_done_callback(lambda waiting: self._heard(number, waiting))
        self._waiting[number] = waiting
        self._send(Describe(number, captioner, pixels, settings))
        return waiting

    def settle(self, event: Described) -> None:
        """Note the words."""
        waiting = self._waiting.pop(event.number, None)
        if waiting is None or waiting.done():
            return
        match event.failure:
            case None:
                waiting.set_result(event.text)
            case "model":
                waiting.set_exception(ModelError(event.message))
            case "engine":
                waiting.set_exception(EngineError(event.message))

    def worker_died(self, reason: str) -> None:
        """Tell those who wait."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(WorkerUnavailable(reason))
        self._waiting.clear()

    def _heard(self, number: int, waiting: "asyncio.Future[str]") -> None:
        if waiting.cancelled():
            self._waiting.pop(number, None)
            self._send(Forget(number))
        else:
            waiting.exception()  # its asker may have left in this very moment
