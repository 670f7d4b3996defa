"""The job table: queue, states, results."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.plans import small_plan
from tests.fakes.tables import PICTURE, Clocks, Desk, at_desk, settled

from tintype.core.jobs import (
    Admission,
    Cancel,
    Interrupt,
    Job,
    JobCancelled,
    JobDone,
    JobFailed,
    JobParked,
    Painted,
    Pixels,
    Preview,
    Progress,
    Timings,
    Watch,
)
from tintype.core.settings import JobsConfig, Limits
from tintype.errors import BusyError, EngineError, InvalidRequest, QueueFull, WorkerUnavailable
from tintype.jobs import JobView

PARTIAL = Painted(Pixels(1, 1, b"abc"), is_partial=True)
ONE_PLACE = Limits(queue_length=1)


def test_jobs_are_given_out_in_order(tmp_path: Path) -> None:
    """First come, first claimed; each knows its place meanwhile."""

    async def scene(desk: Desk) -> None:
        first, second, third = [await desk.admit() for _ in range(3)]
        places = [(await desk.seen(job)).place for job in (first, second, third)]
        assert places == [0, 1, 2]
        assert [await desk.claimed(), await desk.claimed()] == [first, second]
        assert [(await desk.seen(job)).state for job in (first, third)] == ["running", "queued"]
        assert [(await desk.seen(job)).place for job in (first, third)] == [None, 0]

    at_desk(tmp_path, scene)


def test_a_job_crosses_the_disk_whole(tmp_path: Path) -> None:
    """Plans, priority and draft steps reach the worker; the request is shown again."""

    async def scene(desk: Desk) -> tuple[Job | None, JobView]:
        job_id = await desk.admit(2, priority="batch", draft_steps=3, request=b'{"a": 1}')
        return await desk.claim(), await desk.seen(job_id)

    job, view = at_desk(tmp_path, scene)
    assert job is not None
    plans = tuple(small_plan(seed=seed, steps=4) for seed in range(2))
    assert (job.plans, job.priority, job.draft_steps) == (plans, "batch", 3)
    assert (view.request, view.images, view.dialect) == (b'{"a": 1}', 2, "native")


def test_full_queue_refuses_and_says_when_to_come_back(tmp_path: Path) -> None:
    """Running jobs take no place; one more than the length is refused, and waits for nobody."""

    async def scene(desk: Desk) -> QueueFull:
        await desk.admit()
        await desk.claim()
        outcomes = await asyncio.gather(*(desk.admit() for _ in range(3)), return_exceptions=True)
        assert sum(isinstance(outcome, str) for outcome in outcomes) == 1
        return next(outcome for outcome in outcomes if isinstance(outcome, QueueFull))

    assert at_desk(tmp_path, scene, limits=ONE_PLACE).retry_after_seconds > 0


def test_the_queue_is_bounded_in_bytes(tmp_path: Path) -> None:
    """Plans that would take more room than is allowed are refused, and room comes back."""

    async def scene(desk: Desk) -> None:
        await desk.admit()
        with pytest.raises(QueueFull, match="MiB"):
            await desk.admit()
        await desk.claim()
        await desk.admit()

    at_desk(tmp_path, scene, limits=Limits(queue_bytes=2500))


def test_a_request_too_large_to_be_remembered_is_refused(tmp_path: Path) -> None:
    """Whatever is in it: two hundred of them are read at once when jobs are listed."""

    async def scene(desk: Desk) -> None:
        await desk.admit(request=b"x" * 100)
        with pytest.raises(InvalidRequest, match=r"body: 101 bytes .* 100 are allowed"):
            await desk.admit(request=b"x" * 101)
        assert len(await desk.table.views()) == 1

    at_desk(tmp_path, scene, limits=Limits(max_request_bytes=100))


def test_pictures_are_there_as_soon_as_they_are_kept(tmp_path: Path) -> None:
    """Also before the end of the job, and after it as often as they are asked for."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit(2)
        await desk.claim()
        desk.keep(job, 1)
        assert await desk.table.pictures(job) == {1: PICTURE}
        desk.keep(job, 0)
        desk.tell(JobDone(job, Timings(total=2)))
        view = await desk.table.ended(job)
        assert (view.state, view.timings, view.finished) == ("done", Timings(total=2), {0, 1})
        for _ in range(2):
            assert await desk.table.pictures(job) == {0: PICTURE, 1: PICTURE}

    at_desk(tmp_path, scene)


