"""LoRA files and textual inversions with random numbers."""

from collections.abc import Mapping
from pathlib import Path

import torch
from tests.fakes.checkpoints import save_tensors
from torch import Tensor

from tintype.core.models import AdapterRecord, EmbeddingRecord


def noise(*shape: int, seed: int = 1) -> Tensor:
    """Normal random numbers, the same for the same seed."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def lora_parts(
    layer: str, outputs: int, inputs: int, rank: int = 4, *, kernel: int | None = None
) -> dict[str, Tensor]:
    """A LoRA of one linear layer, or of a convolution."""
    square, one = ((kernel, kernel), (1, 1)) if kernel else ((), ())
    return {
        f"{layer}.lora_up.weight": noise(outputs, rank, *one, seed=len(layer)),
        f"{layer}.lora_down.weight": noise(rank, inputs, *square, seed=len(layer) + 1),
        f"{layer}.alpha": torch.tensor(rank / 2),
    }


def write_adapter(
    path: Path, parts: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> AdapterRecord:
    """Write a LoRA file of these tensors and answer with its record."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_tensors(parts, path, metadata)
    status = path.stat()
    return AdapterRecord(path.stem, path, status.st_size, status.st_mtime_ns, path.stem)


def write_embedding(path: Path, **tables: Tensor) -> EmbeddingRecord:
    """Write a textual inversion and answer with its record."""
    save_tensors(tables, path)
    vectors = len(next(iter(tables.values())))
    widths = tuple((name, table.shape[-1]) for name, table in tables.items())
    return EmbeddingRecord(path.stem, path, path.stat().st_mtime_ns, vectors, widths)
