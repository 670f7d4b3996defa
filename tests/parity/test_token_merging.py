"""Token merging against tomesd, as A1111 uses it: no randomness, self-attention only."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

import pytest
import torch
from tests.fakes.adapters import noise
from tests.parity.oracles import unet_pair
from torch import Tensor

from tintype.networks.token_merging import MergedTokens

Move = Callable[[Tensor], Tensor]
Matching = Callable[[Tensor, int, int, int, int, int, bool], tuple[Move, Move]]

BOUND = 1e-6


def oracle() -> Matching:
    """tomesd's choice of tokens, which has no type annotations worth the name."""
    module = import_module("tomesd.merge")
    return cast(Matching, module.bipartite_soft_matching_random2d)


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.mark.parametrize("size", [(8, 8), (9, 13), (4, 7)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_same_means_everywhere(size: tuple[int, int], share: float) -> None:
    """Tokens merged and put back are those of tomesd, at even and odd sizes."""
    height, width = size
    tokens, values = noise(3, height * width, 16), noise(3, height * width, 24, seed=2)
    count = int(tokens.shape[1] * share)
    merge, unmerge = oracle()(tokens, width, height, 2, 2, count, True)  # noqa: FBT003
    merged = MergedTokens.of(tokens, size, share)
    assert merged is not None
    assert merged.merge(values).shape == merge(values).shape
    found, expected = merged.unmerge(merged.merge(values)), unmerge(merge(values))
    assert (found - expected).abs().max() <= BOUND


@pytest.mark.parametrize(("size", "share"), [((8, 8), 0.0), ((8, 8), 0.01), ((1, 9), 0.5)])
def test_nothing_to_merge(size: tuple[int, int], share: float) -> None:
    """A share of less than one token, or a strip without squares, leaves all as it is."""
    assert MergedTokens.of(noise(2, size[0] * size[1], 4), size, share) is None


def test_rows_choose_for_themselves() -> None:
    """What a row merges does not depend on its company."""
    tokens = noise(3, 64, 8)
    together, alone = (MergedTokens.of(t, (8, 8), 0.4) for t in (tokens, tokens[1:2]))
    assert together is not None
    assert alone is not None
    assert torch.equal(together.merged[1], alone.merged[0])
    assert torch.equal(together.into[1], alone.into[0])


def test_only_the_largest_attentions_merge() -> None:
    """In a U-Net the blocks at full size merge, all others do not; at 0 nothing is left of it."""
    unet, _ = unet_pair("tiny")
    x, steps, context = noise(2, 4, 8, 8), torch.tensor([10.0, 900.0]), noise(2, 77, 48)
    before = unet(x, steps, context)
    unet.merge_tokens(0.5)
    stages = [f"input_blocks.{n}" for n in range(9)] + [f"output_blocks.{n}" for n in range(9)]
    merging = {
        stage
        for stage in [*stages, "middle_block"]
        for layer in unet.get_submodule(stage).children()
        if getattr(layer, "token_merging", 0)
    }
    at_full_size = ("input_blocks.1", "input_blocks.2")
    assert merging == {*at_full_size, *(f"output_blocks.{n}" for n in (6, 7, 8))}
    assert not torch.equal(unet(x, steps, context), before)
    unet.merge_tokens(0.0)
    assert torch.equal(unet(x, steps, context), before)
