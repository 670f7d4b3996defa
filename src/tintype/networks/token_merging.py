"""Token merging: attention over fewer tokens, the most alike of them taken together.

Bolya and Hoffman 2023, arXiv:2303.17604. Of every 2 × 2 cells the top left one is a place where
others may be merged into, as A1111 has it (the paper draws it at random).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_STRIDE = 2


@dataclass(frozen=True, slots=True, eq=False)
class MergedTokens:
    """Which tokens of each row are taken together, in columns of token numbers.

    Attributes:
        places: (1, D, 1) tokens that others may be merged into.
        kept: (B, K, 1) other tokens that stay by themselves.
        merged: (B, R, 1) tokens that are merged.
        into: (B, R, 1) where to, counted within `places`.
    """

    places: Tensor
    kept: Tensor
    merged: Tensor
    into: Tensor

    @classmethod
    def of(cls, tokens: Tensor, size: tuple[int, int], share: float) -> "MergedTokens | None":
        """Choose for each row by cosine similarity; None where there is nothing to merge.

        Args:
            tokens: (B, h·w, C) what is compared.
            size: h and w.
            share: how many of the tokens go; three quarters of them at most can.
        """
        places, others = _partition(size, tokens.device)
        count = min(int(tokens.shape[1] * share), len(others))
        if count <= 0 or not len(places):
            return None
        unit = tokens / tokens.square().sum(dim=-1, keepdim=True).sqrt()
        likeness, nearest = (unit[:, others] @ unit[:, places].transpose(1, 2)).max(dim=-1)
        order = likeness.argsort(dim=-1, descending=True, stable=True)
        return cls(
            places=places[None, :, None],
            kept=others[order[:, count:], None],
            merged=others[order[:, :count], None],
            into=nearest.gather(1, order[:, :count])[..., None],
        )

    def merge(self, x: Tensor) -> Tensor:
        """(B, h·w, C) to (B, h·w − R, C); what is merged becomes a mean."""
        places = _taken(x, self.places)
        means = places.scatter_reduce(
            1, self.into.expand(-1, -1, x.shape[-1]), _taken(x, self.merged), reduce="mean"
        )
        return torch.cat([_taken(x, self.kept), means], dim=1)

    def unmerge(self, x: Tensor) -> Tensor:
        """(B, h·w − R, C) to (B, h·w, C); what was merged gets the same values."""
        kept, means = x[:, : self.kept.shape[1]], x[:, self.kept.shape[1] :]
        count = x.shape[1] + self.merged.shape[1]
        answer = x.new_empty(x.shape[0], count, x.shape[2])
        for numbers, values in (
            (self.places, means),
            (self.kept, kept),
            (self.merged, _taken(means, self.into)),
        ):
            answer.scatter_(1, numbers.expand_as(values), values)
        return answer


def _partition(size: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor]:
    """Numbers of the top left cells of whole 2 × 2 squares, and of all other cells."""
    height, width = size
    is_place = torch.zeros(height, width, dtype=torch.bool, device=device)
    whole = (height // _STRIDE * _STRIDE, width // _STRIDE * _STRIDE)
    is_place[: whole[0] : _STRIDE, : whole[1] : _STRIDE] = True
    return is_place.flatten().nonzero()[:, 0], (~is_place).flatten().nonzero()[:, 0]


def _taken(x: Tensor, numbers: Tensor) -> Tensor:
    return x.gather(1, numbers.expand(x.shape[0], -1, x.shape[2]))
