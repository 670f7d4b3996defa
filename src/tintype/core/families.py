"""Which family a checkpoint is of, or what else a file is, by the names of its tensors.

Names are those of the reference single files. Nothing here needs weights or torch, so the front
tells families apart by the same signs as the networks.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Family = Literal["sd1", "sd2", "sdxl", "sdxl_refiner"]
Prediction = Literal["eps", "v", "edm", "edm_v"]
Shapes = Mapping[str, tuple[int, ...]]

# Standard deviation of clean latents, as each prediction reckons with it.
DATA_SPREADS: Mapping[Prediction, float] = {"eps": 1.0, "v": 1.0, "edm": 0.5, "edm_v": 1.0}

FAMILY_WORDS: Mapping[Family, str] = {
    "sd1": "Stable Diffusion 1",
    "sd2": "Stable Diffusion 2",
    "sdxl": "SDXL",
    "sdxl_refiner": "SDXL's refiner",
}
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

FIRST_LAYER = f"{UNET_PREFIX}input_blocks.0.0.weight"
"""Its second dimension is how many channels a U-Net sees."""

_FAMILY_SIGNS: tuple[tuple[str, Family], ...] = (
    ("conditioner.embedders.1.model.ln_final.weight", "sdxl"),
    ("conditioner.embedders.0.model.ln_final.weight", "sdxl_refiner"),
    ("cond_stage_model.model.transformer.resblocks.0.attn.in_proj_weight", "sd2"),
    ("cond_stage_model.transformer.text_model.embeddings.token_embedding.weight", "sd1"),
)


@dataclass(frozen=True, slots=True)
class OtherKind:
    """What a file is that is no checkpoint of ours.

    Attributes:
        words: with its article ("a LoRA").
        folder: where such files belong below the data folder, or None where nothing uses them.
    """

    words: str
    folder: str | None = None

    def __str__(self) -> str:
        return (
            self.words if self.folder is None else f"{self.words}, which belongs in {self.folder}"
        )


_LORA = OtherKind("a LoRA", "models/Lora")
_CONTROL_NET = OtherKind("a ControlNet", "models/ControlNet")
_EMBEDDING = OtherKind("a textual inversion embedding", "embeddings")
_VAE = OtherKind("an autoencoder (VAE) alone", "models/VAE")
_TEXT = OtherKind("a text encoder alone")
_VIDEO = OtherKind("a network for video")
_SD3 = OtherKind("Stable Diffusion 3")
_FLUX = OtherKind("Flux")
_CASCADE = OtherKind("a stage of Stable Cascade")
_CAPTIONER = OtherKind("a captioner (BLIP)", "models/BLIP")
_FACE_DETECTOR = OtherKind("a detector of faces (RetinaFace)", "models/GFPGAN")
UPSCALER = OtherKind("an upscaler", "models/ESRGAN")

# A checkpoint with one of these is a relative of our families that wants more than a text.
_UNSERVED: tuple[tuple[str, OtherKind], ...] = (
    ("depth_model.", OtherKind("a depth-guided Stable Diffusion 2")),
    ("embedder.model.", OtherKind("an unCLIP Stable Diffusion 2")),
    ("low_scale_model.", OtherKind("Stable Diffusion's x4 upscaler")),
    ("cc_projection.", OtherKind("Zero123")),
    (f"{UNET_PREFIX}input_blocks.1.0.time_stack.", _VIDEO),
    (f"{UNET_PREFIX}input_blocks.1.0.time_mixer.", _VIDEO),
)
_STARTS: tuple[tuple[str, OtherKind], ...] = (
    *_UNSERVED,
    ("x_embedder.", _SD3),
    ("joint_blocks.", _SD3),
    ("distilled_guidance_layer.", OtherKind("Chroma")),
    ("double_blocks.", _FLUX),
    ("single_blocks.", _FLUX),
    ("single_transformer_blocks.", _FLUX),
    ("clip_txt_mapper.", _CASCADE),
    ("clf.", _CASCADE),
    ("adaln_single.", OtherKind("PixArt")),
    ("patchify_proj.", _VIDEO),
    ("head.modulation", _VIDEO),
    ("txt_in.individual_token_refiner.", _VIDEO),
    ("net.x_embedder.", _VIDEO),
    ("double_stream_blocks.", OtherKind("HiDream")),
    ("txt_norm.", OtherKind("Qwen Image")),
    ("blocks.0.cross_attn.q_linear.", OtherKind("Sana")),
    ("cap_embedder.", OtherKind("Lumina")),
    ("double_layers.", OtherKind("AuraFlow")),
    ("cond_stage_model.roberta.", OtherKind("AltDiffusion")),
    ("lora_controlnet", OtherKind("a Control-LoRA", "models/ControlNet")),
    ("lora_", _LORA),
    ("lycoris_", _LORA),
    ("oft_", _LORA),
    ("bundle_emb.", _LORA),
    ("lllite_", OtherKind("a ControlNet-LLLite", "models/ControlNet")),
    ("control_model.", _CONTROL_NET),
    ("input_hint_block.", _CONTROL_NET),
    ("controlnet_", _CONTROL_NET),
    ("adapter.body.", OtherKind("a T2I-Adapter", "models/ControlNet")),
    ("body.0.in_conv.", OtherKind("a T2I-Adapter", "models/ControlNet")),
    ("ip_adapter.", OtherKind("an IP-Adapter", "models/ControlNet")),
    ("image_proj.", OtherKind("an IP-Adapter", "models/ControlNet")),
    (UNET_PREFIX, OtherKind("a U-Net without its text encoder")),
    ("emb_params", _EMBEDDING),
    ("string_to_param", _EMBEDDING),
    ("clip_g", _EMBEDDING),
    ("clip_l", _EMBEDDING),
    ("encoder.down_blocks.", OtherKind("an autoencoder (VAE) in diffusers' layout", "models/VAE")),
    ("down_blocks.", OtherKind("a U-Net alone, in diffusers' layout")),
    ("input_blocks.", OtherKind("a U-Net alone")),
    ("text_decoder.bert.", _CAPTIONER),
    ("text_model.", _TEXT),
    ("encoder.block.0.layer.0.SelfAttention.", _TEXT),
    ("enc.blk.0.", _TEXT),
    ("shared.weight", _TEXT),
    ("decoder.conv_in.", _VAE),
    (VAE_PREFIX, _VAE),
    ("taesd_", OtherKind("a small autoencoder (TAESD)", "models/VAE-taesd")),
    ("model.1.sub.0.", UPSCALER),
    ("conv_first.", UPSCALER),
    ("RRDB_trunk.", UPSCALER),
    ("conv_body_first.", OtherKind("a restorer of faces (GFPGAN)", "models/GFPGAN")),
    ("idx_pred_layer.", OtherKind("a restorer of faces (CodeFormer)", "models/Codeformer")),
    ("BboxHead.", _FACE_DETECTOR),
    ("module.BboxHead.", _FACE_DETECTOR),
    ("model.layers.0.", OtherKind("a language model")),
)
_PARTS: tuple[tuple[str, OtherKind], ...] = (
    (".lora_up.", _LORA),
    (".lora_down.", _LORA),
    (".lora_A.", _LORA),
    (".lora_B.", _LORA),
    (".hada_w1_", _LORA),
    (".lokr_w", _LORA),
    ("motion_modules.", OtherKind("a motion module (AnimateDiff)")),
    (".temporal_transformer.", _VIDEO),
)
NOTHING = OtherKind("nothing we know")


def family_of(names: Collection[str]) -> Family | None:
    """The family of a checkpoint by the names of its tensors, or None for any other file."""
    if FIRST_LAYER not in names or _first(names, _UNSERVED) is not None:
        return None
    return next((family for sign, family in _FAMILY_SIGNS if sign in names), None)


def other_kind(names: Collection[str]) -> OtherKind:
    """What a file is that `family_of` knows no family of; one that says "nothing we know" if not.

    Networks are known whether or not their names begin with that of a U-Net in a checkpoint.
    """
    for part, kind in _PARTS:
        if any(part in name for name in names):
            return kind
    bare = tuple(name.removeprefix(UNET_PREFIX) for name in names)
    return _first((*names, *bare), _STARTS) or NOTHING


def latent_scale(family: Family) -> float:
    """Factor from an autoencoder's latents to those the U-Nets of a family work on."""
    return 0.13025 if family in ("sdxl", "sdxl_refiner") else 0.18215


def _first(names: Collection[str], kinds: Iterable[tuple[str, OtherKind]]) -> OtherKind | None:
    """The first of the kinds that any name begins with."""
    return next((kind for start, kind in kinds if any(n.startswith(start) for n in names)), None)
