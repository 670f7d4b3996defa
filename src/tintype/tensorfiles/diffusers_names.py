"""From the names of diffusers and transformers to those of the reference single files.

How many blocks a network has is counted in its own names, so that distilled ones come out right.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

RESNET = {
    "norm1.": "in_layers.0.",
    "conv1.": "in_layers.2.",
    "time_emb_proj.": "emb_layers.1.",
    "norm2.": "out_layers.0.",
    "conv2.": "out_layers.3.",
    "conv_shortcut.": "skip_connection.",
}
"""Parts of a residual block of the U-Net: diffusers' names, and the reference's."""

UNET_ENDS = {
    "conv_in.": "input_blocks.0.0.",
    "conv_norm_out.": "out.0.",
    "conv_out.": "out.2.",
    "time_embedding.linear_1.": "time_embed.0.",
    "time_embedding.linear_2.": "time_embed.2.",
    "add_embedding.linear_1.": "label_emb.0.0.",
    "add_embedding.linear_2.": "label_emb.0.2.",
}
"""What a U-Net has before and behind its blocks."""

_UNET = {
    **UNET_ENDS,
    "time_embedding.cond_proj.": "time_embed.cond_proj.",
    "class_embedding.linear_1.": "label_emb.0.0.",
    "class_embedding.linear_2.": "label_emb.0.2.",
    "mid_block.attentions.0.": "middle_block.1.",
    **{
        f"mid_block.resnets.0.{theirs}": f"middle_block.0.{ours}" for theirs, ours in RESNET.items()
    },
    **{
        f"mid_block.resnets.1.{theirs}": f"middle_block.2.{ours}" for theirs, ours in RESNET.items()
    },
}
_VAE = {
    "mid_block.resnets.0.": "mid.block_1.",
    "mid_block.resnets.1.": "mid.block_2.",
    "mid_block.attentions.0.group_norm.": "mid.attn_1.norm.",
    "mid_block.attentions.0.to_q.": "mid.attn_1.q.",
    "mid_block.attentions.0.to_k.": "mid.attn_1.k.",
    "mid_block.attentions.0.to_v.": "mid.attn_1.v.",
    "mid_block.attentions.0.to_out.0.": "mid.attn_1.proj_out.",
    "mid_block.attentions.0.query.": "mid.attn_1.q.",  # before diffusers 0.15
    "mid_block.attentions.0.key.": "mid.attn_1.k.",
    "mid_block.attentions.0.value.": "mid.attn_1.v.",
    "mid_block.attentions.0.proj_attn.": "mid.attn_1.proj_out.",
    "conv_norm_out.": "norm_out.",
}
OPEN_CLIP_LAYER = {
    "layer_norm1.": "ln_1.",
    "layer_norm2.": "ln_2.",
    "mlp.fc1.": "mlp.c_fc.",
    "mlp.fc2.": "mlp.c_proj.",
    "self_attn.out_proj.": "attn.out_proj.",
}
"""Parts of a layer of OpenCLIP: transformers' names, and OpenCLIP's."""

_OPEN_CLIP = {
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm.": "ln_final.",
    "text_projection.weight": "text_projection",
}
_STAGE = re.compile(r"(down|up)_blocks\.(\d{1,3})\.(resnets|attentions|downsamplers|upsamplers)\.")
_PLACE = re.compile(_STAGE.pattern + r"(\d{1,3})\.(.+)")
_CODER_PLACE = re.compile(r"(encoder|decoder)\." + _PLACE.pattern)
_LAYER = re.compile(r"encoder\.layers\.(\d{1,3})\.(.+)")
_STACKED = re.compile(r"self_attn\.([qkv])_proj\.(weight|bias)")

Rename = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Stages:
    """What a network has in its stages on one way, down or up.

    Attributes:
        resnets: number of them in each.
        resamplers: number of them in each, 0 or 1.
        attentions: which resnets of which stage have one behind them.
    """

    resnets: Counter[int]
    resamplers: Counter[int]
    attentions: frozenset[tuple[int, int]]

    def before(self, stage: int) -> int:
        """Resnets in the stages before one."""
        return sum(self.resnets[i] for i in range(stage))


def unet_names(names: Iterable[str]) -> Rename:
    """How the tensors of a U-Net with these names are called in a single file, unprefixed.

    Names that mean nothing to us stay as they are.
    """
    names = tuple(names)
    down, up = _stages(names, "down"), _stages(names, "up")

    def rename(name: str) -> str:
        match = _PLACE.fullmatch(name)
        if match is None:
            return _begun(name, _UNET)
        way, stage, part, number, rest = match.groups()
        block = _down_block if way == "down" else _up_block
        return block(down if way == "down" else up, int(stage), part, int(number), rest)

    return rename


def vae_names(names: Iterable[str]) -> Rename:
    """How the tensors of an autoencoder are called in a single file, unprefixed."""
    stages = max((int(m[3]) for m in map(_CODER_PLACE.match, names) if m), default=0)

    def rename(name: str) -> str:
        half, _, inner = name.partition(".")
        match = _PLACE.fullmatch(inner)
        if half not in ("encoder", "decoder"):
            return name
        if match is None:
            return f"{half}.{_begun(inner, _VAE)}"
        way, stage, part, number, rest = match.groups()
        if part in ("downsamplers", "upsamplers"):
            place = f"{part.removesuffix('rs')}.{rest}"
        else:
            place = f"block.{number}.{rest.replace('conv_shortcut', 'nin_shortcut')}"
        return f"{half}.{way}.{int(stage) if way == 'down' else stages - int(stage)}.{place}"

    return rename


def open_clip_name(name: str) -> tuple[str, str | None]:
    """How a tensor of a CLIP text model is called in OpenCLIP's layout.

    Returns:
        Its name, and "q", "k" or "v" for what is a part of a stacked tensor.
    """
    name = name.removeprefix("text_model.")
    match = _LAYER.fullmatch(name)
    if match is None:
        return _begun(name, _OPEN_CLIP), None
    number, rest = match.groups()
    layer = f"transformer.resblocks.{int(number)}."
    if stacked := _STACKED.fullmatch(rest):
        return f"{layer}attn.in_proj_{stacked[2]}", stacked[1]
    return layer + _begun(rest, OPEN_CLIP_LAYER), None


def _stages(names: tuple[str, ...], way: str) -> _Stages:
    found = {m.groups()[:4] for m in map(_PLACE.fullmatch, names) if m and m[1] == way}
    parts = [(int(stage), part, int(number)) for _, stage, part, number in found]
    return _Stages(
        Counter(stage for stage, part, _ in parts if part == "resnets"),
        Counter(stage for stage, part, _ in parts if part.endswith("samplers")),
        frozenset((stage, number) for stage, part, number in parts if part == "attentions"),
    )


def _down_block(stages: _Stages, stage: int, part: str, number: int, rest: str) -> str:
    passed = sum(stages.resamplers[i] for i in range(stage))
    first = 1 + stages.before(stage) + passed
    if part == "downsamplers":
        return f"input_blocks.{first + stages.resnets[stage]}.0.{_begun(rest, {'conv.': 'op.'})}"
    return f"input_blocks.{first + number}.{_part_of_block(part, rest)}"


def _up_block(stages: _Stages, stage: int, part: str, number: int, rest: str) -> str:
    first = stages.before(stage)
    if part == "upsamplers":
        last = stages.resnets[stage] - 1
        return f"output_blocks.{first + last}.{1 + ((stage, last) in stages.attentions)}.{rest}"
    return f"output_blocks.{first + number}.{_part_of_block(part, rest)}"


def _part_of_block(part: str, rest: str) -> str:
    return f"0.{_begun(rest, RESNET)}" if part == "resnets" else f"1.{rest}"


def _begun(name: str, beginnings: Mapping[str, str]) -> str:
    """A name with another beginning, if it has one of these."""
    start = next((start for start in beginnings if name.startswith(start)), "")
    return beginnings.get(start, "") + name.removeprefix(start)
