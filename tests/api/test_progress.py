"""What can be seen and done while a picture is being made."""

import json
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from tests.fakes.front import Front
from tests.fakes.waiting import until


def test_progress_of_a_running_job(narrow: Front) -> None:
    """After one of four steps it is a quarter plus the hundredth A1111 begins with."""
    with ThreadPoolExecutor() as callers:
        picture = callers.submit(narrow.txt2img, "hold", steps=4)
        narrow.wait_until_held()
        seen = narrow.progress()
        narrow.gate.touch()
        assert picture.result().status_code == 200

    assert seen["progress"] == pytest.approx(0.26)
    assert (seen["state"]["job_count"], seen["state"]["sampling_steps"]) == (1, 4)
    assert len(seen["state"]["job_timestamp"]) == 14


def test_interrupt_answers_the_caller_with_what_there_is(narrow: Front) -> None:
    """The running call gets 200 without the unfinished picture; the next one is not touched."""
    with ThreadPoolExecutor() as callers:
        running = callers.submit(narrow.txt2img, "hold", seed=3)
        narrow.wait_until_held()
        waiting = callers.submit(narrow.txt2img, "a cat")
        until(lambda: narrow.ready()["jobs"]["waiting"] == 1)
        interrupted = narrow.http.post("/sdapi/v1/interrupt")
        answer, after = running.result(), waiting.result()

    assert (interrupted.status_code, interrupted.json()) == (200, {})
    assert (answer.status_code, answer.json()["images"]) == (200, [])
    assert json.loads(answer.json()["info"])["all_seeds"] == [3]
    assert len(after.json()["images"]) == 1


def test_leaving_client_takes_its_job_along(narrow: Front) -> None:
    """A connection closed in the middle ends the job, and the worker is free again."""
    body = b'{"prompt": "hold", "width": 64, "height": 64}'
    with socket.create_connection(narrow.address, timeout=30) as client:
        client.sendall(
            b"POST /sdapi/v1/txt2img HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        narrow.wait_until_held()

    until(lambda: narrow.ready()["jobs"]["running"] == 0)
    assert narrow.txt2img().status_code == 200


def test_full_queue_sends_callers_away_with_a_time(narrow: Front) -> None:
    """One runs and two wait; the fourth gets 429 and is told when to come back."""
    with ThreadPoolExecutor() as callers:
        calls: list[Future[httpx.Response]] = [callers.submit(narrow.txt2img, "hold")]
        narrow.wait_until_held()
        calls += [callers.submit(narrow.txt2img, "a cat") for _ in range(2)]
        until(lambda: narrow.ready()["jobs"] == {"running": 1, "waiting": 2})
        refused = narrow.txt2img()
        narrow.gate.touch()
        statuses: list[Any] = [call.result().status_code for call in calls]

    assert (refused.status_code, refused.json()["error"]) == (429, "QueueFull")
    assert int(refused.headers["Retry-After"]) >= 1
    assert statuses == [200, 200, 200]
