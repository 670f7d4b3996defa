"""The job table: queue, states, results."""

import asyncio

import pytest
from tests.fakes.plans import small_plan

from tintype.core.jobs import (
    Event,
    ImageDone,
    JobCancelled,
    JobDone,
    JobFailed,
    Pixels,
    Progress,
    Timings,
)
from tintype.core.requests import Plan
from tintype.errors import EngineError, QueueFull, WorkerUnavailable
from tintype.jobs import JobTable, JobView, Painted

PIXELS = Pixels(1, 1, b"\0\0\0")
PICTURE = Painted(PIXELS)


def plans(images: int = 1, steps: int = 4) -> tuple[Plan, ...]:
    return tuple(small_plan(seed=seed, steps=steps) for seed in range(images))


def claimed(table: JobTable) -> str | None:
    job = table.claim()
    return None if job is None else job.id


def seen(table: JobTable, job_id: str) -> JobView:
    view = table.view(job_id)
    assert view is not None
    return view


def tell(table: JobTable, *events: Event) -> None:
    for event in events:
        table.take(event)


def pictures(table: JobTable, job_id: str) -> dict[int, Painted]:
    """The pictures of a job that has ended."""
    return asyncio.run(asyncio.wait_for(table.pictures(job_id), 1))


def test_jobs_are_given_out_in_order() -> None:
    """First come, first claimed; each knows its place meanwhile."""
    table = JobTable(queue_length=3)
    first, second, third = (table.admit(plans()) for _ in range(3))

    assert [seen(table, job).place for job in (first, second, third)] == [0, 1, 2]
    assert [claimed(table), claimed(table)] == [first, second]
    assert (seen(table, first).state, seen(table, third).state) == ("running", "queued")
    assert (seen(table, first).place, seen(table, third).place) == (None, 0)


def test_full_queue_refuses_and_says_when_to_come_back() -> None:
    """Running jobs take no place; one more than the length is refused."""
    table = JobTable(queue_length=1)
    table.admit(plans())
    table.claim()
    table.admit(plans())

    with pytest.raises(QueueFull) as refused:
        table.admit(plans())

    assert refused.value.retry_after_seconds > 0


def test_pictures_are_handed_over_once() -> None:
    """A finished job's pixels are held until fetched and then let go."""
    table = JobTable(queue_length=1)
    job = table.admit(plans(images=2))
    table.claim()
    tell(
        table, ImageDone(job, 1, PIXELS), ImageDone(job, 0, PIXELS), JobDone(job, Timings(total=2))
    )

    assert pictures(table, job) == {0: PICTURE, 1: PICTURE}
    assert pictures(table, job) == {}
    assert seen(table, job).state == "done"
    assert seen(table, job).timings == Timings(total=2)


def test_waiting_for_pictures_ends_when_they_are_there() -> None:
    """A caller that came early is woken by the end of the job."""

    async def scene() -> dict[int, Painted]:
        table = JobTable(queue_length=1)
        job = table.admit(plans())
        caller = asyncio.create_task(table.pictures(job))
        await asyncio.sleep(0)
        table.claim()
        tell(table, ImageDone(job, 0, PIXELS), JobDone(job, Timings()))
        return await caller

    assert asyncio.run(scene()) == {0: PICTURE}


def test_progress_is_the_share_of_all_steps() -> None:
    """Two images, one of them halfway: a quarter."""
    table = JobTable(queue_length=1)
    job = table.admit(plans(images=2, steps=4))
    table.claim()
    tell(table, Progress(job, 1, 1, 4), Progress(job, 1, 2, 4))

    view = seen(table, job)
    assert (view.steps, view.fraction) == (((0, 0), (2, 4)), 0.25)
    assert view.remaining_seconds is not None
    assert view.remaining_seconds >= 0


def test_the_share_of_steps_follows_the_worker() -> None:
    """How many steps an image takes in all is what the worker last said, not what was asked for."""
    table = JobTable(queue_length=1)
    job = table.admit(plans(steps=4))
    table.claim()
    tell(table, Progress(job, 0, 2, 8))
    assert seen(table, job).fraction == 0.25

    tell(table, Progress(job, 0, 4, 4))
    assert seen(table, job).fraction == 1.0


def test_what_lies_beside_a_picture_is_handed_over_with_it() -> None:
    """A mask that was asked for comes with its picture."""
    table = JobTable(queue_length=1)
    job = table.admit(plans())
    table.claim()
    tell(table, ImageDone(job, 0, PIXELS, (PIXELS,)), JobDone(job, Timings()))

    assert pictures(table, job) == {0: Painted(PIXELS, (PIXELS,))}


def test_images_with_a_worker_are_counted_until_they_are_finished() -> None:
    """A job counts with those of its images that are still to come."""
    table = JobTable(queue_length=2)
    job, _ = table.admit(plans(images=3)), table.admit(plans())
    table.claim()
    tell(table, ImageDone(job, 2, PIXELS))

    assert table.images_running == 2
    assert table.running_count == table.waiting_count == 1


def test_remaining_time_is_not_guessed() -> None:
    """Before a second step was seen nothing is said about the time."""
    table = JobTable(queue_length=1)
    job = table.admit(plans())
    table.claim()
    tell(table, Progress(job, 0, 1, 4))

    assert seen(table, job).remaining_seconds is None


