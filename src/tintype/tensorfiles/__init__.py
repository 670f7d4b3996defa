"""What lies where in files of tensors: names, shapes, types and places, never the numbers."""

from tintype.tensorfiles.contents import content, tensors_of
from tintype.tensorfiles.inversions import Inversion, bundled_inversions, open_inversion
from tintype.tensorfiles.opening import open_table
from tintype.tensorfiles.pictures import Written
from tintype.tensorfiles.safetensors import safetensors_metadata
from tintype.tensorfiles.table import Slice, StoredTensor, TensorTable

__all__ = [
    "Inversion",
    "Slice",
    "StoredTensor",
    "TensorTable",
    "Written",
    "bundled_inversions",
    "content",
    "open_inversion",
    "open_table",
    "safetensors_metadata",
    "tensors_of",
]