def test_a_finished_job_is_known_from_the_disk(tmp_path: Path) -> None:
    """All of it, to the next process as well."""

    async def first(desk: Desk) -> JobView:
        job = await desk.admit(owner="ana", webhook="http://x", request=b'{"a": 1}')
        await desk.claim()
        desk.clocks.steady += 2
        desk.tell(Progress(job, 0, 4, 4))
        desk.keep(job)
        desk.tell(JobDone(job, Timings(total=2, replayed=3)))
        return await desk.table.ended(job)

    view = at_desk(tmp_path, first)

    async def second(desk: Desk) -> None:
        assert await desk.seen(view.id) == view
        assert await desk.table.ended(view.id) == view
        assert len(await desk.table.plans(view.id)) == 1

    at_desk(tmp_path, second)
    assert (view.running_seconds, view.steps, view.fraction) == (2, ((4, 4),), 1)


def test_waiting_ends_with_the_job(tmp_path: Path) -> None:
    """A caller that came early is woken; one that asks for nothing known is told."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit()
        caller = asyncio.create_task(desk.table.ended(job))
        await desk.claim()
        desk.tell(JobDone(job, Timings()))
        assert (await caller).state == "done"
        with pytest.raises(KeyError):
            await desk.table.ended("nobody")
        assert await desk.table.view("nobody") is None

    at_desk(tmp_path, scene)


def test_progress_is_the_share_of_all_steps(tmp_path: Path) -> None:
    """Two images, one of them halfway: a quarter; a kept picture is a whole one."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit(2)
        await desk.claim()
        desk.tell(Progress(job, 1, 1, 4), Progress(job, 1, 2, 4))
        assert (await desk.seen(job)).fraction == 0.25
        desk.keep(job, 0)
        assert (await desk.seen(job)).fraction == 0.75

    at_desk(tmp_path, scene)


def test_remaining_time_is_measured(tmp_path: Path) -> None:
    """From its own second step on, or for a queued job from those that ran before."""

    async def scene(desk: Desk) -> None:
        first, second = await desk.admit(), await desk.admit()
        await desk.claim(1)
        desk.tell(Progress(first, 0, 1, 4))
        assert (await desk.seen(first)).remaining_seconds is None
        assert (await desk.seen(second)).remaining_seconds is None
        desk.clocks.steady += 3
        desk.tell(Progress(first, 0, 2, 4))
        assert (await desk.seen(first)).remaining_seconds == pytest.approx(6)
        desk.tell(JobDone(first, Timings()))
        assert (await desk.seen(second)).remaining_seconds == pytest.approx(6)

    at_desk(tmp_path, scene)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("model", "ModelError"), ("request", "RequestError"), ("engine", "EngineError")],
)
def test_failures_carry_whose_fault_it_is(tmp_path: Path, kind: Any, name: str) -> None:
    """The class of the error says it, the text is the worker's, on disk as well."""

    async def scene(desk: Desk) -> str:
        job = await desk.admit()
        await desk.claim()
        desk.tell(JobFailed(job, kind, "no luck"))
        return (await desk.table.ended(job)).id

    job = at_desk(tmp_path, scene)
    error = at_desk(tmp_path, lambda desk: desk.seen(job)).error
    assert (type(error).__name__, str(error)) == (name, "no luck")


