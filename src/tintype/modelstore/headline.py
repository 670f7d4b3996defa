"""What a checkpoint's header says about its networks."""

from pathlib import Path

from tintype.core.models import CheckpointFacts, ModelRecord
from tintype.modelstore.facts import Fact, FileFacts, FileState
from tintype.modelstore.headers import tensor_shapes

_FACTS = "checkpoint"
_FIRST = "model.diffusion_model.input_blocks.0.0.weight"
_CROSS_ATTENTION = "attn2.to_k.weight"


def checkpoint_facts(record: ModelRecord, facts: FileFacts) -> CheckpointFacts:
    """Channels and widths of a checkpoint; those of SD 1.x where the header says nothing."""
    file = FileState(record.path, record.bytes, record.modified)
    known = next(facts.of(_FACTS, [file], _read))
    usual = CheckpointFacts()
    channels, width = known["input_channels"], known["context_width"]
    return CheckpointFacts(
        channels if isinstance(channels, int) else usual.input_channels,
        width if isinstance(width, int) else usual.context_width,
    )


def _read(path: Path) -> Fact:
    shapes = tensor_shapes(path)
    first = shapes.get(_FIRST, ())
    cross = next((shape for name, shape in shapes.items() if name.endswith(_CROSS_ATTENTION)), ())
    return {
        "input_channels": first[1] if len(first) == 4 else None,
        "context_width": cross[1] if len(cross) == 2 else None,
    }
