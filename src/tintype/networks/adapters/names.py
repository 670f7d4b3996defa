"""The many ways in which LoRA files name a layer and a part of it, brought to one.

Here layers are named as kohya's scripts do, `lora_unet_…`, `lora_te1_…`, `lora_te2_…`, with dots as
underscores; what follows may be diffusers' names or those of single files. Other files write paths
with dots: diffusers (`unet.….lora_A.weight`, `….lora.down.weight`, `….processor.to_q_lora.…`), PEFT
(`base_model.model.….lora_A.default.weight`), ComfyUI (`diffusion_model.…`), LyCORIS (`lycoris_…`).
"""

import re
from collections.abc import Callable

Place = tuple[str, str]  # the layer's name, and the part's

_FLAT = ("lora_", "oft_", "lycoris_")
_PARTS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\.lora_A(\.\w+)?\.weight$"), "lora_down.weight"),
    (re.compile(r"\.lora_B(\.\w+)?\.weight$"), "lora_up.weight"),
    (
        re.compile(r"(?:\.lora|_lora|\.lora_linear_layer)[._](down|up|mid)(?:\.\w+)?\.weight$"),
        lambda found: f"lora_{found[1]}.weight",
    ),
    (re.compile(r"\.lora_magnitude_vector(\.\w+)*$"), "dora_scale"),
    (re.compile(r"(?:\.lora|_lora)?\.alpha$"), "alpha"),
    (re.compile(r"\.([ab][12]\.weight)$"), lambda found: found[1]),
    (
        re.compile(
            r"\.(scale|dora_scale|diff|diff_b|[wb]_norm|rescale|oft_(?:blocks|diag)"
            r"|bias_(?:indices|values|size)|(?:hada|lokr)_\w+?)(?:\.default)?$"
        ),
        lambda found: found[1],
    ),
)
_WRAPPINGS = ("base_model.model.", "model.diffusion_model.", "diffusion_model.", "lycoris_")
_PREFIXES = {
    "lora_": "lora_",
    "oft_unet_": "lora_unet_",
    "unet_": "lora_unet_",
    "text_encoders_clip_l_transformer_": "lora_te1_",
    "text_encoders_clip_g_transformer_": "lora_te2_",
    "text_encoder_2_": "lora_te2_",
    "text_encoder_": "lora_te1_",
    "te1_": "lora_te1_",
    "te2_": "lora_te2_",
    "te_": "lora_te1_",
}
_ROOTS = {  # of a path that does not say whose it is
    "text_model_": "lora_te1_",
    **dict.fromkeys(
        (
            *("conv_in", "conv_out", "time_embedding_", "add_embedding_", "conv_norm_out"),
            *("down_blocks_", "mid_block_", "up_blocks_"),
            *("input_blocks_", "middle_block_", "output_blocks_"),
            *("time_embed_", "label_emb_", "out_"),
        ),
        "lora_unet_",
    ),
}
_OLD_ATTENTION = re.compile(r"(_processor|_self_attn)_to_(q|k|v|out)$")


def place_of(key: str) -> Place | None:
    """The layer and the part that a tensor's name in a file means; None if it means none."""
    for pattern, part in _PARTS:
        if found := pattern.search(key):
            name = part if isinstance(part, str) else part(found)
            return _layer(key[: found.start()]), name
    layer, _, part = key.partition(".")
    return (_layer(layer), part) if part and layer.startswith(_FLAT) else None


def _layer(path: str) -> str:
    for wrapping in _WRAPPINGS:
        path = path.removeprefix(wrapping)
    flat = _OLD_ATTENTION.sub(_newer, path.replace(".", "_"))
    for prefix, ours in _PREFIXES.items():
        if flat.startswith(prefix):
            return ours + flat.removeprefix(prefix)
    return next((ours for root, ours in _ROOTS.items() if flat.startswith(root)), "") + flat


def _newer(found: re.Match[str]) -> str:
    """diffusers kept the first LoRAs in attention processors, and called their layers by those."""
    where, which = found.groups()
    if where == "_processor":
        return "_to_out_0" if which == "out" else f"_to_{which}"
    return f"{where}_{which}_proj"
