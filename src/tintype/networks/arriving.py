"""A U-Net that computes while its weights are still on disk.

On a CPU the first touch of memory often costs more than reading a file the system has at hand, and
in float32 a half-precision file takes twice its size. So for its first pass each stage is read into
memory that all of them share; from its second pass on, or when there is nothing else to do, it has
memory of its own. A first picture does not wait for what later ones will need.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from types import TracebackType
from typing import cast

import torch
from torch import Tensor, nn

from tintype.networks.arena import empty_memory, empty_tensors, laid_in, room_for
from tintype.networks.lending import ASKED_BETWEEN, become
from tintype.networks.reading import Files, Place, read_into
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
        self._open = ExitStack()
        paths = {piece.path for tensor in stored.values() for piece in tensor.slices}
        files = self._open.enter_context(Files(paths))
        by_stage = dict(_by_stage(unet))
        late = {name for names in by_stage.values() for name in names.values()}
        self._read_rest(unet, {k: v for k, v in stored.items() if k not in late}, dtype, threads)
        room = _Room(dtype, threads, files)
        self._stages = [
            _ArrivingStage(stage, {own: stored[name] for own, name in names.items()}, room)
            for stage, names in by_stage.items()
        ]
        room.fit(self._stages)

    @property
    def is_done(self) -> bool:
        """All weights have memory of their own."""
        return all(stage.is_there for stage in self._stages)

    def settle(self) -> None:
        """Give one more stage memory of its own.

        Raises:
            ModelError: the file was written to or cut short in the meantime.
        """
        waiting = [stage for stage in self._stages if not stage.is_there]
        if waiting:
            waiting[0].stay()
        if len(waiting) < 2:
            self._open.close()

    @staticmethod
    def _read_rest(
        unet: UNet, stored: Mapping[str, StoredTensor], dtype: torch.dtype, threads: int | None
    ) -> None:
        shapes = {name: tensor.shape for name, tensor in stored.items()}
        weights = empty_tensors(shapes, dtype, _RAM)
        read_into([Place(stored[name], weight) for name, weight in weights.items()], threads)
        become(unet, weights)
        unet.eval().requires_grad_(requires_grad=False)


class _Room:
    """How stages are read, and the memory they share until they have their own."""

    def __init__(self, dtype: torch.dtype, threads: int | None, files: Files) -> None:
        self.dtype, self._threads, self._files = dtype, threads, files
        self.memory = empty_memory(0, dtype, _RAM)

    def fit(self, stages: "list[_ArrivingStage]") -> None:
        """Be large enough for any of them."""
        self.memory = empty_memory(max(stage.room for stage in stages), self.dtype, _RAM)

    def read(self, stored: Mapping[str, StoredTensor], into: Mapping[str, Tensor]) -> None:
        places = [Place(stored[name], weight) for name, weight in into.items()]
        read_into(places, self._threads, self._files)


class _ArrivingStage(AbstractContextManager[None]):
    """Has the weights of a stage in memory while it runs, and from its second pass on for good."""

    def __init__(self, stage: Stage, stored: Mapping[str, StoredTensor], room: _Room) -> None:
        self._stage, self._stored, self._room = stage, stored, room
        self._nothing = {n: p for n, p in stage.named_parameters() if n in stored}
        self._shapes: dict[str, Shape] = {name: tensor.shape for name, tensor in stored.items()}
        self._was_used = self.is_there = False
        stage.presence = self

    @property
    def room(self) -> int:
        """How many numbers its weights are, with what lies between them."""
        return room_for(self._shapes)

    def stay(self) -> None:
        """Have memory of its own from now on."""
        self._read_into(empty_memory(self.room, self._room.dtype, _RAM))
        self.is_there = True
        self._stage.presence = nullcontext()

    def __enter__(self) -> None:
        if self._was_used:
            self.stay()
        else:
            self._read_into(self._room.memory)
        self._was_used = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self.is_there:
            become(self._stage, self._nothing)

    def _read_into(self, memory: Tensor) -> None:
        weights = laid_in(memory, self._shapes)
        self._room.read(self._stored, weights)
        become(self._stage, weights)


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
