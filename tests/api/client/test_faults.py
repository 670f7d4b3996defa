"""The client through cut lines, full queues and servers that are started anew."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.fakes.cutting_proxy import cutting_proxy
from tests.fakes.front import Front, running_front
from tests.fakes.waiting import until

from tintype import Client
from tintype.client import (
    AccessError,
    BusyError,
    ConflictError,
    Editing,
    JobEvent,
    UnreachableError,
)

PATIENT = 60.0


@pytest.fixture
def shut(front: Front) -> Generator[Front]:
    """The shared front with its gate shut, and nothing to do in the end."""
    front.gate.unlink(missing_ok=True)
    yield front
    front.http.delete("/v1/jobs", params={"mine": "true"})


def test_an_answer_that_is_cut_makes_no_second_job(shut: Front) -> None:
    """The job is sent again under its key: there is one, and its pictures come."""
    with Client(shut.url) as direct:
        mark = direct.submit("a mark", steps=1, width=64, height=64)
    with (
        cutting_proxy(shut.address, [b"HTTP/1.1 202", b'"id":']) as wire,
        Client(wire.url) as client,
    ):
        job = client.submit("a cat", steps=2, width=64, height=64)
        state = client.wait(job).state
        newest = [one.id for one in client.jobs(limit=2)]

    assert (wire.done, state) == (2, "done")
    assert newest == [job.id, mark.id]


def test_a_cut_stream_goes_on(shut: Front) -> None:
    """Every state and picture is told once, though the first line is cut before it told any."""
    with Client(shut.url) as direct:
        job = direct.submit("hold", steps=3, width=64, height=64, images=2)
    cuts = [b"event: state", b"event: progress"]
    with cutting_proxy(shut.address, cuts) as wire, Client(wire.url) as client:
        told = list[JobEvent]()
        for event in client.events(job):
            assert isinstance(event, JobEvent)
            told.append(event)
            shut.gate.touch()
    kinds = [event.kind for event in told]

    assert wire.done >= 1
    assert [event.image for event in told if event.kind == "image"] == [0, 1]
    assert kinds.count("end") == 1
    assert kinds[-1] == "end"


def test_what_must_not_be_done_twice_is_not(shut: Front) -> None:
    """A draft whose promotion was not answered is told of as it is: nobody knows."""
    with Client(shut.url) as direct:
        draft = direct.submit("a cat", steps=3, width=64, height=64, draft_steps=1)
        direct.wait(draft)
        with (
            cutting_proxy(shut.address, [b"HTTP/1.1 200"]) as wire,
            Client(wire.url) as client,
            pytest.raises(UnreachableError, match="does not answer"),
        ):
            client.promote(draft)
        assert direct.wait(draft).state == "done"
        with pytest.raises(ConflictError):
            direct.promote(draft)


def test_a_server_that_is_started_anew(tmp_path: Path) -> None:
    """Who waits for a job does not notice: same call, same job, its picture."""
    worker = {"in_flight": 1, "stop_seconds": 0.1}
    with running_front(tmp_path, worker=worker) as first, ThreadPoolExecutor() as others:
        first.wait_until_ready()
        port = first.address[1]
        client = Client(first.url, patience_seconds=PATIENT)
        waiting = others.submit(
            client.generate, "hold", steps=3, width=64, height=64, seed=5, timeout=PATIENT
        )
        first.wait_until_held()
        first.process.terminate()
        first.process.wait(30)
        first.gate.touch()
        with running_front(tmp_path, worker=worker, port=port), client:
            pictures = waiting.result(PATIENT)
            jobs = client.jobs()
            seed = pictures[0].image.convert("RGB").getpixel((0, 0))

    assert [job.id for job in jobs] == [pictures.job.id]
    assert seed == (0, 0, 5)


def test_a_full_queue_is_told_or_waited_for(narrow: Front) -> None:
    """Without patience an error that says when to come back; with it the job is made in time."""
    small: Editing = {"steps": 2, "width": 64, "height": 64}
    with Client(narrow.url, patience_seconds=0) as hasty, ThreadPoolExecutor() as others:
        jobs = [hasty.submit("hold", **small)]
        until(lambda: hasty.job(jobs[0]).state == "running")
        jobs += [hasty.submit("hold", **small) for _ in range(2)]
        with pytest.raises(BusyError, match="wait") as caught:
            hasty.submit("hold", **small)
        with Client(narrow.url, patience_seconds=PATIENT) as patient:
            late = others.submit(patient.generate, "a cat", steps=2, width=64, height=64)
            narrow.gate.touch()
            assert late.result(PATIENT).job.state == "done"

    assert caught.value.status == 429
    assert (caught.value.retry_after_seconds or 0) >= 1


def test_a_server_with_a_login(tmp_path: Path) -> None:
    """A user in the address lets in; nobody, or somebody else, is an error of its own."""
    with running_front(tmp_path, trust={"passwords": [["ann", "secret"]]}) as front:
        host, port = front.address
        with Client(front.url) as stranger, pytest.raises(AccessError):
            stranger.jobs()
        with Client(front.url, api_key="tt_wrong") as wrong, pytest.raises(AccessError):
            wrong.jobs()
        with Client(f"http://ann:secret@{host}:{port}") as ann:
            assert ann.jobs() == []
