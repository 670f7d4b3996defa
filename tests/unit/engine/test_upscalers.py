"""Upscalers in memory, and passes on them."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
import torch
from tests.fakes.upscalers import write_upscaler

from tintype.core.models import ModelRecord, UpscalerRecord
from tintype.core.orders import Answer, Order, Recipe, Upscale, batch_key, rows_of
from tintype.engine import (
    Advanced,
    Budgets,
    Checkpoints,
    Engine,
    Failed,
    Finished,
    Passes,
    Residency,
    Upscalers,
    is_loggable,
)
from tintype.errors import ModelError
from tintype.networks import LoadedCheckpoint


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> tuple[UpscalerRecord, ...]:
    """Two small upscalers."""
    folder = tmp_path_factory.mktemp("ESRGAN")
    return tuple(
        upscaler(write_upscaler(folder / f"{scale}x.safetensors", scale)) for scale in (2, 4)
    )


def upscaler(path: Path) -> UpscalerRecord:
    status = path.stat()
    return UpscalerRecord(path.stem, path, status.st_size, status.st_mtime_ns)


def residency(upscalers: Upscalers | None = None) -> Residency:
    """Without checkpoints."""

    def none(_: ModelRecord) -> LoadedCheckpoint:
        raise AssertionError("nobody asked for a checkpoint")

    return Residency(Checkpoints(none, 0), upscalers)


def tile(side: int = 16, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (3, side, side), dtype=torch.uint8, generator=generator)


def once(record: UpscalerRecord, pixels: torch.Tensor) -> Recipe:
    """A recipe of one order."""
    return (cast(torch.Tensor, (yield Upscale(record, pixels))),)


def test_those_used_last_are_kept(records: tuple[UpscalerRecord, ...]) -> None:
    """Within the bound, but for the one that is asked for; and `unload` gives back all."""
    two, four = records
    upscalers = Upscalers(kept_bytes=1)
    upscalers.get(two)
    assert (two in upscalers, upscalers.bytes > 0) == (True, True)
    upscalers.get(four)
    assert (two in upscalers, four in upscalers) == (False, True)
    upscalers.unload()
    assert (four in upscalers, upscalers.bytes) == (False, 0)
    assert upscalers.load_seconds > 0


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    """What is in memory goes by the file's time."""
    path = write_upscaler(tmp_path / "x.safetensors", 2)
    upscalers, before = Upscalers(), upscaler(path)
    upscalers.get(before)
    write_upscaler(path, 4)
    after = UpscalerRecord("x", path, 1, before.modified + 1)
    assert upscalers.get(after).scale == 4


def test_residency_counts_and_unloads_them(records: tuple[UpscalerRecord, ...]) -> None:
    """Their memory and the time to read them are its own, and an order is ready once they are."""
    held = residency()
    order = Upscale(records[0], tile())
    assert not held.is_ready(order)
    held.upscaler(records[0])
    assert held.is_ready(order)
    assert held.bytes > 0
    assert held.waited_seconds > 0
    held.unload()
    assert (held.bytes, held.is_ready(order)) == (0, False)


def test_who_shares_a_pass(records: tuple[UpscalerRecord, ...]) -> None:
    """Pieces of one size for one network, whoever asks."""
    two, four = records
    order = Upscale(two, tile())
    assert batch_key(order) == batch_key(Upscale(two, tile(seed=1)))
    assert batch_key(order) != batch_key(Upscale(four, tile()))
    assert batch_key(order) != batch_key(Upscale(two, tile(24)))
    assert rows_of(order) == 1
    assert is_loggable(order)


def test_strangers_share_a_pass(records: tuple[UpscalerRecord, ...]) -> None:
    """Tiles of two tasks go together once a pass of two is worth it, each answered for itself."""
    budgets = Budgets()
    first = Upscale(records[0], tile())
    for _ in range(2):
        budgets.note(first, 1, 1.0)
        budgets.note(first, 2, 1.0)
    engine = Engine(Passes(residency(), budgets))
    for name in (0, 1):
        engine.submit(name, once(records[0], tile(seed=name)))
    outcomes = engine.tick()
    rows = [outcome.rows for outcome in outcomes if isinstance(outcome, Advanced)]
    pictures = {o.task: o.pictures[0] for o in outcomes if isinstance(o, Finished)}
    assert rows == [2, 2]
    alone = residency().upscaler(records[0])
    for name, found in pictures.items():
        expected = alone.enlarged(tile(seed=int(str(name)))[None])[0]
        torch.testing.assert_close(found.float(), expected.float(), rtol=0, atol=1)
    assert engine.tally().passes == {"upscale": 1}


def test_a_bad_file_fails_alone(records: tuple[UpscalerRecord, ...], tmp_path: Path) -> None:
    """Its task is told why; the one beside it is finished."""
    path = tmp_path / "torn.pth"
    path.write_bytes(b"torn")
    engine = Engine(Passes(residency()))
    engine.submit("bad", once(upscaler(path), tile()))
    engine.submit("good", once(records[0], tile()))
    outcomes = [outcome for _ in range(2) for outcome in engine.tick()]
    (failed,) = (o for o in outcomes if isinstance(o, Failed))
    assert (failed.task, isinstance(failed.error, ModelError)) == ("bad", True)
    assert [o.task for o in outcomes if isinstance(o, Finished)] == ["good"]


def test_memory_that_is_not_enough(records: tuple[UpscalerRecord, ...]) -> None:
    """A pass that does not fit is tried again in halves."""

    class Cramped(Passes):
        """Has room for one tile."""

        def run(self, orders: Sequence[Order]) -> list[Answer]:
            if len(orders) > 1:
                raise MemoryError
            return super().run(orders)

        def rows_for(self, order: Order) -> int:
            return 8

    engine = Engine(Cramped(residency()))
    for name in range(3):
        engine.submit(name, once(records[0], tile(seed=name)))
    outcomes = engine.tick()
    assert sum(isinstance(outcome, Finished) for outcome in outcomes) == 3
    assert engine.tally().out_of_memory == 2


def test_a_recipe_that_asks_nothing() -> None:
    """It is finished with the next tick, and nothing is run."""

    def plain() -> Recipe:
        return (tile(),)
        yield  # what makes it a generator

    engine = Engine(Passes(residency()))
    engine.submit("plain", plain())
    assert not engine.is_idle
    (finished,) = engine.tick()
    assert isinstance(finished, Finished)
    assert engine.is_idle