def test_cancelling_a_waiting_job_ends_it_at_once(tmp_path: Path) -> None:
    """It leaves the queue and is never claimed."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit()
        desk.table.cancel(job)
        assert (await desk.table.ended(job)).state == "cancelled"
        assert await desk.claim() is None
        assert desk.table.waiting_count == 0

    at_desk(tmp_path, scene)


def test_cancelling_a_running_job_is_passed_on(tmp_path: Path) -> None:
    """The worker is told once it has the job; what was finished in time is kept."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit(2)
        assert await desk.table.claim(9) is not None
        desk.table.cancel(job)
        assert desk.sent == []
        desk.table.given(job)
        desk.keep(job, 0)
        assert (desk.sent, (await desk.seen(job)).state) == ([Cancel(job)], "running")
        desk.tell(JobCancelled(job))
        assert (await desk.table.ended(job)).state == "cancelled"
        assert await desk.table.pictures(job) == {0: PICTURE}

    at_desk(tmp_path, scene)


def test_interrupting_names_the_images(tmp_path: Path) -> None:
    """Those unfinished by then; jobs that wait are left alone."""

    async def scene(desk: Desk) -> None:
        job, waiting = await desk.admit(3), await desk.admit()
        await desk.claim(1)
        desk.keep(job, 0)
        desk.table.interrupt(job, frozenset((0, 1)))
        desk.table.interrupt(job)
        desk.table.interrupt(waiting)
        images = [command.images for command in desk.sent if isinstance(command, Interrupt)]
        assert images == [{1}, {1, 2}]
        assert (await desk.seen(job)).interrupted == {1, 2}
        assert (await desk.seen(waiting)).interrupted == frozenset()

    at_desk(tmp_path, scene)


def test_an_interrupted_job_of_a_dead_worker_ends(tmp_path: Path) -> None:
    """Somebody wanted what there is, and that is what was kept."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit(2)
        await desk.claim()
        desk.keep(job, 0)
        desk.table.interrupt(job)
        desk.table.worker_died("it fell over")
        assert (await desk.table.ended(job)).state == "done"

    at_desk(tmp_path, scene)


def test_better_priorities_go_first(tmp_path: Path) -> None:
    """However late they came."""

    async def scene(desk: Desk) -> None:
        batch = await desk.admit(priority="batch")
        normal = await desk.admit()
        interactive = await desk.admit(priority="interactive")
        assert (await desk.seen(batch)).place == 2
        claimed = [await desk.claimed() for _ in range(3)]
        assert claimed == [interactive, normal, batch]

    at_desk(tmp_path, scene)


def test_owners_take_turns(tmp_path: Path) -> None:
    """Who has had less goes first; within an owner the oldest does."""

    async def scene(desk: Desk) -> None:
        greedy = [await desk.admit(owner="greedy") for _ in range(3)]
        modest = await desk.admit(owner="modest")
        assert (await desk.seen(modest)).place == 1
        claimed = [await desk.claimed() for _ in range(4)]
        assert claimed == [greedy[0], modest, greedy[1], greedy[2]]

    at_desk(tmp_path, scene)


def test_what_an_owner_had_long_ago_counts_for_nothing(tmp_path: Path) -> None:
    """An hour later age alone decides."""

    async def scene(desk: Desk) -> None:
        old = await desk.admit(8, owner="a")
        await desk.claim()
        desk.tell(JobDone(old, Timings()))
        desk.clocks.steady += 3600
        jobs = [await desk.admit(owner=owner) for owner in "ab"]
        assert [await desk.claimed(), await desk.claimed()] == jobs

    at_desk(tmp_path, scene)


def test_no_clock_decides_the_order(tmp_path: Path) -> None:
    """Jobs admitted while the wall clock runs backwards keep their order, over a restart too."""
    clocks = Clocks()

    async def scene(desk: Desk) -> list[str]:
        jobs: list[str] = []
        for _ in range(3):
            jobs.append(await desk.admit())
            desk.clocks.wall -= 86_400
        return jobs

    async def later(desk: Desk) -> list[str | None]:
        return [await desk.claimed() for _ in range(3)]

    jobs = at_desk(tmp_path, scene, clocks=clocks)
    assert at_desk(tmp_path, later, clocks=clocks) == jobs


def test_a_worker_has_room_for_a_better_job(tmp_path: Path) -> None:
    """Beyond its images in flight, as many again; for equals there is none."""

    async def scene(desk: Desk) -> None:
        await desk.admit(4, priority="batch")
        await desk.admit(priority="batch")
        assert await desk.claim(4) is not None
        assert await desk.claim(4) is None
        urgent = [await desk.admit(4, priority="normal"), await desk.admit(priority="normal")]
        assert await desk.claimed(4) == urgent[0]
        assert await desk.claim(4) is None

    at_desk(tmp_path, scene)


def test_jobs_of_a_dead_worker_go_back_in_front_in_order(tmp_path: Path) -> None:
    """Finished images stay finished; the rest begins again."""

    async def scene(desk: Desk) -> None:
        first, second, third = [await desk.admit(2) for _ in range(3)]
        await desk.claim()
        await desk.claim()
        desk.tell(Progress(first, 1, 3, 4))
        desk.keep(first, 0)
        desk.table.worker_died("it fell over")
        places = [(await desk.seen(job)).place for job in (first, second, third)]
        view = await desk.seen(first)
        assert places == [0, 1, 2]
        assert (view.steps, view.finished, view.attempts) == (((0, 0), (0, 0)), {0}, 1)
        again = await desk.claim()
        assert again is not None
        assert (again.id, again.finished) == (first, {0})

    at_desk(tmp_path, scene)


def test_suspects_run_alone(tmp_path: Path) -> None:
    """After a death each of its jobs has the worker for itself; then company is welcome again."""

    async def scene(desk: Desk) -> None:
        first, second, third, fourth = [await desk.admit() for _ in range(4)]
        await desk.claim()
        await desk.claim()
        desk.table.worker_died("it fell over")
        for suspect in (first, second):
            assert [await desk.claimed(), await desk.claimed()] == [suspect, None]
            desk.tell(JobDone(suspect, Timings()))
        assert [await desk.claimed(), await desk.claimed()] == [third, fourth]

    at_desk(tmp_path, scene)


def test_job_is_given_up_after_its_attempts(tmp_path: Path) -> None:
    """The third death is its last, told in words."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit()
        for _ in range(3):
            assert await desk.claimed() == job
            desk.table.worker_died("the worker fell over")
        view = await desk.table.ended(job)
        assert view.state == "failed"
        assert "fell over, 3 times with this job" in str(view.error)

    at_desk(tmp_path, scene)


