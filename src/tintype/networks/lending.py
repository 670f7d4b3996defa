"""Weights that lie in RAM, and are where they compute only while they are needed.

For models larger than their device. On a CPU they lie there in the type of their file and are cast
for a while to the one that is computed in, which takes half the memory; the picture is the same.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

from tintype.networks.arena import empty_memory, laid_in, room_for
from tintype.networks.stages import Stage
from tintype.networks.unet import UNet
from tintype.tensorfiles.table import Shape

Part = Literal["text", "unet", "vae"]

# Weights of a stage that are asked outside its pass, for a text or a timestep alone.
ASKED_BETWEEN = ("attn2.to_k.", "attn2.to_v.", "emb_layers.")


class Lent:
    """The weights of a module, in RAM in one piece, or for a while in other memory.

    It knows the weights and not the module, which may hold it.
    """

    def __init__(self, module: nn.Module, stays: Sequence[str] = ()) -> None:
        """Weights as `fill` laid them down, and parts of names of those that never leave."""
        kept = dict(module.named_parameters())
        self.shapes: dict[str, Shape] = {name: tuple(w.shape) for name, w in kept.items()}
        self._kept = {
            name: weight
            for name, weight in kept.items()
            if not any(sign in f".{name}" for sign in stays)
        }
        first = next(iter(kept.values()))
        self.memory = first.detach().as_strided((self.room,), (1,), first.storage_offset())

    @property
    def room(self) -> int:
        """How many numbers they are, with what lies between them."""
        return room_for(self.shapes)

    def kept(self) -> Sequence[Tensor]:
        """Those that leave."""
        return list(self._kept.values())

    def lie_in(self, module: nn.Module, memory: Tensor) -> None:
        """Have the module's be those laid out in `memory` (room,), which holds the same numbers."""
        laid = laid_in(memory, self.shapes)
        become(module, {name: laid[name] for name in self._kept})

    def leave(self, module: nn.Module) -> None:
        """Have them be those in RAM again."""
        become(module, self._kept)


def become(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put weights in the place of a module's own of these names; nothing is copied."""
    for name, weight in weights.items():
        path, _, leaf = name.rpartition(".")
        if not isinstance(weight, nn.Parameter):
            weight = nn.Parameter(weight, requires_grad=False)
        setattr(module.get_submodule(path), leaf, weight)


def move(network: nn.Module, device: torch.device) -> None:
    """Have the weights of a network, as `fill` laid them down, on another device."""
    lent = Lent(network)
    there = empty_memory(lent.room, lent.memory.dtype, device)
    lent.lie_in(network, there.copy_(lent.memory))


class Parts:
    """A checkpoint's networks, of which one at a time is on the device.

    Attributes:
        device: where they compute.
    """

    def __init__(
        self, parts: Mapping[Part, tuple[nn.Module, torch.dtype]], device: torch.device
    ) -> None:
        """Networks in RAM, with the type each of them computes in."""
        self._lent = {
            part: (module, Lent(module), dtype) for part, (module, dtype) in parts.items()
        }
        self.device = device
        self._present: Part | None = None

    def use(self, part: Part) -> None:
        """Have this one on the device, and the others not; parts not held here always are."""
        if part == self._present:
            return
        if self._present is not None:
            module, lent, _ = self._lent[self._present]
            lent.leave(module)
            self._present = None
        if part in self._lent:
            module, lent, dtype = self._lent[part]
            lent.lie_in(module, empty_memory(lent.room, dtype, self.device).copy_(lent.memory))
            self._present = part


class Streamed:
    """Has the weights of a stage on the device while it runs."""

    def __init__(self, lent: Lent, then: Tensor, rooms: "Rooms") -> None:
        """A stage's weights, those of the stage after it, and the rooms all stages take in turn."""
        self._lent, self._then, self._rooms = lent, then, rooms

    @contextmanager
    def presence(self, stage: Stage) -> Generator[None]:
        """For one pass of the stage."""
        self._lent.lie_in(stage, self._rooms.bring(self._lent.memory, self._then))
        try:
            yield
        finally:
            self._lent.leave(stage)


class Rooms:
    """Memory on a device for the weights of a stage; on a GPU also for those of the next one."""

    def __init__(self, count: int, dtype: torch.dtype, device: torch.device) -> None:
        is_gpu = device.type == "cuda"
        self._rooms = [empty_memory(count, dtype, device) for _ in range(1 + is_gpu)]
        self._stream = torch.cuda.Stream(device) if is_gpu else None
        self._coming: tuple[int, Tensor] | None = None  # whose, by its place in RAM

    def bring(self, kept: Tensor, then: Tensor) -> Tensor:
        """Weights (n,) on the device; `then` are those asked for next, which begin to come."""
        if self._stream is None:
            return self._rooms[0][: kept.numel()].copy_(kept)
        here = self._begun(kept, self._stream)
        torch.cuda.current_stream(here.device).wait_stream(self._stream)
        self._coming = (then.data_ptr(), self._copied(then, self._stream))
        return here

    def _begun(self, kept: Tensor, stream: torch.cuda.Stream) -> Tensor:
        coming, self._coming = self._coming, None
        if coming is not None and coming[0] == kept.data_ptr():
            return coming[1]
        return self._copied(kept, stream)

    def _copied(self, kept: Tensor, stream: torch.cuda.Stream) -> Tensor:
        """Under way into the room whose weights have been asked for all they were wanted for."""
        self._rooms.reverse()
        room = self._rooms[0][: kept.numel()]
        stream.wait_stream(torch.cuda.current_stream(room.device))
        with torch.cuda.stream(stream):
            return room.copy_(kept, non_blocking=True)


def stream(unet: UNet, dtype: torch.dtype, device: torch.device) -> None:
    """Have a U-Net that lies in RAM compute on a device, one stage's weights there at a time.

    What stands before and behind the stages is moved there for good, and so is what makes of a
    text or a timestep the little that all steps share.

    Args:
        unet: as `fill` laid it down.
        dtype: what it computes in.
        device: where.
    """
    stages = [m for m in unet.modules() if isinstance(m, Stage) and list(m.parameters())]
    lent = [Lent(stage, ASKED_BETWEEN) for stage in stages]
    rooms = Rooms(max(one.room for one in lent), dtype, device)
    for stage, one, then in zip(stages, lent, [*lent[1:], lent[0]], strict=True):
        stage.presence = Streamed(one, then.memory, rooms).presence
    leaving = {id(weight) for one in lent for weight in one.kept()}
    staying = {name: w for name, w in unet.named_parameters() if id(w) not in leaving}
    become(unet, {name: w.detach().to(device, dtype, copy=True) for name, w in staying.items()})
