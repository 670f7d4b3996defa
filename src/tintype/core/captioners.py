"""Networks that say what is in a picture: their files, and what they are asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from pathlib import Path

from tintype.errors import ModelError

MOST_BEAMS = 16
LONGEST_CAPTION = 256
SHORTEST_CAPTION = 5  # of a word, for four tokens stand at its beginning
LEAST_WORDS = 30524  # BERT's, and two of BLIP's own
HEAD_WIDTH = 64  # channels of an attention head, in all there are
_MOST_SIDE = 1024
_TEXT = "text_decoder.bert."
_TABLE = f"{_TEXT}embeddings.word_embeddings.weight"
_PLACES = f"{_TEXT}embeddings.position_embeddings.weight"
_FEED = f"{_TEXT}encoder.layer.0.intermediate.dense.weight"
_SEES = f"{_TEXT}encoder.layer.0.crossattention.self.key.weight"
_PATCHES = (
    "visual_encoder.patch_embed.proj.weight",
    "vision_model.embeddings.patch_embedding.weight",
)
_GRID = ("visual_encoder.pos_embed", "vision_model.embeddings.position_embedding")
_EYE_FEED = (
    "visual_encoder.blocks.0.mlp.fc1.weight",
    "vision_model.encoder.layers.0.mlp.fc1.weight",
)
_EYE_LAYERS = ("visual_encoder.blocks.", "vision_model.encoder.layers.")
_QUESTIONS = "text_encoder."

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class CaptionerRecord:
    """A captioner on disk.

    Attributes:
        name: file stem, or its folder's name where it is called as all are.
        path: where the file is.
        modified: its modification time, in nanoseconds since 1970.
        side: of the square pictures it sees, in pixels.
    """

    name: str
    path: Path
    modified: int
    side: int

    @property
    def version(self) -> tuple[Path, int]:
        """The file as it is now."""
        return self.path, self.modified


@dataclass(frozen=True, slots=True)
class CaptionSettings:
    """How a caption is searched for; A1111's defaults.

    Attributes:
        beams: captions followed at once, 1 … 16; the best one is told.
        min_length: tokens before it may end, the four it always begins with included.
        max_length: tokens after which it ends, 5 … 256, counted likewise.
    """

    beams: int = 1
    min_length: int = 24
    max_length: int = 48


@dataclass(frozen=True, slots=True)
class CaptionerSizes:
    """What the shapes of a captioner say; widths in channels, `side` and `patch` in pixels."""

    side: int
    patch: int
    seen_width: int
    seen_layers: int
    seen_hidden_width: int
    width: int
    layers: int
    hidden_width: int
    vocabulary: int
    positions: int


def is_transformers(shapes: Shapes) -> bool:
    """The layout is that of transformers, not BLIP's own."""
    return any(name.startswith("vision_model.") for name in shapes)


def captioner_sizes(shapes: Shapes) -> CaptionerSizes:
    """The sizes of a captioner by the shapes of its tensors.

    Raises:
        ModelError: it is none, one that answers questions, or one of sizes no captioner has.
    """
    own = int(is_transformers(shapes))
    signs = {
        _TABLE: 2,
        _PLACES: 2,
        _FEED: 2,
        _SEES: 2,
        _PATCHES[own]: 4,
        _GRID[own]: 3,
        _EYE_FEED[own]: 2,
    }
    missing = [name for name, sides in signs.items() if len(shapes.get(name, ())) != sides]
    if missing:
        raise ModelError(
            "This is no captioner (BLIP); expected were tensors named visual_encoder.… or"
            f" vision_model.…, and text_decoder.bert.…, but {missing[0]} is not there."
        )
    if any(name.startswith(_QUESTIONS) for name in shapes):
        raise ModelError("This BLIP answers questions or compares texts; expected was a captioner.")
    patch = shapes[_PATCHES[own]][-1]
    sizes = CaptionerSizes(
        side=patch * isqrt(max(shapes[_GRID[own]][1] - 1, 0)),
        patch=patch,
        seen_width=shapes[_GRID[own]][2],
        seen_layers=_count(shapes, _EYE_LAYERS[own]),
        seen_hidden_width=shapes[_EYE_FEED[own]][0],
        width=shapes[_TABLE][1],
        layers=_count(shapes, f"{_TEXT}encoder.layer."),
        hidden_width=shapes[_FEED][0],
        vocabulary=shapes[_TABLE][0],
        positions=shapes[_PLACES][0],
    )
    _require_usual(sizes)
    return sizes


def _require_usual(sizes: CaptionerSizes) -> None:
    for what, here, least, most in (
        ("pixels to a side of its pictures", sizes.side, 1, _MOST_SIDE),
        ("words", sizes.vocabulary, LEAST_WORDS, 2 * LEAST_WORDS),
        ("tokens in its longest text", sizes.positions, LONGEST_CAPTION, 2**16),
    ):
        if not least <= here <= most:
            raise ModelError(f"This captioner has {here} {what}; expected were {least} … {most}.")
    for width in (sizes.width, sizes.seen_width):
        if width % HEAD_WIDTH:
            raise ModelError(
                f"This captioner has {width} channels; expected was a multiple of {HEAD_WIDTH}."
            )


def _count(shapes: Shapes, start: str) -> int:
    return len({n.removeprefix(start).partition(".")[0] for n in shapes if n.startswith(start)})
