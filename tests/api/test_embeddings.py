"""Textual inversions over HTTP: which fit the server's checkpoint, and what prompts for it mean."""

from collections.abc import Generator
from typing import Any

import pytest
import torch
from tests.api.reading import info_of
from tests.fakes.checkpoints import save_tensors
from tests.fakes.front import Front, running_front
from tests.fakes.library import add_sdxl


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with checkpoints for SD 1.x and SDXL, and embeddings for them and for SD 2.x."""
    folder = tmp_path_factory.mktemp("front")
    add_sdxl(folder)
    words = folder / "embeddings"
    words.mkdir()
    a1111 = {
        "string_to_param": {"*": torch.zeros(3, 768)},
        "name": "trained as this",
        "step": 4999,
        "sd_checkpoint": "a9263745",
        "sd_checkpoint_name": "v1-5",
    }
    torch.save(a1111, words / "moth.pt")
    save_tensors({"emb_params": torch.zeros(1024)}, words / "whale.safetensors")
    pair = {"clip_l": torch.zeros(2, 768), "clip_g": torch.zeros(2, 1280)}
    save_tensors(pair, words / "Eagle.safetensors")
    with running_front(folder) as running:
        running.wait_until_ready()
        yield running


def told(vectors: int, shape: int, **more: Any) -> dict[str, Any]:
    """An entry of the list."""
    nothing = {"step": None, "sd_checkpoint": None, "sd_checkpoint_name": None}
    return {**nothing, "shape": shape, "vectors": vectors, **more}


MOTH = told(3, 768, step=4999, sd_checkpoint="a9263745", sd_checkpoint_name="v1-5")
EAGLE, WHALE = told(2, 2048), told(1, 1024)


def test_those_that_fit_are_loaded(front: Front) -> None:
    """The width of its vectors must be that of the server's checkpoint; others are skipped."""
    front.http.post("/sdapi/v1/options", json={"sd_model_checkpoint": "alpha"})
    assert front.http.get("/sdapi/v1/embeddings").json() == {
        "loaded": {"moth": MOTH},
        "skipped": {"Eagle": EAGLE, "whale": WHALE},
    }
    front.http.post("/sdapi/v1/options", json={"sd_model_checkpoint": "xl"})
    assert front.http.get("/sdapi/v1/embeddings").json() == {
        "loaded": {"Eagle": EAGLE},
        "skipped": {"moth": MOTH, "whale": WHALE},
    }


@pytest.mark.parametrize(("checkpoint", "used"), [("alpha", "moth: "), ("xl", "Eagle: ")])
def test_in_prompts(front: Front, checkpoint: str, used: str) -> None:
    """A name that fits stands for its vectors; one that does not is a word like any other."""
    options = {"sd_model_checkpoint": checkpoint}
    answer = front.txt2img("a moth, an eagle, a whale", override_settings=options)
    hashes = info_of(answer)["extra_generation_params"]["TI hashes"]
    assert hashes.startswith(used)
    assert hashes.count(":") == 1
