"""What lies where in files of tensors: names, shapes, types and places, never the numbers."""

from tintype.tensorfiles.table import Slice, StoredTensor, TensorTable

__all__ = ["Slice", "StoredTensor", "TensorTable"]
