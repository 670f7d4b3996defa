"""Sizes of passes that are proven to agree, or kept apart."""

from collections.abc import Sequence

import torch
from torch import Tensor

from tintype.engine.exact import ExactRows


class Kernels:
    """Rows answered with themselves; passes of some sizes round in another way."""

    def __init__(self, *odd: int) -> None:
        self.odd, self.sizes = odd, list[int]()

    def __call__(self, rows: Sequence[float]) -> Tensor:
        self.sizes.append(len(rows))
        return torch.tensor(rows) + (1e-7 if len(rows) in self.odd else 0.0)


ROWS = [float(number) for number in range(1, 15)]


def run(exact: ExactRows, kernels: Kernels, count: int) -> Tensor:
    kernels.sizes.clear()
    return exact.run("kind", 2, ROWS[:count], kernels)


def test_few_rows_are_filled_up() -> None:
    """A lone row runs in a pass of the least rows, and its answer alone comes back."""
    kernels = Kernels()
    assert torch.equal(run(ExactRows(), kernels, 1), torch.tensor(ROWS[:1]))
    assert kernels.sizes == [2]


def test_a_size_is_proven_once() -> None:
    """The first pass of a size runs both ways; later ones run at once."""
    exact, kernels = ExactRows(), Kernels()
    run(exact, kernels, 6)
    assert kernels.sizes == [2, 2, 2, 6]
    run(exact, kernels, 6)
    assert kernels.sizes == [6]


def test_a_size_that_disagrees_is_never_believed() -> None:
    """Its rows have the answers of the least rows, the first time and ever after."""
    exact, kernels = ExactRows(), Kernels(6, 1)
    wanted = torch.tensor(ROWS[:6])
    assert torch.equal(run(exact, kernels, 6), wanted)
    assert torch.equal(run(exact, kernels, 6), wanted)
    assert 6 not in kernels.sizes
    assert exact.refused == 1


def test_rows_go_in_the_largest_size_that_agrees() -> None:
    """Seven rows, where seven disagree and four agree, go as four and what is left."""
    exact, kernels = ExactRows(), Kernels(7)
    run(exact, kernels, 4)
    run(exact, kernels, 7)
    assert torch.equal(run(exact, kernels, 7), torch.tensor(ROWS[:7]))
    assert kernels.sizes == [4, 4]


def test_a_size_is_proven_by_the_nearest_one_known() -> None:
    """Once eight rows agree, seven are proven by one pass of eight, not by four small ones."""
    exact, kernels = ExactRows(), Kernels()
    run(exact, kernels, 8)
    run(exact, kernels, 7)
    assert kernels.sizes == [8, 7]


def test_kinds_are_proven_apart() -> None:
    """What agrees for one shape says nothing of another."""
    exact, kernels = ExactRows(), Kernels()
    exact.run("small", 2, ROWS[:8], kernels)
    kernels.sizes.clear()
    exact.run("large", 2, ROWS[:8], kernels)
    assert kernels.sizes == [2, 2, 2, 2, 8]


def test_of_large_sizes_only_some_are_proven() -> None:
    """Thirteen and fourteen rows go in passes of sixteen, proven once for both."""
    exact, kernels = ExactRows(), Kernels()
    assert torch.equal(run(exact, kernels, 13), torch.tensor(ROWS[:13]))
    assert kernels.sizes == [2] * 8 + [16]
    assert torch.equal(run(exact, kernels, 14), torch.tensor(ROWS[:14]))
    assert kernels.sizes == [16]
