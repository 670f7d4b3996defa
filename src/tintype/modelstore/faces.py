"""Networks for faces on disk: which file is which, by its name."""

from collections.abc import Callable, Iterable
from pathlib import Path

from tintype.core.faces import FaceDetectorRecord, FaceRestorerName, FaceRestorerRecord
from tintype.errors import ModelError
from tintype.modelstore.facts import FileState
from tintype.modelstore.store import ModelStore

_FILES: dict[FaceRestorerName, tuple[str, str, str]] = {  # known by, best file, where it belongs
    "CodeFormer": ("codeformer", "codeformer-v0.1.0.pth", "models/Codeformer"),
    "GFPGAN": ("gfpgan", "GFPGANv1.4.pth", "models/GFPGAN"),
}
_DETECTOR = "detection_Resnet50_Final.pth"
_DETECTOR_SIGNS = ("detection", "resnet50")


def face_restorer(store: ModelStore, name: FaceRestorerName) -> FaceRestorerRecord | None:
    """The newest file of a kind of restorer, as its name says, or None."""
    sign, best, _ = _FILES[name]
    file = _best(store, lambda stem: stem.startswith(sign), Path(best).stem)
    return None if file is None else FaceRestorerRecord(name, file.path, file.modified, file.bytes)


def find_face_restorer(store: ModelStore, name: FaceRestorerName) -> FaceRestorerRecord:
    """The same. Raises `ModelError` if there is none, and says what to do."""
    found = face_restorer(store, name)
    if found is None:
        _, best, folder = _FILES[name]
        raise ModelError(f"{name} is not there; put {best} into {folder}")
    return found


def find_face_detector(store: ModelStore) -> FaceDetectorRecord:
    """What finds faces. Raises `ModelError` if there is none, and says what to do."""
    file = _best(
        store, lambda stem: all(sign in stem for sign in _DETECTOR_SIGNS), Path(_DETECTOR).stem
    )
    if file is None:
        raise ModelError(
            f"what finds faces is not there; put {_DETECTOR} into models/GFPGAN"
            " or models/Codeformer"
        )
    return FaceDetectorRecord(file.path, file.modified, file.bytes)


def _best(store: ModelStore, is_meant: Callable[[str], bool], best: str) -> FileState | None:
    files: Iterable[FileState] = store.listing().others["face"].values()
    meant = [file for file in files if is_meant(file.path.stem.casefold())]
    newest = sorted(meant, key=lambda file: file.path.stem.casefold(), reverse=True)
    return next((file for file in newest if file.path.stem == best), next(iter(newest), None))
