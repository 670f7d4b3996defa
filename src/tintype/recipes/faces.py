"""Faces in a finished picture, restored one by one."""

from collections.abc import Generator
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from tintype.core.faces import Face, FaceRestoration
from tintype.core.orders import Answer, FindFaces, Order, RestoreFace
from tintype.imaging.faces import (
    Pixels,
    cut_out,
    placement,
    to_search,
    with_faces,
    worth_restoring,
)
from tintype.recipes.latents import pixels_in, pixels_of, planes_of

Restoring = Generator[Order, Answer, Image.Image]


def restored(picture: Image.Image, faces: FaceRestoration | None) -> Restoring:
    """The picture (RGB) with its faces restored; as it is where there are none, or none wanted."""
    if faces is None:
        return picture
    found = yield from _found(picture, faces)
    if not found:
        return picture
    pixels = np.array(picture)
    places = [placement(face.points) for face in found]
    made: list[Pixels] = []
    for place in places:
        made.append((yield from _restored(cut_out(pixels, place), faces)))
    whole = Image.fromarray(with_faces(pixels, list(zip(made, places, strict=True))))
    return Image.blend(picture, whole, faces.visibility) if faces.visibility < 1 else whole


def formers(picture: Image.Image, faces: FaceRestoration | None) -> tuple[Image.Image, ...]:
    """What a recipe answers with besides: the picture before, where that is wanted."""
    return (picture,) if faces is not None and faces.keeps_former else ()


def _found(picture: Image.Image, faces: FaceRestoration) -> Generator[Order, Answer, list[Face]]:
    searched, back = to_search(picture)
    answer = yield FindFaces(faces.detector, planes_of(pixels_of(searched)))
    return worth_restoring([face.scaled(back) for face in cast("tuple[Face, ...]", answer)])


def _restored(face: Pixels, faces: FaceRestoration) -> Generator[Order, Answer, Pixels]:
    answer = yield RestoreFace(faces.restorer, planes_of(torch.from_numpy(face)), faces.weight)
    return pixels_in(cast(Tensor, answer)).numpy()
