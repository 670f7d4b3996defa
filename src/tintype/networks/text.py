"""What each family makes of a prompt's tokens.

Every encoder here takes chunks (B, 77) of token ids and answers with the context (B, 77, C) and the
pooled text (B, P), or None where the family has none. Padding may be of any kind: CLIP wants the
end token after the text, OpenCLIP zeros, and both are put there.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tintype.networks.clip import ClipConfig, ClipText
from tintype.networks.embeddings import PlacedEmbedding
from tintype.networks.openclip import OpenClipConfig, OpenClipText

END_TOKEN = 49407

Encoded = tuple[Tensor, Tensor | None]


class TextEncoder(nn.Module):
    """The text encoders of a checkpoint behind one call."""

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each encoder, in the order in which they stand side by side."""
        raise NotImplementedError

    def encode(
        self, chunks: Tensor, clip_skip: int, own_words: Sequence[PlacedEmbedding] = ()
    ) -> Encoded:
        """Encode chunks; only SD 1.x listens to `clip_skip`, as in A1111."""
        raise NotImplementedError


class Sd1Text(TextEncoder):
    """CLIP, normalised, `clip_skip` layers from the end."""

    def __init__(self, clip: ClipConfig) -> None:
        super().__init__()
        self.clip = ClipText(clip)

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.clip.config.width,)

    def encode(
        self, chunks: Tensor, clip_skip: int, own_words: Sequence[PlacedEmbedding] = ()
    ) -> Encoded:
        return self.clip(_padded(chunks, END_TOKEN), clip_skip, own_words), None


class Sd2Text(TextEncoder):
    """OpenCLIP's penultimate layer, normalised."""

    def __init__(self, open_clip: OpenClipConfig) -> None:
        super().__init__()
        self.open_clip = OpenClipText(open_clip)

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.open_clip.config.width,)

    def encode(
        self, chunks: Tensor, clip_skip: int, own_words: Sequence[PlacedEmbedding] = ()
    ) -> Encoded:
        hidden = self.open_clip.penultimate(_padded(chunks, 0), own_words)
        return self.open_clip.ln_final(hidden), None


class RefinerText(TextEncoder):
    """OpenCLIP's penultimate layer as it is, and the pooled text."""

    def __init__(self, open_clip: OpenClipConfig) -> None:
        super().__init__()
        self.open_clip = OpenClipText(open_clip)

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.open_clip.config.width,)

    def encode(
        self, chunks: Tensor, clip_skip: int, own_words: Sequence[PlacedEmbedding] = ()
    ) -> tuple[Tensor, Tensor]:
        tokens = _padded(chunks, 0)
        hidden = self.open_clip.penultimate(tokens, own_words)
        return hidden, self.open_clip.pooled(tokens, hidden)


class SdxlText(RefinerText):
    """CLIP's penultimate layer beside OpenCLIP's, and OpenCLIP's pooled text."""

    def __init__(self, clip: ClipConfig, open_clip: OpenClipConfig) -> None:
        super().__init__(open_clip)
        self.clip = ClipText(clip)

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.clip.config.width, self.open_clip.config.width)

    def encode(
        self, chunks: Tensor, clip_skip: int, own_words: Sequence[PlacedEmbedding] = ()
    ) -> tuple[Tensor, Tensor]:
        hidden, pooled = super().encode(chunks, clip_skip, own_words)
        first = self.clip.hidden(_padded(chunks, END_TOKEN), own_words=own_words)
        return torch.cat([first, hidden], dim=-1), pooled


def _padded(chunks: Tensor, padding: int) -> Tensor:
    """The same chunks with `padding` after each one's first end token."""
    ended = (chunks == END_TOKEN).cumsum(dim=-1)
    behind = (ended > 1) | ((ended == 1) & (chunks != END_TOKEN))
    return chunks.masked_fill(behind, padding)
