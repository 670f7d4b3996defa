"""Faces restored by the real worker, on small networks in files as people have them."""

import json
import shutil
import sys
from base64 import b64decode
from collections.abc import Generator
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.fakes.face_detectors import finding_state, write_detector
from tests.fakes.faces import write_codeformer, write_gfpgan
from tests.fakes.front import Front, running_front
from tests.fakes.pictures import as_text, picture_file

from tintype.settings import DEMO_TREE

WORKER = (sys.executable, "-m", "tintype.worker", "--device", "cpu", "--threads", "1")
PAINTED: dict[str, Any] = {
    "prompt": "a red star",
    "steps": 2,
    "width": 128,
    "height": 128,
    "seed": 7,
    "override_settings": {"face_restoration_model": "GFPGAN", "sd_model_checkpoint": "demo"},
}


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with a real worker, the demo model, and one that finds a face in any picture."""
    folder = tmp_path_factory.mktemp("restored")
    models = folder / "models"
    (models / "Stable-diffusion").mkdir(parents=True)
    (packaged,) = DEMO_TREE.rglob("*.safetensors")
    shutil.copy(packaged, models / "Stable-diffusion" / "demo.safetensors")
    write_detector(models / "GFPGAN" / "detection_Resnet50_Final.pth", finding_state())
    write_gfpgan(models / "GFPGAN" / "GFPGANv1.4.pth")
    write_codeformer(models / "Codeformer" / "codeformer-v0.1.0.pth")
    with running_front(folder, WORKER) as running:
        running.wait_until_ready()
        yield running


def pixels_of(text: str) -> NDArray[np.int64]:
    with Image.open(BytesIO(b64decode(text))) as picture:
        return np.asarray(picture.convert("RGB")).astype(np.int64)


def painted(front: Front, **fields: Any) -> NDArray[np.int64]:
    answer = front.http.post("/sdapi/v1/txt2img", json=PAINTED | fields)
    assert answer.status_code == 200, answer.text
    told = json.loads(answer.json()["info"])["infotexts"][0]
    assert ("Face restoration: GFPGAN" in told) is bool(fields.get("restore_faces"))
    return pixels_of(answer.json()["images"][0])


def extras(front: Front, **fields: Any) -> httpx.Response:
    picture = as_text(picture_file((200, 100, 50), (128, 128)))
    return front.http.post("/sdapi/v1/extra-single-image", json={"image": picture} | fields)


def test_a_painted_face_is_restored(front: Front) -> None:
    """What lies in the middle changes, what is around it is the same picture."""
    before, after = painted(front), painted(front, restore_faces=True)
    away = np.abs(after - before).max(2)
    assert away[56:72, 56:72].mean() > 5
    assert away[:30].max() == away[:, :30].max() == 0


def test_extras_restore_by_both(front: Front) -> None:
    """GFPGAN, then CodeFormer; half the visibility changes half as much."""
    whole, half = (
        pixels_of(extras(front, codeformer_visibility=share).json()["image"]) - (200, 100, 50)
        for share in (1, 0.5)
    )
    assert np.abs(whole[64, 64]).max() > 5
    np.testing.assert_allclose(half, whole / 2, atol=1)
    both = extras(front, gfpgan_visibility=1, codeformer_visibility=1, upscaling_resize=1)
    assert pixels_of(both.json()["image"]).shape == (128, 128, 3)


def test_memory_is_given_back(front: Front) -> None:
    """`unload-checkpoint` forgets them, and the next picture reads them again."""
    extras(front, gfpgan_visibility=1).raise_for_status()
    held = front.http.get("/v1/status").json()["tally"]["resident_bytes"]
    front.http.post("/sdapi/v1/unload-checkpoint").raise_for_status()
    assert front.http.get("/v1/status").json()["tally"]["resident_bytes"] < held
    extras(front, gfpgan_visibility=1).raise_for_status()


def test_a_torn_file_is_told(front: Front) -> None:
    """By its name, and in words; others go on."""
    path = front.folder / "models" / "GFPGAN" / "GFPGANv1.4.pth"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    front.http.post("/sdapi/v1/refresh-checkpoints").raise_for_status()
    try:
        answer = extras(front, gfpgan_visibility=1)
        assert (answer.status_code, "GFPGANv1.4.pth" in answer.text) == (400, True), answer.text
        assert extras(front, codeformer_visibility=1).status_code == 200
    finally:
        path.write_bytes(whole)
        front.http.post("/sdapi/v1/refresh-checkpoints").raise_for_status()
