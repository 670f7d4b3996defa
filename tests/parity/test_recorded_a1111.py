"""Pictures against those that A1111 1.8.0 made of the same requests on the same checkpoint."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tintype.core.jobs import Event, ImageDone, Job, Pixels
from tintype.core.settings import Limits
from tintype.modelstore import ModelStore
from tintype.planning import plan, random_seed
from tintype.server.sdapi.fields import Txt2ImgBody
from tintype.server.sdapi.options import Options
from tintype.server.sdapi.txt2img import picture_request
from tintype.worker.runner import JobRunner
from tintype.worker.start import Workshop

GOLDEN = Path(__file__).parents[1] / "golden" / "a1111"
CASES: list[dict[str, Any]] = json.loads((GOLDEN / "cases.json").read_text())["cases"]
HIGHEST, MEAN = 1, 0.005  # levels of 255; A1111 keeps them between its own runs


@pytest.fixture(scope="module")
def workshop() -> Generator[Workshop]:
    """An engine on one thread, as the pictures were recorded."""
    threads = torch.get_num_threads()
    yield Workshop("cpu", threads=1)
    torch.set_num_threads(threads)


def paint(workshop: Workshop, body: dict[str, Any]) -> dict[int, Pixels]:
    """The pictures of a request body."""
    store = ModelStore([GOLDEN / "tree"])
    settled = plan(
        picture_request(Txt2ImgBody.model_validate(body), Options(store.find)),
        find_checkpoint=store.find,
        draw_seed=random_seed,
        limits=Limits(),
    )
    pictures: dict[int, Pixels] = {}

    def note(event: Event) -> None:
        if isinstance(event, ImageDone):
            pictures[event.image] = event.pixels

    runner = JobRunner(workshop.engine, note)
    runner.submit(Job("j", settled))
    while not runner.is_idle:
        runner.tick()
    return pictures


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_same_picture(workshop: Workshop, case: dict[str, Any]) -> None:
    """No value differs by more than 1 of 255, and hardly any by that."""
    pictures = paint(workshop, case["request"])
    assert len(pictures) == len(case["images"])
    for image, name in enumerate(case["images"]):
        wanted = np.asarray(Image.open(GOLDEN / name).convert("RGB")).astype(int)
        ours = np.frombuffer(pictures[image].data, np.uint8).reshape(wanted.shape)
        difference = np.abs(wanted - ours)
        assert difference.max() <= HIGHEST
        assert difference.mean() <= MEAN