def test_cancelled_jobs_of_a_dead_server_stay_cancelled(tmp_path: Path) -> None:
    """A running job that was to end is not taken up again by the next server."""

    async def first(desk: Desk) -> str:
        job = await desk.admit(webhook="http://127.0.0.1/told")
        await desk.claim()
        desk.table.cancel(job)
        return job

    job = at_desk(tmp_path, first, crashes=True)

    async def second(desk: Desk) -> JobView:
        assert await desk.claim() is None
        return await desk.seen(job)

    view = at_desk(tmp_path, second)
    assert view.state == "cancelled"
    assert view.ended is not None


def test_cancelled_jobs_of_a_dead_worker_stay_cancelled(tmp_path: Path) -> None:
    """Somebody wanted the end, and got it."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit()
        await desk.claim()
        desk.table.cancel(job)
        desk.table.worker_died("it fell over")
        assert (await desk.table.ended(job)).state == "cancelled"

    at_desk(tmp_path, scene)


def test_late_words_about_a_job_mean_nothing(tmp_path: Path) -> None:
    """Events of a job that is not running are dropped."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit()
        desk.tell(Progress(job, 0, 4, 4), JobDone(job, Timings()), JobDone("unheard", Timings()))
        view = await desk.seen(job)
        assert (view.state, view.steps) == ("queued", ((0, 0),))

    at_desk(tmp_path, scene)


