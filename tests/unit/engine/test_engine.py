"""The engine with a fake runner: who shares a pass, who waits, who fails alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from tintype.core.models import AdapterRecord, ModelRecord, VaeRecord
from tintype.core.orders import (
    Adapter,
    Answer,
    Chunk,
    Conditioning,
    Decode,
    Denoise,
    Encode,
    EncodePixels,
    Guidance,
    Network,
    Order,
    Recipe,
    Stopped,
    batch_key,
    rows_of,
)
from tintype.engine import Advanced, Engine, Failed, Finished, Outcome
from tintype.errors import EngineError, InvalidRequest

MODEL = Network(ModelRecord("a.safetensors", Path("/a.safetensors"), 1, 1))
OTHER = Network(ModelRecord("b.safetensors", Path("/b.safetensors"), 1, 1))
LORA = Adapter(AdapterRecord("l", Path("/l.safetensors"), 1, 1, "l"))
VAE = VaeRecord("v.safetensors", Path("/v.safetensors"), 1, 1)
TOKENS = Chunk((0,) * 77, (1.0,) * 77)
TEXT = Conditioning(torch.zeros(77, 8))
LONG_TEXT = Conditioning(torch.zeros(154, 8))


def question(
    *,
    sigma: float = 1.0,
    size: int = 8,
    cfg_scale: float = 7.0,
    uncond: Conditioning | None = TEXT,
    cond: Conditioning = TEXT,
    model: Network = MODEL,
    parts: int = 1,
) -> Denoise:
    """A question of a small latent."""
    guidance = Guidance(((cond, 1.0),) * parts, uncond, cfg_scale)
    return Denoise(torch.zeros(4, size, size), sigma, guidance=guidance, network=model)


class FakeRunner:
    """Answers every latent with itself and remembers who was together; can be told to fail."""

    load_seconds = 0.0

    def __init__(self, *poison: float, rows: int = 16) -> None:
        self.passes: list[list[float]] = []
        self.poison, self.rows = poison, rows
        self.absent: set[Network] = set()
        self.refused: list[int] = []

    def is_ready(self, order: Order) -> bool:
        return getattr(order, "network", None) not in self.absent

    def rows_for(self, order: Order) -> int:
        return self.rows

    def too_large(self, order: Order, rows: int) -> None:
        self.refused.append(rows)

    def run(self, orders: Sequence[Order]) -> list[Answer]:
        sigmas = [order.sigma for order in orders if isinstance(order, Denoise)]
        self.passes.append(sigmas)
        if any(sigma in self.poison for sigma in sigmas):
            raise RuntimeError("out of memory")
        return [order.x for order in orders if isinstance(order, Denoise)]


def recipe(*orders: Denoise) -> Recipe:
    """Asks these questions one after another and returns the last answer as its picture."""
    answer = torch.zeros(0)
    for order in orders:
        given = yield order
        assert isinstance(given, Tensor)
        answer = given
    return (answer,)


def run_to_end(engine: Engine) -> list[Outcome]:
    """Tick until nothing is left."""
    outcomes: list[Outcome] = []
    while not engine.is_idle:
        outcomes += engine.tick()
    return outcomes


def test_strangers_share_passes() -> None:
    """Tasks at different sigmas, with different numbers of steps and scales, go together."""
    runner = FakeRunner()
    engine = Engine(runner)
    engine.submit("a", recipe(question(sigma=9.0), question(sigma=3.0)))
    engine.submit("b", recipe(question(sigma=8.0, cfg_scale=2.0)))
    engine.submit("c", recipe(question(sigma=7.0, uncond=None)))
    outcomes = run_to_end(engine)
    assert runner.passes == [[9.0, 8.0, 7.0], [3.0]]
    assert [o.task for o in outcomes if isinstance(o, Finished)] == ["b", "c", "a"]
    assert [o.rows for o in outcomes if isinstance(o, Advanced)] == [5, 5, 5, 2]


def test_late_comers_join() -> None:
    """A task submitted between ticks joins the next pass, and one that ends leaves it."""
    runner = FakeRunner()
    engine = Engine(runner)
    engine.submit("a", recipe(*(question(sigma=s) for s in (5.0, 4.0, 3.0))))
    engine.tick()
    engine.submit("b", recipe(question(sigma=9.0)))
    run_to_end(engine)
    assert runner.passes == [[5.0], [4.0, 9.0], [3.0]]


def test_other_shapes_take_turns() -> None:
    """Orders that cannot share a pass alternate: nobody waits behind newcomers for ever."""
    runner = FakeRunner()
    engine = Engine(runner)
    engine.submit("small", recipe(*(question(sigma=s) for s in (1.0, 2.0, 3.0))))
    engine.submit("large", recipe(*(question(sigma=s, size=16) for s in (11.0, 12.0, 13.0))))
    run_to_end(engine)
    assert runner.passes == [[1.0], [11.0], [2.0], [12.0], [3.0], [13.0]]


def test_row_budget() -> None:
    """Rows fill the budget, two for a guided question; the rest wait their turn."""
    runner = FakeRunner(rows=4)
    engine = Engine(runner)
    for name in "abc":
        engine.submit(name, recipe(question(sigma=float(ord(name)), size=32)))
    run_to_end(engine)
    assert runner.passes == [[97.0, 98.0], [99.0]]


def test_one_fails_alone() -> None:
    """A pass that fails is tried again in halves, so only the guilty task ends in an error."""
    runner = FakeRunner(6.0)
    engine = Engine(runner)
    for sigma in (5.0, 6.0, 7.0, 8.0):
        engine.submit(sigma, recipe(question(sigma=sigma), question(sigma=sigma / 10)))
    outcomes = run_to_end(engine)
    failed = [o for o in outcomes if isinstance(o, Failed)]
    assert [o.task for o in failed] == [6.0]
    assert isinstance(failed[0].error, EngineError)
    assert {o.task for o in outcomes if isinstance(o, Finished)} == {5.0, 7.0, 8.0}


def test_a_recipe_may_refuse() -> None:
    """An error a recipe raises in the middle ends that task only, in its own words."""

    def refusing() -> Recipe:
        yield question(sigma=1.0)
        raise InvalidRequest("steps", "no more")

    engine = Engine(FakeRunner())
    engine.submit("bad", refusing())
    engine.submit("good", recipe(question(sigma=2.0)))
    outcomes = run_to_end(engine)
    assert [o.task for o in outcomes if isinstance(o, Finished)] == ["good"]
    assert [str(o.error) for o in outcomes if isinstance(o, Failed)] == ["steps: no more"]


def test_out_of_memory_is_halved_and_remembered() -> None:
    """A pass that does not fit is split, the runner is told, and everybody has their answer."""

    class Small(FakeRunner):
        def run(self, orders: Sequence[Order]) -> list[Answer]:
            if len(orders) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().run(orders)

    runner = Small()
    engine = Engine(runner)
    for sigma in (1.0, 2.0, 3.0, 4.0):
        engine.submit(sigma, recipe(question(sigma=sigma)))
    outcomes = run_to_end(engine)
    assert runner.passes == [[1.0, 2.0], [3.0, 4.0]]
    assert runner.refused == [8]
    assert len([o for o in outcomes if isinstance(o, Finished)]) == 4
    assert engine.tally().out_of_memory == 1


def test_logged_answers_cost_nothing() -> None:
    """A recipe run again is given its logged answers at once, and asks only for the rest."""
    runner = FakeRunner()
    engine = Engine(runner)
    again = recipe(*(question(sigma=s) for s in (5.0, 4.0, 3.0)))
    engine.submit("a", again, logged=[torch.ones(4, 8, 8), torch.ones(4, 8, 8)])
    outcomes = run_to_end(engine)
    assert runner.passes == [[3.0]]
    advanced = [o for o in outcomes if isinstance(o, Advanced)]
    assert [o.is_replayed for o in advanced] == [True, True, False]


def test_a_whole_log_ends_the_recipe() -> None:
    """A log that holds every answer finishes its recipe without any pass."""
    runner = FakeRunner()
    engine = Engine(runner)
    engine.submit("a", recipe(question()), logged=[torch.ones(4, 8, 8)])
    assert [o for o in run_to_end(engine) if isinstance(o, Finished)]
    assert runner.passes == []


def stoppable(*sigmas: float) -> Recipe:
    """Like a sampler with a decoder behind it: ends with its last answer when it is stopped."""
    answer: Tensor | None = None
    try:
        for sigma in sigmas:
            given = yield question(sigma=sigma)
            assert isinstance(given, Tensor)
            answer = given + 1
    except Stopped:
        if answer is None:
            raise
    assert answer is not None
    return (answer,)


def test_interrupted_tasks_show_what_they_have() -> None:
    """An interrupted recipe ends with its last answer; one without any answer is forgotten."""
    engine = Engine(FakeRunner(rows=2))
    engine.submit("begun", stoppable(5.0, 4.0, 3.0))
    engine.submit("waiting", stoppable(5.0))
    engine.tick()
    assert engine.interrupt("begun")
    assert not engine.interrupt("waiting")
    assert not engine.interrupt("unknown")
    (finished,) = [o for o in run_to_end(engine) if isinstance(o, Finished)]
    assert finished.task == "begun"
    assert finished.is_partial
    assert torch.equal(finished.pictures[0], torch.ones(4, 8, 8))


def test_cancel_closes_the_recipe() -> None:
    """A cancelled task's generator is closed and asks no more."""
    closed: list[bool] = []

    def watched() -> Recipe:
        try:
            while True:
                yield question(sigma=1.0)
        finally:
            closed.append(True)

    engine = Engine(FakeRunner())
    engine.submit("a", watched())
    engine.tick()
    engine.cancel("a")
    assert engine.is_idle
    assert closed == [True]


