"""The worker's end of the pipe."""

from collections.abc import Generator
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest

from tintype.core.jobs import Cancel, Command, JobCancelled, Stop
from tintype.worker.channel import Channel, FrontGone


@pytest.fixture
def front() -> Generator[tuple[Connection, Channel]]:
    """The front's connection, and a channel that leaves the process of these tests alone."""
    ours, theirs = Pipe()
    with ours, theirs:
        yield ours, Channel(theirs, orphan_seconds=1e6)


def test_commands_come_in_order(front: tuple[Connection, Channel]) -> None:
    """However many polls it takes, each command comes once, in the order of sending."""
    connection, channel = front
    sent: list[Command] = [Cancel("a"), Cancel("b"), Stop()]
    for command in sent:
        connection.send(command)

    received: list[Command] = []
    while len(received) < len(sent):
        received += channel.poll(None)

    assert received == sent


def test_poll_without_patience_returns_at_once(front: tuple[Connection, Channel]) -> None:
    """Nothing there is an empty list."""
    assert front[1].poll(0) == []


def test_events_reach_the_front(front: tuple[Connection, Channel]) -> None:
    """What is sent is received as it was."""
    front[1].send(JobCancelled("a"))

    assert front[0].recv() == JobCancelled("a")


def test_closed_front_is_told_every_time(front: tuple[Connection, Channel]) -> None:
    """A poll says that the front is gone, the next one too, and sending says it as well."""
    front[0].close()

    for _ in range(2):
        with pytest.raises(FrontGone):
            front[1].poll(None)
    with pytest.raises(FrontGone):
        front[1].send(JobCancelled("a"))
