"""What stands for the things a torch pickle names: inert values, none of which can do anything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from tintype.errors import ModelError, shown
from tintype.tensorfiles.dtypes import TORCH_NAMES
from tintype.tensorfiles.table import Shape

_MOST_DIMENSIONS = 16
_LARGEST = 1 << 48
_HARMLESS_ROOTS = frozenset(
    {
        "_codecs",
        "argparse",
        "collections",
        "copy_reg",
        "copyreg",
        "datetime",
        "diffusers",
        "ldm",
        "library",
        "lightning",
        "lightning_fabric",
        "modules",
        "numpy",
        "omegaconf",
        "pathlib",
        "pytorch_lightning",
        "safetensors",
        "taming",
        "torch",
        "torchvision",
        "transformers",
        "typing",
        "uuid",
    }
)
_HARMLESS_BUILTINS = frozenset(
    {
        "bool",
        "bytearray",
        "bytes",
        "complex",
        "dict",
        "float",
        "frozenset",
        "int",
        "list",
        "long",
        "object",
        "set",
        "slice",
        "str",
        "tuple",
        "unicode",
    }
)
_STORAGES: Mapping[str, str] = {
    "BFloat16Storage": "BF16",
    "BoolStorage": "BOOL",
    "ByteStorage": "U8",
    "CharStorage": "I8",
    "ComplexDoubleStorage": "C128",
    "ComplexFloatStorage": "C64",
    "DoubleStorage": "F64",
    "FloatStorage": "F32",
    "HalfStorage": "F16",
    "IntStorage": "I32",
    "LongStorage": "I64",
    "ShortStorage": "I16",
    "UntypedStorage": "U8",
}

Arguments = tuple[object, ...]
NO_ARGUMENTS: Arguments = ()


class Nothing:
    """Whatever is no concern of ours; it takes every instruction and stays what it is."""


NOTHING: Final = Nothing()


@dataclass(frozen=True, slots=True)
class Name:
    """Something a pickle would import; we only remember what it is called."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers kept together, of which tensors are made.

    Attributes:
        key: what the file calls it.
        dtype: of its numbers, as `StoredTensor` has it.
        count: how many there are.
        first: which of them is its own number 0, for views of another storage.
    """

    key: str
    dtype: str
    count: int
    first: int = 0


@dataclass(frozen=True, slots=True)
class LooseTensor:
    """A tensor whose storage has not been looked for.

    Attributes:
        dtype: of its numbers, as `StoredTensor` has it.
        offset: its first number in the storage.
        strides: numbers from one place to the next, in each dimension.
    """

    storage: Storage
    dtype: str
    offset: int
    shape: Shape
    strides: Shape


class Module:
    """A torch module of parameters, as the first textual inversions were kept in."""

    __slots__ = ("parameters",)

    def __init__(self) -> None:
        self.parameters: Mapping[object, object] = {}

    def take(self, state: object) -> None:
        """Keep the parameters of its state."""
        if isinstance(state, dict):
            own = cast("dict[object, object]", state).get("_parameters")
            if isinstance(own, dict):
                self.parameters = cast("dict[object, object]", own)


def require_harmless(name: Name) -> None:
    """Refuse files that name what no model needs, though nothing of it would ever be run here."""
    root, _, _ = name.module.partition(".")
    if root in _HARMLESS_ROOTS:
        return
    if name.module in ("builtins", "__builtin__") and name.name in _HARMLESS_BUILTINS:
        return
    raise ModelError(
        f"The file would have {shown(f'{name.module}.{name.name}')} run when Python reads it, which"
        " no model needs. It was not run; do not use this file."
    )


def storage(pid: object) -> object:
    """What a pickle's reference to something outside of it means: a storage, or nothing."""
    parts: Arguments = cast("Arguments", pid) if isinstance(pid, tuple) else NO_ARGUMENTS
    if len(parts) not in (5, 6) or parts[0] != "storage":
        return NOTHING
    _, kind, key, _, count, *view = parts
    if not isinstance(kind, Name) or kind.name not in _STORAGES or not isinstance(key, str):
        raise ModelError("The file keeps its numbers in a storage of unknown type.")
    first = 0
    if view and isinstance(view[0], tuple):
        _, first, count = cast("Arguments", view[0])
    return Storage(key, _STORAGES[kind.name], _whole(count), _whole(first))


def made(maker: object, arguments: object) -> object:
    """What calling something would have made, as far as we care. Lists of pairs are not for here.

    Raises:
        ModelError: a tensor is described by nonsense.
    """
    if isinstance(maker, Name) and isinstance(arguments, tuple):
        recipe = _RECIPES.get((maker.module, maker.name))
        if recipe is not None:
            return recipe(cast("Arguments", arguments))
    return NOTHING


def _tensor(arguments: Arguments) -> object:
    home, offset, shape, strides, *_ = arguments
    if not isinstance(home, Storage):
        return NOTHING
    return LooseTensor(home, home.dtype, _whole(offset), _sizes(shape), _sizes(strides))


def _tensor_of_type(arguments: Arguments) -> object:
    """As newer types are stored: bytes, and what to take them for."""
    home, offset, shape, strides, _, _, dtype, *_ = arguments
    if not isinstance(home, Storage) or not isinstance(dtype, Name):
        return NOTHING
    if dtype.name not in TORCH_NAMES:
        raise ModelError(f"A tensor is of type {shown(dtype.name)}, which is not known.")
    return LooseTensor(
        home, TORCH_NAMES[dtype.name], _whole(offset), _sizes(shape), _sizes(strides)
    )


def _first(arguments: Arguments) -> object:
    return next(iter(arguments), ())


def _of_subclass(arguments: Arguments) -> object:
    maker, _, own, *_ = arguments  # a function, the subclass, what the function is called with
    is_plain = isinstance(maker, Name) and maker.name != "_rebuild_from_type_v2"
    return made(maker, own) if is_plain else NOTHING


def _module(_: Arguments) -> Module:
    return Module()


_RECIPES: Mapping[tuple[str, str], Callable[[Arguments], object]] = {
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor_v3"): _tensor_of_type,
    ("torch._utils", "_rebuild_parameter"): _first,
    ("torch._utils", "_rebuild_parameter_with_state"): _first,
    ("torch._tensor", "_rebuild_from_type_v2"): _of_subclass,
    ("torch", "Size"): _first,
    ("torch.nn.modules.container", "ParameterDict"): _module,
}


def _sizes(value: object) -> Shape:
    if not isinstance(value, tuple | list):
        raise ModelError("A tensor has no shape.")
    sizes = cast("tuple[object, ...] | list[object]", value)
    if len(sizes) > _MOST_DIMENSIONS:
        raise ModelError(f"A tensor has {len(sizes)} dimensions; at most {_MOST_DIMENSIONS} do.")
    return tuple(_whole(size) for size in sizes)


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < _LARGEST:
        what = shown(value) if isinstance(value, int) else f"a {type(value).__name__}"
        raise ModelError(f"A tensor's shape or place is {what}, no number of numbers.")
    return value
