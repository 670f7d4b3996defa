"""Small safetensors files that hold nothing but what headers say."""

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path

CHECKPOINT: Mapping[str, tuple[int, ...]] = {
    "model.diffusion_model.input_blocks.0.0.weight": (8, 4, 3, 3),
    "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": (2, 8),
}
"""As much of an SD 1 checkpoint as it takes to be told for one."""

LORA: Mapping[str, tuple[int, ...]] = {
    "lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight": (4, 8),
    "lora_unet_down_blocks_0_attentions_0_proj_in.lora_up.weight": (8, 4),
    "lora_unet_down_blocks_1_attentions_0_attn2_to_k.lora_down.weight": (2, 2048),
}
"""A LoRA of rank 4 for SDXL."""


def safetensors(tensors: Mapping[str, tuple[int, ...]], metadata: Mapping[str, str]) -> bytes:
    """A file of float16 zeros with these tensors and this free text."""
    entries: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, shape in tensors.items():
        begin, end = end, end + 2 * prod(shape)
        entries[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [begin, end]}
    header = json.dumps(entries).encode()
    return len(header).to_bytes(8, "little") + header + bytes(end)


def write_model(path: Path, tensors: Mapping[str, tuple[int, ...]], **metadata: str) -> Path:
    """Such a file where it belongs; dots in names of metadata are written as two underscores."""
    path.parent.mkdir(parents=True, exist_ok=True)
    named = {name.replace("__", "."): value for name, value in metadata.items()}
    path.write_bytes(safetensors(tensors, named))
    return path


def write_pipeline(folder: Path) -> Path:
    """The smallest folder in the layout of diffusers that can be read."""
    parts = {
        "unet/diffusion_pytorch_model": {"conv_in.weight": (2, 4, 3, 3)},
        "vae/diffusion_pytorch_model": {"decoder.conv_in.weight": (2, 4, 3, 3)},
        "text_encoder/model": {"text_model.final_layer_norm.bias": (2,)},
    }
    for name, tensors in parts.items():
        write_model(folder / f"{name}.safetensors", tensors)
    listed = {name.split("/")[0]: ["library", "Class"] for name in parts}
    (folder / "model_index.json").write_text(json.dumps(listed))
    (folder / "text_encoder" / "config.json").write_text('{"hidden_act": "quick_gelu"}')
    return folder
