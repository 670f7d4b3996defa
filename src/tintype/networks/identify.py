"""What a checkpoint holds, recognised by the names and shapes of its tensors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from tintype.errors import ModelError
from tintype.networks.clip import ClipConfig
from tintype.networks.layers import NORM_GROUPS
from tintype.networks.ldm_config import LdmConfig, Prediction, parse_ldm_config
from tintype.networks.openclip import OpenClipConfig
from tintype.networks.sizes import (
    Part,
    Shapes,
    clip_config,
    open_clip_config,
    unet_config,
    vae_config,
)
from tintype.networks.unet import UNetConfig
from tintype.networks.vae import VaeConfig

Family = Literal["sd1", "sd2", "sdxl", "sdxl_refiner"]

UNET_PREFIX = "model.diffusion_model."
VAE_PREFIX = "first_stage_model."
CLIP_PREFIXES: Mapping[Family, str] = {
    "sd1": "cond_stage_model.transformer.",
    "sdxl": "conditioner.embedders.0.transformer.",
}
OPEN_CLIP_PREFIXES: Mapping[Family, str] = {
    "sd2": "cond_stage_model.model.",
    "sdxl": "conditioner.embedders.1.model.",
    "sdxl_refiner": "conditioner.embedders.0.model.",
}

_FAMILY_SIGNS: tuple[tuple[str, Family], ...] = (
    ("conditioner.embedders.1.model.ln_final.weight", "sdxl"),
    ("conditioner.embedders.0.model.ln_final.weight", "sdxl_refiner"),
    ("cond_stage_model.model.transformer.resblocks.0.attn.in_proj_weight", "sd2"),
    ("cond_stage_model.transformer.text_model.embeddings.token_embedding.weight", "sd1"),
)
_UNSERVED_SIGNS = {
    "depth_model.": "a depth-guided Stable Diffusion 2",
    "embedder.model.": "an unCLIP Stable Diffusion 2",
}
_FOREIGN_SIGNS = _UNSERVED_SIGNS | {
    "model.diffusion_model.x_embedder.": "Stable Diffusion 3",
    "model.diffusion_model.joint_blocks.": "Stable Diffusion 3",
    "joint_blocks.": "Stable Diffusion 3",
    "model.diffusion_model.double_blocks.": "Flux",
    "double_blocks.": "Flux",
    "cond_stage_model.roberta.": "AltDiffusion",
    "lora_": "a LoRA",
    "control_model.": "a ControlNet",
    "input_hint_block.": "a ControlNet",
    "controlnet_cond_embedding.": "a ControlNet",
    "model.diffusion_model.": "a U-Net without its text encoder",
    "emb_params": "a textual inversion embedding",
    "clip_l": "a textual inversion embedding",
    "down_blocks.": "a U-Net or VAE in diffusers' layout",
    "encoder.down_blocks.": "a VAE in diffusers' layout",
    "input_blocks.": "a U-Net alone",
    "text_model.": "a text encoder alone",
    "decoder.conv_in.": "an autoencoder (VAE) alone",
    "first_stage_model.": "an autoencoder (VAE) alone",
}
_LORA_PARTS = (".lora_up.", ".lora_down.", ".lora_A.", ".lora_B.")
_SPREAD_SIGN = f"{UNET_PREFIX}output_blocks.11.1.transformer_blocks.0.norm1.bias"
_LEAST_SPREAD_OF_V = 0.09


@dataclass(frozen=True, slots=True)
class CheckpointConfig:
    """Everything needed to build a checkpoint's networks and to use them.

    Attributes:
        family: decides how texts are encoded.
        clip: the text encoder in CLIP's layout (SD 1.x, SDXL).
        open_clip: the text encoder in OpenCLIP's layout (SD 2.x, SDXL, the SDXL refiner).
        prediction: what the U-Net answers with.
        schedule_start: first beta of the noise schedule.
        schedule_end: last beta.
    """

    family: Family
    unet: UNetConfig
    vae: VaeConfig
    clip: ClipConfig | None
    open_clip: OpenClipConfig | None
    prediction: Prediction
    schedule_start: float
    schedule_end: float

    @property
    def scale_factor(self) -> float:
        """Factor from the autoencoder's latents to those the U-Net works on."""
        return self.vae.scale


