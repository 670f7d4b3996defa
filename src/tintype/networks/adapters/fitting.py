"""Adapters made to measure for a network: from their files to what its layers wear."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from weakref import WeakValueDictionary

import torch
from torch import Tensor, nn

from tintype.networks.adapters.changes import DoesNotFit, Parts, change_of
from tintype.networks.adapters.file import AdapterFile
from tintype.networks.adapters.layers import Layer, Layers
from tintype.networks.adapters.low_rank import factors_of, is_low_rank, own_scale
from tintype.networks.wearing import Changed, Factors, Piece, Term, Wearable

_FactorsKey = tuple[Path, int, int | None, str, torch.device, torch.dtype]


@dataclass(frozen=True, slots=True)
class Use:
    """An adapter with its scale for one network, and how much of its rank is used."""

    file: AdapterFile
    scale: float
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class _Job:
    """What one adapter does to one layer, or to a third of it."""

    layer: Layer
    name: str
    parts: Parts
    use: Use


class Fitting:
    """Makes the pieces of adapters for one network, whose weights stay as they are.

    Factors of the same file are made once for all pieces that hold them.

    Args:
        network: whose layers are worn on.
        layers: those, by their names in files.
    """

    def __init__(self, network: nn.Module, layers: Layers) -> None:
        self._network = network
        self._layers = layers
        self._factors: WeakValueDictionary[_FactorsKey, Factors] = WeakValueDictionary()

    def knows(self, file: AdapterFile) -> bool:
        """Whether any layer of the file is one of this network."""
        return not self._layers.keys().isdisjoint(file.layers)

    def pieces(
        self, uses: Sequence[Use]
    ) -> tuple[Mapping[Wearable, Piece], frozenset[AdapterFile]]:
        """What each layer wears for these adapters, the first of them put on first.

        Returns:
            the pieces, and files with layers of this network none of which fits in shape.
        """
        jobs: defaultdict[str, list[_Job]] = defaultdict(list)
        for use in uses:
            for job in self._jobs(use):
                jobs[job.layer.module].append(job)
        made: dict[Wearable, Piece] = {}
        fitting: set[AdapterFile] = set()
        for path, some in jobs.items():
            layer = cast(Wearable, self._network.get_submodule(path))
            if piece := self._piece(layer, some, fitting):
                made[layer] = piece
        return made, frozenset(use.file for use in uses if self.knows(use.file)) - fitting

    def _jobs(self, use: Use) -> list[_Job]:
        return [
            _Job(layer, name, parts, use)
            for name, parts in use.file.layers.items()
            if (layer := self._layers.get(name)) and _is_whole(layer, name, use.file)
        ]

    def _piece(
        self, layer: Wearable, jobs: Sequence[_Job], fitting: set[AdapterFile]
    ) -> Piece | None:
        """Terms where nothing but matrices is worn, else weights with all changes in them."""
        if not all(is_low_rank(job.parts) for job in jobs):
            return _changed(layer, jobs, fitting)
        terms = [(job, self._term(layer, job)) for job in jobs]
        fitting |= {job.use.file for job, term in terms if term is not None}
        return tuple(term for _, term in terms if term is not None)

    def _term(self, layer: Wearable, job: _Job) -> Term | None:
        weight, use = job.layer.part_of(_own(layer)[0]), job.use
        rank = use.rank or None
        key = (use.file.path, use.file.modified, rank, job.name, weight.device, weight.dtype)
        factors = self._factors.get(key)
        if factors is None:
            try:
                factors = factors_of(job.parts, weight, rank)
            except DoesNotFit:
                return None
            self._factors[key] = factors
        scale = 0.0 if use.rank == 0 else use.scale * own_scale(job.parts)
        return Term(factors, scale, job.layer.third)


def _own(layer: Wearable) -> tuple[Tensor, Tensor | None]:
    """A layer's weights; those stored in eight bits, in which nothing can be added, in sixteen."""
    weight, bias = layer.own()
    if weight.dtype.itemsize > 1:
        return weight, bias
    return weight.half(), None if bias is None else bias.half()


def _is_whole(layer: Layer, name: str, file: AdapterFile) -> bool:
    """False for stacked queries, keys and values of which the file lacks one, as in A1111."""
    if layer.third is None:
        return True
    siblings = [name[: -len("q_proj")] + f"{part}_proj" for part in ("q", "k", "v", "out")]
    return all(sibling in file.layers for sibling in siblings)


def _changed(layer: Wearable, jobs: Sequence[_Job], fitting: set[AdapterFile]) -> Changed | None:
    """The layer's weights with one change after another; None if none of them fits.

    Each sum is rounded to the weight's precision before the next, as A1111 does.
    """
    weight, bias = _own(layer)
    did_fit = False
    for job in jobs:
        try:
            change = change_of(job.parts, job.layer.part_of(weight), job.use.rank)
        except DoesNotFit:
            continue
        did_fit = True
        fitting.add(job.use.file)
        weight = _sum(weight, change.weight * job.use.scale, job.layer)
        if change.bias is not None and bias is not None:
            bias = _sum(bias, change.bias * job.use.scale, job.layer)
    return Changed(weight, bias) if did_fit else None


def _sum(old: Tensor, delta: Tensor, layer: Layer) -> Tensor:
    """A new tensor, for the old one may be the layer's own."""
    if layer.third is None:
        return (old.to(delta.dtype) + delta).to(old.dtype)
    new = old.clone()
    layer.part_of(new).add_(delta)
    return new
