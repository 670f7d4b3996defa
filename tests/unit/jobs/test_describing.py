"""Those who wait for captions."""

import asyncio
from pathlib import Path

import pytest

from tintype.core.captioners import CaptionerRecord, CaptionSettings
from tintype.core.jobs import Command, Describe, Described, Forget, Pixels
from tintype.errors import EngineError, ModelError, QueueFull, WorkerUnavailable
from tintype.jobs.describing import MOST_WAITING, Descriptions

RECORD = CaptionerRecord("small", Path("/small.pth"), 1, 16)
PIXELS = Pixels(16, 16, bytes(3 * 16 * 16))


def ask(descriptions: Descriptions) -> "asyncio.Future[str]":
    return descriptions.ask(RECORD, PIXELS, CaptionSettings())


def test_each_hears_its_own() -> None:
    """Words and failures reach whoever asked, in any order; strangers' numbers reach nobody."""

    async def waited() -> None:
        sent: list[Command] = []
        descriptions = Descriptions(sent.append)
        first, second, third = (ask(descriptions) for _ in range(3))
        numbers = [command.number for command in sent if isinstance(command, Describe)]
        descriptions.settle(Described(numbers[2], "", "engine", "no memory"))
        descriptions.settle(Described(numbers[1], "", "model", "torn"))
        descriptions.settle(Described(numbers[0], "a cat"))
        descriptions.settle(Described(99, "a dog"))
        assert await first == "a cat"
        with pytest.raises(ModelError, match="torn"):
            await second
        with pytest.raises(EngineError, match="no memory"):
            await third

    asyncio.run(waited())


def test_the_end_of_the_worker_is_told() -> None:
    """All who wait hear why, and later ones wait for the next worker."""

    async def waited() -> None:
        descriptions = Descriptions(lambda _: None)
        waiting = ask(descriptions)
        descriptions.worker_died("it ended")
        with pytest.raises(WorkerUnavailable, match="it ended"):
            await waiting
        assert not ask(descriptions).done()

    asyncio.run(waited())


def test_no_more_than_so_many_wait() -> None:
    """Further ones are sent away; one that nobody waits for makes room and is forgotten."""

    async def waited() -> None:
        sent: list[Command] = []
        descriptions = Descriptions(sent.append)
        first, *_ = [ask(descriptions) for _ in range(MOST_WAITING)]
        with pytest.raises(QueueFull):
            ask(descriptions)
        first.cancel()
        await asyncio.sleep(0)  # the loop tells of it at its next turn
        assert sent[-1] == Forget(1)
        assert not ask(descriptions).done()

    asyncio.run(waited())
