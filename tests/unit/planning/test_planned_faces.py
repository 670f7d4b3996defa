"""Faces in plans: the files they take, and the way back from an infotext."""

from pathlib import Path

import pytest

from tintype.core.faces import FaceSettings
from tintype.errors import ModelError
from tintype.modelstore import ModelStore
from tintype.planning import Library
from tintype.planning.faces import settled_faces
from tintype.planning.remaking import remade
from tintype.prompt.infotext import read_infotext

_TOLD = "a cat\nSteps: 9, Sampler: Euler, Seed: 1, Face restoration: {}, Size: 64x64, Model: m"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Both restorers, and what finds faces."""
    names = ("GFPGANv1.4.pth", "codeformer-v0.1.0.pth", "detection_Resnet50_Final.pth")
    (tmp_path / "models" / "GFPGAN").mkdir(parents=True)
    for name in names:
        (tmp_path / "models" / "GFPGAN" / name).write_bytes(b"x")
    return Library(ModelStore([tmp_path]))


def test_a_plan_has_the_files_and_the_weight(library: Library) -> None:
    """GFPGAN looks at no weight, so its faces share passes whatever was asked."""
    by_codeformer = settled_faces(FaceSettings("CodeFormer", 0.3, 0.5, keeps_former=True), library)
    by_gfpgan = settled_faces(FaceSettings("GFPGAN", 0.3), library)
    assert by_codeformer.restorer.path.name == "codeformer-v0.1.0.pth"
    assert by_codeformer.detector.path.name == "detection_Resnet50_Final.pth"
    assert (by_codeformer.weight, by_codeformer.visibility) == (0.3, 0.5)
    assert by_codeformer.keeps_former
    assert (by_gfpgan.restorer.name, by_gfpgan.weight) == ("GFPGAN", 0.0)


def test_nothing_is_planned_without_the_files(tmp_path: Path) -> None:
    """Who asks is told which file goes where."""
    with pytest.raises(ModelError, match=r"codeformer-v0\.1\.0\.pth into models/Codeformer"):
        settled_faces(FaceSettings(), Library(ModelStore([tmp_path])))


@pytest.mark.parametrize("name", ["GFPGAN", "CodeFormer"])
def test_an_infotext_asks_for_the_same(name: str) -> None:
    """The restorer is read back, without doubts."""
    made = remade(read_infotext(_TOLD.format(name)))
    assert made.request.faces is not None
    assert made.request.faces.restorer == name
    assert made.doubts == ()


def test_another_restorer_is_doubted() -> None:
    """The picture may owe to it what cannot be asked for."""
    made = remade(read_infotext(_TOLD.format("RestoreFormer")))
    assert made.request.faces is None
    assert made.doubts == ("its faces were restored by 'RestoreFormer', which is not known here",)
