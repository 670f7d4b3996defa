"""What a recipe may ask of the engine, one image at a time, and what it is answered.

Tensors are named in annotations only, so this room imports no torch.
"""

from collections.abc import Generator, Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Union

from tintype.core.faces import Face, FaceDetectorRecord, FaceRestorerRecord
from tintype.core.models import (
    AdapterRecord,
    EmbeddingRecord,
    ModelRecord,
    UpscalerRecord,
    VaeRecord,
)

if TYPE_CHECKING:
    from torch import Tensor

Emphasis = Literal["Original", "No norm", "Ignore", "None"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """What the text encoder takes at once.

    Attributes:
        tokens: 77 ids: start, up to 75 of text, end and padding.
        weights: 77 emphasis weights, 1.0 for start, end and padding.
        embeddings: textual inversions, each with the place (0 … 76) of its first vector; the ids
            there are 0. Vectors that would stand behind place 76 are cut off.
    """

    tokens: tuple[int, ...]
    weights: tuple[float, ...]
    embeddings: tuple[tuple[int, EmbeddingRecord], ...] = ()


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA in use.

    Attributes:
        record: its file.
        text_scale: factor of its changes to the text encoder.
        unet_scale: factor of its changes to the U-Net.
        rank: keep so many of its dimensions ("dyn" in a prompt), or None for all.
    """

    record: AdapterRecord
    text_scale: float = 1.0
    unet_scale: float = 1.0
    rank: int | None = None


def worn_on_unet(adapters: tuple[Adapter, ...]) -> tuple[Adapter, ...]:
    """What of a set of LoRAs changes a U-Net: equal for sets that change it alike."""
    return tuple(replace(a, text_scale=0.0) for a in adapters if a.unet_scale != 0)


def worn_on_text(adapters: tuple[Adapter, ...]) -> tuple[Adapter, ...]:
    """What of a set of LoRAs changes text encoders: equal for sets that change them alike."""
    return tuple(replace(a, unet_scale=0.0) for a in adapters if a.text_scale != 0)


@dataclass(frozen=True, slots=True)
class Network:
    """A checkpoint as it shall be used.

    Attributes:
        checkpoint: its file.
        adapters: LoRAs, applied in this order.
        tiling: convolutions see the picture as a torus, so that it can be laid side by side.
        token_merging: share of tokens merged before the U-Net's largest attentions (ToMe), 0 … 0.9.
        vae: the autoencoder in place of the checkpoint's own, or None for that.
    """

    checkpoint: ModelRecord
    adapters: tuple[Adapter, ...] = ()
    tiling: bool = False
    token_merging: float = 0.0
    vae: VaeRecord | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """An encoded prompt.

    Attributes:
        context: (T, C) hidden states, T a multiple of 77.
        vector: (V,) pooled conditioning where the network wants it.
    """

    context: "Tensor"
    vector: "Tensor | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class Guidance:
    """What to denoise towards: uncond + Σ weight · cfg_scale · (cond − uncond).

    Attributes:
        conds: the prompt's parts and their weights; at least one.
        uncond: the negative prompt, or None to put the first part in its place at scale 1.
        cfg_scale: how far to go from uncond past cond.
        concat: (C', h, w) what inpainting and edit networks see beside the latent, or None.
        image_cfg_scale: for edit networks, how far to follow the picture in `concat`; None for all
            others.
    """

    conds: "tuple[tuple[Conditioning, float], ...]"
    uncond: Conditioning | None
    cfg_scale: float
    concat: "Tensor | None" = None
    image_cfg_scale: float | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What SDXL's networks are told of the picture beside its words.

    Attributes:
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        crop_top: pixels cut off above, of a picture that never was.
        crop_left: pixels cut off to its left.
        score: aesthetic score, heeded by the refiner.
        is_blank: there are no words at all, and they shall count as nothing.
    """

    width: int
    height: int
    crop_top: int = 0
    crop_left: int = 0
    score: float = 6.0
    is_blank: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Encode:
    """Encode the variants of one prompt together. Answered with a tuple of `Conditioning`.

    Attributes:
        texts: one or more variants (a scheduled prompt has several), all of one length in chunks.
        clip_skip: text encoder layers to stop from the end, 1 for none left out.
        emphasis: how weights change the encoding; "Original" keeps the mean over all variants.
        frame: for networks that want to know of the picture; others do not look at it.
    """

    network: Network
    texts: tuple[tuple[Chunk, ...], ...]
    clip_skip: int = 1
    emphasis: Emphasis = "Original"
    frame: Frame | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Denoise:
    """Estimate the clean latent in `x` (C, h, w) at noise level `sigma`. Answered with (C, h, w).

    A sampler asks without guidance or network; a wrapper around it fills them in.

    Attributes:
        timestep: what the network's clock shows, or None for the time that belongs to `sigma`.
        wants_uncond: answer with (2, C, h, w): the guided estimate, and the negative prompt's own.
    """

    x: "Tensor"
    sigma: float
    timestep: float | None = None
    wants_uncond: bool = False
    guidance: Guidance | None = None
    network: Network | None = None


@dataclass(frozen=True, slots=True, eq=False)
class EncodePixels:
    """Turn a picture into a latent. Answered with (C, h, w) float32.

    Attributes:
        pixels: (3, H, W) float32 in −1 … 1 on the CPU.
        noise: (C, h, w) standard normal that chooses from the autoencoder's distribution, or None
            for its mean.
    """

    network: Network
    pixels: "Tensor"
    noise: "Tensor | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class Decode:
    """Turn a latent (C, h, w) into pixels. Answered with (H, W, 3) uint8 on the CPU."""

    network: Network
    latent: "Tensor"


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """Show roughly what a latent (C, h, w) will be. Answered with (h', w', 3) uint8 on the CPU.

    How large it is depends on what makes it: a cell of the latent is one pixel or eight.
    """

    network: Network
    latent: "Tensor"


@dataclass(frozen=True, slots=True, eq=False)
class Upscale:
    """Enlarge a picture, or a piece of one, by as much as the network does.

    Answered with (3, s·H, s·W) uint8 on the CPU.

    Attributes:
        upscaler: the network's file.
        pixels: (3, H, W) uint8 RGB on the CPU.
    """

    upscaler: UpscalerRecord
    pixels: "Tensor"


@dataclass(frozen=True, slots=True, eq=False)
class FindFaces:
    """Find the faces of a picture. Answered with a tuple of `Face`, the surest first.

    Attributes:
        detector: the network's file.
        pixels: (3, H, W) uint8 RGB on the CPU.
    """

    detector: FaceDetectorRecord
    pixels: "Tensor"


@dataclass(frozen=True, slots=True, eq=False)
class RestoreFace:
    """Restore a face. Answered with (3, 512, 512) uint8 on the CPU.

    Attributes:
        restorer: the network's file.
        pixels: (3, 512, 512) uint8 RGB on the CPU: the face, upright and in the middle.
        weight: see `core.faces.FaceSettings`.
    """

    restorer: FaceRestorerRecord
    pixels: "Tensor"
    weight: float


class Stopped(Exception):  # noqa: N818 - not an error: thrown into a recipe that shall end here
    """Somebody wants the picture as it is now.

    Attributes:
        latent: what it has become, (C, h, w), or None if nothing was answered yet.
    """

    def __init__(self, latent: "Tensor | None" = None) -> None:
        super().__init__()
        self.latent = latent


Order = Encode | Denoise | EncodePixels | Decode | Glance | Upscale | FindFaces | RestoreFace
Answer = Union["tuple[Conditioning, ...]", "tuple[Face, ...]", "Tensor"]
Sampler = Generator[Denoise, "Tensor", "Tensor"]
Steps = Generator[Order, Answer, "Tensor"]  # part of a recipe that ends in a latent or pixels
Recipe = Generator[Order, Answer, "tuple[Tensor, ...]"]  # ends in (H, W, 3 or 4) uint8 pictures


def rows_of(order: Order) -> int:
    """Rows an order fills in a forward pass: one for each part of a prompt, and its negative's."""
    match order:
        case Encode():
            return len(order.texts) * len(order.texts[0])
        case Denoise():
            guidance = order.guidance
            if guidance is None:
                return 1
            edits = guidance.image_cfg_scale is not None
            return len(guidance.conds) + (guidance.uncond is not None) + edits
        case EncodePixels() | Decode() | Glance() | Upscale() | FindFaces() | RestoreFace():
            return 1


def is_loggable(order: Order) -> bool:
    """Whether the answer is worth keeping, so that a recipe run again need not wait for it.

    Prompts are encoded alone, so asking again gives the same bits and costs little; decoding and
    what is done about faces then end a recipe.
    """
    return isinstance(order, Denoise | EncodePixels | Upscale)


def batch_key(order: Order) -> Hashable:
    """What must be equal for two orders to share a forward pass.

    Not in it: sigma, step, sampler, cfg_scale, prompt or its length, seed, LoRAs.
    """
    match order:
        case Encode():
            return ("encode", order.network.checkpoint)
        case Denoise():
            guidance, network = order.guidance, order.network
            if guidance is None or network is None:
                raise ValueError("a question without guidance reached the engine: this is a bug")
            how = (network.checkpoint, network.tiling, network.token_merging)
            beside = None if guidance.concat is None else guidance.concat.shape[0]
            shape = tuple(order.x.shape)
            return ("denoise", *how, shape, order.x.dtype, beside)
        case EncodePixels():
            return ("encode pixels", *_for_pixels(order.network), tuple(order.pixels.shape))
        case Decode():
            return ("decode", *_for_pixels(order.network), tuple(order.latent.shape))
        case Glance():
            return ("glance", *_for_pixels(order.network), tuple(order.latent.shape))
        case Upscale():
            return ("upscale", order.upscaler, tuple(order.pixels.shape))
        case FindFaces():
            return ("find faces", order.detector, tuple(order.pixels.shape))
        case RestoreFace():
            return ("restore face", order.restorer, order.weight)


def _for_pixels(network: Network) -> tuple[Hashable, ...]:
    """What of a network autoencoders depend on."""
    return network.checkpoint, network.vae, network.tiling
