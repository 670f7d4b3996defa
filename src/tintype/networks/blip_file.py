"""Captioners in files: BLIP's own layout (`.pth`), and that of transformers."""

import re
from collections.abc import Mapping
from pathlib import Path

import torch

from tintype.core.captioners import HEAD_WIDTH, captioner_sizes, is_transformers
from tintype.networks.blip import Blip, BlipConfig
from tintype.networks.blip_text import TextConfig
from tintype.networks.blip_vision import VisionConfig
from tintype.networks.filling import Filling, fill, without_memory
from tintype.tensorfiles import naming, open_table

_EPSILON, _EPSILON_OF_TRANSFORMERS = 1e-6, 1e-5
_BIAS = "text_decoder.cls.predictions.bias"
_SAME_BIAS = "text_decoder.cls.predictions.decoder.bias"
_OURS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(f"^vision_model\\.{theirs}"), f"visual_encoder.{ours}")
    for theirs, ours in (
        (r"embeddings\.class_embedding$", "cls_token"),
        (r"embeddings\.position_embedding$", "pos_embed"),
        (r"embeddings\.patch_embedding\.", "patch_embed.proj."),
        (r"encoder\.layers\.(\d+)\.self_attn\.qkv\.", r"blocks.\1.attn.qkv."),
        (r"encoder\.layers\.(\d+)\.self_attn\.projection\.", r"blocks.\1.attn.proj."),
        (r"encoder\.layers\.(\d+)\.layer_norm([12])\.", r"blocks.\1.norm\2."),
        (r"encoder\.layers\.(\d+)\.mlp\.", r"blocks.\1.mlp."),
        (r"post_layernorm\.", "norm."),
    )
)


def load_captioner(path: Path, device: torch.device, dtype: torch.dtype) -> Blip:
    """Load a captioner: base or large, in either layout.

    Args:
        path: a file of tensors.
        device: where the weights go.
        dtype: what they are cast to.

    Raises:
        ModelError: the file is missing, torn, foreign or incomplete.
    """
    with naming(f"captioner {path.name}"):
        table = open_table(path)
        config = _config_of(table.shapes)
        tensors = {_our_name(name): tensor for name, tensor in table.tensors.items()}
        if _BIAS not in tensors and _SAME_BIAS in tensors:  # safetensors keeps one of two that are
            tensors[_BIAS] = tensors[_SAME_BIAS]
        with without_memory():
            network = Blip(config)
        fill([Filling(network, {"": ""}, dtype, device)], tensors)
    return network


def _our_name(name: str) -> str:
    for pattern, ours in _OURS:
        if pattern.match(name):
            return pattern.sub(ours, name)
    return name


def _config_of(shapes: Mapping[str, tuple[int, ...]]) -> BlipConfig:
    sizes = captioner_sizes(shapes)
    vision = VisionConfig(
        width=sizes.seen_width,
        layers=sizes.seen_layers,
        heads=sizes.seen_width // HEAD_WIDTH,
        side=sizes.side,
        patch=sizes.patch,
        hidden_width=sizes.seen_hidden_width,
        epsilon=_EPSILON_OF_TRANSFORMERS if is_transformers(shapes) else _EPSILON,
    )
    text = TextConfig(
        width=sizes.width,
        layers=sizes.layers,
        heads=sizes.width // HEAD_WIDTH,
        vocabulary=sizes.vocabulary,
        positions=sizes.positions,
        hidden_width=sizes.hidden_width,
        seen_width=sizes.seen_width,
    )
    return BlipConfig(vision, text)
