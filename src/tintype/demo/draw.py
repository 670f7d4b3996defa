"""The pictures the demo model learns: flat coloured shapes on a coloured background.

A `Scene` says what is in a picture; `draw` renders it with smooth edges. Drawing needs Pillow only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin

from PIL import Image, ImageDraw

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "orange": (247, 140, 24),
    "yellow": (252, 220, 60),
    "green": (46, 160, 67),
    "cyan": (64, 208, 220),
    "blue": (38, 84, 200),
    "purple": (126, 52, 168),
    "pink": (250, 150, 190),
    "brown": (122, 76, 42),
    "black": (22, 22, 26),
    "white": (248, 248, 244),
    "gray": (138, 142, 148),
}

Point = tuple[float, float]
SUPERSAMPLING = 4  # drawn this much larger, then averaged: smooth edges


def _around(corners: int, start: float, radii: tuple[float, ...] = (1.0,)) -> list[Point]:
    """Corners at even angles from `start` (radians, clockwise from the right), radii repeating."""
    angles = [start + 2 * pi * i / corners for i in range(corners)]
    return [
        (radii[i % len(radii)] * cos(a), radii[i % len(radii)] * sin(a))
        for i, a in enumerate(angles)
    ]


def _heart() -> list[Point]:
    points: list[Point] = []
    for i in range(90):
        t = 2 * pi * i / 90
        x = 16 * sin(t) ** 3
        y = 13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)
        points.append((x / 17, -(y + 2.5) / 17))
    return points


def _cross(half_width: float) -> list[Point]:
    w = half_width
    quarter = [(w, -w), (w, -1.0), (-w, -1.0)]
    corners: list[Point] = []
    for turn in range(4):
        c, s = cos(-pi / 2 * turn), sin(-pi / 2 * turn)
        corners += [(c * x - s * y, s * x + c * y) for x, y in quarter]
    return corners


# Outlines in a circle of radius 1, y downwards. A ring is its outline less `RING_HOLE` of it.
SHAPES: dict[str, Callable[[], list[Point]]] = {
    "circle": lambda: _around(96, 0.0, (0.92,)),
    "ring": lambda: _around(96, 0.0, (0.95,)),
    "square": lambda: _around(4, pi / 4, (1.15,)),
    "diamond": lambda: [(0.0, -1.05), (0.72, 0.0), (0.0, 1.05), (-0.72, 0.0)],
    "triangle": lambda: [(x, y + 0.18) for x, y in _around(3, -pi / 2, (1.12,))],
    "star": lambda: _around(10, -pi / 2, (1.08, 0.45)),
    "cross": lambda: _cross(0.32),
    "heart": _heart,
}
RING_HOLE = 0.56


@dataclass(frozen=True, slots=True)
class Thing:
    """One object of a scene.

    Attributes:
        colour: a key of `COLOURS`.
        shape: a key of `SHAPES`.
        x: centre from the left, in units of the picture's width.
        y: centre from the top, in units of the picture's height.
        radius: size in units of the picture's shorter side.
        angle: turn in radians.
    """

    colour: str
    shape: str
    x: float = 0.5
    y: float = 0.5
    radius: float = 0.32
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What is in a picture: a background colour and the things on it, the nearest last."""

    background: str
    things: tuple[Thing, ...]


def draw(scene: Scene, width: int, height: int) -> Image.Image:
    """Render a scene as an RGB picture of `width` × `height` pixels."""
    picture = Image.new(
        "RGB", (width * SUPERSAMPLING, height * SUPERSAMPLING), COLOURS[scene.background]
    )
    for thing in scene.things:
        _draw_thing(ImageDraw.Draw(picture), thing, *picture.size, hole=COLOURS[scene.background])
    return picture.reduce(SUPERSAMPLING)


def _draw_thing(
    pen: ImageDraw.ImageDraw, thing: Thing, width: int, height: int, hole: tuple[int, int, int]
) -> None:
    def placed(points: list[Point], scale: float) -> list[Point]:
        c, s = cos(thing.angle) * scale, sin(thing.angle) * scale
        left, top = thing.x * width, thing.y * height
        return [(left + c * x - s * y, top + s * x + c * y) for x, y in points]

    outline = SHAPES[thing.shape]()
    radius = thing.radius * min(width, height)
    pen.polygon(placed(outline, radius), fill=COLOURS[thing.colour])
    if thing.shape == "ring":
        pen.polygon(placed(outline, radius * RING_HOLE), fill=hole)
