"""What a checkpoint's header says about its networks."""

from collections.abc import Mapping
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any

from tintype.core.families import FIRST_LAYER, Shapes, family_of, other_kind
from tintype.core.models import CheckpointFacts, ModelRecord
from tintype.core.noise_levels import NoiseSchedule
from tintype.errors import ModelError
from tintype.modelstore.facts import Fact, FileFacts, FileState
from tintype.tensorfiles import TensorTable, open_table
from tintype.tensorfiles.ldm_config import read_ldm_yaml
from tintype.tensorfiles.numbers import numbers_of
from tintype.tensorfiles.training import stated_config, training_of

_FACTS = "checkpoint"
_CROSS_ATTENTION = "attn2.to_k.weight"


def checkpoint_facts(record: ModelRecord, facts: FileFacts) -> CheckpointFacts:
    """What is known of a checkpoint; what SD 1.x has where the header says nothing.

    A file that cannot be read says nothing, and so does one whose config makes no sense: whoever
    loads it will say what is wrong.
    """
    file = FileState.of(record)
    kind, config = _kind(record.config_path), record.config_path
    return _facts_from(next(facts.of(kind, [file], partial(_read, config=config))))


def _kind(config: Path | None) -> str:
    """What is known holds for one state of the config beside the file, too."""
    if config is None:
        return _FACTS
    try:
        return f"{_FACTS} with config of {config.stat().st_mtime_ns}"
    except OSError:
        return _FACTS


def _read(path: Path, config: Path | None) -> Fact:
    try:
        table = open_table(path)
    except ModelError:
        return {}
    return {**_sizes(table.shapes), **_nature(table, config)}


def _sizes(shapes: Shapes) -> Fact:
    first = shapes.get(FIRST_LAYER, ())
    cross = next((shape for name, shape in shapes.items() if name.endswith(_CROSS_ATTENTION)), ())
    found = {"input_channels": first[1:2], "context_width": cross[1:2] if len(cross) == 2 else ()}
    return {name: size[0] for name, size in found.items() if size}


def _nature(table: TensorTable, config: Path | None) -> Fact:
    family = family_of(table.shapes)
    if family is None:
        return {"looks_like": str(other_kind(table.shapes))}
    try:
        ldm = stated_config(None if config is None else read_ldm_yaml(config), table.metadata)
        trained = training_of(
            family, table.shapes, table.metadata, ldm, lambda name: numbers_of(table.tensors[name])
        )
    except ModelError:
        return {"family": family}
    noise = astuple(trained.noise)
    facts = {"prediction": trained.prediction, "noise": noise, "scale": trained.scale}
    return {"family": family, **facts}


def _facts_from(fact: Mapping[str, Any]) -> CheckpointFacts:
    known = dict(fact)
    if "noise" in known:
        start, end, shifts, levels = known["noise"]
        known["noise"] = NoiseSchedule(start, end, shifts, levels and (levels[0], levels[1]))
    return CheckpointFacts(**known)
