"""What U-Nets are built of: residual blocks, attentions, and the way between levels.

Module names are those of the single-file checkpoints.
"""

from torch import Tensor, nn
from torch.nn import functional

from tintype.networks.company import Texts, Times
from tintype.networks.layers import attend, picture_of, tokens_of
from tintype.networks.token_merging import MergedTokens
from tintype.networks.wearing import Conv2d, GroupNorm, LayerNorm, Linear


class ResBlock(nn.Module):
    """Two convolutions around the timestep embedding, with a shortcut.

    `place` counts the blocks of a network, in the order they are passed.
    """

    place = 0

    def __init__(self, inputs: int, outputs: int, embedding: int, groups: int) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(
            GroupNorm(groups, inputs, eps=1e-5),
            nn.SiLU(),
            Conv2d(inputs, outputs, 3, padding=1),
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), Linear(embedding, outputs))
        self.out_layers = nn.Sequential(
            GroupNorm(groups, outputs, eps=1e-5),
            nn.SiLU(),
            nn.Identity(),  # LDM's dropout: keeps the convolution at index 3
            Conv2d(outputs, outputs, 3, padding=1),
        )
        self.skip_connection = nn.Identity() if inputs == outputs else Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, embedding: Tensor | Times) -> Tensor:
        if isinstance(embedding, Tensor):
            shift = self.emb_layers(embedding)
        else:
            shift = embedding.shift(self.place)
        hidden = self.in_layers(x) + shift[:, :, None, None]
        return self.skip_connection(x) + self.out_layers(hidden)


class Attention(nn.Module):
    """Multi-head attention from tokens to a context, which may be the tokens themselves."""

    def __init__(self, channels: int, context_width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = Linear(channels, channels, bias=False)
        self.to_k = Linear(context_width, channels, bias=False)
        self.to_v = Linear(context_width, channels, bias=False)
        self.to_out = nn.Sequential(Linear(channels, channels))

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        return self.to_out(attend(self.to_q(x), self.to_k(context), self.to_v(context), self.heads))


class TextAttention(Attention):
    """Attention to the text; `place` counts those of a network, in the order they are passed."""

    place = 0

    def forward(self, x: Tensor, context: Tensor | Texts) -> Tensor:
        if isinstance(context, Tensor):
            return super().forward(x, context)
        return self.to_out(context.attend(self.to_q(x), self.place, self.heads))


class GatedProjection(nn.Module):
    """Linear layer whose second half gates the first through GELU (GEGLU, arXiv:2002.05202)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.proj = Linear(inputs, 2 * outputs)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * functional.gelu(gate)


class FeedForward(nn.Module):
    """The two-layer network after the attentions, four times as wide inside."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            GatedProjection(channels, 4 * channels),
            nn.Identity(),  # LDM's dropout
            Linear(4 * channels, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class TransformerBlock(nn.Module):
    """Self-attention, attention to the text, feed-forward; each normalised and added."""

    def __init__(self, channels: int, context_width: int, heads: int) -> None:
        super().__init__()
        self.attn1 = Attention(channels, channels, heads)
        self.ff = FeedForward(channels)
        self.attn2 = TextAttention(channels, context_width, heads)
        self.norm1 = LayerNorm(channels)
        self.norm2 = LayerNorm(channels)
        self.norm3 = LayerNorm(channels)

    def forward(
        self, x: Tensor, context: Tensor | Texts, merged: MergedTokens | None = None
    ) -> Tensor:
        itself = self.norm1(x)
        if merged is None:
            x = x + self.attn1(itself, itself)
        else:
            itself = merged.merge(itself)
            x = x + merged.unmerge(self.attn1(itself, itself))
        x = x + self.attn2(self.norm2(x), context)
        return x + self.ff(self.norm3(x))


class SpatialTransformer(nn.Module):
    """Transformer blocks over the cells of a picture."""

    def __init__(
        self,
        channels: int,
        context_width: int,
        heads: int,
        depth: int,
        groups: int,
        *,
        linear: bool,
    ) -> None:
        super().__init__()
        self.linear = linear
        self.token_merging = 0.0
        self.norm = GroupNorm(groups, channels, eps=1e-6)
        self.proj_in = Linear(channels, channels) if linear else Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList(
            TransformerBlock(channels, context_width, heads) for _ in range(depth)
        )
        self.proj_out = Linear(channels, channels) if linear else Conv2d(channels, channels, 1)

    def forward(self, x: Tensor, context: Tensor | Texts) -> Tensor:
        hidden = self.norm(x)
        tokens = self.proj_in(tokens_of(hidden)) if self.linear else tokens_of(self.proj_in(hidden))
        for block in self.transformer_blocks:
            tokens = block(tokens, context, self._merged(tokens, x))
        if self.linear:
            return x + picture_of(self.proj_out(tokens), x)
        return x + self.proj_out(picture_of(tokens, x))

    def _merged(self, tokens: Tensor, like: Tensor) -> MergedTokens | None:
        if self.token_merging == 0:
            return None
        return MergedTokens.of(tokens, _size(like), self.token_merging)


class Downsample(nn.Module):
    """Halves height and width by a strided convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.op = Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.op(x)


class Upsample(nn.Module):
    """Doubles both sides by repetition, then convolves."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(functional.interpolate(x, scale_factor=2, mode="nearest"))


def _size(x: Tensor) -> tuple[int, int]:
    return x.shape[-2], x.shape[-1]
