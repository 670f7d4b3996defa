"""Networks that compute while their weights are still on disk.

On a CPU the first touch of memory often costs more than reading a file the system has at hand, and
in float32 a half-precision file takes twice its size. So for its first pass each stage is read into
memory that all of them share; from its second pass on, or when there is nothing else to do, it has
memory of its own. A first picture does not wait for what later ones will need.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import cast
from weakref import finalize

import torch
from torch import Tensor, nn

from tintype.networks.arena import empty_memory, empty_tensors, laid_in, room_for
from tintype.networks.lending import ASKED_BETWEEN, become
from tintype.networks.open_files import Files
from tintype.networks.reading import Place, read_into
from tintype.networks.stages import Stage
from tintype.tensorfiles import StoredTensor
from tintype.tensorfiles.table import Shape

_RAM = torch.device("cpu")


class Arriving:
    """The way of a checkpoint's weights into memory."""

    def __init__(
        self,
        networks: Sequence[tuple[nn.Module, Mapping[str, StoredTensor]]],
        dtype: torch.dtype,
        threads: int | None = None,
    ) -> None:
        """Read what stands outside the stages; the file stays open until everything is there.

        Args:
            networks: built `without_memory`, and each of their tensors.
            dtype: what they are cast to.
            threads: as for `read_into`.

        Raises:
            ModelError: the file cannot be read.
        """
        by_stage = {stage: found for network in networks for stage, found in _by_stage(*network)}
        for network, stored in networks:
            _read_rest(network, stored, by_stage, dtype, threads)
        self._room = _Room(list(by_stage.values()), dtype, threads)
        self._stages = {
            stage: _Arrival(stage, found, self._room) for stage, found in by_stage.items()
        }

    @property
    def is_done(self) -> bool:
        """All weights have memory of their own."""
        return self._room.waiting == 0

    def settle(self) -> None:
        """Give one more stage memory of its own.

        Raises:
            ModelError: the file was written to or cut short in the meantime.
        """
        for stage, arrival in self._stages.items():
            if not arrival.is_there:
                arrival.stay(stage)
                return


def _read_rest(
    network: nn.Module,
    stored: Mapping[str, StoredTensor],
    stages: Mapping[Stage, Mapping[str, StoredTensor]],
    dtype: torch.dtype,
    threads: int | None,
) -> None:
    """What is in no stage."""
    late = {id(tensor) for found in stages.values() for tensor in found.values()}
    rest = {name: tensor for name, tensor in stored.items() if id(tensor) not in late}
    weights = empty_tensors(_shapes(rest), dtype, _RAM)
    read_into([Place(rest[name], weight) for name, weight in weights.items()], threads)
    become(network, weights)
    network.eval().requires_grad_(requires_grad=False)


class _Room:
    """How stages are read, and the memory they share until they have their own.

    Attributes:
        waiting: stages without memory of their own.
    """

    def __init__(
        self,
        stages: Sequence[Mapping[str, StoredTensor]],
        dtype: torch.dtype,
        threads: int | None,
    ) -> None:
        self.waiting = len(stages)
        self._files = Files({piece.path for s in stages for t in s.values() for piece in t.slices})
        self._close = finalize(self, self._files.close)  # also if the weights are never wanted
        self._dtype, self._threads = dtype, threads
        # The largest from the start: memory that grew would be touched anew each time.
        self._memory = empty_memory(max(map(_room_for, stages)), dtype, _RAM)

    def read(self, stored: Mapping[str, StoredTensor]) -> dict[str, Tensor]:
        """The weights of a stage, until the next one is read."""
        return self._read(stored, self._memory)

    def read_for_good(self, stored: Mapping[str, StoredTensor]) -> dict[str, Tensor]:
        """The weights of a stage in memory of their own."""
        weights = self._read(stored, empty_memory(_room_for(stored), self._dtype, _RAM))
        self.waiting -= 1
        if not self.waiting:
            self._close()
            self._memory = empty_memory(0, self._dtype, _RAM)
        return weights

    def _read(self, stored: Mapping[str, StoredTensor], memory: Tensor) -> dict[str, Tensor]:
        weights = laid_in(memory, _shapes(stored))
        places = [Place(stored[name], weight) for name, weight in weights.items()]
        read_into(places, self._threads, self._files)
        return weights


def _shapes(stored: Mapping[str, StoredTensor]) -> dict[str, Shape]:
    return {name: tensor.shape for name, tensor in stored.items()}


def _room_for(stored: Mapping[str, StoredTensor]) -> int:
    return room_for(_shapes(stored))


class _Arrival:
    """Has the weights of a stage in memory while it runs, and from its second pass on for good.

    It knows the weights and not the stage, which holds it.
    """

    def __init__(self, stage: Stage, stored: Mapping[str, StoredTensor], room: _Room) -> None:
        self._stored, self._room = stored, room
        self._nothing = {n: p for n, p in stage.named_parameters() if n in stored}
        self._was_used = self.is_there = False
        stage.presence = self.presence

    def stay(self, stage: Stage) -> None:
        """Give the stage memory of its own."""
        become(stage, self._room.read_for_good(self._stored))
        self.is_there = True
        stage.presence = nullcontext

    @contextmanager
    def presence(self, stage: Stage) -> Generator[None]:
        """For one pass of the stage."""
        if self._was_used:
            self.stay(stage)
        else:
            become(stage, self._room.read(self._stored))
        self._was_used = True
        try:
            yield
        finally:
            if not self.is_there:
                become(stage, self._nothing)


def _by_stage(
    network: nn.Module, stored: Mapping[str, StoredTensor]
) -> Iterator[tuple[Stage, dict[str, StoredTensor]]]:
    """What only a stage's own pass asks for, by its own names."""
    for path, stage in cast("Iterator[tuple[str, nn.Module]]", network.named_modules()):
        if isinstance(stage, Stage):
            found = {
                name: stored[f"{path}.{name}"]
                for name, _ in stage.named_parameters()
                if not any(sign in f".{name}" for sign in ASKED_BETWEEN)
            }
            if found:
                yield stage, found
