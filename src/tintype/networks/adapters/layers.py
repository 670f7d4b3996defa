"""The layers that adapters can change, by the names that LoRA files give them.

Files name U-Net layers as diffusers does (kohya's scripts for SD 1.x and 2.x) or as single files
do (the same scripts for SDXL), and text encoders as transformers does, with dots as underscores;
`names` brings other files to that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from tintype.networks.clip import ClipText
from tintype.networks.openclip import OpenClipText
from tintype.networks.text import RefinerText, Sd1Text, Sd2Text, SdxlText, TextEncoder
from tintype.networks.unet import UNet
from tintype.networks.unet_blocks import Downsample, ResBlock, SpatialTransformer, Upsample
from tintype.networks.wearing import Wearable
from tintype.tensorfiles.diffusers_names import OPEN_CLIP_LAYER, RESNET, UNET_ENDS

_UNET_PREFIX = "lora_unet_"


def _theirs_by_ours(names: Mapping[str, str]) -> dict[str, str]:
    return {ours.removesuffix("."): theirs.removesuffix(".") for theirs, ours in names.items()}


_RESNET_PARTS = _theirs_by_ours(RESNET)
_UNET_ENDS = _theirs_by_ours(UNET_ENDS)
_OPEN_CLIP_PARTS = _theirs_by_ours(OPEN_CLIP_LAYER)


@dataclass(frozen=True, slots=True)
class Layer:
    """Where a layer's weights are.

    Attributes:
        module: path of the module below the network.
        weight: name of its weight.
        bias: name of its bias.
        third: 0, 1 or 2 for queries, keys and values stacked in one weight; None for the whole.
    """

    module: str
    weight: str = "weight"
    bias: str = "bias"
    third: int | None = None

    def part_of(self, stacked: Tensor) -> Tensor:
        """The layer's own rows of a weight or bias, sharing its memory."""
        return stacked if self.third is None else stacked.chunk(3)[self.third]


Layers = Mapping[str, Layer]


def unet_layers(unet: UNet) -> dict[str, Layer]:
    """Every layer of a U-Net by its names in LoRA files."""
    layers: dict[str, Layer] = {}
    for ours, theirs in diffusers_names(unet).items():
        for name in (ours, theirs):
            layers[_UNET_PREFIX + name.replace(".", "_")] = Layer(ours)
    return layers


def text_layers(text: TextEncoder) -> dict[str, Layer]:
    """Every layer of the text encoders by its names in LoRA files.

    Where there is but one encoder, it answers to the name of the first of two as well.
    """
    match text:
        case SdxlText():
            layers = _clip_layers(text.clip, "clip.", "lora_te1_")
            return layers | _open_clip_layers(text.open_clip, "open_clip.", "lora_te2_")
        case RefinerText():
            return _open_clip_layers(text.open_clip, "open_clip.", "lora_te2_")
        case Sd2Text():
            layers = _open_clip_layers(text.open_clip, "open_clip.", "lora_te1_")
            return layers | _open_clip_layers(text.open_clip, "open_clip.", "lora_te_")
        case Sd1Text():
            layers = _clip_layers(text.clip, "clip.", "lora_te1_")
            return layers | _clip_layers(text.clip, "clip.", "lora_te_")
        case _:
            raise ValueError(f"no text encoder we know, {type(text).__name__}: this is a bug")


def diffusers_names(unet: UNet) -> dict[str, str]:
    """diffusers' name of every layer of a U-Net, by ours."""
    places = _UNET_ENDS | dict(_places(unet))
    names: dict[str, str] = {}
    for path in _weighted(unet):
        start = next(s for s in places if path == s or path.startswith(f"{s}."))
        rest = path.removeprefix(start)
        if places[start].rpartition(".")[0].endswith("resnets"):
            rest = "." + _RESNET_PARTS[rest[1:]]
        names[path] = places[start] + rest
    return names


def _places(unet: UNet) -> Iterator[tuple[str, str]]:
    """Where the blocks are, in ours and in diffusers."""
    per_level = unet.config.res_blocks + 1
    for n, stage in enumerate(unet.input_blocks[1:]):
        i, j = divmod(n, per_level)
        yield from _stage(f"input_blocks.{n + 1}", stage, f"down_blocks.{i}", j)
    for n, stage in enumerate(unet.output_blocks):
        i, j = divmod(n, per_level)
        yield from _stage(f"output_blocks.{n}", stage, f"up_blocks.{i}", j)
    resnets = 0
    for n, layer in enumerate(unet.middle_block):
        is_resnet = isinstance(layer, ResBlock)
        yield (
            f"middle_block.{n}",
            f"mid_block.{f'resnets.{resnets}' if is_resnet else 'attentions.0'}",
        )
        resnets += is_resnet


def _stage(ours: str, stage: nn.Module, theirs: str, number: int) -> Iterator[tuple[str, str]]:
    for n, layer in enumerate(stage.children()):
        match layer:
            case ResBlock():
                yield f"{ours}.{n}", f"{theirs}.resnets.{number}"
            case SpatialTransformer():
                yield f"{ours}.{n}", f"{theirs}.attentions.{number}"
            case Downsample():
                yield f"{ours}.{n}.op", f"{theirs}.downsamplers.0.conv"
            case Upsample():
                yield f"{ours}.{n}.conv", f"{theirs}.upsamplers.0.conv"
            case _:
                raise ValueError(f"a {type(layer).__name__} in a U-Net's stage: this is a bug")


def _clip_layers(clip: ClipText, path: str, prefix: str) -> dict[str, Layer]:
    return {prefix + name.replace(".", "_"): Layer(path + name) for name in _weighted(clip)}


def _open_clip_layers(open_clip: OpenClipText, path: str, prefix: str) -> dict[str, Layer]:
    layers = {f"{prefix}text_model_final_layer_norm": Layer(f"{path}ln_final")}
    for n in range(open_clip.config.layers):
        ours, theirs = f"{path}transformer.resblocks.{n}", f"text_model.encoder.layers.{n}"
        for mine, part in _OPEN_CLIP_PARTS.items():
            layers[prefix + f"{theirs}.{part}".replace(".", "_")] = Layer(f"{ours}.{mine}")
        for third, letter in enumerate("qkv"):
            name = prefix + f"{theirs}.self_attn.{letter}_proj".replace(".", "_")
            layers[name] = Layer(f"{ours}.attn", "in_proj_weight", "in_proj_bias", third)
    return layers


def _weighted(network: nn.Module) -> Iterator[str]:
    modules = cast("Iterator[tuple[str, nn.Module]]", network.named_modules())
    return (path for path, module in modules if isinstance(module, Wearable))
