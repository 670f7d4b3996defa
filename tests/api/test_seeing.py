"""What a running server tells about itself, over HTTP and in the log."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from prometheus_client.core import Sample
from prometheus_client.parser import text_string_to_metric_families
from tests.fakes.front import FAKE_WORKER, Front, running_front
from tests.fakes.waiting import until


def metrics(front: Front) -> list[Sample]:
    answer = front.http.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(answer.text)
    return [sample for family in families for sample in family.samples]


def value(front: Front, name: str, **labels: str) -> float:
    """The sum of what a metric has under these labels."""
    return sum(
        sample.value
        for sample in metrics(front)
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def status(front: Front) -> dict[str, Any]:
    return front.http.get("/v1/status").json()


def test_a_picture_is_counted(front: Front) -> None:
    """Its job, its images, its steps, its phases, and the call that asked for it."""
    before = value(front, "tintype_images_total")
    assert front.txt2img(batch_size=2, steps=3).status_code == 200

    until(lambda: value(front, "tintype_images_total") == before + 2)
    assert value(front, "tintype_jobs_total", outcome="done", dialect="sdapi/txt2img") >= 1
    assert value(front, "tintype_steps_total") >= 6
    assert value(front, "tintype_job_seconds_sum", phase="sample") > 0
    route = "/sdapi/v1/txt2img"
    assert value(front, "tintype_http_requests_total", route=route, status="200") >= 1
    assert value(front, "tintype_worker_ready") == 1
    assert value(front, "tintype_startup_seconds", phase="import") == 0.0


def test_an_empty_queue_is_done_at_once(front: Front) -> None:
    """0 seconds of work wait, as soon as any job was measured."""
    assert front.txt2img().status_code == 200
    until(lambda: not status(front)["running"])

    (remaining,) = (s for s in metrics(front) if s.name == "tintype_queue_remaining_seconds")
    assert remaining.value == 0


def test_failures_are_counted_by_class(front: Front) -> None:
    """Of the job and of the answer, each for itself."""
    front.txt2img("fail-model")
    front.txt2img(sampler_name="nobody")

    until(lambda: value(front, "tintype_errors_total", error="ModelError", where="job") == 1)
    assert value(front, "tintype_errors_total", error="ModelError", where="http") == 1
    assert value(front, "tintype_errors_total", error="UnknownName", where="http") == 1


def test_waiting_and_running_jobs_are_seen(narrow: Front) -> None:
    """Depth of the queue, its oldest job, and the running one's steps."""
    with ThreadPoolExecutor() as callers:
        calls = [callers.submit(narrow.txt2img, "hold")]
        narrow.wait_until_held()
        calls += [callers.submit(narrow.txt2img) for _ in range(2)]
        until(lambda: value(narrow, "tintype_queue_depth") == 2)
        seen = status(narrow)
        oldest = value(narrow, "tintype_queue_oldest_seconds")
        narrow.gate.touch()

    assert all(call.result().status_code == 200 for call in calls)
    assert oldest > 0
    (job,) = seen["running"]
    assert (job["steps"], job["dialect"], job["progress"]) == ([[1, 2]], "sdapi/txt2img", 0.5)
    assert seen["queue"]["waiting"] == 2
    assert [line["jobs"] for line in seen["queue"]["lines"]] == [2]
    assert seen["queue"]["oldest_seconds"] > 0


def test_status_of_an_idle_server(front: Front) -> None:
    """Worker, versions, and nothing that runs."""
    until(lambda: not status(front)["running"])
    seen = status(front)

    assert seen["worker"]["state"] == "ready"
    assert seen["worker"]["start_seconds"] == {"import": 0.0}
    assert (seen["queue"]["waiting"], seen["queue"]["lines"]) == (0, [])
    assert seen["uptime_seconds"] > 0


def test_every_answer_carries_an_id(front: Front) -> None:
    """The caller's or a new one, also on errors."""
    assert front.http.get("/healthz", headers={"X-Request-Id": "abc"}).headers["x-request-id"] == (
        "abc"
    )
    first, second = (front.http.get("/nowhere").headers["x-request-id"] for _ in range(2))
    assert first != second


