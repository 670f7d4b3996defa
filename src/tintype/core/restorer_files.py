"""Networks that restore faces: what their files are, and their sizes, told by their tensors.

Nothing here needs weights or torch, so the front tells them apart by the same signs as the
networks.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from math import isqrt

from tintype.core.faces import FaceRestorerName
from tintype.core.families import OtherKind, other_kind
from tintype.errors import ModelError

Shapes = Mapping[str, tuple[int, ...]]

CODEFORMER_HEADS = 8  # of its transformer; files cannot tell

_NORM_GROUPS = 32  # of every normalisation in CodeFormer's autoencoder
_LEVELS = 6  # of CodeFormer's autoencoder, the last a 32nd of the first
_FUSED_LEVELS: Mapping[str, int] = {"256": 1, "128": 2, "64": 3, "32": 4}
_GFPGAN_SIGNS = ("conv_body_first.weight", "stylegan_decoder.constant_input.weight")
_CODEFORMER_SIGNS = ("position_emb", "quantize.embedding.weight")
_STYLED = "stylegan_decoder.style_conv1.modulated_conv.modulation.weight"

# Files that lie beside the two, by a tensor that no other has.
_NEIGHBOURS: tuple[tuple[str, OtherKind], ...] = (
    (
        "conv_body_first.0.weight",
        OtherKind("GFPGAN's first architecture, which needs kernels compiled for one GPU"),
    ),
    ("out_mask_conv.conv2d.weight", OtherKind("a parser of faces (ParseNet)")),
    ("ecd0.0.weight", OtherKind("a GPEN")),
    ("vqvae.encoder.conv_in.weight", OtherKind("a RestoreFormer")),
    ("quantize.embedding.weight", OtherKind("an autoencoder with a codebook (VQGAN) alone")),
)


@dataclass(frozen=True, slots=True)
class GfpganSizes:
    """What differs between files.

    Attributes:
        channels: of the U-Net at each size, from the picture's down to 4 × 4.
        decoder_channels: of StyleGAN2 at the same sizes.
        features: of a style.
    """

    channels: tuple[int, ...]
    decoder_channels: tuple[int, ...]
    features: int

    @property
    def side(self) -> int:
        """Of a face, in pixels."""
        return 4 * 2 ** (len(self.channels) - 1)

    @property
    def are_sound(self) -> bool:
        """Whether such a network can be built."""
        return len(self.channels) == len(self.decoder_channels)


@dataclass(frozen=True, slots=True)
class CodeFormerSizes:
    """What differs between files.

    Attributes:
        channels: of the autoencoder at each size, from the picture's down to a 32nd of it.
        codes: in the codebook.
        code_width: channels of a code.
        cells: of a face at the smallest size, each of which gets a code.
        width: of the transformer.
        hidden_width: inside its layers.
        layers: of it.
        fused: sizes, by their place in `channels`, at which the picture given has a say.
    """

    channels: tuple[int, ...]
    codes: int
    code_width: int
    cells: int
    width: int
    hidden_width: int
    layers: int
    fused: tuple[int, ...]

    @property
    def side(self) -> int:
        """Of a face, in pixels."""
        return 2 ** (_LEVELS - 1) * isqrt(self.cells)

    @property
    def are_sound(self) -> bool:
        """Whether such a network can be built."""
        are_grouped = all(count and count % _NORM_GROUPS == 0 for count in self.channels)
        has_heads = self.width and self.width % CODEFORMER_HEADS == 0
        return bool(are_grouped and has_heads and isqrt(self.cells) ** 2 == self.cells)


def restorer_name(names: Collection[str]) -> FaceRestorerName | None:
    """Which of the two a file is, by the names of its tensors; None for any other."""
    if all(sign in names for sign in _GFPGAN_SIGNS):
        return "GFPGAN"
    return "CodeFormer" if all(sign in names for sign in _CODEFORMER_SIGNS) else None


def restorer_sizes(shapes: Shapes) -> GfpganSizes | CodeFormerSizes:
    """How large a network is by its tensors.

    Raises:
        ModelError: it is neither GFPGAN nor CodeFormer, and what it is; or tensors are missing.
    """
    name = restorer_name(shapes)
    if name is None:
        raise ModelError(
            f"It looks like {_other(shapes)}. Expected were GFPGAN 1.3 or 1.4, or CodeFormer."
        )
    try:
        sizes = _gfpgan_sizes(shapes) if name == "GFPGAN" else _codeformer_sizes(shapes)
    except KeyError as error:
        raise ModelError(f"This is {name}, but not all of it: {error} is missing.") from error
    except (IndexError, ValueError):
        sizes = None
    if sizes is None or not sizes.are_sound:
        raise ModelError(f"This has {name}'s tensors, but too few, or in shapes it never has.")
    return sizes


def _other(shapes: Shapes) -> OtherKind:
    known = next((kind for sign, kind in _NEIGHBOURS if sign in shapes), None)
    return known or other_kind(shapes)


def _gfpgan_sizes(shapes: Shapes) -> GfpganSizes:
    down = _numbered(shapes, "conv_body_down.{}.conv2.weight")
    decoding = _numbered(shapes, "stylegan_decoder.style_convs.{}.modulated_conv.weight")
    smallest = shapes["stylegan_decoder.constant_input.weight"][1]
    return GfpganSizes(
        channels=(shapes["conv_body_first.weight"][0], *(shape[0] for shape in down)),
        decoder_channels=(*(shape[1] for shape in reversed(decoding[::2])), smallest),
        features=shapes[_STYLED][1],
    )


def _codeformer_sizes(shapes: Shapes) -> CodeFormerSizes:
    firsts = [shapes[f"encoder.blocks.{1 + 3 * level}.conv1.weight"] for level in range(_LEVELS)]
    codes, code_width = shapes["quantize.embedding.weight"]
    cells, width = shapes["position_emb"]
    hidden = _numbered(shapes, "ft_layers.{}.linear1.weight")
    return CodeFormerSizes(
        channels=tuple(shape[0] for shape in firsts),
        codes=codes,
        code_width=code_width,
        cells=cells,
        width=width,
        hidden_width=hidden[0][0],
        layers=len(hidden),
        fused=tuple(
            level
            for size, level in _FUSED_LEVELS.items()
            if f"fuse_convs_dict.{size}.scale.0.weight" in shapes
        ),
    )


def _numbered(shapes: Shapes, name: str) -> list[tuple[int, ...]]:
    """Shapes of tensors whose names differ by a number, from 0 on."""
    numbered: Iterable[str] = (name.format(number) for number in range(len(shapes)))
    return [shapes[one] for one in takewhile(shapes.__contains__, numbered)]
