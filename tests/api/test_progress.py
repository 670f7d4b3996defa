"""What can be seen and done while a picture is being made."""

import json
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from tests.fakes.front import Front
from tests.fakes.pictures import opened
from tests.fakes.waiting import until


def images_of(answer: httpx.Response) -> int:
    assert answer.status_code == 200
    return len(answer.json()["images"])


def post_and_leave(front: Front, headers: str = "", prompt: str = "hold") -> None:
    """Ask for a picture, and hang up once it is begun."""
    body = b'{"prompt": "%s", "width": 64, "height": 64, "steps": 2}' % prompt.encode()
    with socket.create_connection(front.address, timeout=30) as client:
        client.sendall(
            b"POST /sdapi/v1/txt2img HTTP/1.1\r\nHost: localhost\r\n%s"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (headers.encode(), len(body), body)
        )
        front.wait_until_held()


def test_progress_of_a_running_job(narrow: Front) -> None:
    """After one of four steps it is a quarter plus the hundredth A1111 begins with."""
    with ThreadPoolExecutor() as callers:
        picture = callers.submit(narrow.txt2img, "hold", steps=4)
        narrow.wait_until_held()
        seen = narrow.progress()
        narrow.gate.touch()
        assert images_of(picture.result()) == 1

    assert seen["progress"] == pytest.approx(0.26)
    assert (seen["state"]["job_count"], seen["state"]["sampling_steps"]) == (1, 4)
    assert len(seen["state"]["job_timestamp"]) == 14


def test_progress_shows_the_picture_unless_told_not_to(narrow: Front) -> None:
    """Whoever looks gets previews made; with skip_current_image there is none."""
    with ThreadPoolExecutor() as callers:
        picture = callers.submit(narrow.txt2img, "hold", seed=0x112233)
        narrow.wait_until_held()
        shown = until(lambda: narrow.progress()["current_image"])
        skipped = narrow.http.get("/sdapi/v1/progress?skip_current_image=true").json()
        narrow.gate.touch()
        picture.result()

    assert opened(shown).getpixel((0, 0)) == (0x11, 0x22, 0x33)
    assert skipped["current_image"] is None
    assert narrow.progress()["current_image"] is None


def test_interrupt_answers_the_caller_with_what_there_is(narrow: Front) -> None:
    """The running call gets its pictures as they are; the next one is not touched."""
    with ThreadPoolExecutor() as callers:
        running = callers.submit(narrow.txt2img, "hold", seed=3)
        narrow.wait_until_held()
        waiting = callers.submit(narrow.txt2img, "hold")
        until(lambda: narrow.ready()["jobs"]["waiting"] == 1)
        interrupted = narrow.http.post("/sdapi/v1/interrupt")
        answer = running.result()
        narrow.wait_until_held()
        flags = narrow.progress()["state"]
        narrow.gate.touch()
        after = waiting.result()

    assert (interrupted.status_code, interrupted.json()) == (200, {})
    assert (images_of(answer), images_of(after)) == (1, 1)
    assert json.loads(answer.json()["info"])["all_seeds"] == [3]
    assert (flags["interrupted"], flags["skipped"]) == (False, False)


def test_interrupt_before_the_first_step_leaves_the_picture_out(narrow: Front) -> None:
    """There is nothing to show, and the call is answered all the same."""
    with ThreadPoolExecutor() as callers:
        running = callers.submit(narrow.txt2img, "hold-first")
        until(lambda: narrow.ready()["jobs"]["running"] == 1)
        narrow.http.post("/sdapi/v1/interrupt")

        assert images_of(running.result()) == 0


def test_skip_ends_the_first_unfinished_batch(narrow: Front) -> None:
    """A1111's batches end one after the other; each skip is one of them."""
    with ThreadPoolExecutor() as callers:
        running = callers.submit(narrow.txt2img, "hold", batch_size=2, n_iter=2)
        narrow.wait_until_held()
        narrow.http.post("/sdapi/v1/skip")
        until(lambda: narrow.progress()["state"]["job_no"] == 1)
        state = narrow.progress()["state"]
        narrow.http.post("/sdapi/v1/skip")
        pictures = images_of(running.result())

    assert (state["skipped"], state["interrupted"]) == (True, False)
    assert pictures == 4


def test_leaving_client_takes_its_job_along(narrow: Front) -> None:
    """A connection closed in the middle ends the job, and the worker is free again."""
    post_and_leave(narrow)

    until(lambda: narrow.ready()["jobs"]["running"] == 0)
    assert images_of(narrow.txt2img()) == 1


@pytest.mark.parametrize("header", ["X-Tintype-Keep: 1\r\n", "Idempotency-Key: left\r\n"])
def test_a_job_may_outlive_its_caller(narrow: Front, header: str) -> None:
    """With a key or the wish to keep it, the job goes on when its client leaves."""
    post_and_leave(narrow, header)
    waiting = narrow.http.get("/v1/jobs").json()["jobs"][0]["id"]
    narrow.gate.touch()

    job = until(
        lambda: (seen := narrow.http.get(f"/v1/jobs/{waiting}").json())["state"] == "done" and seen
    )
    assert job["id"] == waiting


def test_a_second_call_under_a_key_gets_the_first_ones_pictures(narrow: Front) -> None:
    """Random seeds and all, from one job; another body under the key is refused."""
    body = {"prompt": "a cat", "steps": 2, "width": 64, "height": 64}
    headers = {"Idempotency-Key": "k"}
    first, second = (
        narrow.http.post("/sdapi/v1/txt2img", json=body, headers=headers) for _ in range(2)
    )
    other = narrow.http.post("/sdapi/v1/txt2img", json=body | {"steps": 3}, headers=headers)

    assert first.headers["X-Tintype-Job"] == second.headers["X-Tintype-Job"]
    assert first.json()["images"] == second.json()["images"]
    assert json.loads(first.json()["info"])["seed"] == json.loads(second.json()["info"])["seed"]
    assert (other.status_code, "Idempotency-Key" in other.json()["detail"]) == (422, True)


def test_an_interactive_call_passes_a_long_batch(narrow: Front) -> None:
    """It goes to the worker although that has all it may have of the batch's kind."""
    with ThreadPoolExecutor() as callers:
        headers = {"X-Tintype-Priority": "batch"}
        body = {"prompt": "hold", "steps": 2, "width": 64, "height": 64}
        batch = callers.submit(narrow.http.post, "/sdapi/v1/txt2img", json=body, headers=headers)
        narrow.wait_until_held()
        headers, body = {"X-Tintype-Priority": "interactive"}, body | {"prompt": "a cat"}
        quick = narrow.http.post("/sdapi/v1/txt2img", json=body, headers=headers)
        assert not batch.done()
        narrow.gate.touch()
        assert (images_of(quick), images_of(batch.result())) == (1, 1)


def test_an_unknown_priority_is_refused(narrow: Front) -> None:
    """With the choices there are."""
    headers = {"X-Tintype-Priority": "urgent"}
    answer = narrow.http.post("/sdapi/v1/txt2img", json={}, headers=headers)

    assert answer.status_code == 422
    assert "interactive, normal, batch" in answer.json()["detail"]


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
