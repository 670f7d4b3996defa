"""Previews at A1111's pace."""

from typing import Any, cast

import pytest

from tintype.core.jobs import Pixels, Preview
from tintype.jobs import JobTable
from tintype.server.sdapi.glimpses import Glimpses


class Table:
    """Shows what it is told to, and counts who looks."""

    def __init__(self) -> None:
        self.newest: Preview | None = None
        self.looks = 0

    def glance(self, _job_id: str) -> Preview | None:
        self.looks += 1
        return self.newest


def options(every: float = 10, *, is_on: bool = True) -> dict[str, Any]:
    return {"show_progress_every_n_steps": every, "live_previews_enable": is_on}


def preview(step: int, image: int = 0) -> Preview:
    return Preview("a", image, step, Pixels(1, 1, bytes(3)))


def seen(glimpses: Glimpses, table: Table, every: float) -> tuple[int, int] | None:
    glimpse = glimpses.of("a", cast("JobTable", table), options(every))
    return None if glimpse is None else (glimpse.number, glimpse.preview.step)


def test_a_newer_preview_comes_after_so_many_steps() -> None:
    """The first at once; one of another picture as soon as it is there."""
    glimpses, table = Glimpses(), Table()
    shown = [seen(glimpses, table, 3)]
    for newest in (preview(2), preview(4), preview(5), preview(1, image=1)):
        table.newest = newest
        shown.append(seen(glimpses, table, 3))

    assert shown == [None, (1, 2), (1, 2), (2, 5), (3, 1)]


def test_the_same_preview_keeps_its_number() -> None:
    """However often it is looked at, also where every step counts."""
    glimpses, table = Glimpses(), Table()
    table.newest = preview(2)

    assert [seen(glimpses, table, 0) for _ in range(3)] == [(1, 2)] * 3


@pytest.mark.parametrize("off", [options(is_on=False), options(-1)])
def test_nobody_is_asked_for_previews_that_are_off(off: dict[str, Any]) -> None:
    """They cost the worker time."""
    table = Table()
    table.newest = preview(2)

    assert Glimpses().of("a", cast("JobTable", table), off) is None
    assert table.looks == 0


def test_glimpses_are_forgotten_the_oldest_first() -> None:
    """A job that is looked at again after many others begins anew."""
    glimpses, table = Glimpses(most=2), Table()
    table.newest = preview(2)
    for job in "abc":
        glimpses.of(job, cast("JobTable", table), options())
    table.newest = preview(3)

    again = glimpses.of("a", cast("JobTable", table), options())
    kept = glimpses.of("c", cast("JobTable", table), options())
    assert again is not None
    assert again.preview.step == 3
    assert kept is not None
    assert kept.preview.step == 2
