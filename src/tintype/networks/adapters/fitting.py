"""Adapters on a network: put on by changing its weights, taken off without a trace."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from tintype.networks.adapters.changes import DoesNotFit, Parts, change_of
from tintype.networks.adapters.file import AdapterFile
from tintype.networks.adapters.layers import Layer, Layers


@dataclass(frozen=True, slots=True)
class Use:
    """An adapter with its scale for one network, and how much of its rank is used."""

    file: AdapterFile
    scale: float
    rank: int | None = None


class Fitting:
    """The adapters on one network.

    Weights are replaced, never written to: on a CPU they may be mapped from the checkpoint's file.
    What was there before is kept, in main memory, and put back bit by bit.

    Args:
        network: whose weights are changed.
        layers: its layers, by their names in files.
    """

    def __init__(self, network: nn.Module, layers: Layers) -> None:
        self._network = network
        self._layers = layers
        self._kept: dict[tuple[str, str], nn.Parameter] = {}
        self._uses: tuple[Use, ...] = ()

    def knows(self, file: AdapterFile) -> bool:
        """Whether any layer of the file is one of this network."""
        return not self._layers.keys().isdisjoint(file.layers)

    def wear(self, uses: Sequence[Use]) -> frozenset[AdapterFile]:
        """Have exactly these adapters on, added in this order; after an error, `take_off`.

        Each sum is rounded to the weight's precision before the next, as A1111 does.

        Returns:
            files with layers of this network none of which fits in shape; the others are on.
        """
        wanted = tuple(use for use in uses if use.scale != 0)
        if wanted == self._uses:
            return frozenset()
        self.take_off()
        fitting = {use.file for use in wanted if self._put_on(use)}
        self._uses = wanted
        return frozenset(use.file for use in wanted if self.knows(use.file)) - fitting

    def take_off(self) -> None:
        """Put back every weight as it was."""
        for (path, name), parameter in self._kept.items():
            module = self._network.get_submodule(path)
            device = cast(Tensor, getattr(module, name)).device
            setattr(module, name, _on(parameter, device))
        self._kept, self._uses = {}, ()

    def _put_on(self, use: Use) -> int:
        """Add one adapter; answers how many layers fit."""
        return sum(
            self._changed(layer, parts, use)
            for name, parts in use.file.layers.items()
            if (layer := self._layers.get(name)) and self._is_whole(layer, name, use.file)
        )

    def _is_whole(self, layer: Layer, name: str, file: AdapterFile) -> bool:
        """False for stacked queries, keys and values of which the file lacks one, as in A1111."""
        if layer.third is None:
            return True
        siblings = [name[: -len("q_proj")] + f"{part}_proj" for part in ("q", "k", "v", "out")]
        return all(sibling in file.layers for sibling in siblings)

    def _changed(self, layer: Layer, parts: Parts, use: Use) -> bool:
        module = self._network.get_submodule(layer.module)
        weight = cast(Tensor, getattr(module, layer.weight))
        try:
            change = change_of(parts, layer.part_of(weight), use.rank)
        except DoesNotFit:
            return False
        self._add(module, layer, layer.weight, change.weight * use.scale)
        if change.bias is not None and getattr(module, layer.bias, None) is not None:
            self._add(module, layer, layer.bias, change.bias * use.scale)
        return True

    def _add(self, module: nn.Module, layer: Layer, name: str, delta: Tensor) -> None:
        old: nn.Parameter = getattr(module, name)
        is_first = (layer.module, name) not in self._kept
        if is_first:
            self._kept[layer.module, name] = _on(old, torch.device("cpu"))
        if layer.third is None:
            new = (old.to(delta.dtype) + delta).to(old.dtype)
        else:
            new = old.clone() if is_first else old.data
            layer.part_of(new).add_(delta)
        setattr(module, name, nn.Parameter(new, requires_grad=False))


def _on(parameter: nn.Parameter, device: torch.device) -> nn.Parameter:
    """The same parameter if it is there already, else a copy."""
    if parameter.device == device:
        return parameter
    return nn.Parameter(parameter.data.to(device), requires_grad=False)
