"""Row budgets that follow what passes took."""

from pathlib import Path

import pytest
import torch

from tintype.core.measures import Measure
from tintype.core.models import ModelRecord
from tintype.core.orders import Decode, Denoise, Encode, Network
from tintype.engine.budgets import Budgets, bucket_of

NETWORK = Network(ModelRecord("a.safetensors", Path("/a.safetensors"), 1, 1))


def question(size: int = 8) -> Denoise:
    return Denoise(torch.zeros(4, size, size), 1.0, network=NETWORK)


def measured(budgets: Budgets, seconds: dict[int, float], size: int = 8) -> int:
    """The budget after three passes of each of these numbers of rows."""
    for rows, took in seconds.items():
        for _ in range(3):
            budgets.note(question(size), rows, took)
    return budgets.rows_for(question(size))


def test_buckets() -> None:
    """Rows are counted in powers of two."""
    assert [bucket_of(rows) for rows in (1, 2, 3, 4, 5, 8, 9)] == [1, 2, 4, 4, 8, 8, 16]


def test_what_pays_is_doubled() -> None:
    """While twice the rows cost less than twice the time, still more are tried."""
    assert measured(Budgets(), {2: 1.0, 4: 1.1, 8: 1.3, 16: 1.9}) == 32


def test_past_the_knee_nothing_is_gained() -> None:
    """Rows that make a pass longer and no row cheaper are left out."""
    assert measured(Budgets(), {2: 1.0, 4: 1.2, 8: 2.4, 16: 4.8}) == 4


def test_a_knee_is_doubted_now_and_then() -> None:
    """After many passes at a knee the next bucket is tried again."""
    budgets = Budgets()
    measured(budgets, {4: 1.0, 8: 2.0})
    tried = 0
    for _ in range(600):
        budgets.note(question(), 4, 1.0)
        tried += budgets.rows_for(question()) == 8
    assert tried == 2


def test_shapes_have_budgets_of_their_own() -> None:
    """What one size is worth says nothing of another."""
    budgets = Budgets()
    before = budgets.rows_for(question(16))
    measured(budgets, {2: 1.0, 4: 2.0})
    assert budgets.rows_for(question(16)) == before


@pytest.mark.parametrize(("size", "rows"), [(64, 8), (128, 2), (256, 1)])
def test_large_pictures_begin_with_few_rows(size: int, rows: int) -> None:
    """Before anything is measured, a pass has as many cells as eight rows of 64 × 64."""
    assert Budgets().rows_for(question(size)) == rows


def test_memory_ends_before_the_knee() -> None:
    """No more rows than fit in the memory that is free."""
    budgets = Budgets(free_bytes=lambda: 1000)
    for _ in range(3):
        budgets.note(question(), 4, 1.0, peak_bytes=400)
    assert budgets.rows_for(question()) == 8
    budgets.free_bytes = lambda: 500
    assert budgets.rows_for(question()) == 4


def test_what_did_not_fit_is_not_tried_again() -> None:
    """After a pass ran out of memory the budget is the half of it."""
    budgets = Budgets()
    measured(budgets, {8: 1.0, 16: 1.1})
    budgets.too_large(question(), 32)
    for _ in range(600):
        assert budgets.rows_for(question()) == 16
        budgets.note(question(), 16, 1.1)


def test_a_cap_holds() -> None:
    """Never more rows than the operator allows."""
    assert measured(Budgets(max_rows=8), {2: 1.0, 4: 1.1, 8: 1.3}) == 8


def test_measures_can_be_learnt_again() -> None:
    """What one process measured is where the next begins."""
    budgets = Budgets()
    wanted = measured(budgets, {2: 1.0, 4: 1.1, 8: 1.3, 16: 2.6})
    later = Budgets()
    later.learn(budgets.measures())
    assert later.rows_for(question()) == wanted == 8
    assert Measure("a", "denoise", 8, 8, 4, 3, 1.1) in budgets.measures()


def test_prompts_are_encoded_alone() -> None:
    """Prompts have passes of their own, so that their bits do not depend on company."""
    assert Budgets().rows_for(Encode(NETWORK, ())) == 1


def test_decoding_begins_alone() -> None:
    """Autoencoders work at eight times the size, so the first passes are single."""
    budgets = Budgets()
    assert budgets.rows_for(Decode(NETWORK, torch.zeros(4, 8, 8))) == 1