def test_a_closed_table_refuses_and_loses_nothing(tmp_path: Path) -> None:
    """New jobs and waiting callers are told the reason; the queued jobs are there afterwards."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit()
        caller = asyncio.create_task(desk.table.ended(job))
        await asyncio.sleep(0)
        desk.table.close("no worker")
        with pytest.raises(WorkerUnavailable, match="no worker"):
            await caller
        with pytest.raises(WorkerUnavailable, match="no worker"):
            await desk.admit()
        desk.table.open()
        assert await desk.claimed() == job

    at_desk(tmp_path, scene)


def test_a_key_stands_for_one_job(tmp_path: Path) -> None:
    """The same owner gets the first job for it, also at once and after a restart."""

    async def admit(desk: Desk, mark: str = "m", owner: str = "a") -> str:
        return await desk.admit(owner=owner, idempotency_key="k", fingerprint=mark)

    async def scene(desk: Desk) -> str:
        first, *others = await asyncio.gather(*(admit(desk) for _ in range(4)))
        assert set(others) == {first}
        assert desk.table.waiting_count == 1
        return first

    async def later(desk: Desk) -> None:
        assert await admit(desk) == first
        assert await admit(desk, owner="b") != first
        with pytest.raises(InvalidRequest, match="Idempotency-Key"):
            await admit(desk, mark="other")

    first = at_desk(tmp_path, scene)
    at_desk(tmp_path, later)


def test_a_killed_front_loses_nothing(tmp_path: Path) -> None:
    """Running jobs wait again with their finished images, queued ones in their old order."""

    async def scene(desk: Desk) -> list[str]:
        jobs = [await desk.admit(2) for _ in range(3)]
        await desk.claim()
        desk.keep(jobs[0], 1)
        return jobs

    async def later(desk: Desk) -> list[tuple[str, frozenset[int]]]:
        claimed: list[tuple[str, frozenset[int]]] = []
        while (job := await desk.claim()) is not None:
            claimed.append((job.id, job.finished))
            desk.tell(JobDone(job.id, Timings()))
        return claimed

    first, second, third = at_desk(tmp_path, scene, crashes=True)
    nothing = frozenset[int]()
    assert at_desk(tmp_path, later) == [
        (first, frozenset((1,))),
        (second, nothing),
        (third, nothing),
    ]


def test_a_job_parked_by_an_orderly_stop_is_no_suspect(tmp_path: Path) -> None:
    """It waits again as if it had not been tried, beside others."""

    async def scene(desk: Desk) -> list[str]:
        jobs = [await desk.admit() for _ in range(2)]
        for _ in jobs:
            await desk.claim()
        desk.table.close("stopping", for_good=True)
        desk.tell(JobParked(jobs[0], Timings()))
        desk.table.worker_died("it was ended")
        return jobs

    async def later(desk: Desk) -> list[str | None]:
        return [await desk.claimed() for _ in range(2)]

    jobs = at_desk(tmp_path, scene)
    assert at_desk(tmp_path, later) == jobs


def test_a_server_that_dies_again_and_again_gives_the_job_up(tmp_path: Path) -> None:
    """After ten starts with it the eleventh works without."""

    async def admit(desk: Desk) -> str:
        return await desk.admit()

    async def claim(desk: Desk) -> str | None:
        return await desk.claimed()

    job = at_desk(tmp_path, admit)
    assert [at_desk(tmp_path, claim, crashes=True) for _ in range(10)] == [job] * 10
    assert at_desk(tmp_path, claim) is None
    assert at_desk(tmp_path, lambda desk: desk.seen(job)).state == "failed"


def test_a_job_that_cannot_be_read_fails_in_words(tmp_path: Path) -> None:
    """One that a version to come has written does not block the queue."""

    async def scene(desk: Desk) -> None:
        bad, good = await desk.admit(), await desk.admit()
        await desk.table._store.write(  # pyright: ignore[reportPrivateUsage]
            lambda db: db.execute("UPDATE contents SET plans = x'00' WHERE job = ?", (bad,)) and 0
        )
        assert await desk.claim() is None
        assert await desk.claimed() == good
        view = await desk.table.ended(bad)
        assert (view.state, type(view.error)) == ("failed", EngineError)

    at_desk(tmp_path, scene)


def test_drafts_are_parked_and_promoted(tmp_path: Path) -> None:
    """A draft rests with its partial pictures; promoted it is painted to the end."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit(2, draft_steps=2)
        await desk.claim()
        desk.keep(job, 0, PARTIAL)
        desk.keep(job, 1)
        with pytest.raises(InvalidRequest):
            await desk.table.promote(job)
        desk.tell(JobParked(job, Timings()))
        view = await desk.table.ended(job)
        assert (view.state, len(await desk.table.pictures(job))) == ("parked", 2)
        await settled(desk)
        await desk.table.promote(job)
        again = await desk.claim()
        assert again is not None
        assert (again.draft_steps, again.finished) == (None, {1})

    at_desk(tmp_path, scene)


