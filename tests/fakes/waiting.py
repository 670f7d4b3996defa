"""Waiting for what happens in another process, with an end."""

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], seconds: float = 30.0) -> T:
    """Look again and again until something true is seen, and return it.

    Raises:
        TimeoutError: nothing was seen in that many seconds.
    """
    deadline = monotonic() + seconds
    while not (seen := look()):
        if monotonic() > deadline:
            raise TimeoutError(f"not seen within {seconds:g} s: {look}")
        Event().wait(0.01)
    return seen
