"""The parts of an interpreter of pickles that can build plain values and stand-ins."""

from collections.abc import Callable, Mapping
from struct import Struct
from typing import cast

from tintype.errors import ModelError
from tintype.tensorfiles.standins import (
    NOTHING,
    Arguments,
    Module,
    Name,
    Storage,
    made,
    require_harmless,
    storage,
)

MOST_STEPS = 1_000_000  # SDXL takes a twelfth
_LONGEST_NUMBER_BYTES = 64
_LARGEST_KEY = 1 << 31  # larger ones can be chosen so that they collide
_STOP = ord(".")
_FLOAT = Struct(">d")
_ORDERED_DICT = Name("collections", "OrderedDict")
_TORN = "The pickle in the file is torn, or longer than any model's."


class Machine:
    """Follows the instructions of one pickle.

    Attributes:
        place: of the next instruction.
        storages: all that were spoken of so far, by key.
    """

    def __init__(self, data: bytes, start: int) -> None:
        self.place = start
        self.storages: dict[str, Storage] = {}
        self._data = data
        self._stack: list[object] = []
        self._marks: list[int] = []
        self._memo: dict[int, object] = {}
        self._steps = 0

    def run(self, instructions: Mapping[int, "Instruction"]) -> object:
        """What the pickle makes. Raises `ModelError`, or what nonsense leads to."""
        data = self._data
        while True:
            if self.place >= len(data):
                raise ModelError(_TORN)
            code = data[self.place]
            self.place += 1
            if code == _STOP:
                return self._stack.pop()
            self._count(1)
            instruction = instructions.get(code)
            if instruction is None:
                raise ModelError(
                    f"The pickle in the file has an instruction (0x{code:02x}) that no file of"
                    " tensors needs."
                )
            instruction(self)

    def _count(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise ModelError("The pickle in the file takes more steps than any model's.")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        end = self.place + count
        if end > len(self._data):
            raise ModelError(_TORN)
        taken = self._data[self.place : end]
        self.place = end
        return taken

    def _line(self) -> str:
        end = self._data.index(b"\n", self.place, self.place + 1000)
        taken = self._data[self.place : end]
        self.place = end + 1
        return taken.decode(errors="replace")

    def take_number(self, kind: Struct) -> int:
        """The next bytes as a number."""
        return int(kind.unpack(self.take(kind.size))[0])

    def _items(self) -> list[object]:
        """What was pushed since the last mark."""
        if not self._marks:
            raise IndexError("a list ends that never began")
        mark = self._marks.pop()
        items = self._stack[mark:]
        del self._stack[mark:]
        return items

    # One method for each kind of instruction.

    def skip(self, count: int) -> None:
        self.take(count)

    def push(self, value: object) -> None:
        self._stack.append(value)

    def push_whole(self, kind: Struct) -> None:
        self._stack.append(self.take_number(kind))

    def push_byte(self) -> None:
        self._stack.append(self.take(1)[0])

    def push_float(self) -> None:
        self._stack.append(_FLOAT.unpack(self.take(8))[0])

    def push_long(self, size: int) -> None:
        if size > _LONGEST_NUMBER_BYTES:
            raise ModelError(f"The pickle in the file has a whole number of {size} bytes.")
        self._stack.append(int.from_bytes(self.take(size), "little", signed=True))

    def push_text(self, size: int) -> None:
        self._stack.append(self.take(size).decode(errors="replace"))

    def push_bytes(self, size: int) -> None:
        self._stack.append(self.take(size))

    def mark(self) -> None:
        self._marks.append(len(self._stack))

    def pop(self) -> None:
        self._stack.pop()

    def pop_items(self) -> None:
        self._items()

    def copy_top(self) -> None:
        self._stack.append(self._stack[-1])

    def make_tuple(self) -> None:
        self._stack.append(tuple(self._items()))

    def make_tuple_of(self, count: int) -> None:
        items = tuple(self._stack[-count:])
        if len(items) < count:
            raise IndexError("too little on the stack")
        del self._stack[-count:]
        self._stack.append(items)

    def make_set(self) -> None:
        """Sets hold no tensors by name."""
        self._items()
        self._stack.append(NOTHING)

    def append(self) -> None:
        item = self._stack.pop()
        self._extend([item])

    def append_items(self) -> None:
        self._extend(self._items())

    def _extend(self, items: list[object]) -> None:
        target = self._stack[-1]
        if isinstance(target, list):
            cast("list[object]", target).extend(items)

    def set_item(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._set([key, value])

    def set_items(self) -> None:
        self._set(self._items())

    def _set(self, items: list[object]) -> None:
        """What stands under anything but texts and small numbers has no name for us."""
        target = self._stack[-1]
        if isinstance(target, dict):
            mapping = cast("dict[object, object]", target)
            for key, value in zip(items[::2], items[1::2], strict=True):
                if isinstance(key, str) or (isinstance(key, int) and abs(key) < _LARGEST_KEY):
                    mapping[key] = value

    def remember(self, key: int) -> None:
        self._memo[key] = self._stack[-1]

    def remember_next(self) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def recall(self, key: int) -> None:
        self._stack.append(self._memo[key])

    def name(self) -> None:
        self._name(self._line(), self._line())

    def name_from_stack(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise TypeError("a name is no text")
        self._name(module, name)

    def _name(self, module: str, name: str) -> None:
        named = Name(module, name)
        require_harmless(named)
        self._stack.append(named)

    def call(self) -> None:
        arguments, maker = self._stack.pop(), self._stack.pop()
        if maker == _ORDERED_DICT:
            self._stack.append({})
            self._set(self._pairs(arguments))
        else:
            self._stack.append(made(maker, arguments))

    def _pairs(self, arguments: object) -> list[object]:
        """Keys and values in turn of what an OrderedDict of old was made from."""
        given = cast("Arguments", arguments) if isinstance(arguments, tuple) else ()
        pairs = cast("list[object]", given[0]) if given and isinstance(given[0], list) else []
        self._count(len(pairs))
        pair_like = (cast("Arguments", p) for p in pairs if isinstance(p, tuple | list))
        return [part for pair in pair_like if len(pair) == 2 for part in pair]

    def call_with_words(self) -> None:
        self._stack.pop()
        self.call()

    def build(self) -> None:
        state = self._stack.pop()
        target = self._stack[-1]
        if isinstance(target, Module):
            target.take(state)

    def refer(self) -> None:
        found = storage(self._stack.pop())
        if isinstance(found, Storage):
            self.storages[found.key] = found
        self._stack.append(found)


Instruction = Callable[[Machine], None]