def test_a_draft_can_be_given_up(tmp_path: Path) -> None:
    """Cancelling it is its end."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit(draft_steps=2)
        await desk.claim()
        desk.tell(JobParked(job, Timings()))
        await desk.table.ended(job)
        await settled(desk)
        ended = asyncio.Event()
        desk.table.on_end(lambda view: ended.set())
        desk.table.cancel(job)
        await ended.wait()
        assert (await desk.seen(job)).state == "cancelled"

    at_desk(tmp_path, scene)


def test_changes_begin_with_now_and_end_with_the_end(tmp_path: Path) -> None:
    """A slow reader gets only the newest of what it has missed."""

    async def scene(desk: Desk) -> list[tuple[str, float]]:
        job = await desk.admit()
        seen: list[tuple[str, float]] = []
        async for view in desk.table.changes(job):
            assert isinstance(view, JobView)
            seen.append((view.state, view.fraction))
            if view.state == "queued":
                await desk.claim()
                desk.tell(*(Progress(job, 0, step, 4) for step in (1, 2, 3)))
            else:
                desk.keep(job)
                desk.tell(JobDone(job, Timings()))
        return seen

    assert at_desk(tmp_path, scene) == [("queued", 0), ("running", 0.75), ("done", 1)]


def test_those_who_wait_see_the_queue_move(tmp_path: Path) -> None:
    """A queued job's changes tell its new place."""

    async def scene(desk: Desk) -> list[int | None]:
        await desk.admit()
        job = await desk.admit()
        changes = desk.table.changes(job)
        first = await anext(changes)
        await desk.claim(1)
        second = await anext(changes)
        await changes.aclose()
        assert isinstance(first, JobView)
        assert isinstance(second, JobView)
        return [first.place, second.place]

    assert at_desk(tmp_path, scene) == [1, 0]


def test_previews_are_made_for_those_who_look(tmp_path: Path) -> None:
    """The worker is told to begin, and to stop once nobody looks any more."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit()
        preview = Preview(job, 0, 1, Pixels(1, 1, b"abc"))
        changes = desk.table.changes(job, previews=True)
        await anext(changes)
        await desk.claim()
        assert desk.sent == [Watch(job, 1.0)]
        desk.tell(preview)
        assert await anext(changes) == preview
        await changes.aclose()
        desk.tell(preview)
        assert desk.sent[1:] == [Watch(job, 0)]

    at_desk(tmp_path, scene)


def test_a_glance_keeps_previews_coming_for_a_while(tmp_path: Path) -> None:
    """Ten seconds after the last one they end."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit()
        preview = Preview(job, 0, 1, Pixels(1, 1, b"abc"))
        await desk.claim()
        assert desk.table.glance(job) is None
        desk.tell(preview)
        assert desk.table.glance(job) == preview
        assert desk.sent == [Watch(job, 1.0)]
        desk.clocks.steady += 11
        desk.tell(preview)
        assert desk.sent == [Watch(job, 1.0), Watch(job, 0)]

    at_desk(tmp_path, scene)


def test_lists_are_newest_first(tmp_path: Path) -> None:
    """By owner, state, number and time, as things stand."""

    async def scene(desk: Desk) -> None:
        jobs: list[str] = []
        for owner in "aba":
            desk.clocks.wall += 1
            jobs.append(await desk.admit(owner=owner))
        await desk.claim()
        table, newest = desk.table, jobs[::-1]
        third = desk.clocks.wall
        assert [view.id for view in await table.views()] == newest
        assert [view.id for view in await table.views(limit=1, before=third)] == [jobs[1]]
        assert [view.id for view in await table.views("a")] == [jobs[2], jobs[0]]
        assert [view.id for view in await table.views(state="running")] == [jobs[0]]
        assert [view.id for view in table.running()] == [jobs[0]]
        lines = {(line.owner, line.jobs) for line in table.waiting()}
        assert lines == {("a", 1), ("b", 1)}

    at_desk(tmp_path, scene)


