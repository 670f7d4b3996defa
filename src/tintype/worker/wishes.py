"""What the front would like to have in memory, seen to as soon as nothing runs."""

import logging
from collections.abc import Callable
from typing import Protocol

from tintype.core.jobs import Event, Load, Settled, Unload
from tintype.core.models import ModelRecord
from tintype.engine import FORESEEN, is_out_of_memory
from tintype.errors import TintypeError

log = logging.getLogger(__name__)


class Memory(Protocol):
    """What wishes are about: `Workshop`, or a fake in the tests."""

    @property
    def is_settled(self) -> bool:
        """No weights are on their way."""
        ...

    def warm(self, record: ModelRecord) -> object:
        """Have a checkpoint in memory."""
        ...

    def unload(self) -> None:
        """Give back the memory of all weights."""
        ...

    def settle(self) -> None:
        """Bring a few more of the weights that are on their way."""
        ...


class Wishes:
    """The newest wish about memory; what was wished before it is moot.

    When there is none, weights on their way are what to see to.
    """

    def __init__(self, memory: Memory, tell: Callable[[Event], None]) -> None:
        """No wish yet.

        Args:
            memory: what is wished about.
            tell: is told `Settled` of every wish.
        """
        self._memory, self._tell = memory, tell
        self._newest: Load | Unload | None = None

    @property
    def are_open(self) -> bool:
        """Something is still to be seen to."""
        return self._newest is not None or not self._memory.is_settled

    def note(self, wish: Load | Unload) -> None:
        """Take a wish in place of an earlier one."""
        overtaken, self._newest = self._newest, wish
        if overtaken is not None:
            self._tell(Settled(overtaken.wish))

    def fulfil(self) -> None:
        """See to the wish, if there is one. A checkpoint that cannot be loaded harms nobody."""
        wish, self._newest = self._newest, None
        if wish is not None:
            self._tell(Settled(wish.wish, self._trouble(wish)))
        elif not self._memory.is_settled:
            self._memory.settle()

    def _trouble(self, wish: Load | Unload) -> str | None:
        try:
            if isinstance(wish, Load):
                self._memory.warm(wish.checkpoint)
            else:
                self._memory.unload()
        except FORESEEN as error:
            text = _words(error)
            log.warning("not loaded early: %s", text)
            return text
        return None


def _words(error: Exception) -> str:
    if isinstance(error, TintypeError):
        return str(error)
    if is_out_of_memory(error):
        return "there is not enough memory for the checkpoint"
    return f"the checkpoint cannot be loaded: {type(error).__name__}: {error}"