@pytest.mark.parametrize(
    ("kind", "name"),
    [("model", "ModelError"), ("request", "RequestError"), ("engine", "EngineError")],
)
def test_failures_are_raised_to_the_caller_as_their_kind(kind: str, name: str) -> None:
    """Whose fault it is decides the class of the error; the text is the worker's."""
    table = JobTable(queue_length=1)
    job = table.admit(plans())
    table.claim()
    tell(table, JobFailed(job, kind, "no luck"))  # type: ignore[arg-type]

    with pytest.raises(Exception, match="no luck") as failed:
        pictures(table, job)

    assert type(failed.value).__name__ == name
    assert seen(table, job).state == "failed"


def test_cancelling_a_waiting_job_ends_it_at_once() -> None:
    """It leaves the queue and is never claimed."""
    table = JobTable(queue_length=1)
    job = table.admit(plans())
    table.cancel(job)

    assert (seen(table, job).state, pictures(table, job)) == ("cancelled", {})
    assert table.claim() is None


def test_cancelling_a_running_job_is_passed_on() -> None:
    """The worker is told; what was finished in time is kept for the caller."""
    told: list[str] = []
    table = JobTable(queue_length=1)
    table.attach(lambda: None, told.append)
    job = table.admit(plans(images=2))
    table.claim()
    tell(table, ImageDone(job, 0, PIXELS))
    table.cancel(job)

    assert (told, seen(table, job).state) == ([job], "running")
    tell(table, JobCancelled(job))
    assert (seen(table, job).state, pictures(table, job)) == ("cancelled", {0: PICTURE})


def test_abandoned_jobs_hold_no_pictures() -> None:
    """Nobody will fetch them, so they are not kept, even those that come after."""
    table = JobTable(queue_length=1)
    job = table.admit(plans(images=2))
    table.claim()
    tell(table, ImageDone(job, 0, PIXELS))
    table.abandon(job)
    tell(table, ImageDone(job, 1, PIXELS), JobDone(job, Timings()))

    assert pictures(table, job) == {}


def test_jobs_of_a_dead_worker_go_back_in_front_in_order() -> None:
    """They start from nothing, before those that were already waiting."""
    table = JobTable(queue_length=3)
    first, second, third = (table.admit(plans()) for _ in range(3))
    table.claim()
    table.claim()
    tell(table, Progress(first, 0, 3, 4), ImageDone(first, 0, PIXELS))
    table.worker_died("it fell over")

    assert [seen(table, job).place for job in (first, second, third)] == [0, 1, 2]
    assert (seen(table, first).steps, seen(table, first).images_done) == (((0, 0),), 0)
    assert (seen(table, first).attempts, seen(table, third).attempts) == (1, 0)


def test_suspects_run_alone() -> None:
    """After a death each of its jobs has the worker for itself; then company is welcome again."""
    table = JobTable(queue_length=4)
    first, second, third, fourth = (table.admit(plans()) for _ in range(4))
    table.claim()
    table.claim()
    table.worker_died("it fell over")

    assert [claimed(table), claimed(table)] == [first, None]
    tell(table, JobDone(first, Timings()))
    assert [claimed(table), claimed(table)] == [second, None]
    tell(table, JobDone(second, Timings()))
    assert [claimed(table), claimed(table)] == [third, fourth]


def test_job_is_given_up_after_its_attempts() -> None:
    """The third death is its last, told in words."""
    table = JobTable(queue_length=1, attempts=3)
    job = table.admit(plans())
    for _ in range(3):
        assert claimed(table) == job
        table.worker_died("the worker fell over")

    with pytest.raises(EngineError, match="fell over, 3 times with this job"):
        pictures(table, job)


def test_cancelled_jobs_of_a_dead_worker_stay_cancelled() -> None:
    """Somebody wanted the end, and got it."""
    table = JobTable(queue_length=1)
    job = table.admit(plans())
    table.claim()
    table.cancel(job)
    table.worker_died("it fell over")

    assert seen(table, job).state == "cancelled"


def test_late_words_about_a_job_mean_nothing() -> None:
    """Events of a job that is not running are dropped."""
    table = JobTable(queue_length=1)
    job = table.admit(plans())
    tell(table, Progress(job, 0, 4, 4), JobDone(job, Timings()), JobDone("unheard-of", Timings()))

    assert (seen(table, job).state, seen(table, job).steps) == ("queued", ((0, 0),))


def test_closed_table_refuses_with_its_reason_until_opened() -> None:
    """Waiting jobs end with the reason, new ones are refused with it."""
    table = JobTable(queue_length=1)
    job = table.admit(plans())
    table.close("no worker")

    with pytest.raises(WorkerUnavailable, match="no worker"):
        pictures(table, job)
    with pytest.raises(WorkerUnavailable, match="no worker"):
        table.admit(plans())
    table.open()
    assert table.admit(plans())


def test_memory_of_finished_jobs_is_bounded() -> None:
    """The oldest finished job is forgotten first."""
    table = JobTable(queue_length=3, keep_finished=2)
    jobs = [table.admit(plans()) for _ in range(3)]
    for job in jobs:
        table.cancel(job)

    assert [table.view(job) is None for job in jobs] == [True, False, False]
