"""Which checkpoint is used and which is in memory: switching, unloading, loading again."""

import json
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.api.reading import info_of
from tests.fakes.front import FAKE_WORKER, Front, running_front
from tests.fakes.waiting import until


@pytest.fixture
def front(tmp_path: Path) -> Generator[Front]:
    """A front with a ready fake worker that has nothing in memory, and a torn checkpoint."""
    torn = tmp_path / "models" / "Stable-diffusion" / "torn.safetensors"
    torn.parent.mkdir(parents=True)
    torn.write_bytes(b"torn")
    with running_front(tmp_path) as running:
        running.wait_until_ready()
        yield running


def resident(front: Front) -> list[str]:
    """Checkpoints in the worker's memory, as the status tells."""
    return front.http.get("/v1/status").json()["tally"]["resident"]


def switch(front: Front, name: str) -> None:
    answer = front.http.post("/sdapi/v1/options", json={"sd_model_checkpoint": name})
    assert (answer.status_code, answer.json()) == (200, None)


def test_another_checkpoint_is_loaded_at_once(front: Front) -> None:
    """The worker begins to load what the options name, before anybody asks for a picture."""
    switch(front, "beta")
    until(lambda: resident(front) == ["beta"])


def test_the_same_checkpoint_is_not_loaded_again(front: Front) -> None:
    """Options sent back as they came change nothing in memory."""
    switch(front, "beta")
    until(lambda: resident(front) == ["beta"])
    front.http.post("/sdapi/v1/unload-checkpoint")
    options = front.http.get("/sdapi/v1/options").json()
    assert front.http.post("/sdapi/v1/options", json=options).status_code == 200
    switch(front, "people/beta.safetensors")
    front.txt2img()
    assert resident(front) == []


def test_running_jobs_keep_their_checkpoint(front: Front) -> None:
    """A job that runs or waits when the default changes is made with what it was asked with."""
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(front.txt2img, "hold")
        front.wait_until_held()
        waiting = pool.submit(front.txt2img, "please hold")
        until(lambda: sum(front.ready()["jobs"].values()) == 2)
        switch(front, "beta")
        after = info_of(front.txt2img("later"))
        front.gate.touch()
        names = [info_of(call.result())["sd_model_name"] for call in (running, waiting)]
    assert names == ["alpha", "alpha"]
    assert after["sd_model_name"] == "beta"
    until(lambda: resident(front) == ["beta"])


def test_unload(front: Front) -> None:
    """Memory is free once the call has answered; the next picture is made all the same."""
    switch(front, "beta")
    until(lambda: resident(front) == ["beta"])
    answer = front.http.post("/sdapi/v1/unload-checkpoint")
    assert (answer.status_code, answer.json(), resident(front)) == (200, {}, [])
    assert front.txt2img().status_code == 200


def test_reload(front: Front) -> None:
    """The server's checkpoint is in memory once the call has answered."""
    answer = front.http.post("/sdapi/v1/reload-checkpoint")
    assert (answer.status_code, answer.json(), resident(front)) == (200, {}, ["alpha"])


def test_reload_of_a_torn_file(front: Front) -> None:
    """What cannot be loaded is told, and the server goes on."""
    switch(front, "torn")
    answer = front.http.post("/sdapi/v1/reload-checkpoint")
    assert answer.status_code == 400
    assert answer.json()["detail"] == "the file is torn"
    assert resident(front) == []
    assert front.txt2img(override_settings={"sd_model_checkpoint": "alpha"}).status_code == 200


def test_calls_do_not_wait_for_running_jobs(front: Front) -> None:
    """While a job runs they answer at once; what was wished last is seen to afterwards."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(front.txt2img, "hold")
        front.wait_until_held()
        for call in ("unload-checkpoint", "reload-checkpoint"):
            answer = front.http.post(f"/sdapi/v1/{call}")
            assert (answer.status_code, answer.json()) == (200, {})
        front.gate.touch()
        assert running.result().status_code == 200
    until(lambda: resident(front) == ["alpha"])


def test_the_next_worker_is_told(front: Front) -> None:
    """A worker that is started in place of a dead one loads the checkpoint of the options."""
    switch(front, "beta")
    until(lambda: resident(front) == ["beta"])
    first = front.ready()["worker"]["pid"]
    front.txt2img("crash")
    until(lambda: front.ready()["worker"]["pid"] != first and front.ready()["ready"])
    until(lambda: resident(front) == ["beta"])


def test_no_worker(tmp_path: Path) -> None:
    """Where no worker can be had the call says so and does not wait for ever."""
    worker = {"backoff_seconds": [600.0], "starts": 1}
    command = (*FAKE_WORKER, "--end-at-start")
    with running_front(tmp_path, command, worker=worker) as front:
        until(lambda: front.ready()["worker"]["state"] == "waiting")
        answer = front.http.post("/sdapi/v1/reload-checkpoint")
    assert answer.status_code == 503
    assert "exit code 3" in json.dumps(answer.json())
