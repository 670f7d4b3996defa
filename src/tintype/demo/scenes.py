"""Scenes at random, and the words for them."""

from math import pi
from random import Random

from tintype.demo.draw import COLOURS, SHAPES, Scene, Thing

_TWO_PLACES = (  # centres of the first and second thing, read from the left, and their size
    ((0.28, 0.5), (0.72, 0.5), 0.20),
    ((0.28, 0.42), (0.72, 0.58), 0.20),
    ((0.28, 0.58), (0.72, 0.42), 0.20),
)


def random_scene(random: Random, things: int) -> Scene:
    """A scene of one or two things in colours that differ from each other and the background."""
    background, *colours = random.sample(list(COLOURS), 1 + things)
    shapes = random.choices(list(SHAPES), k=things)
    if things == 1:
        x, y = random.uniform(0.42, 0.58), random.uniform(0.42, 0.58)
        one = Thing(
            colours[0], shapes[0], x, y, random.uniform(0.24, 0.37), random.uniform(-0.12, 0.12)
        )
        return Scene(background, (one,))
    first, second, radius = random.choice(_TWO_PLACES)
    return Scene(
        background,
        tuple(
            Thing(
                colour,
                shape,
                x + random.uniform(-0.03, 0.03),
                y + random.uniform(-0.03, 0.03),
                radius * random.uniform(0.85, 1.05),
                random.uniform(-0.12, 0.12),
            )
            for colour, shape, (x, y) in zip(colours, shapes, (first, second), strict=True)
        ),
    )


def random_texture(random: Random) -> Scene:
    """Large things anywhere, cut off and overlapping: like a small window on a large picture."""
    background = random.choice(list(COLOURS))
    things = tuple(
        Thing(
            random.choice(list(COLOURS)),
            random.choice(list(SHAPES)),
            random.uniform(-0.3, 1.3),
            random.uniform(-0.3, 1.3),
            0.3 * 5.0 ** random.random(),
            random.uniform(-pi, pi),
        )
        for _ in range(random.choice((1, 1, 2, 3)))
    )
    return Scene(background, things)


def words_for(scene: Scene) -> str:
    """The plain prompt of a scene, such as "a red star on a blue background"."""
    return f"{_listed(scene)} on a {scene.background} background"


def loose_words_for(scene: Scene, random: Random) -> str:
    """A prompt as people write them: mostly plain, at times terse, partial or with more words."""
    chance = random.random()
    if chance < 0.85:
        return words_for(scene)
    things = ", ".join(f"{t.colour} {t.shape}" for t in scene.things)
    return random.choice(
        (
            f"{things}, {scene.background} background",
            f"{scene.background} background, {things}",
            f"a picture of {words_for(scene)}",
            f"{_listed(scene)} on {scene.background}",
            _listed(scene),
            things,
            f"{scene.background} background",
        )
    )


def _listed(scene: Scene) -> str:
    return " and ".join(f"{_article(t.colour)} {t.colour} {t.shape}" for t in scene.things)


def _article(word: str) -> str:
    return "an" if word[0] in "aeio" else "a"
