"""What callers call their jobs."""

import asyncio
from typing import cast

import pytest
from tests.fakes.views import running_job

from tintype.core.rights import Right
from tintype.errors import InvalidRequest
from tintype.jobs import JobTable, JobView
from tintype.server.sdapi.tasks import MOST_CHARS, Tasks, checked_name
from tintype.server.trust.identity import Identity

ANN = Identity("ann", frozenset[Right](("paint", "see")))
BOB = Identity("bob", frozenset[Right](("paint", "see")))
EVE = Identity("eve", frozenset[Right](("manage",)))


class Table:
    """Knows every job that begins with its owner's name."""

    async def view(self, job_id: str) -> JobView | None:
        owner = job_id.partition("-")[0]
        return running_job(id=job_id, owner=owner) if "-" in job_id else None


def find(tasks: Tasks, task_id: str, identity: Identity) -> str | None:
    view = asyncio.run(tasks.find(task_id, identity, cast("JobTable", Table())))
    return view and view.id


def test_names_belong_to_their_owners() -> None:
    """The same name twice is two jobs, and who manages finds either."""
    tasks = Tasks()
    tasks.name("ann", "t", "ann-1")
    tasks.name("bob", "t", "bob-1")

    assert (find(tasks, "t", ANN), find(tasks, "t", BOB)) == ("ann-1", "bob-1")
    assert find(tasks, "t", EVE) == "bob-1"
    assert (find(tasks, "ann-1", ANN), find(tasks, "ann-1", BOB)) == ("ann-1", None)


def test_a_name_is_its_newest_job_s() -> None:
    """The job before is known by its id again."""
    tasks = Tasks()
    tasks.name("ann", "t", "ann-1")
    tasks.name("ann", "t", "ann-2")

    assert find(tasks, "t", ANN) == "ann-2"
    assert (tasks.name_of("ann-1"), tasks.name_of("ann-2")) == ("ann-1", "t")


@pytest.mark.parametrize("name", [None, ""])
def test_no_name_is_remembered_as_none(name: str | None) -> None:
    """Nothing is found under it."""
    tasks = Tasks()
    tasks.name("ann", name, "ann-1")

    assert tasks.name_of("ann-1") == "ann-1"
    assert find(tasks, name or "", ANN) is None


def test_names_are_forgotten_the_oldest_first() -> None:
    """However many come."""
    tasks = Tasks(most=2)
    for number in range(4):
        tasks.name("ann", f"t{number}", f"ann-{number}")

    assert [find(tasks, f"t{number}", ANN) for number in range(4)] == [
        None,
        None,
        "ann-2",
        "ann-3",
    ]


def test_names_have_an_end() -> None:
    """And are what they are below it."""
    assert checked_name("x" * MOST_CHARS) == "x" * MOST_CHARS
    assert checked_name(None) is None
    with pytest.raises(InvalidRequest, match="255"):
        checked_name("x" * (MOST_CHARS + 1))
