"""Accepted jobs outlive everything: their front, their worker, their disk, their company."""

import os
import resource
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.fakes.front import Front, is_alive, running_front
from tests.fakes.waiting import until

KEEP = {"X-Tintype-Keep": "1"}


def jobs(front: Front) -> list[dict[str, Any]]:
    return front.http.get("/v1/jobs?limit=200").json()["jobs"]


def states(front: Front) -> dict[str, str]:
    return {job["id"]: job["state"] for job in jobs(front)}


def accepted(front: Front, prompt: str, **fields: Any) -> str:
    """A job that nobody waits for."""
    body = {"prompt": prompt, "steps": 3, "width": 64, "height": 64} | fields
    answer = front.http.post("/v1/jobs", json={"sdapi": {"tab": "txt2img", "body": body}})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def images(front: Front, job_id: str) -> int:
    return len(front.http.get(f"/v1/jobs/{job_id}/answer").json()["images"])


@pytest.mark.parametrize("prompt", ["hold-first", "hold", "hold-last"])
def test_front_killed_at_each_stage(tmp_path: Path, prompt: str) -> None:
    """Started again on its folder it finishes every job it had accepted, and none twice."""
    steps = {"hold-first": 0, "hold": 1, "hold-last": 3}[prompt]
    with running_front(tmp_path, worker={"in_flight": 2}) as front:
        worker = front.wait_until_ready()["worker"]["pid"]
        wanted = [accepted(front, prompt, batch_size=2)]
        wanted += [accepted(front, "a cat", seed=seed) for seed in range(3)]
        until(lambda: front.progress()["state"]["sampling_step"] == steps)
        until(lambda: front.ready()["jobs"]["running"] == 1)
        front.process.kill()
        front.process.wait(30)
        until(lambda: not is_alive(worker))
        front.gate.touch()
    with running_front(tmp_path) as front:
        until(lambda: set(states(front).values()) == {"done"})

        assert states(front) == dict.fromkeys(wanted, "done")
        assert [images(front, job) for job in wanted] == [2, 1, 1, 1]
        assert all(job["attempts"] <= 2 for job in jobs(front))


@pytest.mark.parametrize("prompt", ["hold-first", "hold", "hold-last"])
def test_worker_killed_at_each_stage(tmp_path: Path, prompt: str) -> None:
    """The next worker finishes what the last one had, and what waited."""
    with running_front(tmp_path, worker={"in_flight": 2}) as front:
        worker = front.wait_until_ready()["worker"]["pid"]
        wanted = [accepted(front, prompt, batch_size=2), accepted(front, "a cat")]
        until(lambda: front.ready()["jobs"]["running"] == 1)
        os.kill(worker, signal.SIGKILL)
        until(lambda: front.ready()["worker"]["restarts"] == 1)
        front.gate.touch()
        until(lambda: set(states(front).values()) == {"done"})

        assert states(front) == dict.fromkeys(wanted, "done")
        assert [images(front, job) for job in wanted] == [2, 1]


def test_queued_jobs_outlive_an_orderly_stop(tmp_path: Path) -> None:
    """SIGTERM: what runs is parked, what waits stays, and all of it is done after the start."""
    with running_front(tmp_path, worker={"in_flight": 1, "stop_seconds": 0.0}) as front:
        front.wait_until_ready()
        wanted = [accepted(front, "hold"), accepted(front, "a cat")]
        front.wait_until_held()
        front.process.terminate()
        assert front.process.wait(30) == 0
        front.gate.touch()
    with running_front(tmp_path) as front:
        until(lambda: set(states(front).values()) == {"done"})

        assert states(front) == dict.fromkeys(wanted, "done")
        assert {job["attempts"] for job in jobs(front)} == {1}
    assert "Traceback" not in front.log


