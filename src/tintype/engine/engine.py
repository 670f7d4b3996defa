"""The engine: recipes in, one forward pass a tick, outcomes out."""

import time
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Protocol, cast

import torch
from torch import Tensor

from tintype.core.jobs import PRIORITIES, Priority, Tally
from tintype.core.orders import (
    Answer,
    Denoise,
    Order,
    Recipe,
    Stopped,
    Upscale,
    batch_key,
    is_loggable,
    rows_of,
)
from tintype.engine.choosing import Claim, choose
from tintype.engine.failures import FORESEEN, in_our_words, is_out_of_memory
from tintype.engine.outcomes import Advanced, Failed, Finished, Outcome
from tintype.engine.tally import Counts
from tintype.errors import Cancelled, TintypeError


class Runner(Protocol):
    """What runs a pass: `Passes`, or a fake in the tests."""

    @property
    def load_seconds(self) -> float:
        """Time spent in reading checkpoints, in all."""
        ...

    def run(self, orders: Sequence[Order]) -> list[Answer]:
        """Answer orders of one batch key, in their order."""
        ...

    def is_ready(self, order: Order) -> bool:
        """Whether the order's networks are in place just as it wants them."""
        ...

    def rows_for(self, order: Order) -> int:
        """Rows that a pass with this order may have."""
        ...

    def too_large(self, order: Order, rows: int) -> None:
        """A pass of so many rows did not fit in memory."""
        ...


@dataclass(slots=True, eq=False)
class _Active:
    """A recipe under way, and the order it waits for."""

    task: Hashable
    recipe: Recipe
    order: Order
    logged: Iterator[Answer]
    priority: int
    rank: int
    arrival: int
    left_out: int = 0
    was_answered: bool = False
    is_stopping: bool = False
    was_stopped: bool = False

    @property
    def claim(self) -> Claim:
        return Claim(self.priority, self.rank, self.arrival, self.left_out)


