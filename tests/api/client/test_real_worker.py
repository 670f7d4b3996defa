"""The Python client with the real worker and the demo model."""

import shutil
import sys
from collections.abc import Generator

import numpy as np
import pytest
from tests.fakes.front import Front, running_front

from tintype import Client
from tintype.client import PreviewEvent
from tintype.settings import DEMO_TREE

WORKER = (sys.executable, "-m", "tintype.worker", "--device", "cpu", "--threads", "1")


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with a real worker and the demo model."""
    folder = tmp_path_factory.mktemp("real")
    checkpoints = folder / "models" / "Stable-diffusion"
    checkpoints.mkdir(parents=True)
    (packaged,) = DEMO_TREE.rglob("*.safetensors")
    shutil.copy(packaged, checkpoints / "demo.safetensors")
    with running_front(folder, WORKER) as running:
        running.wait_until_ready()
        yield running


def test_a_picture_a_draft_and_an_edit(front: Front) -> None:
    """A promoted draft is the picture at once, previews show it coming, an edit keeps its size."""
    with Client(front.url) as client:
        job = client.submit(
            "a red star", checkpoint="demo", steps=6, width=64, height=96, seed=4, draft_steps=2
        )
        client.wait(job)
        events = client.events(client.promote(job), previews=True)
        previews = [event for event in events if isinstance(event, PreviewEvent)]
        promoted = client.pictures(client.wait(job))[0]
        whole = client.generate(
            "a red star", checkpoint="demo", steps=6, width=64, height=96, seed=4
        )[0]
        edited = client.edit(whole, "a blue ring", checkpoint="demo", steps=4)[0]

        assert promoted.data == whole.data
        assert whole.image.size == edited.image.size == (64, 96)
        assert np.asarray(whole.image).std() > 5
        assert all(preview.picture.size[0] > 0 for preview in previews)
        assert "Model: demo" in (edited.infotext or "")
