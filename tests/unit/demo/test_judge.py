"""The judge against drawn pictures, whose truth is known."""

from random import Random

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tintype.demo.draw import COLOURS, SHAPES, Scene, Thing, draw
from tintype.demo.judge import judge, look
from tintype.demo.scenes import random_scene, words_for


@pytest.mark.parametrize("things", [1, 2])
@pytest.mark.parametrize("size", [(128, 128), (256, 256), (192, 256)])
def test_drawn_scenes_are_right(things: int, size: tuple[int, int]) -> None:
    """Every drawn scene is judged to show what it shows."""
    random = Random(things * size[0])
    for _ in range(40):
        scene = random_scene(random, things)
        assert judge(draw(scene, *size), scene).is_right, words_for(scene)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_and_shape_is_named(colour: str, shape: str) -> None:
    """Each thing is seen as what it is, and as nothing else."""
    background = "white" if colour != "white" else "blue"
    seen_background, things = look(draw(Scene(background, (Thing(colour, shape),)), 128, 128))
    assert seen_background == background
    assert [(t.colour, t.shape) for t in things] == [(colour, shape)]


def test_soft_and_noisy_pictures() -> None:
    """Blur and noise as a decoder leaves them do not confuse the judge."""
    random, noise = Random(5), np.random.default_rng(5)
    for _ in range(20):
        scene = random_scene(random, 1)
        soft = draw(scene, 256, 256).filter(ImageFilter.GaussianBlur(1.5))
        grain = np.asarray(soft) + noise.normal(0, 6, (256, 256, 3))
        picture = Image.fromarray(grain.clip(0, 255).astype(np.uint8))
        assert judge(picture, scene).is_right, words_for(scene)


def test_wrong_pictures_are_wrong() -> None:
    """A picture of something else fails in the part that is something else."""
    wanted = Scene("blue", (Thing("red", "star"),))
    other_shape = draw(Scene("blue", (Thing("red", "circle"),)), 128, 128)
    other_colour = draw(Scene("blue", (Thing("green", "star"),)), 128, 128)
    other_ground = draw(Scene("gray", (Thing("red", "star"),)), 128, 128)
    assert judge(other_shape, wanted).shapes == (False,)
    assert judge(other_shape, wanted).colours == (True,)
    assert judge(other_colour, wanted).colours == (False,)
    assert not judge(other_ground, wanted).background
    assert not judge(Image.new("RGB", (128, 128), COLOURS["blue"]), wanted).is_right


def test_both_things_are_asked_for() -> None:
    """Of two things, swapped shapes are no match."""
    picture = draw(
        Scene(
            "white", (Thing("red", "star", 0.28, 0.5, 0.2), Thing("blue", "ring", 0.72, 0.5, 0.2))
        ),
        256,
        256,
    )
    swapped = Scene("white", (Thing("red", "ring"), Thing("blue", "star")))
    assert judge(picture, swapped).colours == (True, True)
    assert judge(picture, swapped).shapes == (False, False)


def test_noise_has_no_shape() -> None:
    """Noise is not mistaken for a picture."""
    noise = np.random.default_rng(1).integers(0, 255, (128, 128, 3), dtype=np.uint8)
    wanted = Scene("white", (Thing("red", "square"),))
    assert not judge(Image.fromarray(noise), wanted).is_right
