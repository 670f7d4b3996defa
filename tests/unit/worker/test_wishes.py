"""What a worker does about its memory when the front wishes so."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tintype.core.jobs import Event, Load, Settled, Unload
from tintype.core.models import ModelRecord
from tintype.errors import ModelError
from tintype.worker.wishes import Wishes

RECORD = ModelRecord("a", Path("/a"), 1, 1)


@dataclass
class Memory:
    """Notes what is done, and fails as it is told to."""

    error: Exception | None = None
    done: list[str] = field(default_factory=list[str])
    told: list[Event] = field(default_factory=list[Event])
    is_settled: bool = True

    def warm(self, record: ModelRecord) -> None:
        self.done.append(record.name)
        if self.error is not None:
            raise self.error

    def unload(self) -> None:
        self.done.append("nothing")

    def settle(self) -> None:
        self.done.append("more")
        self.is_settled = True

    def wishes(self) -> Wishes:
        return Wishes(self, self.told.append)


def test_a_wish_waits_until_it_is_seen_to() -> None:
    """It is done once, and told of when it is."""
    memory = Memory()
    wishes = memory.wishes()
    wishes.note(Load(1, RECORD))
    assert wishes.are_open
    assert memory.done == []
    for _ in range(2):
        wishes.fulfil()
    assert not wishes.are_open
    assert (memory.done, memory.told) == (["a"], [Settled(1)])


def test_the_newest_counts() -> None:
    """What was wished before is not done, and is told of as well."""
    memory = Memory()
    wishes = memory.wishes()
    wishes.note(Load(1, RECORD))
    wishes.note(Unload(2))
    wishes.fulfil()
    assert (memory.done, memory.told) == (["nothing"], [Settled(1), Settled(2)])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModelError("a: the file is torn"), "a: the file is torn"),
        (MemoryError(), "there is not enough memory"),
    ],
)
def test_trouble_is_told(error: Exception, words: str) -> None:
    """A checkpoint that cannot be loaded is told in words, and the worker goes on."""
    memory = Memory(error)
    wishes = memory.wishes()
    wishes.note(Load(1, RECORD))
    wishes.fulfil()
    (told,) = memory.told
    assert isinstance(told, Settled)
    assert told.error is not None
    assert told.error.startswith(words)
    assert not wishes.are_open


def test_weights_on_their_way_come_while_nothing_is_wished() -> None:
    """They are brought bit by bit, and go behind every wish."""
    memory = Memory(is_settled=False)
    wishes = memory.wishes()
    wishes.note(Load(1, RECORD))
    for _ in range(2):
        assert wishes.are_open
        wishes.fulfil()
    assert not wishes.are_open
    assert memory.done == ["a", "more"]
