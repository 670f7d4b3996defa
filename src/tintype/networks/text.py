"""What each family makes of a prompt's tokens.

Every encoder here takes chunks (B, 77) of token ids and answers with the context (B, 77, C) and the
pooled text (B, P), or None where the family has none. Padding may be of any kind: CLIP wants the
end token after the text, OpenCLIP zeros, and both are put there.
"""

import torch
from torch import Tensor, nn

from tintype.networks.clip import ClipConfig, ClipText
from tintype.networks.openclip import OpenClipConfig, OpenClipText

END_TOKEN = 49407

Encoded = tuple[Tensor, Tensor | None]


class TextEncoder(nn.Module):
    """The text encoders of a checkpoint behind one call."""

    def encode(self, chunks: Tensor, clip_skip: int) -> Encoded:
        """Encode chunks; only SD 1.x listens to `clip_skip`, as in A1111."""
        raise NotImplementedError


class Sd1Text(TextEncoder):
    """CLIP, normalised, `clip_skip` layers from the end."""

    def __init__(self, clip: ClipConfig) -> None:
        super().__init__()
        self.clip = ClipText(clip)

    def encode(self, chunks: Tensor, clip_skip: int) -> Encoded:
        return self.clip(_padded(chunks, END_TOKEN), clip_skip), None


class Sd2Text(TextEncoder):
    """OpenCLIP's penultimate layer, normalised."""

    def __init__(self, open_clip: OpenClipConfig) -> None:
        super().__init__()
        self.open_clip = OpenClipText(open_clip)

    def encode(self, chunks: Tensor, clip_skip: int) -> Encoded:
        return self.open_clip.ln_final(self.open_clip.penultimate(_padded(chunks, 0))), None


class RefinerText(TextEncoder):
    """OpenCLIP's penultimate layer as it is, and the pooled text."""

    def __init__(self, open_clip: OpenClipConfig) -> None:
        super().__init__()
        self.open_clip = OpenClipText(open_clip)

    def encode(self, chunks: Tensor, clip_skip: int) -> tuple[Tensor, Tensor]:
        tokens = _padded(chunks, 0)
        hidden = self.open_clip.penultimate(tokens)
        return hidden, self.open_clip.pooled(tokens, hidden)


class SdxlText(RefinerText):
    """CLIP's penultimate layer beside OpenCLIP's, and OpenCLIP's pooled text."""

    def __init__(self, clip: ClipConfig, open_clip: OpenClipConfig) -> None:
        super().__init__(open_clip)
        self.clip = ClipText(clip)

    def encode(self, chunks: Tensor, clip_skip: int) -> tuple[Tensor, Tensor]:
        hidden, pooled = super().encode(chunks, clip_skip)
        return torch.cat([self.clip.hidden(_padded(chunks, END_TOKEN)), hidden], dim=-1), pooled


def _padded(chunks: Tensor, padding: int) -> Tensor:
    """The same chunks with `padding` after each one's first end token."""
    ended = (chunks == END_TOKEN).cumsum(dim=-1)
    behind = (ended > 1) | ((ended == 1) & (chunks != END_TOKEN))
    return chunks.masked_fill(behind, padding)
