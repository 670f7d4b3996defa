"""What is counted of jobs and requests."""

import pytest
from tests.fakes.views import NOW, ended_job

from tintype.errors import EngineError
from tintype.server.seeing.counts import Answered, Counts, Histogram, seconds_of


def test_buckets_take_their_upper_end() -> None:
    """As Prometheus has it: a bucket holds what is less than or equal to its bound."""
    histogram = Histogram((1.0, 5.0))
    for value in (0.5, 1.0, 1.1, 5.0, 9.0):
        histogram.note(value)

    assert histogram.cumulative() == [("1.0", 2), ("5.0", 4), ("+Inf", 5)]
    assert histogram.total == pytest.approx(16.6)


def test_time_of_a_job_by_phase() -> None:
    """`queue` is while no worker has the job, `total` runs from admission to the end."""
    assert seconds_of(ended_job()) == {
        "queue": 0.5,
        "load": 0.5,
        "encode": 0.25,
        "sample": 6.0,
        "decode": 0.75,
        "total": 9.0,
    }


def test_a_job_that_never_began_has_no_phases_but_the_whole() -> None:
    """One cancelled in the queue."""
    view = ended_job(state="cancelled", started=None, timings=None, ended=NOW)

    assert seconds_of(view) == {"total": 10.0}


def test_time_with_an_earlier_worker_is_no_time_in_the_queue() -> None:
    """What a worker did before it died was work, although another one began anew."""
    view = ended_job(attempts=2, started=NOW - 4, running_seconds=8.0)  # 3 of them with the last

    assert seconds_of(view)["queue"] == pytest.approx(1.0)


def test_jobs_are_counted_by_what_became_of_them() -> None:
    """Images, steps, replays and further attempts are summed; errors are known by class."""
    counts = Counts()
    counts.note_job(ended_job(attempts=3))
    counts.note_job(ended_job(state="failed", error=EngineError("x"), finished=frozenset()))

    assert counts.jobs["sdapi/txt2img", "normal", "done"] == 1
    assert counts.jobs["sdapi/txt2img", "normal", "failed"] == 1
    assert (counts.images, counts.steps, counts.replayed, counts.retries) == (2, 80, 6, 2)
    assert counts.errors == {("EngineError", "job"): 1}
    assert counts.job_seconds["sample"].counts[JOB_BUCKET_OF_SIX] == 2


JOB_BUCKET_OF_SIX = 7  # over 5, up to 10 seconds


def test_somebody_ending_their_job_is_no_error() -> None:
    """A cancelled job carries an error that nobody has to look into."""
    counts = Counts()
    counts.note_job(ended_job(state="cancelled", error=EngineError("not this")))

    assert not counts.errors


def test_images_of_the_last_minute() -> None:
    """A job counts for sixty seconds from its end."""
    clock = [0.0]
    counts = Counts(now=lambda: clock[0])
    counts.note_job(ended_job())
    clock[0] = 30.0
    counts.note_job(ended_job())

    assert counts.images_per_minute() == 4
    clock[0] = 61.0
    assert counts.images_per_minute() == 2


def test_a_copy_stays_as_it_is() -> None:
    """What another thread reads does not change under its hands."""
    counts = Counts()
    counts.note_request(Answered("/a", "GET", 200, 0.02))
    copy = counts.copied()
    counts.note_request(Answered("/a", "GET", 200, 0.02))
    counts.note_job(ended_job(state="failed", error=EngineError("x")))

    assert copy.requests["/a", "GET", 200] == 1
    assert sum(copy.request_seconds["/a", "GET"].counts) == 1
    assert sum(copy.job_seconds["total"].counts) == 0
    assert not copy.jobs
    assert not copy.errors


def test_requests_are_counted_with_their_errors() -> None:
    """By route template, method and status."""
    counts = Counts()
    counts.note_request(Answered("/a/{b}", "GET", 404, 0.01, "UnknownName"))
    counts.note_request(Answered("/a/{b}", "GET", 200, 0.02))

    assert counts.requests["/a/{b}", "GET", 404] == 1
    assert counts.errors == {("UnknownName", "http"): 1}
    assert sum(counts.request_seconds["/a/{b}", "GET"].counts) == 2
