"""Who goes next, and that nobody waits for ever."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import torch

from tintype.core.models import ModelRecord
from tintype.core.orders import Conditioning, Denoise, Guidance, Network, Order, batch_key
from tintype.engine.choosing import Claim, choose

TEXT = Conditioning(torch.zeros(77, 8))
HERE = Network(ModelRecord("here.safetensors", Path("/here.safetensors"), 1, 1))
AWAY = Network(ModelRecord("away.safetensors", Path("/away.safetensors"), 1, 1))


@dataclass
class One:
    """Somebody who always wants more."""

    name: str
    order: Order
    claim: Claim


def one(
    name: str,
    arrival: int,
    *,
    priority: int = 1,
    rank: int = 0,
    size: int = 8,
    network: Network = HERE,
) -> One:
    """Two rows of a size on a network."""
    guidance = Guidance(((TEXT, 1.0),), TEXT, 7.0)
    order = Denoise(torch.zeros(4, size, size), 1.0, guidance=guidance, network=network)
    return One(name, order, Claim(priority, rank, arrival, 0))


def is_here(order: Order) -> bool:
    return getattr(order, "network", None) is HERE


def passes(waiting: list[One], count: int, budget: int = 4) -> list[list[str]]:
    """Who goes in each of so many passes when everybody asks again at once."""
    turns: list[list[str]] = []
    for _ in range(count):
        turn = choose(waiting, batch_key, is_here, lambda _: budget)
        for w in waiting:
            w.claim = replace(w.claim, left_out=0 if w in turn else w.claim.left_out + 1)
        turns.append([w.name for w in turn])
    return turns


def share(turns: list[list[str]]) -> Counter[Hashable]:
    return Counter(name for turn in turns for name in turn)


def test_first_come_first_finished() -> None:
    """Of equals that do not all fit, those that came first keep their places."""
    waiting = [one("a", 0), one("b", 1), one("c", 2)]
    assert passes(waiting, 3) == [["a", "b"], ["a", "b"], ["a", "b"]]


def test_those_left_out_go_on_slowly() -> None:
    """Whoever is left out of eight passes in a row is let into the next."""
    turns = passes([one("a", 0), one("b", 1), one("c", 2)], 60)
    served = [number for number, turn in enumerate(turns) if "c" in turn]
    assert served[0] <= 8
    assert max(after - before for before, after in pairwise(served)) <= 9


def test_sizes_take_turns() -> None:
    """With k sizes each goes at least every k passes."""
    waiting = [one(str(size), size, size=size) for size in (8, 16, 24)]
    assert share(passes(waiting, 30)) == {"8": 10, "16": 10, "24": 10}


def test_priorities_go_first_but_starve_nobody() -> None:
    """An interactive order goes before batches; these still have a pass now and then."""
    waiting = [one("batch", 0, priority=2, size=16), one("now", 1, priority=0)]
    turns = passes(waiting, 400)
    assert turns[0] == ["now"]
    assert share(turns)["now"] > 0.9 * 400
    assert share(turns)["batch"] >= 2


def test_a_newcomer_goes_before_the_tenth_image_of_a_job() -> None:
    """The first image of a small job needs not wait for all images of a large one."""
    waiting = [one(f"large {rank}", rank, rank=rank) for rank in range(10)] + [one("small", 10)]
    assert "small" in passes(waiting, 1)[0]


def test_a_checkpoint_in_memory_goes_first_within_a_bound() -> None:
    """Work for another checkpoint waits a little, so that networks are not changed every pass."""
    waiting = [one("away", 0, network=AWAY), one("here", 1)]
    turns = passes(waiting, 100)
    assert turns[0] == ["here"]
    first = turns.index(["away"])
    assert 8 <= first <= 24
