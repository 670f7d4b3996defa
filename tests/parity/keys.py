"""The names that tensors have in single files (LDM, OpenCLIP) and in diffusers and transformers.

Each table maps the beginning of a name in a single file to its beginning in the oracle; whatever
follows is the same in both, but for the words in the `…_PARTS` tables.
"""

from collections.abc import Iterable, Mapping

UNET_FIXED = {
    "time_embed.0.": "time_embedding.linear_1.",
    "time_embed.2.": "time_embedding.linear_2.",
    "label_emb.0.0.": "add_embedding.linear_1.",
    "label_emb.0.2.": "add_embedding.linear_2.",
    "input_blocks.0.0.": "conv_in.",
    "middle_block.0.": "mid_block.resnets.0.",
    "middle_block.1.": "mid_block.attentions.0.",
    "middle_block.2.": "mid_block.resnets.1.",
    "out.0.": "conv_norm_out.",
    "out.2.": "conv_out.",
}
RESNET_PARTS = {
    "in_layers.0.": "norm1.",
    "in_layers.2.": "conv1.",
    "emb_layers.1.": "time_emb_proj.",
    "out_layers.0.": "norm2.",
    "out_layers.3.": "conv2.",
    "skip_connection.": "conv_shortcut.",
}
VAE_FIXED = {
    "quant_conv.": "quant_conv.",
    "post_quant_conv.": "post_quant_conv.",
    **{
        f"{half}.{ldm}": f"{half}.{oracle}"
        for half in ("encoder", "decoder")
        for ldm, oracle in {
            "conv_in.": "conv_in.",
            "conv_out.": "conv_out.",
            "norm_out.": "conv_norm_out.",
            "mid.block_1.": "mid_block.resnets.0.",
            "mid.block_2.": "mid_block.resnets.1.",
            "mid.attn_1.norm.": "mid_block.attentions.0.group_norm.",
            "mid.attn_1.q.": "mid_block.attentions.0.to_q.",
            "mid.attn_1.k.": "mid_block.attentions.0.to_k.",
            "mid.attn_1.v.": "mid_block.attentions.0.to_v.",
            "mid.attn_1.proj_out.": "mid_block.attentions.0.to_out.0.",
        }.items()
    },
}
VAE_PARTS = {"nin_shortcut.": "conv_shortcut."}
OPEN_CLIP_FIXED = {
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    "text_projection": "text_projection.weight",
}
OPEN_CLIP_LAYERS = ("transformer.resblocks.", "text_model.encoder.layers.")
OPEN_CLIP_PARTS = {
    "ln_1.weight": ("layer_norm1.weight",),
    "ln_1.bias": ("layer_norm1.bias",),
    "ln_2.weight": ("layer_norm2.weight",),
    "ln_2.bias": ("layer_norm2.bias",),
    "mlp.c_fc.weight": ("mlp.fc1.weight",),
    "mlp.c_fc.bias": ("mlp.fc1.bias",),
    "mlp.c_proj.weight": ("mlp.fc2.weight",),
    "mlp.c_proj.bias": ("mlp.fc2.bias",),
    "attn.out_proj.weight": ("self_attn.out_proj.weight",),
    "attn.out_proj.bias": ("self_attn.out_proj.bias",),
    "attn.in_proj_weight": tuple(f"self_attn.{x}_proj.weight" for x in "qkv"),
    "attn.in_proj_bias": tuple(f"self_attn.{x}_proj.bias" for x in "qkv"),
}


def unet_names(oracle_names: Iterable[str], levels: int, res_blocks: int) -> dict[str, str]:
    """Single-file name → diffusers name, for every tensor of a diffusers U-Net."""
    names = tuple(oracle_names)
    places = _unet_places(levels, res_blocks) | _upsamplers(names, levels, res_blocks)
    return _renamed(names, places, RESNET_PARTS)


def vae_names(oracle_names: Iterable[str], levels: int, res_blocks: int) -> dict[str, str]:
    """Single-file name → diffusers name, for every tensor of a diffusers autoencoder."""
    return _renamed(oracle_names, _vae_places(levels, res_blocks), VAE_PARTS)