def test_a_call_under_a_key_gets_its_pictures_from_the_next_front(tmp_path: Path) -> None:
    """The first call was cut off by kill -9; the second one waits for the same job."""
    body = {"prompt": "hold", "steps": 3, "width": 64, "height": 64}
    headers = {"Idempotency-Key": "k"}
    with running_front(tmp_path) as front, ThreadPoolExecutor() as callers:
        front.wait_until_ready()
        cut = callers.submit(front.http.post, "/sdapi/v1/txt2img", json=body, headers=headers)
        front.wait_until_held()
        front.process.kill()
        assert cut.exception() is not None
    with running_front(tmp_path) as front:
        (job_id,) = states(front)
        front.gate.touch()
        answer = front.http.post("/sdapi/v1/txt2img", json=body, headers=headers)

        assert (answer.status_code, answer.headers["X-Tintype-Job"]) == (200, job_id)
        assert len(answer.json()["images"]) == 1
        assert states(front) == {job_id: "done"}


def limit_files(pid: int, most_bytes: int) -> None:
    """Let a process write no file longer than this, as on a disk that is full."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))


def test_a_full_disk_at_admission_is_said(tmp_path: Path) -> None:
    """503 in words, nothing accepted; with room again the server goes on."""
    with running_front(tmp_path) as front:
        front.wait_until_ready()
        limit_files(front.process.pid, 4096)
        refused = front.txt2img()
        limit_files(front.process.pid, resource.RLIM_INFINITY)

        assert (refused.status_code, refused.json()["error"]) == (503, "BusyError")
        assert "the disk is full" in refused.json()["detail"]
        assert states(front) == {}
        assert front.txt2img().status_code == 200


def test_a_full_disk_under_a_picture_fails_its_job_alone(tmp_path: Path) -> None:
    """The call is told why, and the next picture is kept."""
    with running_front(tmp_path) as front:
        worker = front.wait_until_ready()["worker"]["pid"]
        limit_files(worker, 100)
        failed = front.txt2img()
        limit_files(worker, resource.RLIM_INFINITY)

        assert failed.status_code == 500
        assert "cannot be kept" in failed.json()["detail"]
        assert front.txt2img().status_code == 200


def test_a_torn_database_does_not_keep_the_server_from_starting(tmp_path: Path) -> None:
    """It is moved aside, the log says so, and new jobs are done."""
    with running_front(tmp_path) as front:
        front.wait_until_ready()
        assert front.txt2img().status_code == 200
        front.process.terminate()
        front.process.wait(30)
    path = tmp_path / "data" / "jobs.sqlite"
    path.write_bytes(b"\xff" * path.stat().st_size)
    with running_front(tmp_path) as front:
        front.wait_until_ready()

        assert states(front) == {}
        assert front.txt2img().status_code == 200
    assert "jobs.sqlite.torn-" in front.log


def test_a_client_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    """Its answer waits for it; others are served."""
    body = b'{"prompt": "a cat", "width": 1024, "height": 1024, "steps": 2, "batch_size": 4}'
    with running_front(tmp_path) as front, socket.socket() as client:
        front.wait_until_ready()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(front.address)
        client.sendall(
            b"POST /sdapi/v1/txt2img HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        until(lambda: "done" in states(front).values())

        assert front.txt2img().status_code == 200


def test_a_hundred_clients_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All get their pictures, and neither memory nor processes are left behind."""
    with running_front(tmp_path) as front, ThreadPoolExecutor(100) as callers:
        front.wait_until_ready()
        process = psutil.Process(front.process.pid)
        rounds: list[int] = []
        for _ in range(3):
            calls = [callers.submit(front.txt2img) for _ in range(100)]
            assert all(call.result().status_code == 200 for call in calls)
            rounds.append(process.memory_info().rss // 2**20)
        with capsys.disabled():
            print(f"\nMiB of the front after each hundred calls: {rounds}")

        assert rounds[2] - rounds[1] < 20
        assert len(process.children(recursive=True)) == 1
        assert front.ready()["jobs"] == {"running": 0, "waiting": 0}
