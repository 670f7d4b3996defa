"""The U-Net of latent diffusion: SD 1.x, 2.x and SDXL by configuration.

Module names are those of the single-file checkpoints (`model.diffusion_model.` stripped), so a
state dict loads by name. The way down is `input_blocks`, the way up `output_blocks`; every output
block takes the result of its twin on the way down.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from tintype.networks.company import TextKeys, Texts, Times, TimeShifts, first_of_two
from tintype.networks.layers import NORM_GROUPS, sinusoidal_embedding
from tintype.networks.stages import Stage
from tintype.networks.unet_blocks import (
    Downsample,
    ResBlock,
    SpatialTransformer,
    TextAttention,
    Upsample,
)
from tintype.networks.wearing import Conv2d, GroupNorm, Linear, Outfit, Wearable


@dataclass(frozen=True, slots=True)
class UNetConfig:
    """Everything needed to build a U-Net.

    Attributes:
        in_channels: 4, or 9 for inpainting and 8 for edit checkpoints.
        model_channels: channels after the first convolution; also the timestep embedding's width.
        channels: channels of each level, the finest first.
        res_blocks: residual blocks per level on the way down (one more on the way up).
        depths_in: transformer blocks after each residual block on the way down, level by level.
        depth_middle: transformer blocks in the middle.
        middle_blocks: residual blocks in the middle: 2, with the transformer between them; 1 in
            distilled networks that keep the first alone (SSD-1B), 0 in those without a middle.
        depths_out: transformer blocks after each residual block on the way up.
        context_width: channels of the text conditioning.
        vector_width: channels of the pooled conditioning (SDXL: 2816), or None without it.
        num_heads: attention heads in every block, if their number is what is fixed (SD 1.x: 8).
        head_channels: channels of a head, if their width is what is fixed (SD 2.x, SDXL: 64).
        linear_projection: `proj_in` and `proj_out` are linear layers, not 1 × 1 convolutions.
        norm_groups: groups of every normalisation; files cannot tell, small networks have fewer.
    """

    in_channels: int
    out_channels: int
    model_channels: int
    channels: tuple[int, ...]
    res_blocks: int
    depths_in: tuple[int, ...]
    depth_middle: int
    depths_out: tuple[int, ...]
    context_width: int
    vector_width: int | None = None
    num_heads: int | None = 8
    head_channels: int | None = None
    linear_projection: bool = False
    middle_blocks: int = 2
    norm_groups: int = NORM_GROUPS

    def heads(self, channels: int) -> int:
        """Attention heads in a block of so many channels."""
        if self.head_channels is not None:
            return max(1, channels // self.head_channels)
        return self.num_heads or 8


class UNetStage(Stage, nn.ModuleList):
    """One entry of `input_blocks`, `middle_block` or `output_blocks`."""

    def forward(self, x: Tensor, embedding: Tensor | Times, context: Tensor | Texts) -> Tensor:
        """Pass `x` through the layers."""
        for layer in self:
            if isinstance(layer, ResBlock):
                x = layer(x, embedding)
            elif isinstance(layer, SpatialTransformer):
                x = layer(x, context)
            else:
                x = layer(x)
        return x


class UNet(nn.Module):
    """Predicts the noise (or `v`) in a noisy latent."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        embedding = 4 * config.model_channels
        self.time_embed = _embedder(config.model_channels, embedding)
        if config.vector_width is not None:
            self.label_emb = nn.Sequential(_embedder(config.vector_width, embedding))
        self.input_blocks, skips = self._way_down(embedding)
        self.middle_block = self._middle(embedding)
        self.output_blocks = self._way_up(embedding, skips)
        self.out = nn.Sequential(
            GroupNorm(config.norm_groups, config.channels[0], eps=1e-5),
            nn.SiLU(),
            Conv2d(config.channels[0], config.out_channels, 3, padding=1),
        )
        self._text_attentions = tuple(m for m in self.modules() if isinstance(m, TextAttention))
        self._res_blocks = tuple(m for m in self.modules() if isinstance(m, ResBlock))
        for counted in (self._text_attentions, self._res_blocks):
            for place, module in enumerate(counted):
                module.place = place
        self._timed = frozenset(self._of_time())

    def wears_in_time(self, outfit: Outfit) -> bool:
        """Whether an outfit changes what `time_shifts` answers."""
        return any(layer in outfit.pieces for layer in self._timed)

    def text_keys(self, context: Tensor) -> TextKeys:
        """What the attentions make of one text conditioning (T, context_width)."""
        return TextKeys(
            tuple(
                (first_of_two(a.to_k, context), first_of_two(a.to_v, context))
                for a in self._text_attentions
            )
        )

    def time_shifts(self, timestep: Tensor, vector: Tensor | None = None) -> TimeShifts:
        """What the residual blocks make of one timestep (), and of pooled text (vector_width,)."""
        pooled = None if vector is None else torch.stack([vector, vector])
        embedding = self._embedding(torch.stack([timestep, timestep]), pooled)
        return TimeShifts(tuple(b.emb_layers(embedding)[0].clone() for b in self._res_blocks))

    def _embedding(self, timesteps: Tensor, vector: Tensor | None) -> Tensor:
        waves = sinusoidal_embedding(timesteps, self.config.model_channels)
        embedding = self.time_embed(waves.to(next(self.parameters()).dtype))
        return embedding if vector is None else embedding + self.label_emb(vector)

    def forward(
        self,
        x: Tensor,
        timesteps: Tensor | Times,
        context: Tensor | Texts,
        vector: Tensor | None = None,
    ) -> Tensor:
        """Predict for a batch of rows that may be at different timesteps.

        Args:
            x: (B, in_channels, h, w) scaled noisy latents.
            timesteps: (B,) in 0–999, fractional allowed, or what `time_shifts` made of them.
            context: (B, T, context_width) text conditioning, or what `text_keys` made of it.
            vector: (B, vector_width) pooled conditioning where the config has it; time shifts
                hold it already.

        Returns:
            (B, out_channels, h, w).
        """
        embedding = timesteps
        if isinstance(timesteps, Tensor):
            embedding = self._embedding(timesteps, vector)
        skips: list[Tensor] = []
        for stage in self.input_blocks:
            x = stage(x, embedding, context)
            skips.append(x)
        x = self.middle_block(x, embedding, context)
        for stage in self.output_blocks:
            skip = skips.pop()
            if x.shape[2:] != skip.shape[2:]:  # an odd side, halved and doubled; as A1111 does
                x = functional.interpolate(x, size=skip.shape[2:], mode="nearest")
            x = stage(torch.cat([x, skip], dim=1), embedding, context)
        return self.out(x)

    def merge_tokens(self, share: float) -> None:
        """From now on, merge so many of the tokens in self-attentions at full size (0 … 0.9)."""
        count = self.config.res_blocks + 1
        for stage in (*self.input_blocks[:count], *self.output_blocks[-count:]):
            for layer in cast(UNetStage, stage):
                if isinstance(layer, SpatialTransformer):
                    layer.token_merging = share

    def _of_time(self) -> Iterator[Wearable]:
        """Layers that see timesteps and pooled texts, not latents."""
        parts = [self.time_embed, *(block.emb_layers for block in self._res_blocks)]
        if self.config.vector_width is not None:
            parts.append(self.label_emb)
        for part in parts:
            yield from (layer for layer in part.modules() if isinstance(layer, Wearable))

    def _transformer(self, channels: int, depth: int) -> list[nn.Module]:
        if depth == 0:
            return []
        config = self.config
        heads = config.heads(channels)
        linear = config.linear_projection
        return [
            SpatialTransformer(
                channels, config.context_width, heads, depth, config.norm_groups, linear=linear
            )
        ]

    def _way_down(self, embedding: int) -> tuple[nn.ModuleList, list[int]]:
        config = self.config
        first = Conv2d(config.in_channels, config.model_channels, 3, padding=1)
        stages, skips = [UNetStage([first])], [config.model_channels]
        depths = iter(config.depths_in)
        for level, channels in enumerate(config.channels):
            for _ in range(config.res_blocks):
                block = ResBlock(skips[-1], channels, embedding, config.norm_groups)
                stages.append(UNetStage([block, *self._transformer(channels, next(depths))]))
                skips.append(channels)
            if level < len(config.channels) - 1:
                stages.append(UNetStage([Downsample(channels)]))
                skips.append(channels)
        return nn.ModuleList(stages), skips

    def _middle(self, embedding: int) -> UNetStage:
        channels, groups = self.config.channels[-1], self.config.norm_groups
        blocks = [
            ResBlock(channels, channels, embedding, groups)
            for _ in range(self.config.middle_blocks)
        ]
        between = self._transformer(channels, self.config.depth_middle)
        return UNetStage([*blocks[:1], *between, *blocks[1:]])

    def _way_up(self, embedding: int, skips: list[int]) -> nn.ModuleList:
        config, skips = self.config, list(skips)
        stages: list[UNetStage] = []
        here = config.channels[-1]
        depths = iter(config.depths_out)
        for level, channels in reversed(list(enumerate(config.channels))):
            for index in range(config.res_blocks + 1):
                inputs = here + skips.pop()
                layers: list[nn.Module] = [
                    ResBlock(inputs, channels, embedding, config.norm_groups)
                ]
                layers += self._transformer(channels, next(depths))
                if level > 0 and index == config.res_blocks:
                    layers.append(Upsample(channels))
                stages.append(UNetStage(layers))
                here = channels
        return nn.ModuleList(stages)


def _embedder(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(Linear(inputs, outputs), nn.SiLU(), Linear(outputs, outputs))
