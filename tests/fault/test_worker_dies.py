"""What happens to pictures when their worker dies, or cannot even start."""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from tests.fakes.front import FAKE_WORKER, Front, running_front
from tests.fakes.waiting import until


def is_drawn(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and len(answer.json()["images"]) == 1


def test_killed_worker_costs_no_picture(tmp_path: Path) -> None:
    """kill -9 in the middle of a picture: the waiting call gets it from the next worker."""
    with running_front(tmp_path) as front, ThreadPoolExecutor() as callers:
        pid = front.wait_until_ready()["worker"]["pid"]
        picture = callers.submit(front.txt2img, "hold")
        front.wait_until_held()
        os.kill(pid, signal.SIGKILL)
        until(lambda: front.ready()["worker"]["restarts"] == 1)
        front.gate.touch()

        assert is_drawn(picture.result())
        assert front.ready()["worker"]["pid"] != pid
    assert "ended by SIGKILL" in front.log


def test_picture_that_kills_its_worker_is_given_up_in_words(tmp_path: Path) -> None:
    """After three workers the call is told so, and the server works on."""
    with running_front(tmp_path, worker={"backoff_seconds": [0.0]}) as front:
        front.wait_until_ready()
        answer = front.txt2img("crash")

        assert (answer.status_code, answer.json()["error"]) == (500, "EngineError")
        assert "ended with exit code 3, 3 times with this job" in answer.json()["detail"]
        assert is_drawn(front.txt2img("a cat"))


def test_deadly_picture_takes_no_others_along(tmp_path: Path) -> None:
    """Pictures in flight beside it are drawn; only the cause fails."""
    with running_front(tmp_path, worker={"backoff_seconds": [0.0]}) as front:
        front.wait_until_ready()
        with ThreadPoolExecutor() as callers:
            others = [callers.submit(front.txt2img, "hold") for _ in range(3)]
            until(lambda: front.ready()["jobs"]["running"] == 3)
            front.wait_until_held()
            deadly = callers.submit(front.txt2img, "crash")
            until(lambda: front.ready()["worker"]["restarts"] >= 1)
            front.gate.touch()

            assert all(is_drawn(other.result()) for other in others)
            assert deadly.result().status_code == 500


def test_jobs_wait_for_a_worker_that_is_still_warming(tmp_path: Path) -> None:
    """A call that comes early is queued, /readyz says why, and the picture comes."""
    ready = tmp_path / "ready"
    command = [*FAKE_WORKER, "--start-gate", str(ready)]
    with running_front(tmp_path, command) as front, ThreadPoolExecutor() as callers:
        picture = callers.submit(front.txt2img)
        until(lambda: front.ready()["jobs"]["waiting"] == 1)
        probe = front.http.get("/readyz")
        ready.touch()

        assert (probe.status_code, probe.json()["reason"]) == (503, "the worker is starting")
        assert is_drawn(picture.result())


def check_refusals(front: Front, reason: str) -> None:
    waiting = front.txt2img()
    probe, later = front.http.get("/readyz"), front.txt2img()
    assert (waiting.status_code, waiting.json()["error"]) == (503, "WorkerUnavailable")
    assert later.status_code == probe.status_code == 503
    assert reason in waiting.json()["detail"]
    assert reason in probe.json()["reason"]
    assert int(later.headers["Retry-After"]) >= 1
    assert front.http.get("/healthz").status_code == 200


def test_worker_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    """A program that is not there: calls get 503 with the reason, and the log has it."""
    command, worker = [str(tmp_path / "no-such-program")], {"backoff_seconds": [0.0, 0.0, 60.0]}
    with running_front(tmp_path, command, worker=worker) as front:
        check_refusals(front, "the worker cannot be started")
    assert "the worker cannot be started" in front.log


def test_worker_that_ends_at_its_start_is_said(tmp_path: Path) -> None:
    """A worker that dies before it is ready three times: calls get 503 with its exit code."""
    command, worker = [*FAKE_WORKER, "--end-at-start"], {"backoff_seconds": [0.0, 0.0, 60.0]}
    with running_front(tmp_path, command, worker=worker) as front:
        check_refusals(front, "the worker ended with exit code 3")


def test_server_recovers_once_its_worker_can_start(tmp_path: Path) -> None:
    """A refused start is tried again, and then pictures are drawn."""
    script = tmp_path / "worker.sh"
    worker = {"backoff_seconds": [0.0, 0.0, 0.1]}
    with running_front(tmp_path, [str(script)], worker=worker) as front:
        assert front.txt2img().status_code == 503
        fake = Path(FAKE_WORKER[1]).absolute()
        script.write_text(f'#!/bin/sh\nexec {sys.executable} {fake} "$@"\n')
        script.chmod(0o755)
        front.wait_until_ready()

        assert is_drawn(front.txt2img())


def test_worker_that_cannot_be_set_up_points_to_the_log(tmp_path: Path) -> None:
    """Exit code 2, as for a device that is not there, is said in words."""
    command, worker = ["sh", "-c", "exit 2"], {"backoff_seconds": [0.0, 0.0, 60.0]}
    with running_front(tmp_path, command, worker=worker) as front:
        check_refusals(front, "the worker cannot be set up (exit code 2); the server's log says")
