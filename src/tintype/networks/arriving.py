"""A U-Net that computes while its weights are still on disk.

On a CPU the first touch of memory often costs more than reading a file the system has at hand, and
in float32 a half-precision file takes twice its size. So for its first pass each stage is read into
memory that all of them share; from its second pass on, or when there is nothing else to do, it has
memory of its own. A first picture does not wait for what later ones will need.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import cast
from weakref import finalize

import torch
from torch import Tensor, nn

from tintype.networks.arena import empty_memory, empty_tensors, laid_in, room_for
from tintype.networks.lending import ASKED_BETWEEN, become
from tintype.networks.open_files import Files
from tintype.networks.reading import Place, read_into
from tintype.networks.unet import Stage, UNet
from tintype.tensorfiles import StoredTensor
from tintype.tensorfiles.table import Shape

_RAM = torch.device("cpu")


class Arriving:
    """The way of a U-Net's weights into memory."""

    def __init__(
        self,
        unet: UNet,
        stored: Mapping[str, StoredTensor],
        dtype: torch.dtype,
        threads: int | None = None,
    ) -> None:
        """Read what stands outside the stages; the file stays open until everything is there.

        Args:
            unet: built `without_memory`.
            stored: each of its tensors.
            dtype: what they are cast to.
            threads: as for `read_into`.

        Raises:
            ModelError: the file cannot be read.
        """
        paths = {piece.path for tensor in stored.values() for piece in tensor.slices}
        by_stage = dict(_by_stage(unet))
        late = {name for names in by_stage.values() for name in names.values()}
        self._read_rest(unet, {k: v for k, v in stored.items() if k not in late}, dtype, threads)
        self._room = _Room(paths, dtype, threads)
        self._stages = {
            stage: _Arrival(stage, {own: stored[name] for own, name in names.items()}, self._room)
            for stage, names in by_stage.items()
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

    @staticmethod
    def _read_rest(
        unet: UNet, stored: Mapping[str, StoredTensor], dtype: torch.dtype, threads: int | None
    ) -> None:
        weights = empty_tensors(_shapes(stored), dtype, _RAM)
        read_into([Place(stored[name], weight) for name, weight in weights.items()], threads)
        become(unet, weights)
        unet.eval().requires_grad_(requires_grad=False)


class _Room:
    """How stages are read, and the memory they share until they have their own.

    Attributes:
        waiting: stages without memory of their own.
    """

    def __init__(self, paths: Iterable[Path], dtype: torch.dtype, threads: int | None) -> None:
        self.waiting = 0
        self._files = Files(paths)
        self._close = finalize(self, self._files.close)  # also if the weights are never wanted
        self._dtype, self._threads = dtype, threads
        self._memory = empty_memory(0, dtype, _RAM)

    def read(self, stored: Mapping[str, StoredTensor]) -> dict[str, Tensor]:
        """The weights of a stage, until the next one is read."""
        if self._memory.numel() < (count := _room_for(stored)):
            self._memory = empty_memory(count, self._dtype, _RAM)
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
        room.waiting += 1

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


def _by_stage(unet: UNet) -> Iterator[tuple[Stage, dict[str, str]]]:
    """The weights that only a stage's own pass asks for: by its name, and by the U-Net's."""
    for path, stage in cast("Iterator[tuple[str, nn.Module]]", unet.named_modules()):
        if isinstance(stage, Stage):
            names = {
                name: f"{path}.{name}"
                for name, _ in stage.named_parameters()
                if not any(sign in f".{name}" for sign in ASKED_BETWEEN)
            }
            if names:
                yield stage, names