def test_batch_key_field_by_field() -> None:
    """The key holds kind, network, shape and dtype, and nothing else: no words, sigma or LoRA."""
    key = batch_key(question())
    assert batch_key(question(sigma=5.0)) == key
    assert batch_key(question(cfg_scale=1.5)) == key
    assert batch_key(question(uncond=None)) == key
    assert batch_key(question(cond=Conditioning(torch.ones(77, 8)))) == key
    assert batch_key(question(size=16)) != key
    assert batch_key(question(parts=2)) == key
    assert batch_key(replace(question(), timestep=3.0)) == key
    assert batch_key(question(model=OTHER)) != key
    for other in (replace(MODEL, tiling=True), replace(MODEL, token_merging=0.5)):
        assert batch_key(question(model=other)) != key
    assert batch_key(question(model=replace(MODEL, adapters=(LORA,), vae=VAE))) == key
    assert batch_key(question(cond=LONG_TEXT)) == key
    assert batch_key(replace(question(), x=torch.zeros(4, 8, 8).half())) != key
    beside = replace(cast(Guidance, question().guidance), concat=torch.zeros(5, 8, 8))
    assert batch_key(replace(question(), guidance=beside)) != key
    assert batch_key(Decode(MODEL, torch.zeros(4, 8, 8))) != key
    assert batch_key(Encode(MODEL, ())) != batch_key(Encode(OTHER, ()))
    worn = replace(MODEL, adapters=(LORA,))
    assert batch_key(Encode(MODEL, ())) == batch_key(Encode(worn, (), clip_skip=2))
    pixels = EncodePixels(MODEL, torch.zeros(3, 64, 64))
    assert batch_key(pixels) == batch_key(replace(pixels, noise=torch.zeros(4, 8, 8)))
    assert batch_key(pixels) == batch_key(replace(pixels, network=worn))
    for other in (OTHER, replace(MODEL, vae=VAE), replace(MODEL, tiling=True)):
        assert batch_key(pixels) != batch_key(replace(pixels, network=other))


def test_rows() -> None:
    """A question fills a row for each part and for uncond, edit networks one more."""
    assert rows_of(question()) == 2
    assert rows_of(question(parts=3)) == 4
    edits = replace(cast(Guidance, question().guidance), image_cfg_scale=1.5)
    assert rows_of(replace(question(), guidance=edits)) == 3
    assert rows_of(Encode(MODEL, ((TOKENS, TOKENS),) * 3)) == 6
    assert rows_of(question(uncond=None)) == 1
    assert rows_of(Decode(MODEL, torch.zeros(4, 8, 8))) == 1