def open_clip_oracle_names(name: str) -> tuple[str, ...]:
    """transformers' name of an OpenCLIP tensor, or the three that it is a stack of."""
    if name in OPEN_CLIP_FIXED:
        return (OPEN_CLIP_FIXED[name],)
    ldm, oracle = OPEN_CLIP_LAYERS
    number, _, part = name.removeprefix(ldm).partition(".")
    return tuple(f"{oracle}{number}.{each}" for each in OPEN_CLIP_PARTS[part])


def open_clip_name(oracle: str) -> tuple[str, int]:
    """OpenCLIP's name of a transformers tensor, and how many such are stacked in it."""
    for ldm, name in OPEN_CLIP_FIXED.items():
        if name == oracle:
            return ldm, 1
    number, _, part = oracle.removeprefix(OPEN_CLIP_LAYERS[1]).partition(".")
    ldm, parts = next((k, parts) for k, parts in OPEN_CLIP_PARTS.items() if part in parts)
    return f"{OPEN_CLIP_LAYERS[0]}{number}.{ldm}", len(parts)


def _unet_places(levels: int, res_blocks: int) -> dict[str, str]:
    places = dict(UNET_FIXED)
    for i in range(levels):
        for j in range(res_blocks):
            n = 1 + i * (res_blocks + 1) + j
            places[f"input_blocks.{n}.0."] = f"down_blocks.{i}.resnets.{j}."
            places[f"input_blocks.{n}.1."] = f"down_blocks.{i}.attentions.{j}."
        n = (i + 1) * (res_blocks + 1)
        places[f"input_blocks.{n}.0.op."] = f"down_blocks.{i}.downsamplers.0.conv."
        for j in range(res_blocks + 1):
            n = i * (res_blocks + 1) + j
            places[f"output_blocks.{n}.0."] = f"up_blocks.{i}.resnets.{j}."
            places[f"output_blocks.{n}.1."] = f"up_blocks.{i}.attentions.{j}."
    return places


def _upsamplers(oracle_names: Iterable[str], levels: int, res_blocks: int) -> dict[str, str]:
    """Upsampling layers: third in a stage with attention, second in one without."""
    known = set(oracle_names)
    places: dict[str, str] = {}
    for i in range(levels - 1):
        has_attention = f"up_blocks.{i}.attentions.0.proj_in.weight" in known
        n = i * (res_blocks + 1) + res_blocks
        ldm = f"output_blocks.{n}.{2 if has_attention else 1}.conv."
        places[ldm] = f"up_blocks.{i}.upsamplers.0.conv."
    return places


def _vae_places(levels: int, res_blocks: int) -> dict[str, str]:
    places = dict(VAE_FIXED)
    for i in range(levels):
        mirrored = levels - 1 - i
        places[f"encoder.down.{i}.downsample.conv."] = (
            f"encoder.down_blocks.{i}.downsamplers.0.conv."
        )
        places[f"decoder.up.{mirrored}.upsample.conv."] = (
            f"decoder.up_blocks.{i}.upsamplers.0.conv."
        )
        for j in range(res_blocks + 1):
            places[f"encoder.down.{i}.block.{j}."] = f"encoder.down_blocks.{i}.resnets.{j}."
            places[f"decoder.up.{mirrored}.block.{j}."] = f"decoder.up_blocks.{i}.resnets.{j}."
    return places


def _renamed(
    oracle_names: Iterable[str], places: Mapping[str, str], parts: Mapping[str, str]
) -> dict[str, str]:
    by_oracle = {oracle: ldm for ldm, oracle in places.items()}
    parts_by_oracle = {oracle: ldm for ldm, oracle in parts.items()}
    return {_name(name, by_oracle, parts_by_oracle): name for name in oracle_names}


def _name(oracle: str, places: Mapping[str, str], parts: Mapping[str, str]) -> str:
    place = next(start for start in places if oracle.startswith(start))
    rest = oracle.removeprefix(place)
    part = next((start for start in parts if rest.startswith(start)), "")
    return places[place] + parts.get(part, "") + rest.removeprefix(part)