def identify(
    shapes: Shapes,
    config: Mapping[str, object] | None = None,
    metadata: Mapping[str, str] | None = None,
    spread: Callable[[str], float] | None = None,
) -> CheckpointConfig:
    """Recognise a checkpoint and work out the sizes of its networks.

    Args:
        shapes: shape of every tensor, by reference name.
        config: the LDM config beside the file, if there is one; it wins over every guess.
        metadata: free text of the file's header. `modelspec.prediction_type` is heeded, and what
            shapes cannot tell of small networks: `tintype.num_heads` and `tintype.norm_groups`.
        spread: standard deviation of a tensor, by name; asked only of SD 2.x files that do not
            say what they predict.

    Raises:
        ModelError: the file is no checkpoint we serve, incomplete, or contradicts itself.
    """
    family, metadata = _family(shapes), metadata or {}
    if config is None:
        prediction = _guess_prediction(family, shapes, metadata, spread)
        ldm = LdmConfig(prediction, num_heads=_stated(metadata, "num_heads"))
    else:
        ldm = parse_ldm_config(config)
    groups = _stated(metadata, "norm_groups") or NORM_GROUPS
    scale = ldm.scale or (0.13025 if family in ("sdxl", "sdxl_refiner") else 0.18215)
    clip, open_clip = CLIP_PREFIXES.get(family), OPEN_CLIP_PREFIXES.get(family)
    return CheckpointConfig(
        family=family,
        unet=unet_config(Part(shapes, UNET_PREFIX), ldm.num_heads, ldm.head_channels, groups),
        vae=vae_config(Part(shapes, VAE_PREFIX), scale, groups),
        clip=clip_config(Part(shapes, clip)) if clip else None,
        open_clip=open_clip_config(Part(shapes, open_clip)) if open_clip else None,
        prediction=ldm.prediction,
        schedule_start=ldm.schedule_start,
        schedule_end=ldm.schedule_end,
    )


def _family(shapes: Shapes) -> Family:
    unserved = any(key.startswith(tuple(_UNSERVED_SIGNS)) for key in shapes)
    if f"{UNET_PREFIX}input_blocks.0.0.weight" in shapes and not unserved:
        for sign, family in _FAMILY_SIGNS:
            if sign in shapes:
                return family
    some = ", ".join(sorted(shapes)[:3]) or "none at all"
    raise ModelError(
        f"This is no Stable Diffusion checkpoint we serve; it looks like {_foreign_kind(shapes)}."
        f" Expected were tensors named {UNET_PREFIX}…, {VAE_PREFIX}… and cond_stage_model.… or"
        f" conditioner.…; it has, for instance, {some}."
    )


def _foreign_kind(shapes: Shapes) -> str:
    if any(part in key for key in shapes for part in _LORA_PARTS):
        return "a LoRA"
    for start, kind in _FOREIGN_SIGNS.items():
        if any(key.startswith(start) for key in shapes):
            return kind
    return "nothing we know"


def _stated(metadata: Mapping[str, str], name: str) -> int | None:
    """A positive whole number in our own part of the metadata, or None."""
    text = metadata.get(f"tintype.{name}")
    if text is None:
        return None
    if text.isdecimal() and len(text) < 5 and int(text) > 0:
        return int(text)
    raise ModelError(f"The file's metadata has tintype.{name} {text[:40]!r}, not a whole number.")


def _guess_prediction(
    family: Family,
    shapes: Shapes,
    metadata: Mapping[str, str],
    spread: Callable[[str], float] | None,
) -> Prediction:
    """What a checkpoint without LDM config predicts.

    An SD 2.x file that does not say is judged by a bias, as Forge does: v-prediction spreads it.
    """
    stated = metadata.get("modelspec.prediction_type", "")
    if stated:
        return "v" if stated.lower().startswith("v") else "eps"
    if "v_pred" in shapes:
        return "v"
    if family == "sd2" and spread is not None and _SPREAD_SIGN in shapes:
        return "v" if spread(_SPREAD_SIGN) > _LEAST_SPREAD_OF_V else "eps"
    return "eps"
