"""Names, shapes and free text of model files, read without their weights and without torch."""

import json
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

LONGEST_HEADER_BYTES = 100 * 1024 * 1024
_LONGEST_PICKLE_BYTES = 16 * 1024 * 1024
_METADATA = "__metadata__"

Shape = tuple[int, ...]


def safetensors_metadata(path: Path) -> dict[str, object]:
    """The free text of a safetensors header; empty for anything else."""
    return _mapping(_header(path).get(_METADATA))


def tensor_shapes(path: Path) -> Mapping[str, Shape]:
    """Shapes of the tensors in a safetensors file or a torch pickle, by name.

    A textual inversion as A1111 writes it is entered at `string_to_param`. What cannot be read, or
    read safely, has no tensors: the pickle's instructions are followed with stand-ins that keep
    shapes and nothing else.
    """
    if path.suffix.lower() == ".safetensors":
        return _stored_shapes(_header(path))
    content = _mapping(_pickled(path))
    return {
        name: value.shape
        for name, value in _mapping(content.get("string_to_param", content)).items()
        if isinstance(value, _TensorStandIn)
    }


def _header(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header: object = json.loads(file.read(length)) if length < LONGEST_HEADER_BYTES else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return _mapping(header)


def _stored_shapes(header: Mapping[str, object]) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for name, entry in header.items():
        shape = _mapping(entry).get("shape")
        if name != _METADATA and isinstance(shape, list):
            sizes = cast("list[object]", shape)
            shapes[name] = tuple(size for size in sizes if isinstance(size, int))
    return shapes


def _mapping(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _pickled(path: Path) -> object:
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
            if archive.getinfo(name).file_size > _LONGEST_PICKLE_BYTES:
                return None
            with archive.open(name) as file:
                return _ShapesOnly(file).load()
    except Exception:  # a pickle can fail in any way it likes, and then tells us nothing
        return None


class _TensorStandIn:
    """A tensor of which only the shape is known."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def __setstate__(self, state: object) -> None:
        """Attributes of a tensor's subclass are of no interest."""


class _ModuleStandIn(dict[str, object]):
    """A torch module of parameters, as the first textual inversions were kept in."""

    def __setstate__(self, state: object) -> None:
        """Take the parameters."""
        self.update(_mapping(_mapping(state).get("_parameters")))


class _Nothing:
    """Whatever else a file of tensors may name."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Take and forget."""

    def __setstate__(self, state: object) -> None:
        """Take and forget."""


def _tensor(_storage: object, _offset: object, size: Shape, *_: object) -> _TensorStandIn:
    return _TensorStandIn(tuple(size))


def _parameter(data: object, *_: object) -> object:
    return data


class _ShapesOnly(pickle.Unpickler):
    """Follows a pickle without importing anything it names."""

    _STAND_INS: Mapping[tuple[str, str], Callable[..., Any]] = {
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch._utils", "_rebuild_parameter"): _parameter,
        ("torch.nn.modules.container", "ParameterDict"): _ModuleStandIn,
        ("collections", "OrderedDict"): dict,
    }

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        return self._STAND_INS.get((module_name, global_name), _Nothing)

    def persistent_load(self, pid: Any) -> None:
        """Storages stay where they are."""
