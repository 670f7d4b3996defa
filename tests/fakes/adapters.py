"""LoRA files and textual inversions with random numbers."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from tests.fakes.checkpoints import save_tensors
from torch import Tensor

from tintype.core.models import AdapterRecord, EmbeddingRecord
from tintype.core.orders import Adapter


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


TINY_LAYERS = {  # of the tiny checkpoint: one of each sort
    "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q": (64, 64),
    "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k": (64, 32),
    "lora_unet_down_blocks_0_resnets_0_conv1": (32, 32, 3, 3),
    "lora_unet_down_blocks_0_resnets_0_time_emb_proj": (32, 128),
    "lora_te_text_model_encoder_layers_0_mlp_fc1": (64, 32),
}


def tiny_adapter(folder: Path, kind: str, seed: int) -> Adapter:
    """Write a file of that kind for a few layers of the tiny checkpoint's U-Net and text encoder.

    It changes pictures by many levels.
    """
    parts = {
        f"{layer}.{part}": 4 * tensor if tensor.is_floating_point() and tensor.ndim else tensor
        for number, (layer, shape) in enumerate(TINY_LAYERS.items())
        for part, tensor in (kind_parts(kind, shape, 10 * seed + number) or {}).items()
    }
    return Adapter(write_adapter(folder / f"{kind} {seed}.safetensors", parts))


def kind_parts(kind: str, shape: Sequence[int], seed: int) -> dict[str, Tensor] | None:
    """Small random changes of one kind to a weight of that shape; None if it has no such layers.

    Args:
        kind: one of `KINDS`.
        shape: (out, in), (out, in, k, k) of a convolution, or (channels,) of a norm.
        seed: of the numbers.
    """
    if (kind == "norm") != (len(shape) == 1):
        return None
    return KINDS[kind](tuple(shape), seed)


def _small(*shape: int, seed: int) -> Tensor:
    return 0.1 * noise(*shape, seed=seed)


def _lora(shape: Sequence[int], seed: int) -> dict[str, Tensor]:
    ones = (1,) * (len(shape) - 2)
    return {
        "lora_up.weight": _small(shape[0], 4, *ones, seed=seed),
        "lora_down.weight": _small(4, *shape[1:], seed=seed + 1),
        "alpha": torch.tensor(6.0),
    }


def _core(shape: Sequence[int], seed: int) -> dict[str, Tensor]:
    if len(shape) == 2:
        return _lora(shape, seed)
    return {
        "lora_up.weight": _small(shape[0], 3, 1, 1, seed=seed),
        "lora_mid.weight": noise(3, 4, *shape[2:], seed=seed + 1),
        "lora_down.weight": _small(4, shape[1], 1, 1, seed=seed + 2),
    }


def _loha(shape: Sequence[int], seed: int) -> dict[str, Tensor]:
    inputs = math.prod(shape[1:])
    sizes = {"hada_w1_a": (shape[0], 4), "hada_w1_b": (4, inputs)}
    sizes |= {"hada_w2_a": (shape[0], 4), "hada_w2_b": (4, inputs)}
    return {name: 0.4 * noise(*size, seed=seed + n) for n, (name, size) in enumerate(sizes.items())}


def _lokr(shape: Sequence[int], seed: int) -> dict[str, Tensor]:
    outer = 4 if shape[1] % 4 == 0 else 1
    right = (shape[0] // 4, shape[1] // outer, *shape[2:])
    return {"lokr_w1": _small(4, outer, seed=seed), "lokr_w2": _small(*right, seed=seed + 1)}


def _ia3(shape: Sequence[int], seed: int) -> dict[str, Tensor]:
    on_input = seed % 2 == 0
    factors = _small(shape[1] if on_input else shape[0], seed=seed)
    return {"weight": factors, "on_input": torch.tensor(on_input)}


def _glora(shape: Sequence[int], seed: int) -> dict[str, Tensor]:
    inputs = shape[1] if len(shape) == 2 else math.prod(shape[1:])
    sizes = {"a1": (4, shape[1]), "a2": (shape[1], 4), "b1": (4, inputs), "b2": (shape[0], 4)}
    return {
        f"{name}.weight": _small(*size, seed=seed + n)
        for n, (name, size) in enumerate(sizes.items())
    }


def _oft(shape: Sequence[int], seed: int) -> dict[str, Tensor]:
    return {"oft_blocks": _small(shape[0] // 4, 4, 4, seed=seed)}


def _boft(shape: Sequence[int], seed: int) -> dict[str, Tensor]:
    return {"oft_blocks": _small(1, shape[0] // 4, 4, 4, seed=seed)}


def _dora(shape: Sequence[int], seed: int) -> dict[str, Tensor]:
    lengths = 0.2 + noise(1, *shape[1:2], *(1,) * (len(shape) - 2), seed=seed + 2).abs()
    return _lora(shape, seed) | {"dora_scale": lengths}


def _dora_by_outputs(shape: Sequence[int], seed: int) -> dict[str, Tensor]:
    return _lora(shape, seed) | {"dora_scale": 0.2 + noise(shape[0], seed=seed + 2).abs()}


def _whole(shape: Sequence[int], seed: int) -> dict[str, Tensor]:
    return {"diff": _small(*shape, seed=seed), "diff_b": _small(shape[0], seed=seed + 1)}


def _norm(shape: Sequence[int], seed: int) -> dict[str, Tensor]:
    return {"w_norm": _small(*shape, seed=seed), "b_norm": _small(*shape, seed=seed + 1)}


KINDS: Mapping[str, Callable[[Sequence[int], int], dict[str, Tensor]]] = {
    "lora": _lora,
    "lora with a core": _core,
    "loha": _loha,
    "lokr": _lokr,
    "ia3": _ia3,
    "full": _whole,
    "norm": _norm,
    "glora": _glora,
    "oft": _oft,
    "boft": _boft,
    "dora": _dora,
    "dora by outputs": _dora_by_outputs,
}
