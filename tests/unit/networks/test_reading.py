"""Bytes on disk become the tensors that were written."""

import os
from pathlib import Path
from typing import cast

import pytest
import torch
from tests.fakes.checkpoints import save_tensors
from torch import Tensor

from tintype.errors import ModelError
from tintype.networks.arena import empty_tensors
from tintype.networks.reading import PIECE_BYTES, Place, read_into, read_tensor
from tintype.tensorfiles import Slice, StoredTensor, TensorTable, open_table

CPU = torch.device("cpu")


def some(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def stored(path: Path, tensor: Tensor, dtype: str) -> StoredTensor:
    """A tensor alone in a file without a header."""
    path.write_bytes(tensor.contiguous().view(torch.uint8).numpy().tobytes())
    return StoredTensor(tuple(tensor.shape), dtype, (Slice(path, 0, path.stat().st_size),))


def in_floats(table: TensorTable, threads: int | None = None) -> dict[str, Tensor]:
    """All tensors of a file side by side in float32."""
    tensors = empty_tensors(table.shapes, torch.float32, CPU)
    read_into([Place(table.tensors[name], tensor) for name, tensor in tensors.items()], threads)
    return tensors


@pytest.mark.parametrize(
    "type_name",
    ["float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"],
)
def test_every_type_is_cast_as_torch_casts_it(tmp_path: Path, type_name: str) -> None:
    """Numbers of any type arrive in the type wanted, those of convolutions channels-last."""
    dtype = cast(torch.dtype, getattr(torch, type_name))
    written = {"matrix": some(300, 70).to(dtype), "kernel": some(20, 10, 3, 3).to(dtype)}
    written |= {"scalar": some().to(dtype), "none": some(0, 4).to(dtype)}
    table = open_table(save_tensors(written, tmp_path / "t.safetensors"))
    found = in_floats(table)
    assert all(torch.equal(found[name], tensor.float()) for name, tensor in written.items())
    assert found["kernel"].is_contiguous(memory_format=torch.channels_last)


def test_large_tensors_are_read_in_pieces(tmp_path: Path) -> None:
    """Tensors of many pieces, with rows that divide none, are whole whoever read which piece."""
    written = {"half": some(1037, 2111).half(), "float": some(773, 977)}
    assert all(tensor.nbytes > 2 * PIECE_BYTES for tensor in written.values())
    table = open_table(save_tensors(written, tmp_path / "t.safetensors"))
    for threads in (1, None):
        found = in_floats(table, threads)
        assert all(torch.equal(found[name], written[name].float()) for name in written)


def test_slices_are_laid_end_to_end(tmp_path: Path) -> None:
    """A tensor kept in pieces of several files has its rows in their order."""
    parts = [some(400, 1000) + i for i in range(3)]
    kept = [stored(tmp_path / f"{i}", part, "F32") for i, part in enumerate(parts)]
    slices = tuple(part.slices[0] for part in kept)
    whole = StoredTensor((1200, 1000), "F32", slices)
    assert torch.equal(read_tensor(whole), torch.cat(parts))


def test_a_matrix_stored_by_columns(tmp_path: Path) -> None:
    """A matrix that lies on disk column by column is turned."""
    matrix = some(30, 50)
    flat = stored(tmp_path / "m", matrix.T, "F32")
    turned = StoredTensor((30, 50), "F32", flat.slices, is_transposed=True)
    assert torch.equal(read_tensor(turned), matrix)


def test_tensors_read_within_inference_mode_can_be_written_elsewhere(tmp_path: Path) -> None:
    """Weights loaded in the middle of a pass are filled by threads that are not in its mode."""
    table = open_table(save_tensors({"a": some(2000, 999).half()}, tmp_path / "t.safetensors"))
    with torch.inference_mode():
        found = in_floats(table)
    assert not found["a"].is_inference()


def test_reading_leaves_the_threads_of_others_alone(tmp_path: Path) -> None:
    """Whoever computes has as many threads after a load as before."""
    before = torch.get_num_threads()
    table = open_table(save_tensors({"a": some(2000, 999).half()}, tmp_path / "t.safetensors"))
    in_floats(table)
    assert torch.get_num_threads() == before


def test_a_file_cut_short_is_an_error_in_words(tmp_path: Path) -> None:
    """A file that is cut after its header was read ends in words, and the process lives."""
    path = save_tensors({"a": some(1000, 999).half()}, tmp_path / "t.safetensors")
    table = open_table(path)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(ModelError, match="torn"):
        in_floats(table)


def test_a_file_that_is_gone_is_an_error_in_words(tmp_path: Path) -> None:
    """A file that was taken away is named by what is wrong with it."""
    path = save_tensors({"a": some(4)}, tmp_path / "t.safetensors")
    table = open_table(path)
    path.unlink()
    with pytest.raises(ModelError, match="No such file"):
        read_tensor(table.tensors["a"])


def test_a_type_that_torch_does_not_have(tmp_path: Path) -> None:
    """A type nobody can compute with is refused, and the known ones are listed."""
    strange = stored(tmp_path / "s", some(4), "F6_E2M3")
    with pytest.raises(ModelError, match=r"F6_E2M3.*F16"):
        read_tensor(strange)


def test_targets_may_be_of_any_layout(tmp_path: Path) -> None:
    """What is read goes where it is wanted, though memory there lies otherwise."""
    tensor = some(40, 60)
    target = torch.empty(60, 40, dtype=torch.float64).T
    read_into([Place(stored(tmp_path / "t", tensor, "F32"), target)])
    assert torch.equal(target, tensor.double())
