"""The engine: recipes in, one forward pass a tick, outcomes out."""

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

import torch
from torch import Tensor

from tintype.core.orders import Answer, Denoise, Order, Recipe, batch_key, rows_of
from tintype.errors import EngineError, TintypeError

_FAILURES = (TintypeError, RuntimeError, ValueError, ArithmeticError, MemoryError, OSError)


class Runner(Protocol):
    """What runs a pass: `Passes`, or a fake in the tests."""

    def run(self, orders: Sequence[Order]) -> list[Answer]:
        """Answer orders of one batch key, in their order."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Advanced:
    """A task's order has been answered.

    Attributes:
        task: as given to `Engine.submit`.
        order: what was answered.
        seconds: duration of the pass it was part of.
        rows: rows of that pass.
    """

    task: Hashable
    order: Order
    seconds: float
    rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A task is done; `pictures` is what its recipe returned."""

    task: Hashable
    pictures: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Failed:
    """A task ended in an error; the tasks beside it go on."""

    task: Hashable
    error: TintypeError


Outcome = Advanced | Finished | Failed


@dataclass(slots=True, eq=False)
class _Active:
    """A recipe under way, and the order it waits for. A lower `turn` has waited longer."""

    task: Hashable
    recipe: Recipe
    order: Order
    turn: int = field(default=0)


class Engine:
    """Runs many recipes at once, sharing passes between orders of one batch key."""

    def __init__(self, passes: Runner, max_rows: int) -> None:
        self._passes = passes
        self._max_rows = max_rows
        self._active: list[_Active] = []
        self._turns = count()

    @property
    def is_idle(self) -> bool:
        """Nothing to do."""
        return not self._active

    def submit(self, task: Hashable, recipe: Recipe) -> None:
        """Begin a recipe; raises what its first lines raise."""
        self._active.append(_Active(task, recipe, next(recipe), next(self._turns)))

    def cancel(self, task: Hashable) -> None:
        """Forget a task, at the edge of a tick."""
        for active in self._active:
            if active.task == task:
                active.recipe.close()
        self._active = [active for active in self._active if active.task != task]

    def tick(self) -> list[Outcome]:
        """Run one pass for the longest waiting order and those that can join it."""
        turn = choose(self._active, self._max_rows)
        started = time.perf_counter()
        with torch.inference_mode():
            answers = self._answers(turn)
            seconds = time.perf_counter() - started
            rows = sum(rows_of(active.order) for active in turn)
            return [
                outcome
                for active, answer in zip(turn, answers, strict=True)
                for outcome in self._advance(active, answer, seconds, rows)
            ]

    def _answers(self, turn: Sequence[_Active]) -> list[Answer | TintypeError]:
        """Answers or errors; a pass that fails is tried again in halves, so one fails alone."""
        try:
            return list(self._passes.run([active.order for active in turn]))
        except _FAILURES as error:
            if len(turn) == 1:
                return [_in_our_words(error)]
            middle = len(turn) // 2
            return self._answers(turn[:middle]) + self._answers(turn[middle:])

    def _advance(
        self,
        active: _Active,
        answer: Answer | TintypeError,
        seconds: float,
        rows: int,
    ) -> list[Outcome]:
        if isinstance(answer, TintypeError):
            return [self._end(active, Failed(active.task, answer))]
        advanced = Advanced(active.task, active.order, seconds, rows)
        try:
            active.order = active.recipe.send(answer)
            active.turn = next(self._turns)
        except StopIteration as end:
            return [advanced, self._end(active, Finished(active.task, end.value))]
        except _FAILURES as error:
            return [advanced, self._end(active, Failed(active.task, _in_our_words(error)))]
        return [advanced]

    def _end(self, active: _Active, outcome: Finished | Failed) -> Finished | Failed:
        active.recipe.close()
        self._active.remove(active)
        return outcome


def choose(waiting: Sequence[_Active], max_rows: int) -> list[_Active]:
    """Who goes next: the longest waiting order, joined by others of its key while rows last."""
    by_age = sorted(waiting, key=lambda active: active.turn)
    key, budget = batch_key(by_age[0].order), row_budget(by_age[0].order, max_rows)
    turn: list[_Active] = []
    rows = 0
    for active in by_age:
        if batch_key(active.order) != key:
            continue
        rows += rows_of(active.order)
        if turn and rows > budget:
            break
        turn.append(active)
    return turn


def row_budget(order: Order, max_rows: int) -> int:
    """Rows of this shape that fit a pass: `max_rows` latents of 64 × 64 cells, or fewer larger."""
    if not isinstance(order, Denoise):
        return 1
    cells = order.x.shape[-2] * order.x.shape[-1]
    return max(2, max_rows * 64 * 64 // max(cells, 32 * 32))


def _in_our_words(error: Exception) -> TintypeError:
    if isinstance(error, TintypeError):
        return error
    return EngineError(f"a step failed: {type(error).__name__}: {error}")
