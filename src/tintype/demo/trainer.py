"""Training on a few CPU cores, for a given time, resumable.

Each core runs its own copy for a round of some seconds, then all copies are averaged, weighted by
the steps they made: nobody waits for a core that something else keeps busy. Networks run in
bfloat16; the optimiser works on float32 originals.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as distributed
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn  # pyright: ignore[reportUnknownVariableType]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to learn.

    Attributes:
        minutes: wall-clock time over all runs; a resumed run goes on from what is left.
        learning_rate: the highest, reached after `warmup_steps`; falls to zero at the end.
        cores: processes that learn side by side, one thread each.
        round_seconds: time between two averagings, each of which saves a checkpoint.
        average: weight of the past in the moving average of the weights, per step.
    """

    minutes: float
    learning_rate: float
    cores: int = 2
    warmup_steps: int = 100
    round_seconds: float = 30.0
    average: float = 0.998


class Learner:
    """A network in training: bfloat16 to run, float32 to update, a moving average to keep."""

    def __init__(self, network: nn.Module, average: float) -> None:
        self.master = [p.detach().clone().float() for p in network.parameters()]
        self.averaged = [p.clone() for p in self.master]
        self.average = average
        self.network = network.bfloat16()
        to_channels_last(self.network)
        self.learning = [i for i, p in enumerate(network.parameters()) if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            [self.master[i] for i in self.learning], betas=(0.9, 0.99), weight_decay=0.01
        )
        self.steps = 0
        self.seconds = 0.0
        self._show_master()

    def step(self, loss: Tensor, learning_rate: float) -> None:
        """Follow the gradient of `loss` once."""
        loss.backward()
        running = list(self.network.parameters())
        for i in self.learning:
            gradient = running[i].grad
            self.master[i].grad = None if gradient is None else gradient.float()
            running[i].grad = None
        masters = [self.master[i] for i in self.learning]
        nn.utils.clip_grad_norm_(masters, 1.0)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        self.optimiser.step()
        self.steps += 1
        keep = min(self.average, (1 + self.steps) / (10 + self.steps))
        for averaged, master in zip(self.averaged, self.master, strict=True):
            averaged.lerp_(master, 1 - keep)
        self._show_master()

    def meet(self, steps_in_round: int, seconds: float) -> None:
        """Average with the other cores, each weighted by its steps in this round.

        The round counts as the longest of all, so that everybody ends after the same one.
        """
        longest, total = torch.tensor(seconds), torch.tensor(float(steps_in_round))
        distributed.all_reduce(longest, distributed.ReduceOp.MAX)
        self.seconds += longest.item()
        distributed.all_reduce(total)
        share = steps_in_round / max(total.item(), 1.0)
        for tensor in (*self.master, *self.averaged):
            tensor.mul_(share)
            distributed.all_reduce(tensor)
        self._show_master()

    def state(self) -> dict[str, object]:
        """Everything needed to go on, and under "averaged" the weights to keep."""
        names = [name for name, _ in self.network.named_parameters()]
        return {
            "averaged": dict(zip(names, self.averaged, strict=True)),
            "master": self.master,
            "optimiser": self.optimiser.state_dict(),
            "steps": self.steps,
            "seconds": self.seconds,
        }

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint written by `train`."""
        state = torch.load(path, weights_only=True)
        self.master = [p.clone() for p in state["master"]]
        self.averaged = list(state["averaged"].values())
        self.optimiser.param_groups[0]["params"] = [self.master[i] for i in self.learning]
        self.optimiser.load_state_dict(state["optimiser"])
        self.steps, self.seconds = state["steps"], state["seconds"]
        self._show_master()

    def _show_master(self) -> None:
        with torch.no_grad():
            for running, master in zip(self.network.parameters(), self.master, strict=True):
                running.copy_(master)


def compile_blocks(network: nn.Module, *kinds: type[nn.Module]) -> None:
    """Compile every block of these kinds where it stands: half the time of a step on a CPU.

    Whole networks are not compiled: with torch 2.13 the backward pass of nearest-neighbour
    upsampling comes out as zeros in a compiled channels-last bfloat16 graph on the CPU.
    """
    from torch._dynamo import config  # pyright: ignore[reportPrivateUsage] - the only way to set it

    config.recompile_limit = 256
    config.automatic_dynamic_shapes = False
    for module in network.modules():
        if isinstance(module, kinds):
            module.compile()


def to_channels_last(network: nn.Module) -> None:
    """Lay the weights of convolutions out channels last."""
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


Loss = Callable[[float], Tensor]  # given the part of the time gone (0–1), draws a batch


def train(
    build: Callable[[int], tuple[nn.Module, Loss]], schedule: Schedule, checkpoint: Path
) -> None:
    """Train on `schedule.cores` processes until the time is used up.

    Args:
        build: called in each process with its number; gives the network and its loss.
        schedule: how long and how fast.
        checkpoint: written after every round; if it exists, training goes on from it.
    """
    store = checkpoint.with_suffix(".meeting")
    store.unlink(missing_ok=True)
    spawn(_run, (build, schedule, checkpoint, store), nprocs=schedule.cores)


def _run(
    rank: int,
    build: Callable[[int], tuple[nn.Module, Loss]],
    schedule: Schedule,
    checkpoint: Path,
    store: Path,
) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{store.absolute()}", rank=rank, world_size=schedule.cores
    )
    torch.manual_seed(1000 + rank)
    network, loss = build(rank)
    learner = Learner(network, schedule.average)
    if checkpoint.exists():
        learner.resume(checkpoint)
        torch.manual_seed(1000 + rank + 7919 * learner.steps)
    while learner.seconds < schedule.minutes * 60:
        _round(learner, loss, schedule, checkpoint, is_first=rank == 0)
    distributed.destroy_process_group()


def _round(
    learner: Learner, loss: Loss, schedule: Schedule, checkpoint: Path, *, is_first: bool
) -> None:
    started, steps, total = time.monotonic(), 0, 0.0
    while time.monotonic() - started < schedule.round_seconds:
        gone = min(1.0, learner.seconds / (schedule.minutes * 60))
        warm = min(1.0, (learner.steps + 1) / schedule.warmup_steps)
        here = loss(gone)
        learner.step(here, schedule.learning_rate * warm * (1 - gone) + 1e-6)
        steps, total = steps + 1, total + here.item()
    learner.meet(steps, time.monotonic() - started)
    if is_first:
        print(
            f"{learner.seconds / 60:6.1f} min  step {learner.steps:6d}  loss {total / steps:.5f}",
            flush=True,
        )
        torch.save(learner.state(), checkpoint.with_suffix(".part"))
        checkpoint.with_suffix(".part").rename(checkpoint)
