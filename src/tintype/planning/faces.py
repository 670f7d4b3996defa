"""Which networks restore faces."""

from tintype.core.faces import FaceRestoration, FaceSettings
from tintype.planning.library import Library


def settled_faces(faces: FaceSettings, library: Library) -> FaceRestoration:
    """The same with the files it needs; GFPGAN looks at no weight, so all its plans have one.

    Raises:
        ModelError: a file is not there; says which, and where it belongs.
    """
    return FaceRestoration(
        restorer=library.face_restorer(faces.restorer),
        detector=library.face_detector(),
        weight=faces.weight if faces.restorer == "CodeFormer" else 0.0,
        visibility=faces.visibility,
        keeps_former=faces.keeps_former,
    )
