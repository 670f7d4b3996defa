"""Prompts remembered as U-Nets see them."""

import torch

from tintype.core.orders import Conditioning
from tintype.engine.remembered import IN_USE_PASSES, RememberedKeys
from tintype.networks import TextKeys

PLAIN, WORN = ("a checkpoint", ()), ("a checkpoint", ("a LoRA",))
EACH_BYTES = 2 * 4 * 10  # two tensors of ten float32


class Maker:
    """Makes keys of 80 bytes and counts."""

    made = 0

    def __call__(self) -> TextKeys:
        self.made += 1
        return TextKeys(((torch.zeros(2, 5), torch.zeros(2, 5)),))


def side() -> Conditioning:
    return Conditioning(torch.zeros(77, 8))


def test_a_prompt_is_made_once_for_all_its_steps() -> None:
    """The same conditioning gives the same keys; another one, or another LoRA, its own."""
    remembered, make, one = RememberedKeys(10**6), Maker(), side()
    first = remembered.get(one, PLAIN, make)
    assert remembered.get(one, PLAIN, make) is first
    assert remembered.get(side(), PLAIN, make) is not first
    assert remembered.get(one, WORN, make) is not first
    assert make.made == 3


def test_pictures_under_way_keep_theirs() -> None:
    """However small the bound, what is asked for in every pass is never made again."""
    remembered, make, sides = RememberedKeys(EACH_BYTES), Maker(), [side() for _ in range(9)]
    for _ in range(3):
        remembered.next_pass()
        for one in sides:
            remembered.get(one, PLAIN, make)
    assert make.made == 9


def test_what_is_over_goes() -> None:
    """Keys that nobody asked for lately are forgotten down to the bound, the oldest first."""
    remembered, make, sides = RememberedKeys(2 * EACH_BYTES), Maker(), [side() for _ in range(9)]
    for one in sides:
        remembered.get(one, PLAIN, make)
    for _ in range(IN_USE_PASSES):
        remembered.next_pass()
    assert remembered.bytes == 2 * EACH_BYTES
    remembered.get(sides[-1], PLAIN, make)
    assert make.made == 9
