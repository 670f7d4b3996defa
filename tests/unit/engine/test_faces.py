"""Networks for faces in memory, and passes on them."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
import torch
from tests.fakes.face_detectors import finding_state, write_detector
from tests.fakes.faces import write_codeformer, write_gfpgan
from torch import Tensor

from tintype.core.faces import (
    Face,
    FaceDetectorRecord,
    FaceRestorerName,
    FaceRestorerRecord,
)
from tintype.core.models import ModelRecord
from tintype.core.orders import Answer, FindFaces, Order, RestoreFace, batch_key, rows_of
from tintype.engine import Checkpoints, FaceNetworks, Passes, Residency, is_loggable
from tintype.errors import ModelError
from tintype.networks import LoadedCheckpoint


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> FaceDetectorRecord:
    """A small detector that finds one face in the middle."""
    folder = tmp_path_factory.mktemp("detector")
    path = write_detector(folder / "detection_Resnet50_Final.pth", finding_state())
    return FaceDetectorRecord(path, 1, path.stat().st_size)


@pytest.fixture(scope="module")
def gfpgan(tmp_path_factory: pytest.TempPathFactory) -> FaceRestorerRecord:
    """A small GFPGAN."""
    return restorer("GFPGAN", write_gfpgan(tmp_path_factory.mktemp("faces") / "GFPGANv1.4.pth"))


def restorer(name: FaceRestorerName, path: Path) -> FaceRestorerRecord:
    return FaceRestorerRecord(name, path, 1, path.stat().st_size)


def residency(faces: FaceNetworks | None = None) -> Residency:
    """Without checkpoints."""

    def none(_: ModelRecord) -> LoadedCheckpoint:
        raise AssertionError("nobody asked for a checkpoint")

    return Residency(Checkpoints(none, 0), faces=faces)


def run(orders: Sequence[Order]) -> list[Answer]:
    with torch.inference_mode():
        return Passes(residency()).run(orders)


def pixels(side: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (3, side, side), dtype=torch.uint8, generator=generator)


def test_those_used_last_are_kept(detector: FaceDetectorRecord, gfpgan: FaceRestorerRecord) -> None:
    """Within the bound, but for the one that is asked for; and `unload` gives back all."""
    faces = FaceNetworks(kept_bytes=1)
    faces.detector(detector)
    assert (detector in faces, faces.bytes > 0) == (True, True)
    faces.restorer(gfpgan)
    assert (detector in faces, gfpgan in faces) == (False, True)
    faces.unload()
    assert (gfpgan in faces, faces.bytes) == (False, 0)
    assert faces.load_seconds > 0


def test_residency_counts_and_unloads_them(detector: FaceDetectorRecord) -> None:
    """Their memory and the time to read them are its own, and an order is ready once they are."""
    held, order = residency(), FindFaces(detector, pixels(64))
    assert not held.is_ready(order)
    held.faces.detector(detector)
    assert held.is_ready(order)
    assert min(held.bytes, held.waited_seconds) > 0
    held.unload()
    assert (held.bytes, held.is_ready(order)) == (0, False)


def test_who_shares_a_pass(detector: FaceDetectorRecord, gfpgan: FaceRestorerRecord) -> None:
    """Pictures of one size, and faces for one network at one weight, whoever asks; one row each."""
    search, face = FindFaces(detector, pixels(64)), RestoreFace(gfpgan, pixels(512), 0.0)
    assert batch_key(search) == batch_key(FindFaces(detector, pixels(64, 1)))
    assert batch_key(search) != batch_key(FindFaces(detector, pixels(32)))
    assert batch_key(face) == batch_key(RestoreFace(gfpgan, pixels(512, 1), 0.0))
    assert batch_key(face) != batch_key(RestoreFace(gfpgan, pixels(512), 0.5))
    assert [(rows_of(order), is_loggable(order)) for order in (search, face)] == [(1, False)] * 2


def test_a_face_is_found(detector: FaceDetectorRecord) -> None:
    """One in the middle of each picture of a pass."""
    answers = run([FindFaces(detector, pixels(640, seed)) for seed in (0, 1)])
    for (face,) in cast("list[tuple[Face, ...]]", answers):
        assert face.points[0] == pytest.approx((288.5, 312), abs=0.1)
        assert face.confidence > 0.99


def test_faces_are_restored_alike_in_company(gfpgan: FaceRestorerRecord) -> None:
    """Alone and with a stranger's the answer is the same, to a level of 255."""
    orders = [RestoreFace(gfpgan, pixels(512, seed), 0.0) for seed in (0, 1)]
    together = cast("list[Tensor]", run(orders))
    for order, answer in zip(orders, together, strict=True):
        (alone,) = cast("list[Tensor]", run([order]))
        assert (answer.shape, answer.dtype) == ((3, 512, 512), torch.uint8)
        assert (answer.int() - alone.int()).abs().max() <= 1
    assert (together[0] != together[1]).any()


def test_a_file_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    """By what it is, not by its name."""
    wrong = restorer("GFPGAN", write_codeformer(tmp_path / "GFPGANv1.4.pth"))
    with pytest.raises(ModelError, match="is CodeFormer; expected GFPGAN"):
        run([RestoreFace(wrong, pixels(512), 0.0)])
