"""Which file is which of those for faces, and what is said where one is missing."""

from pathlib import Path

import pytest

from tintype.errors import ModelError
from tintype.modelstore import ModelStore
from tintype.modelstore.faces import face_restorer, find_face_detector, find_face_restorer


def store_with(root: Path, *names: str) -> ModelStore:
    for name in names:
        path = root / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return ModelStore([root])


@pytest.mark.parametrize(
    "names",
    [
        ("GFPGAN/GFPGANv1.3.pth", "GFPGAN/GFPGANv1.4.pth"),
        ("facerestore_models/GFPGANv1.4.pth", "facerestore_models/codeformer-v0.1.0.pth"),
        ("Codeformer/GFPGANv1.4.safetensors", "GFPGAN/GFPGANv1.3.pth"),
    ],
)
def test_the_newest_gfpgan_is_taken(tmp_path: Path, names: tuple[str, ...]) -> None:
    """1.4 before 1.3, in A1111's folders and in ComfyUI's."""
    found = find_face_restorer(store_with(tmp_path, *names), "GFPGAN")
    assert (found.name, found.path.stem) == ("GFPGAN", "GFPGANv1.4")


def test_an_older_one_will_do(tmp_path: Path) -> None:
    """Where 1.4 is not there."""
    found = find_face_restorer(store_with(tmp_path, "GFPGAN/GFPGANv1.3.pth"), "GFPGAN")
    assert found.path.name == "GFPGANv1.3.pth"


@pytest.mark.parametrize("folder", ["GFPGAN", "Codeformer", "facedetection", "facelib/weights"])
def test_the_detector_lies_in_many_places(tmp_path: Path, folder: str) -> None:
    """Wherever a program that has it keeps it."""
    store = store_with(
        tmp_path, f"{folder}/detection_Resnet50_Final.pth", f"{folder}/parsing_parsenet.pth"
    )
    assert find_face_detector(store).path.parent == tmp_path / "models" / folder


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """File and folder are named; a detector is no restorer, nor another way round."""
    store = store_with(tmp_path, "GFPGAN/parsing_parsenet.pth", "GFPGAN/other.pth")
    with pytest.raises(ModelError, match=r"GFPGANv1\.4\.pth into models/GFPGAN"):
        find_face_restorer(store, "GFPGAN")
    with pytest.raises(ModelError, match=r"detection_Resnet50_Final\.pth into models/GFPGAN"):
        find_face_detector(store)
    assert face_restorer(store, "CodeFormer") is None
