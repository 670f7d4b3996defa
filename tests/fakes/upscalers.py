"""Small upscalers of the ESRGAN family, under the names of files of all ages."""

from collections.abc import Mapping
from pathlib import Path

import torch
from tests.fakes.checkpoints import save_tensors
from torch import Tensor

from tintype.core.upscaler_files import CompactSizes, RrdbSizes
from tintype.networks.upscaling.compact import Compact
from tintype.networks.upscaling.rrdb import Rrdb

SMALL = RrdbSizes(3, 1, 8, 4, 2, 2, has_shortcuts=False)


def random_state(network: torch.nn.Module, seed: int = 0) -> dict[str, Tensor]:
    """Weights of a network's shapes, small enough for answers about 0 … 1."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(weight.shape, generator=generator) / max(weight[0].numel(), 4) ** 0.5
        for name, weight in network.state_dict().items()
    }


def rrdb_state(sizes: RrdbSizes = SMALL, seed: int = 0) -> dict[str, Tensor]:
    """A network of Real-ESRGAN's names, whose answers lie around a middle grey."""
    state = random_state(Rrdb(sizes), seed)
    return state | {"conv_last.bias": torch.full((sizes.channels,), 0.5)}


def compact_state(scale: int = 4, convolutions: int = 3, features: int = 8) -> dict[str, Tensor]:
    """A compact network."""
    return random_state(Compact(CompactSizes(3, features, convolutions, scale)))


def in_oldest_layout(state: Mapping[str, Tensor], doublings: int) -> dict[str, Tensor]:
    """As ESRGAN's first release numbered its modules: an activation behind each, and doublings."""
    blocks = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("body."))
    high = 2 + 3 * doublings
    outer = {"conv_first": "model.0", "conv_body": f"model.1.sub.{blocks}"}
    outer |= {f"conv_up{n + 1}": f"model.{3 + 3 * n}" for n in range(doublings)}
    outer |= {"conv_hr": f"model.{high}", "conv_last": f"model.{high + 2}"}
    return {_oldest(name, outer): tensor for name, tensor in state.items()}


def in_second_layout(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """As ESRGAN's second release named its modules."""
    names = {"conv_body": "trunk_conv", "conv_hr": "HRconv"}
    names |= {f"conv_up{n}": f"upconv{n}" for n in (1, 2, 3)}
    return {
        ".".join(names.get(part, part) for part in name.split("."))
        .replace("body.", "RRDB_trunk.", 1)
        .replace(".rdb", ".RDB"): tensor
        for name, tensor in state.items()
    }


def write_upscaler(path: Path, scale: int = 2, seed: int = 0) -> Path:
    """A safetensors file of a small network that doubles once, twice or thrice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    doublings = scale.bit_length() - 1
    sizes = RrdbSizes(3, 1, 4, 2, 1, doublings, has_shortcuts=False)
    return save_tensors(rrdb_state(sizes, seed), path)


def _oldest(name: str, outer: Mapping[str, str]) -> str:
    module, _, kind = name.rpartition(".")
    if module in outer:
        return f"{outer[module]}.{kind}"
    _, block, dense, convolution = module.split(".")
    place = convolution if convolution == "conv1x1" else f"{convolution}.0"
    return f"model.1.sub.{block}.{dense.upper()}.{place}.{kind}"
