"""The networks' configurations, worked out from the shapes of their tensors."""

from itertools import count

from tintype.core.families import Shapes
from tintype.errors import ModelError
from tintype.networks.clip import ClipConfig
from tintype.networks.openclip import OpenClipConfig
from tintype.networks.unet import UNetConfig
from tintype.networks.vae import VaeConfig

_LARGEST_DIMENSION = 1 << 20
_TRANSFORMER_BLOCKS = "transformer_blocks.{}.norm1.weight"


class Part:
    """The tensors of a checkpoint under one prefix."""

    def __init__(self, shapes: Shapes, prefix: str) -> None:
        self._prefix = prefix
        self._shapes = {
            key.removeprefix(prefix): shape
            for key, shape in shapes.items()
            if key.startswith(prefix)
        }

    def has(self, name: str) -> bool:
        """Whether there is a tensor of that name."""
        return name in self._shapes

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape; `ModelError` if there is no such tensor."""
        if name not in self._shapes:
            raise ModelError(f"The checkpoint lacks the tensor {self._prefix}{name}.")
        return self._shapes[name]

    def size(self, name: str, axis: int) -> int:
        """One dimension of a tensor; `ModelError` if it is absent or absurd."""
        shape = self.shape(name)
        if axis < len(shape) and 0 < shape[axis] <= _LARGEST_DIMENSION:
            return shape[axis]
        raise ModelError(f"The tensor {self._prefix}{name} has the impossible shape {shape}.")

    def numbered(self, template: str) -> int:
        """How many consecutive numbers, from 0, name a tensor when put into `template`."""
        return next(n for n in count() if template.format(n) not in self._shapes)


def unet_config(
    net: Part, num_heads: int | None, head_channels: int | None, norm_groups: int
) -> UNetConfig:
    """A U-Net's configuration.

    Args:
        net: tensors named `input_blocks.0.0.weight` and so on.
        num_heads: attention heads in every block, if that is known.
        head_channels: channels of a head, if that is known. Without either it is 8 heads for a
            context of 768 channels (SD 1.x) and heads of 64 channels for all others.
        norm_groups: groups of every normalisation.

    Raises:
        ModelError: tensors are missing or contradict each other.
    """
    levels, depths_in = _way_down(net)
    channels, res_blocks = tuple(level[0] for level in levels), len(levels[0])
    depth_middle, middle_blocks = _middle(net)
    if any(level != [level[0]] * res_blocks for level in levels):
        raise ModelError("The U-Net's blocks within a level, or their number, differ: not served.")
    transformer = _first_transformer(net)
    context_width = net.size(f"{transformer}.transformer_blocks.0.attn2.to_k.weight", 1)
    if num_heads is None and head_channels is None:
        num_heads, head_channels = (8, None) if context_width == 768 else (None, 64)
    config = UNetConfig(
        in_channels=net.size("input_blocks.0.0.weight", 1),
        out_channels=net.size("out.2.weight", 0),
        model_channels=net.size("input_blocks.0.0.weight", 0),
        channels=channels,
        res_blocks=res_blocks,
        depths_in=depths_in,
        depth_middle=depth_middle,
        depths_out=_depths_out(net, len(levels) * (res_blocks + 1)),
        context_width=context_width,
        vector_width=_vector_width(net),
        num_heads=num_heads,
        head_channels=head_channels,
        linear_projection=len(net.shape(f"{transformer}.proj_in.weight")) == 2,
        middle_blocks=middle_blocks,
        norm_groups=norm_groups,
    )
    for wide in {config.model_channels, *channels}:
        _require_divisible("U-Net", wide, norm_groups)
        _require_divisible("U-Net", wide, config.heads(wide))
    return config


def vae_config(net: Part, scale: float, norm_groups: int) -> VaeConfig:
    """An autoencoder's configuration; `ModelError` where there is none."""
    first_convolution = "encoder.down.{}.block.0.conv1.weight"
    levels = range(net.numbered(first_convolution))
    if not levels:
        raise ModelError("The checkpoint has no autoencoder (VAE) in it, and needs one.")
    channels = tuple(net.size(first_convolution.format(level), 0) for level in levels)
    for wide in channels:
        _require_divisible("autoencoder", wide, norm_groups)
    return VaeConfig(
        channels=channels,
        res_blocks=net.numbered("encoder.down.0.block.{}.conv1.weight"),
        latent_channels=net.size("decoder.conv_in.weight", 1),
        picture_channels=net.size("encoder.conv_in.weight", 1),
        scale=scale,
        norm_groups=norm_groups,
    )


