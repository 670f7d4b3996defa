"""Files with the headers of real models and next to no weights; made without torch."""

import json
from collections.abc import Iterable, Mapping

Shape = tuple[int, ...]

CHECKPOINT: Mapping[str, Shape] = {
    "model.diffusion_model.input_blocks.0.0.weight": (8, 4, 3, 3),
    "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (8, 768),
    "first_stage_model.decoder.conv_in.weight": (8, 4, 3, 3),
    "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": (4, 768),
}
LORA: Mapping[str, Shape] = {
    "lora_unet_mid_block_attentions_0_proj_in.lora_up.weight": (8, 2),
    "lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": (2, 8),
}
VAE: Mapping[str, Shape] = {"decoder.conv_in.weight": (8, 4, 3, 3), "encoder.conv_in.bias": (8,)}
EMBEDDING: Mapping[str, Shape] = {"emb_params": (3, 768)}
FOLDER: Mapping[str, Mapping[str, Shape]] = {  # of diffusers: weights by network
    "unet": {"conv_in.weight": (8, 4, 3, 3)},
    "vae": {"decoder.conv_in.weight": (8, 4, 3, 3)},
    "text_encoder": {"text_model.embeddings.token_embedding.weight": (4, 768)},
}
CAPTIONER: Mapping[str, Shape] = {  # of transformers' layout; it sees 32 × 32 pixels
    "vision_model.embeddings.patch_embedding.weight": (64, 3, 16, 16),
    "vision_model.embeddings.position_embedding": (1, 5, 64),
    "vision_model.encoder.layers.0.mlp.fc1.weight": (16, 64),
    "text_decoder.bert.embeddings.word_embeddings.weight": (30524, 64),
    "text_decoder.bert.embeddings.position_embeddings.weight": (512, 64),
    "text_decoder.bert.encoder.layer.0.intermediate.dense.weight": (16, 64),
    "text_decoder.bert.encoder.layer.0.crossattention.self.key.weight": (64, 64),
}
RANDOM: Mapping[str, Shape] = {"alpha": (3,), "beta.weight": (2, 2)}


def safetensors(shapes: Mapping[str, Shape], *, padding: int = 0, seed: int = 0) -> bytes:
    """A safetensors file of half-precision tensors.

    Args:
        shapes: by name.
        padding: bytes of a further tensor, to make it longer.
        seed: makes files differ.
    """
    header: dict[str, object] = {}
    place = 0
    for name, shape, size in _sizes(shapes, padding):
        dtype = "U8" if name == "padding" else "F16"
        offsets = [place, place + size]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": offsets}
        place += size
    text = json.dumps(header).encode()
    weights = bytes((seed + n) % 251 for n in range(997)) * (place // 997 + 1)
    return len(text).to_bytes(8, "little") + text + weights[:place]


def diffusers_folder(*, padding: int = 0) -> dict[str, bytes]:
    """The files of a folder in diffusers' layout, by their paths in it."""
    parts = {part: ["diffusers", "AnyModel"] for part in FOLDER}
    index = {"_class_name": "StableDiffusionPipeline", **parts}
    files = {"model_index.json": json.dumps(index).encode()}
    for part, shapes in FOLDER.items():
        stem = "model" if part.startswith("text") else "diffusion_pytorch_model"
        files[f"{part}/{stem}.safetensors"] = safetensors(shapes, padding=padding)
        files[f"{part}/config.json"] = b"{}"
    return files


def _sizes(shapes: Mapping[str, Shape], padding: int) -> Iterable[tuple[str, Shape, int]]:
    for name, shape in shapes.items():
        size = 2
        for side in shape:
            size *= side
        yield name, shape, size
    if padding:
        yield "padding", (padding,), padding
