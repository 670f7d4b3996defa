"""The real worker behind the real front, on a tiny checkpoint: company, bad files, sudden death."""

import base64
import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.fakes.checkpoints import write_lora, write_tiny_checkpoint, write_torn_checkpoint
from tests.fakes.front import Front, running_front
from tests.fakes.waiting import until

WORKER = (sys.executable, "-m", "tintype.worker", "--device", "cpu", "--threads", "1")
PATIENT_WORKER = """
import sys, threading
from tintype.worker import __main__ as worker, channel
channel.sleep = lambda _: threading.Event().wait()  # never ended hard, however slow the imports are
sys.exit(worker.main())
"""
TOLERANCE = 1  # of 255, as for pictures in company anywhere
SAMPLERS = ("DPM++ 2M Karras", "Euler a", "Euler")


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with a real worker, one good checkpoint and three bad ones."""
    folder = tmp_path_factory.mktemp("real")
    checkpoints = folder / "models" / "Stable-diffusion"
    checkpoints.mkdir(parents=True)
    write_tiny_checkpoint(checkpoints / "tiny.safetensors")
    write_torn_checkpoint(checkpoints / "torn.safetensors")
    write_lora(checkpoints / "lora.safetensors")
    with running_front(folder, WORKER) as front:
        front.wait_until_ready()
        yield front


def ask(front: Front, model: str = "tiny", **fields: Any) -> dict[str, Any]:
    """A picture by one of the checkpoints."""
    answer = front.txt2img(override_settings={"sd_model_checkpoint": model}, **fields)
    return answer.json() | {"status": answer.status_code}


def pixels(answer: dict[str, Any]) -> NDArray[np.int64]:
    """The first picture of an answer."""
    data = base64.b64decode(answer["images"][0])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(np.int64)


def test_eight_at_once_are_as_alone(front: Front) -> None:
    """Eight calls at once return the pictures they return alone, out of shared passes."""
    bodies: list[dict[str, Any]] = [
        {"prompt": f"stranger {i}", "seed": i, "steps": 12 + i, "sampler_name": SAMPLERS[i % 3]}
        for i in range(8)
    ]
    alone = [pixels(ask(front, **body)) for body in bodies]
    with ThreadPoolExecutor(8) as pool:
        together = [
            pixels(call.result()) for call in [pool.submit(ask, front, **b) for b in bodies]
        ]
    for one, other in zip(alone, together, strict=True):
        assert np.abs(one - other).max() <= TOLERANCE
    alone_rows = 2.0  # of a guided picture
    until(lambda: max(rows_per_pass(front), default=0.0) > alone_rows)


def rows_per_pass(front: Front) -> list[float]:
    """Of each job, as its last line in the log says."""
    return [float(text) for text in re.findall(r"passes of ([\d.]+) rows", front.log)]


def test_bad_files_are_refused_in_words(front: Front) -> None:
    """A torn or foreign file fails its own request with a sentence about the file."""
    torn, lora = ask(front, "torn"), ask(front, "lora")
    assert (torn["status"], lora["status"]) == (400, 400)
    assert "torn.safetensors" in torn["detail"]
    assert "LoRA" in lora["detail"]
    assert ask(front)["status"] == 200


def test_a_killed_worker_loses_nothing(front: Front) -> None:
    """After kill -9 in the middle of a picture the waiting call gets that same picture."""
    body: dict[str, Any] = {"prompt": "a survivor", "seed": 3, "steps": 150}
    wanted = pixels(ask(front, **body))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, front, **body)
        until(lambda: front.progress()["state"]["sampling_step"] > 10)
        os.kill(front.ready()["worker"]["pid"], signal.SIGKILL)
        answer = waiting.result()
    assert answer["status"] == 200
    assert np.abs(pixels(answer) - wanted).max() <= TOLERANCE
    assert "SIGKILL" in front.log
    assert front.ready()["ready"]


def test_a_worker_starts_without_the_file_it_was_to_load_early(tmp_path: Path) -> None:
    """The first checkpoint of the front's start may be gone when its worker starts again."""
    checkpoints = tmp_path / "models" / "Stable-diffusion"
    checkpoints.mkdir(parents=True)
    write_tiny_checkpoint(checkpoints / "tiny.safetensors")
    gone = str(checkpoints / "gone.safetensors")
    with running_front(tmp_path, (*WORKER, "--preload", gone)) as front:
        front.wait_until_ready()
        assert ask(front)["status"] == 200
    assert "gone.safetensors" in front.log


def test_a_worker_whose_front_is_gone_ends_in_order(tmp_path: Path) -> None:
    """A front that ended while its worker was starting is no error of the worker's."""
    ours, theirs = socket.socketpair()
    told = ["--jobs", str(tmp_path), "--fd", str(theirs.fileno())]
    with theirs:
        worker = subprocess.Popen(
            [sys.executable, "-c", PATIENT_WORKER, *WORKER[3:], *told],
            pass_fds=(theirs.fileno(),),
            stderr=subprocess.PIPE,
            text=True,
        )
    ours.close()
    _, complaint = worker.communicate(timeout=120)
    assert (worker.returncode, complaint) == (0, "")