class Engine:
    """Runs many recipes at once, sharing passes between orders of one batch key."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._active: list[_Active] = []
        self._early: list[Outcome] = []
        self._arrivals = count()
        self._counts = Counts()

    @property
    def is_idle(self) -> bool:
        """Nothing to do."""
        return not self._active and not self._early

    def submit(
        self,
        task: Hashable,
        recipe: Recipe,
        *,
        priority: Priority = "normal",
        rank: int = 0,
        logged: Iterable[Answer] = (),
    ) -> None:
        """Begin a recipe; raises what its first lines raise.

        Args:
            task: names it in outcomes.
            recipe: not begun yet.
            priority: its class.
            rank: its place among its siblings; the first images of all jobs go before the second.
            logged: answers to its loggable orders, from the first one on, given without asking.
        """
        try:
            first = next(recipe)
        except StopIteration as end:  # it has nothing to ask
            self._early.append(Finished(task, cast("tuple[Tensor, ...]", end.value)))
            return
        active = _Active(
            task,
            recipe,
            first,
            iter(logged),
            PRIORITIES.index(priority),
            rank,
            next(self._arrivals),
        )
        self._active.append(active)
        self._early += self._replayed(active)

    def cancel(self, task: Hashable) -> None:
        """Forget a task, at the edge of a tick."""
        for active in [active for active in self._active if active.task == task]:
            self._forget(active)

    def interrupt(self, task: Hashable) -> bool:
        """Have a task end with what it has become.

        Returns:
            whether there is something to show: then `Finished` follows at a later tick. Otherwise
            the task is forgotten.
        """
        active = next((active for active in self._active if active.task == task), None)
        if active is None:
            return False
        if not active.was_answered:
            self._forget(active)
            return False
        active.is_stopping = True
        self._early += self._stopped(active)
        return True

    def tick(self) -> list[Outcome]:
        """Run one pass for the most urgent order and those that can join it."""
        early, self._early = self._early, []
        if not self._active:
            return early
        turn = choose(self._active, batch_key, self._runner.is_ready, self._runner.rows_for)
        for active in self._active:
            active.left_out += 1
        started, loading = time.perf_counter(), self._runner.load_seconds
        with torch.inference_mode():
            answers = self._answers(turn)
            loading = self._runner.load_seconds - loading
            seconds = time.perf_counter() - started - loading
            rows = sum(rows_of(active.order) for active in turn)
            self._counts.note(turn[0].order, rows, seconds)
            return early + [
                outcome
                for active, answer in zip(turn, answers, strict=True)
                for outcome in self._advance(active, answer, (seconds, loading), rows)
            ]

    def tally(self) -> Tally:
        """What was done so far; nothing of memory, caches and models."""
        return self._counts.tally(len(self._active))

    def _answers(self, turn: Sequence[_Active]) -> list[Answer | TintypeError]:
        """Answers or errors; a pass that fails is tried again in halves, so one fails alone."""
        try:
            return list(self._runner.run([active.order for active in turn]))
        except FORESEEN as error:
            failure = in_our_words(error)  # not the error itself: its frames hold the tensors
            if is_out_of_memory(error):
                self._counts.out_of_memory += 1
                self._runner.too_large(turn[0].order, sum(rows_of(a.order) for a in turn))
        if len(turn) == 1:
            return [failure]
        middle = len(turn) // 2
        return self._answers(turn[:middle]) + self._answers(turn[middle:])

    def _advance(
        self,
        active: _Active,
        answer: Answer | TintypeError,
        times: tuple[float, float],
        rows: int,
    ) -> list[Outcome]:
        if isinstance(answer, TintypeError):
            self._forget(active)
            return [Failed(active.task, answer)]
        seconds, loading = times
        advanced = Advanced(active.task, active.order, answer, seconds, rows, loading)
        return [advanced, *self._answered(active, answer), *self._replayed(active)]

    def _answered(self, active: _Active, answer: Answer) -> list[Outcome]:
        """Hand an answer to a recipe; what follows if it ends."""
        active.was_answered |= isinstance(active.order, Denoise)
        return self._moved(active, lambda recipe: recipe.send(answer))

    def _replayed(self, active: _Active) -> list[Outcome]:
        """Answer from the log as long as that goes, then stop there if that is wanted."""
        outcomes: list[Outcome] = []
        with torch.inference_mode():
            while active in self._active and is_loggable(active.order):
                answer = next(active.logged, None)
                if answer is None:
                    break
                outcomes.append(Advanced(active.task, active.order, answer, is_replayed=True))
                outcomes += self._answered(active, answer)
            return outcomes + self._stopped(active)

    def _stopped(self, active: _Active) -> list[Outcome]:
        """Throw a recipe that shall end out of its sampler."""
        wants_more = active in self._active and isinstance(active.order, Denoise | Upscale)
        if not (active.is_stopping and wants_more):
            return []
        active.was_stopped = True
        with torch.inference_mode():
            outcomes = self._moved(active, lambda recipe: recipe.throw(Stopped()))
        return outcomes + self._stopped(active)

    def _moved(self, active: _Active, move: "_Move") -> list[Outcome]:
        """Have a recipe go on to its next order, or to its end."""
        try:
            active.order = move(active.recipe)
            active.left_out = 0
        except StopIteration as end:
            self._forget(active)
            pictures = cast("tuple[Tensor, ...]", end.value)
            return [Finished(active.task, pictures, active.was_stopped)]
        except Stopped:
            self._forget(active)
            return [Failed(active.task, Cancelled("stopped before there was anything to show"))]
        except FORESEEN as error:
            self._forget(active)
            return [Failed(active.task, in_our_words(error))]
        return []

    def _forget(self, active: _Active) -> None:
        active.recipe.close()
        self._active.remove(active)


class _Move(Protocol):
    def __call__(self, recipe: Recipe, /) -> Order: ...
