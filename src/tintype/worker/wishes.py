"""What the front would like to have in memory, seen to as soon as nothing runs."""

import logging
from collections.abc import Callable

from tintype.core.jobs import Event, Load, Settled, Unload
from tintype.core.models import ModelRecord
from tintype.engine import FORESEEN, is_out_of_memory
from tintype.errors import TintypeError

log = logging.getLogger(__name__)


class Wishes:
    """The newest wish about memory; what was wished before it is moot."""

    def __init__(
        self,
        load: Callable[[ModelRecord], object],
        unload: Callable[[], None],
        tell: Callable[[Event], None],
    ) -> None:
        """No wish yet.

        Args:
            load: have a checkpoint in memory.
            unload: give back the memory of all weights.
            tell: is told `Settled` of every wish.
        """
        self._load, self._unload, self._tell = load, unload, tell
        self._newest: Load | Unload | None = None

    @property
    def are_open(self) -> bool:
        """Something is still to be seen to."""
        return self._newest is not None

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

    def _trouble(self, wish: Load | Unload) -> str | None:
        try:
            if isinstance(wish, Load):
                self._load(wish.checkpoint)
            else:
                self._unload()
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
