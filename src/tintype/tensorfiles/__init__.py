"""What lies where in files of tensors: names, shapes, types and places, never the numbers."""

from tintype.tensorfiles.contents import WEIGHTS, content, tensors_of
from tintype.tensorfiles.files import naming
from tintype.tensorfiles.folders import MODEL_INDEX
from tintype.tensorfiles.inversions import Inversion, bundled_inversions, open_inversion
from tintype.tensorfiles.opening import open_table
from tintype.tensorfiles.pictures import Written
from tintype.tensorfiles.safetensors import safetensors_metadata
from tintype.tensorfiles.table import Slice, StoredTensor, TensorTable
from tintype.tensorfiles.upscalers import open_upscaler

__all__ = [
    "MODEL_INDEX",
    "WEIGHTS",
    "Inversion",
    "Slice",
    "StoredTensor",
    "TensorTable",
    "Written",
    "bundled_inversions",
    "content",
    "naming",
    "open_inversion",
    "open_table",
    "open_upscaler",
    "safetensors_metadata",
    "tensors_of",
]
