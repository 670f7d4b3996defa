"""Tasks by the names their callers gave them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.fakes.front import Front
from tests.fakes.pictures import opened
from tests.fakes.waiting import until

UNKNOWN = {
    "active": False,
    "queued": False,
    "completed": False,
    "progress": None,
    "eta": None,
    "live_preview": None,
    "id_live_preview": -1,
    "textinfo": "Waiting...",
}


def seen(front: Front, task: str | None, **fields: Any) -> dict[str, Any]:
    answer = front.http.post("/internal/progress", json={"id_task": task} | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def pending(front: Front) -> dict[str, Any]:
    return front.http.get("/internal/pending-tasks").json()


@pytest.mark.parametrize("task", ["nobody's", "", None])
def test_an_unknown_task_is_waited_for(narrow: Front, task: str | None) -> None:
    """Its call may not have arrived yet."""
    assert seen(narrow, task) == UNKNOWN


def test_a_task_from_the_queue_to_its_end(narrow: Front) -> None:
    """Queued with its place, active with a preview, completed; others are not touched."""
    with ThreadPoolExecutor() as callers:
        first = callers.submit(narrow.txt2img, "hold", force_task_id="one", seed=0x112233)
        narrow.wait_until_held()
        second = callers.submit(narrow.txt2img, "hold", force_task_id="two")
        until(lambda: pending(narrow)["size"])
        waiting, listed = seen(narrow, "two"), pending(narrow)
        active = until(lambda: (now := seen(narrow, "one"))["live_preview"] and now)
        again = seen(narrow, "one", id_live_preview=active["id_live_preview"])
        unseen = seen(narrow, "one", live_preview=False)
        narrow.gate.touch()
        assert first.result().status_code == second.result().status_code == 200

    assert listed == {"size": 1, "tasks": ["two"]}
    assert waiting == UNKNOWN | {"queued": True, "textinfo": "In queue: 1/1"}
    assert (active["active"], active["progress"], active["textinfo"]) == (True, 0.5, None)
    head, _, data = active["live_preview"].partition(",")
    assert head == "data:image/png;base64"
    assert opened(data).getpixel((0, 0)) == (0x11, 0x22, 0x33)
    assert (again["live_preview"], again["id_live_preview"]) == (None, active["id_live_preview"])
    assert unseen["live_preview"] is None
    assert seen(narrow, "one") == UNKNOWN | {"completed": True}
    assert pending(narrow) == {"size": 0, "tasks": []}


def test_a_job_is_a_task_by_its_own_id(narrow: Front) -> None:
    """For callers that gave it no name."""
    job = narrow.txt2img().headers["X-Tintype-Job"]

    assert seen(narrow, job)["completed"] is True


def test_one_task_is_interrupted_alone(narrow: Front) -> None:
    """A running one ends with what there is; a waiting one leaves the queue, and says so."""
    with ThreadPoolExecutor() as callers:
        first = callers.submit(narrow.txt2img, "hold", force_task_id="first")
        narrow.wait_until_held()
        second = callers.submit(narrow.txt2img, "hold", force_task_id="second")
        until(lambda: pending(narrow)["size"])
        narrow.http.post("/sdapi/v1/interrupt?task_id=second")
        dropped = second.result()
        assert not first.done()
        narrow.http.post("/sdapi/v1/interrupt", params={"task_id": "first"})
        ended = first.result()

    assert (dropped.status_code, dropped.json()["error"]) == (409, "Cancelled")
    assert len(ended.json()["images"]) == 1


def test_one_task_is_skipped_alone(narrow: Front) -> None:
    """Its first unfinished batch."""
    with ThreadPoolExecutor() as callers:
        running = callers.submit(narrow.txt2img, "hold", n_iter=2, force_task_id="batches")
        narrow.wait_until_held()
        narrow.http.post("/sdapi/v1/skip", params={"task_id": "batches"})
        until(lambda: narrow.progress()["state"]["job_no"] == 1)
        state = narrow.progress()["state"]
        narrow.gate.touch()
        assert len(running.result().json()["images"]) == 2

    assert (state["job"], state["job_count"]) == ("Batch 2 out of 2", 2)


@pytest.mark.parametrize("name", ["interrupt", "skip"])
def test_a_task_there_is_none_of_cannot_be_ended(narrow: Front, name: str) -> None:
    """404 in words."""
    answer = narrow.http.post(f"/sdapi/v1/{name}", params={"task_id": "nobody's"})

    assert answer.status_code == 404
    assert "nobody's" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["interrupt", "skip"])
def test_a_task_may_be_named_in_the_body(narrow: Front, name: str) -> None:
    """As other calls have it; what is no name ends nothing."""
    with ThreadPoolExecutor() as callers:
        running = callers.submit(narrow.txt2img, "hold")
        narrow.wait_until_held()
        unknown = narrow.http.post(f"/sdapi/v1/{name}", json={"task_id": "nobody's"})
        strange = narrow.http.post(f"/sdapi/v1/{name}", json={"task_id": 5})
        state = narrow.progress()["state"]
        idle = narrow.http.post(f"/sdapi/v1/{name}", content=b"no JSON")
        narrow.gate.touch()
        running.result()

    assert (unknown.status_code, strange.status_code, idle.status_code) == (404, 422, 200)
    assert (state["interrupted"], state["skipped"]) == (False, False)


def test_half_a_letter_names_no_task(narrow: Front) -> None:
    """JSON can spell it; the page's call has it as it has any name it does not know."""
    body = b'{"id_task": "\\ud800"}'
    answer = narrow.http.post("/internal/progress", content=body)

    assert answer.status_code == 200
    assert not answer.json()["active"]


def test_a_name_may_not_be_a_novel(narrow: Front) -> None:
    """422 with the length that may be."""
    answer = narrow.txt2img(force_task_id="x" * 256)

    assert answer.status_code == 422
    assert "255" in answer.json()["detail"]


def test_previews_can_be_turned_off(narrow: Front) -> None:
    """By the options A1111 has for it, for both calls that show them."""
    for option in ({"live_previews_enable": False}, {"show_progress_every_n_steps": -1}):
        narrow.http.post("/sdapi/v1/options", json=option)
        narrow.gate.unlink(missing_ok=True)
        with ThreadPoolExecutor() as callers:
            picture = callers.submit(narrow.txt2img, "hold", force_task_id="dark")
            narrow.wait_until_held()
            images = [narrow.progress()["current_image"], seen(narrow, "dark")["live_preview"]]
            narrow.gate.touch()
            picture.result()
        narrow.http.post("/sdapi/v1/options", json=dict.fromkeys(option))
        assert images == [None, None], option
