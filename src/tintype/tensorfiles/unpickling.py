"""Pickles, followed without being run.

Pickles are programs. This follows only the instructions that files of tensors need; imports and
calls make inert stand-ins (`standins.py`), so whatever a file asks for, none of it happens. Work
and memory are bounded by the number of instructions.

Source of the instructions: Python's `pickletools` and PEP 3154.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from struct import Struct

from tintype.errors import ModelError
from tintype.tensorfiles.machine import Instruction, Machine
from tintype.tensorfiles.standins import NOTHING, Storage

_U16, _U32, _U64, _I32 = (Struct(code) for code in ("<H", "<I", "<Q", "<i"))


@dataclass(frozen=True, slots=True)
class Unpickled:
    """What a pickle was.

    Attributes:
        value: plain values, `LooseTensor`, `Module` or `NOTHING`.
        end: where the pickle ended.
        storages: all it spoke of, by key.
    """

    value: object
    end: int
    storages: Mapping[str, Storage]


def unpickled(data: bytes, start: int = 0) -> Unpickled:
    """Follow a pickle.

    Args:
        data: holds the pickle, and perhaps more behind it.
        start: where it begins.

    Raises:
        ModelError: it is torn, makes no sense, takes too long, or names what no model needs.
    """
    machine = Machine(data, start)
    try:
        value = machine.run(_INSTRUCTIONS)
    except (IndexError, KeyError, TypeError, ValueError, struct.error) as error:
        raise ModelError(f"The pickle in the file makes no sense ({error}).") from error
    return Unpickled(value, machine.place, machine.storages)


def _sized(then: Callable[[Machine, int], None], kind: Struct) -> Instruction:
    return lambda machine: then(machine, machine.take_number(kind))


def _sized_by_byte(then: Callable[[Machine, int], None]) -> Instruction:
    return lambda machine: then(machine, machine.take(1)[0])


_BY_CODE: Mapping[str, Instruction] = {
    "\x80": lambda m: m.skip(1),  # PROTO
    "\x95": lambda m: m.skip(8),  # FRAME
    "(": Machine.mark,
    "0": Machine.pop,
    "1": Machine.pop_items,
    "2": Machine.copy_top,
    "N": lambda m: m.push(None),
    "\x88": lambda m: m.push(True),  # noqa: FBT003
    "\x89": lambda m: m.push(False),  # noqa: FBT003
    "J": lambda m: m.push_whole(_I32),
    "K": Machine.push_byte,
    "M": lambda m: m.push_whole(_U16),
    "G": Machine.push_float,
    "\x8a": _sized_by_byte(Machine.push_long),
    "\x8b": _sized(Machine.push_long, _U32),
    "\x8c": _sized_by_byte(Machine.push_text),
    "X": _sized(Machine.push_text, _U32),
    "\x8d": _sized(Machine.push_text, _U64),
    "U": _sized_by_byte(Machine.push_text),  # texts of Python 2
    "T": _sized(Machine.push_text, _U32),
    "C": _sized_by_byte(Machine.push_bytes),
    "B": _sized(Machine.push_bytes, _U32),
    "\x8e": _sized(Machine.push_bytes, _U64),
    ")": lambda m: m.push(()),
    "t": Machine.make_tuple,
    "\x85": lambda m: m.make_tuple_of(1),
    "\x86": lambda m: m.make_tuple_of(2),
    "\x87": lambda m: m.make_tuple_of(3),
    "]": lambda m: m.push([]),
    "a": Machine.append,
    "e": Machine.append_items,
    "}": lambda m: m.push({}),
    "s": Machine.set_item,
    "u": Machine.set_items,
    "\x8f": lambda m: m.push(NOTHING),  # EMPTY_SET
    "\x90": Machine.pop_items,  # ADDITEMS
    "\x91": Machine.make_set,
    "q": _sized_by_byte(Machine.remember),
    "r": _sized(Machine.remember, _U32),
    "\x94": Machine.remember_next,
    "h": _sized_by_byte(Machine.recall),
    "j": _sized(Machine.recall, _U32),
    "c": Machine.name,
    "\x93": Machine.name_from_stack,
    "R": Machine.call,
    "\x81": Machine.call,  # NEWOBJ
    "\x92": Machine.call_with_words,  # NEWOBJ_EX
    "b": Machine.build,
    "Q": Machine.refer,
}
_INSTRUCTIONS = {ord(code): step for code, step in _BY_CODE.items()}
