"""The numbers of small tensors, read without torch."""

from pathlib import Path

import pytest
import torch

from tintype.errors import ModelError
from tintype.tensorfiles import Slice, StoredTensor
from tintype.tensorfiles.numbers import MOST_BYTES, numbers_of

TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}


def stored(path: Path, dtype: str, content: bytes, count: int) -> StoredTensor:
    path.write_bytes(b"before" + content)
    return StoredTensor((count,), dtype, (Slice(path, 6, len(content)),))


@pytest.mark.parametrize(("dtype", "torch_dtype"), TYPES.items())
def test_numbers_are_torchs(tmp_path: Path, dtype: str, torch_dtype: torch.dtype) -> None:
    """Every type is read as torch reads it; of one byte, all 256."""
    if torch_dtype.itemsize == 1:
        tensor = torch.arange(256, dtype=torch.uint8).view(torch_dtype)
    else:
        tensor = torch.randn(100, generator=torch.Generator().manual_seed(1)).to(torch_dtype)
    content = tensor.view(torch.uint8).numpy().tobytes()
    found = numbers_of(stored(tmp_path / "a", dtype, content, len(tensor)))
    expected = tensor.double()
    assert torch.equal(torch.tensor(found).double().isnan(), expected.isnan())
    there = ~expected.isnan()
    assert torch.equal(torch.tensor(found, dtype=torch.float64)[there], expected[there])


def test_torn_files(tmp_path: Path) -> None:
    """A file that ends within the tensor is refused in words."""
    whole = stored(tmp_path / "a", "F32", bytes(16), 4)
    (tmp_path / "a").write_bytes(b"before123")
    with pytest.raises(ModelError, match="torn"):
        numbers_of(whole)


@pytest.mark.parametrize(("dtype", "length"), [("I64", 8), ("F32", MOST_BYTES + 4)])
def test_weights_are_no_signs(tmp_path: Path, dtype: str, length: int) -> None:
    """Whole numbers and large tensors are refused."""
    with pytest.raises(ModelError, match=dtype):
        numbers_of(stored(tmp_path / "a", dtype, bytes(length), length // 4))
