"""A picture cut short by a death is resumed, not begun again, and has the bytes it would have had.

The real worker paints with the demo model, one picture at a time.
"""

import signal
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from tests.fakes.front import Front, running_front
from tests.fakes.mortal_worker import tell_fate
from tests.fakes.pictures import as_text, picture_file
from tests.fakes.waiting import until

from tintype.demo.checkpoint import CHECKPOINT

MORTAL = str(Path(__file__).parents[1] / "fakes" / "mortal_worker.py")
OPTIONS = {"override_settings": {"sd_model_checkpoint": CHECKPOINT.stem}}
BODY: dict[str, Any] = {
    "prompt": "a red star on a blue background",
    "seed": 5,
    "steps": 20,
    "width": 128,
    "height": 128,
    "sampler_name": "Euler a",
} | OPTIONS
IMG2IMG: dict[str, Any] = BODY | {
    "init_images": [as_text(picture_file())],
    "denoising_strength": 0.9,
}


def command(folder: Path) -> list[str]:
    """Start the worker that may die; the demo model is in its list."""
    checkpoint = folder / "models" / "Stable-diffusion" / CHECKPOINT.name
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    if not checkpoint.exists():
        copy(CHECKPOINT, checkpoint)
    arguments = ["--device", "cpu", "--threads", "1", "--fate", str(folder / "fate")]
    return [sys.executable, MORTAL, *arguments]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with a real worker whose fate is in a file."""
    folder = tmp_path_factory.mktemp("mortal")
    with running_front(folder, command(folder), worker={"backoff_seconds": [0.0]}) as front:
        front.wait_until_ready()
        yield front


def painted(front: Front, body: dict[str, Any], **headers: str) -> tuple[list[str], str]:
    """The pictures as they are sent, and the job's id."""
    tab = "img2img" if "init_images" in body else "txt2img"
    answer = front.http.post(f"/sdapi/v1/{tab}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["images"], answer.headers["X-Tintype-Job"]


def timings(front: Front, job_id: str) -> dict[str, Any]:
    return front.http.get(f"/v1/jobs/{job_id}").json()["timings"]


@pytest.mark.parametrize(
    ("body", "order", "number", "replayed"),
    [
        (BODY, "Encode", 1, 0),
        (BODY, "Denoise", 13, 12),
        (BODY, "Decode", 1, 20),
        (IMG2IMG, "EncodePixels", 1, 0),
        (IMG2IMG, "Denoise", 10, 9),
    ],
)
def test_worker_killed_at_each_stage(
    front: Front, body: dict[str, Any], order: str, number: int, replayed: int
) -> None:
    """The waiting call gets the same bytes, and no answered step is computed again."""
    body = body | {"prompt": f"a green ring, {order} {number}"}  # encoded anew
    tell_fate(front.folder / "fate", order, number)
    resumed, job_id = painted(front, body)
    assert not (front.folder / "fate").exists()
    undisturbed, other_id = painted(front, body)

    assert resumed == undisturbed
    steps = timings(front, other_id)["passes"]
    counted = timings(front, job_id)
    assert (counted["replayed"], counted["passes"]) == (replayed, steps - replayed)


def resumed_after_restart(folder: Path, end: signal.Signals, **options: Any) -> dict[str, Any]:
    """Ask for a picture under a key, end the front in the middle, and ask the next one again."""
    body, headers = BODY | {"steps": 40}, {"Idempotency-Key": "k"}
    with running_front(folder, command(folder), **options) as front, ThreadPoolExecutor() as pool:
        front.wait_until_ready()
        pool.submit(front.http.post, "/sdapi/v1/txt2img", json=body, headers=headers)
        until(lambda: front.progress()["state"]["sampling_step"] > 10)
        front.process.send_signal(end)
        front.process.wait(30)
    with running_front(folder, command(folder), **options) as front:
        front.wait_until_ready()
        images, job_id = painted(front, body, **headers)
        again, _ = painted(front, body)
        (job,) = [job for job in front.http.get("/v1/jobs").json()["jobs"] if job["id"] == job_id]
        assert images == again
        return job


def test_front_killed_in_the_middle(tmp_path: Path) -> None:
    """Started again on its data folder it goes on from the step it had reached."""
    job = resumed_after_restart(tmp_path, signal.SIGKILL)

    assert job["timings"]["replayed"] > 10
    assert job["timings"]["replayed"] + job["timings"]["passes"] == 40


def test_front_stopped_in_order_parks_what_runs(tmp_path: Path) -> None:
    """SIGTERM without patience: the job is parked, and goes on as if it had not been tried."""
    job = resumed_after_restart(tmp_path, signal.SIGTERM, worker={"stop_seconds": 0.0})

    assert job["timings"]["replayed"] > 10
    assert job["attempts"] == 1


def test_logs_end_with_their_job(front: Front) -> None:
    """A finished job's folder holds its picture and nothing else."""
    _, job_id = painted(front, BODY)
    folder = front.folder / "data" / "jobs" / job_id

    until(lambda: [path.name for path in folder.iterdir()] == ["0.picture"])