def clip_config(net: Part) -> ClipConfig:
    """The configuration of a CLIP text encoder in Hugging Face's layout."""
    width = net.size("text_model.embeddings.token_embedding.weight", 1)
    return ClipConfig(
        width=width,
        layers=net.numbered("text_model.encoder.layers.{}.layer_norm1.weight"),
        heads=_text_heads(width),
        vocabulary=net.size("text_model.embeddings.token_embedding.weight", 0),
        positions=net.size("text_model.embeddings.position_embedding.weight", 0),
        hidden_width=net.size("text_model.encoder.layers.0.mlp.fc1.weight", 0),
    )


def open_clip_config(net: Part) -> OpenClipConfig:
    """The configuration of a text encoder in OpenCLIP's layout."""
    width = net.size("token_embedding.weight", 1)
    return OpenClipConfig(
        width=width,
        layers=net.numbered("transformer.resblocks.{}.ln_1.weight"),
        heads=_text_heads(width),
        vocabulary=net.size("token_embedding.weight", 0),
        positions=net.size("positional_embedding", 0),
        hidden_width=net.size("transformer.resblocks.0.mlp.c_fc.weight", 0),
        projection_width=net.size("text_projection", 1),
    )


def _way_down(net: Part) -> tuple[list[list[int]], tuple[int, ...]]:
    """Channels of each residual block, level by level, and the transformer depths after them."""
    levels: list[list[int]] = [[]]
    depths: list[int] = []
    for n in count(1):
        if net.has(f"input_blocks.{n}.0.op.weight"):
            levels.append([])
        elif net.has(f"input_blocks.{n}.0.in_layers.2.weight"):
            levels[-1].append(net.size(f"input_blocks.{n}.0.in_layers.2.weight", 0))
            depths.append(net.numbered(f"input_blocks.{n}.1.{_TRANSFORMER_BLOCKS}"))
        else:
            break
    if not all(levels):
        raise ModelError("The U-Net has a level without residual blocks.")
    return levels, tuple(depths)


def _middle(net: Part) -> tuple[int, int]:
    """Transformer blocks and residual blocks in the middle."""
    depth = net.numbered(f"middle_block.1.{_TRANSFORMER_BLOCKS}")
    if depth:
        return depth, 2
    return 0, sum(net.has(f"middle_block.{n}.in_layers.2.weight") for n in range(2))


def _depths_out(net: Part, stages: int) -> tuple[int, ...]:
    return tuple(net.numbered(f"output_blocks.{n}.1.{_TRANSFORMER_BLOCKS}") for n in range(stages))


def _first_transformer(net: Part) -> str:
    places = [f"{side}_blocks.{n}.1" for side in ("input", "output") for n in range(64)]
    for place in ("middle_block.1", *places):
        if net.has(f"{place}.proj_in.weight"):
            return place
    raise ModelError("The U-Net has no attention to a text.")


def _vector_width(net: Part) -> int | None:
    name = "label_emb.0.0.weight"
    return net.size(name, 1) if net.has(name) else None


def _text_heads(width: int) -> int:
    heads = max(1, width // 64)
    _require_divisible("text encoder", width, heads)
    return heads


def _require_divisible(where: str, channels: int, divisor: int) -> None:
    if channels % divisor:
        raise ModelError(f"The {where} has {channels} channels, which {divisor} does not divide.")
