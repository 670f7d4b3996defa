"""What is told of the queue as a whole."""

from tintype.core.jobs import Priority
from tintype.jobs import Waiting
from tintype.jobs.queue import Queue
from tintype.jobs.record import Record


def waiting(sequence: int, owner: str, priority: Priority = "normal") -> Record:
    """A job admitted that many seconds after the first."""
    return Record(f"j{sequence}", sequence, owner, "native", priority, 1, float(sequence), 0)


def test_lines_are_by_priority_and_owner_with_their_oldest() -> None:
    """However the jobs came into the queue."""
    queue = Queue()
    records = [waiting(3, "ana"), waiting(1, "ana"), waiting(2, "bob"), waiting(4, "ana", "batch")]
    for record in records:
        queue.add(record)

    assert queue.lines() == [
        Waiting("ana", "normal", 2, 1.0),
        Waiting("bob", "normal", 1, 2.0),
        Waiting("ana", "batch", 1, 4.0),
    ]


def test_whoever_waits_no_more_has_no_line() -> None:
    """Nor does an empty queue have any."""
    queue, record = Queue(), waiting(1, "ana")
    queue.add(record)
    queue.remove(record)

    assert queue.lines() == []
