"""Whole small checkpoints twice: a single file for us, the parts of a pipeline for diffusers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from tests.fakes.checkpoints import save_tensors
from tests.parity.oracles import (
    CLIPS,
    OPEN_CLIPS,
    Shape,
    give,
    names_of_unet,
    names_of_vae,
    open_clip_shapes,
    oracle_text,
    oracle_unet,
    oracle_vae,
    random_weights,
    shapes_by,
    shapes_of,
    split_open_clip,
)
from torch import Tensor, nn

from tintype.core.families import (
    CLIP_PREFIXES,
    OPEN_CLIP_PREFIXES,
    UNET_PREFIX,
    VAE_PREFIX,
    Family,
)
from tintype.core.text_settings import TextSettings
from tintype.prompt.program import Program
from tintype.recipes.guiding import words_for

PROMPT, NEGATIVE = "a red fox", "fog"


@dataclass(frozen=True)
class Kind:
    """A kind of checkpoint, small.

    Attributes:
        family: which text encoders it has.
        unet, vae: names of oracles.
        in_channels: of the U-Net.
        marks: tensors in the file that say what it is.
        metadata: of the file.
        clip, open_clip: names of the oracles of its text encoders.
        dtype: of the tensors in the file.
    """

    family: Family
    unet: str
    vae: str
    in_channels: int = 4
    marks: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    clip: str = "tiny words"
    open_clip: str = "tiny words"
    dtype: torch.dtype = torch.float32


@dataclass(frozen=True)
class Embeds:
    """A prompt and its negative, as pipelines take them."""

    prompt: Tensor
    negative: Tensor
    pooled: Tensor | None = None
    negative_pooled: Tensor | None = None

    @property
    def kwargs(self) -> dict[str, Any]:
        """Arguments of a pipeline."""
        known = {"prompt_embeds": self.prompt, "negative_prompt_embeds": self.negative}
        if self.pooled is None:
            return known
        pooled = {
            "pooled_prompt_embeds": self.pooled,
            "negative_pooled_prompt_embeds": self.negative_pooled,
        }
        return known | pooled


@dataclass(frozen=True)
class Parts:
    """What a pipeline of diffusers is made of, and the same as a file."""

    path: Path
    unet: Any
    vae: Any
    embeds: Embeds


def make(kind: Kind, path: Path) -> Parts:
    """Write the file, and build the oracles from what is in it.

    The autoencoder's latents have (almost) no variance. Text encoders are asked and forgotten
    before the U-Net is built, so that true sizes need no more memory than their largest part.
    """
    unet, vae = oracle_unet(kind.unet, kind.in_channels), oracle_vae(kind.vae)
    unet_names, vae_names = names_of_unet(unet), names_of_vae(vae)
    shapes = _under(UNET_PREFIX, shapes_by(unet_names, unet))
    shapes |= _under(VAE_PREFIX, shapes_by(vae_names, vae))
    shapes |= _text_shapes(kind)
    save_tensors(_random_tensors(shapes, kind.dtype) | dict(kind.marks), path, kind.metadata)
    embeds = _embeds(kind, path)
    _give(vae, vae_names, _read(path, VAE_PREFIX))
    _give(unet, unet_names, _read(path, UNET_PREFIX))
    return Parts(path, unet, vae, embeds)


def _text_shapes(kind: Kind) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    if kind.family in CLIP_PREFIXES:
        clip = shapes_of(oracle_text(CLIPS[kind.clip], "quick_gelu"))
        del clip["text_projection.weight"]  # in transformers' class, but in no SD file
        shapes |= _under(CLIP_PREFIXES[kind.family], clip)
    if kind.family in OPEN_CLIP_PREFIXES:
        open_clip = open_clip_shapes(oracle_text(OPEN_CLIPS[kind.open_clip], "gelu"))
        shapes |= _under(OPEN_CLIP_PREFIXES[kind.family], open_clip)
    return shapes


def _random_tensors(shapes: Mapping[str, Shape], dtype: torch.dtype) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    tensors = {n: random_weights(n, shape, generator).to(dtype) for n, shape in shapes.items()}
    for name in ("weight", "bias"):
        quantised = tensors[f"{VAE_PREFIX}quant_conv.{name}"]
        log_variance = quantised[len(quantised) // 2 :]
        log_variance.fill_(-30.0 if name == "bias" else 0.0)
    return tensors


def _under(prefix: str, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    return {prefix + name: shape for name, shape in shapes.items()}


def _read(path: Path, prefix: str) -> dict[str, Tensor]:
    """Part of a file by names without their prefix, in float32."""
    opened: Any = safe_open(path, framework="pt")
    with opened as file:
        names = [name for name in file.offset_keys() if name.startswith(prefix)]
        return {name.removeprefix(prefix): file.get_tensor(name).float() for name in names}


def _give(oracle: nn.Module, names: Mapping[str, str], weights: Mapping[str, Tensor]) -> None:
    give(oracle, {theirs: weights[ldm] for ldm, theirs in names.items()})


def _text_encoders(kind: Kind, path: Path) -> tuple[Any, Any]:
    """CLIP and OpenCLIP by transformers, None where the family has none."""
    clip = open_clip = None
    if kind.family in CLIP_PREFIXES:
        clip = oracle_text(CLIPS[kind.clip], "quick_gelu")
        unused = {"text_projection.weight": torch.zeros(clip.text_projection.weight.shape)}
        give(clip, _read(path, CLIP_PREFIXES[kind.family]) | unused)
    if kind.family in OPEN_CLIP_PREFIXES:
        open_clip = oracle_text(OPEN_CLIPS[kind.open_clip], "gelu")
        give(open_clip, split_open_clip(_read(path, OPEN_CLIP_PREFIXES[kind.family])))
    return clip, open_clip


def _embeds(kind: Kind, path: Path) -> Embeds:
    """What each family's networks are conditioned on, by transformers."""
    family = kind.family
    clip, open_clip = _text_encoders(kind, path)
    words = words_for(PROMPT, NEGATIVE, TextSettings(), 1, ())
    sides: list[tuple[Tensor, Tensor | None]] = []
    for program in (words.positive, words.negative):
        tokens = _tokens(program)
        if family == "sd1":
            sides.append((clip(tokens).last_hidden_state, None))
            continue
        answer = open_clip(_ended_by_zeros(tokens), output_hidden_states=True)
        hidden, pooled = answer.hidden_states[-2], answer.text_embeds
        if family == "sd2":
            hidden, pooled = open_clip.text_model.final_layer_norm(hidden), None
        elif family == "sdxl":
            first = clip(tokens, output_hidden_states=True).hidden_states[-2]
            hidden = torch.cat([first, hidden], dim=-1)
        sides.append((hidden, pooled))
    (prompt, pooled), (negative, negative_pooled) = sides
    return Embeds(prompt, negative, pooled, negative_pooled)


def _tokens(program: Program) -> Tensor:
    return torch.tensor([program.parts[0].variants[0][0].tokens])


def _ended_by_zeros(tokens: Tensor) -> Tensor:
    """OpenCLIP pads with zeros where CLIP repeats the end."""
    ended = (tokens == tokens.max()).cumsum(dim=-1)
    return tokens.masked_fill(ended > 1, 0)