def test_every_end_is_told_once_with_its_webhook_on_disk(tmp_path: Path) -> None:
    """Whom to tell is written in the transaction that ends the job."""

    async def scene(desk: Desk) -> None:
        told: asyncio.Queue[tuple[str, str, bytes]] = asyncio.Queue()
        desk.table.on_end(lambda view: told.put_nowait((view.id, view.state, view.request)))
        job = await desk.admit(webhook="http://x/", request=b'{"a": 1}')
        desk.table.cancel(job)
        assert await told.get() == (job, "cancelled", b'{"a": 1}')
        assert told.empty()
        rows = await desk.table._store.read(  # pyright: ignore[reportPrivateUsage]
            lambda db: db.execute("SELECT job, url, attempts FROM webhooks").fetchall()
        )
        assert rows == [(job, "http://x/", 0)]

    at_desk(tmp_path, scene)


def test_a_deleted_job_leaves_nothing(tmp_path: Path) -> None:
    """A running one is cancelled first; row and pictures are gone then."""

    async def scene(desk: Desk) -> None:
        job = await desk.admit(2)
        await desk.claim()
        desk.keep(job)
        deletion = asyncio.create_task(desk.table.delete(job))
        await asyncio.sleep(0)
        assert desk.sent == [Cancel(job)]
        desk.tell(JobCancelled(job))
        await deletion
        assert await desk.table.view(job) is None
        assert not (tmp_path / "jobs" / job).exists()
        with pytest.raises(KeyError):
            await desk.table.delete(job)

    at_desk(tmp_path, scene)


def test_old_jobs_are_forgotten(tmp_path: Path) -> None:
    """At the start, with their pictures; those that wait never are."""
    clocks = Clocks()

    async def scene(desk: Desk) -> tuple[str, str]:
        done = await desk.admit()
        await desk.claim()
        desk.keep(done)
        desk.tell(JobDone(done, Timings()))
        await desk.table.ended(done)
        return done, await desk.admit()

    async def later(desk: Desk) -> None:
        desk.table.start()
        while await desk.table.view(done) is not None or (tmp_path / "jobs" / done).exists():
            await asyncio.sleep(0)
        assert (await desk.seen(waiting)).state == "queued"

    done, waiting = at_desk(tmp_path, scene, clocks=clocks)
    clocks.wall += 8 * 86_400
    at_desk(tmp_path, later, clocks=clocks)


def test_a_full_disk_is_said_at_admission(tmp_path: Path) -> None:
    """The caller is told to come again, and the table lives on."""

    async def scene(desk: Desk) -> None:
        store = desk.table._store  # pyright: ignore[reportPrivateUsage]
        (pages,) = await store.write(lambda db: db.execute("PRAGMA page_count").fetchone())
        await store.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}") and 0)
        plan = small_plan(prompt="x" * 20_000)
        with pytest.raises(BusyError, match="disk is full"):
            await desk.table.admit(Admission((plan,)))
        await store.write(lambda db: db.execute("PRAGMA max_page_count = 100000") and 0)
        assert await desk.table.admit(Admission((plan,)))

    at_desk(tmp_path, scene)


def test_thousands_of_jobs_may_wait(tmp_path: Path) -> None:
    """They are admitted, listed, placed and given out without plans in memory."""

    async def scene(desk: Desk) -> None:
        plans = (small_plan(prompt="p" * 500),)
        admission = Admission(plans, request=json.dumps({"prompt": "p" * 500}).encode())
        jobs: list[str] = []
        for _ in range(20):
            some = await asyncio.gather(*(desk.table.admit(admission) for _ in range(100)))
            jobs += some
        assert desk.table.waiting_count == 2000
        assert (await desk.seen(jobs[-1])).place == 1999
        assert await desk.claimed() == jobs[0]

    at_desk(tmp_path, scene, config=JobsConfig())