def test_probes_of_a_ready_server(front: Front) -> None:
    """All four say yes."""
    for probe in ("/healthz", "/livez", "/startupz", "/readyz"):
        assert front.http.get(probe).status_code == 200, probe
    assert front.http.get("/startupz").json() == {"started": True, "seconds": {"import": 0.0}}


def test_probes_while_the_first_worker_starts(tmp_path: Path) -> None:
    """Alive, but neither started nor ready, in words; the metrics say the same."""
    gate = tmp_path / "start-gate"
    command = [*FAKE_WORKER, "--start-gate", str(gate)]
    with running_front(tmp_path, command) as front:
        assert front.http.get("/livez").status_code == 200
        starting = front.http.get("/startupz")
        assert (starting.status_code, starting.json()["phase"]) == (503, "starting")
        assert starting.json()["reason"] == "the worker is starting"
        unready = front.http.get("/readyz")
        assert (unready.status_code, "retry-after" in unready.headers) == (503, True)
        assert value(front, "tintype_worker_ready") == 0
        gate.touch()
        front.wait_until_ready()
        assert front.http.get("/startupz").status_code == 200


def test_a_lost_worker_is_no_new_start(tmp_path: Path) -> None:
    """While another worker starts the server is not ready, but stays started and alive."""
    with running_front(tmp_path, worker={"backoff_seconds": [600.0]}) as front:
        os.kill(front.wait_until_ready()["worker"]["pid"], signal.SIGKILL)
        until(lambda: front.http.get("/readyz").status_code == 503)

        assert front.http.get("/startupz").status_code == 200
        assert front.http.get("/livez").status_code == 200
        assert value(front, "tintype_worker_restarts_total") == 1


def test_log_lines_are_json_with_the_job(tmp_path: Path) -> None:
    """One line for the end of a job, with its budget; the call's is at debug level."""
    log = {"form": "json", "level": "debug"}
    with running_front(tmp_path, log=log) as front:
        front.wait_until_ready()
        answer = front.txt2img("a confidential cat")
        lines = until(lambda: [line for line in logged(front) if line.get("state") == "done"])

        assert [line["job"] for line in lines] == [answer.headers["X-Tintype-Job"]]
        assert lines[0]["seconds"]["sample"] == 0.1
        access = [line for line in logged(front) if line.get("route") == "/sdapi/v1/txt2img"]
        assert [line["level"] for line in access] == ["debug"]
        assert access[0]["request"] == answer.headers["X-Request-Id"]
        assert access[0]["job"] == answer.headers["X-Tintype-Job"]


def test_no_prompt_is_logged_above_debug(front: Front) -> None:
    """Neither of pictures that were made nor of those that failed."""
    for prompt in ("confidential cat", "confidential fail-engine", "confidential fail-request"):
        front.txt2img(prompt)
    front.txt2img("confidential", sampler_name="confidential")
    until(lambda: value(front, "tintype_errors_total", where="job") >= 2)

    assert "confidential" not in front.log


def test_front_and_worker_write_the_same_form(tmp_path: Path) -> None:
    """`--log-format json` holds for the real worker too, whose lines are on the same stream."""
    words = ["serve", "--port", "0", "--data", str(tmp_path), "--device", "cuda:99"]
    command = [sys.executable, "-m", "tintype", *words, "--log-format", "json"]
    log = tmp_path / "log"
    with (
        log.open("w") as stream,
        subprocess.Popen(command, stderr=stream, stdout=subprocess.DEVNULL) as process,
    ):
        until(lambda: "starting it again" in log.read_text())
        process.terminate()
    lines = [json.loads(line) for line in log.read_text().splitlines()]

    assert {"tintype.worker", "tintype.jobs"} <= {line["logger"] for line in lines}
    assert all(line["time"].endswith("Z") for line in lines)


def logged(front: Front) -> list[dict[str, Any]]:
    return [json.loads(line) for line in front.log.splitlines() if line.endswith("}")]
