"""Plans as bytes and back, for a database that outlives the program's version.

A pickle, but a tame one: each dataclass is written as its name and its fields, and nothing but
dataclasses of `tintype.core` and paths can come out of the bytes again.
"""

import io
import pickle
from dataclasses import fields, is_dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any, cast

from tintype import __version__
from tintype.core.enlarging import AnyPlan, Enlargement
from tintype.core.requests import Plan
from tintype.errors import EngineError

_ROOM = "tintype.core."


def pack(plans: tuple[AnyPlan, ...]) -> bytes:
    """Plans as bytes; equal pictures among them are stored once."""
    out = io.BytesIO()
    _Packer(out).dump(plans)
    return out.getvalue()


def unpack(data: bytes) -> tuple[AnyPlan, ...]:
    """Plans as they were packed, also by an earlier version whose fields had other defaults.

    Raises:
        EngineError: the bytes are not plans, or those of a version that knew other fields.
    """
    try:
        plans = _Unpacker(io.BytesIO(data)).load()
    except Exception as error:  # torn bytes can raise whatever they like, and mean one thing
        raise EngineError(
            f"the job was written down by another version of Tintype, or damaged: {error}"
        ) from error
    if not isinstance(plans, tuple) or not all(
        isinstance(plan, Plan | Enlargement) for plan in cast("tuple[object, ...]", plans)
    ):
        raise EngineError("the job was damaged: it holds no plans")
    return cast("tuple[AnyPlan, ...]", plans)


def digest_of(plan: AnyPlan) -> bytes:
    """32 bytes that are equal for equal plans of one version of this program."""
    hashed = sha256(__version__.encode())
    for part in _parts(plan):
        hashed.update(len(part).to_bytes(8, "little"))
        hashed.update(part)
    return hashed.digest()


class _Packer(pickle.Pickler):
    def __init__(self, out: io.BytesIO) -> None:
        super().__init__(out, protocol=5)
        self._seen: dict[bytes, bytes] = {}

    def reducer_override(self, obj: Any) -> Any:
        if is_dataclass(obj) and not isinstance(obj, type):
            cls = type(obj)
            values = {f.name: self._shared(getattr(obj, f.name)) for f in fields(obj)}
            return rebuilt, (f"{cls.__module__}:{cls.__qualname__}", values)
        if isinstance(obj, PurePath):
            return rebuilt_path, (str(obj),)
        return NotImplemented

    def _shared(self, value: Any) -> Any:
        """One object for equal byte strings, which pickle then writes once."""
        return self._seen.setdefault(value, value) if isinstance(value, bytes) else value


class _Unpacker(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        for allowed in (rebuilt, rebuilt_path):
            if (module_name, global_name) == (allowed.__module__, allowed.__qualname__):
                return allowed
        raise pickle.UnpicklingError(f"{module_name}.{global_name} has no business in a plan")


def rebuilt(name: str, values: dict[str, Any]) -> object:
    """A dataclass of `tintype.core` from its name, "module:Class", and its fields."""
    module, _, cls_name = name.partition(":")
    if not module.startswith(_ROOM):
        raise pickle.UnpicklingError(f"{name} is not of {_ROOM}")
    cls = getattr(import_module(module), cls_name)
    if not isinstance(cls, type) or not is_dataclass(cls) or cls.__module__ != module:
        raise pickle.UnpicklingError(f"{name} is no dataclass")
    return cast("Any", cls)(**values)


def rebuilt_path(text: str) -> Path:
    """A path from its text."""
    return Path(text)


def _parts(value: Any) -> list[bytes]:
    if isinstance(value, bytes):
        return [value]
    if is_dataclass(value) and not isinstance(value, type):
        parts = [type(value).__qualname__.encode()]
        for f in fields(value):
            parts += [f.name.encode(), *_parts(getattr(value, f.name))]
        return parts
    if isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        return [f"tuple of {len(items)}".encode(), *(p for item in items for p in _parts(item))]
    return [repr(value).encode("utf-8", "surrogatepass")]
