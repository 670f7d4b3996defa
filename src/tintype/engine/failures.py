"""Errors of a pass: which are foreseen, and in which words they are told."""

import torch

from tintype.errors import EngineError, TintypeError

FORESEEN = (TintypeError, RuntimeError, ValueError, ArithmeticError, MemoryError, OSError)
_NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")


def is_out_of_memory(error: Exception) -> bool:
    """Whether a pass did not fit: it may, with fewer rows."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(w in str(error).lower() for w in _NO_MEMORY)


def in_our_words(error: Exception) -> TintypeError:
    """The error as whoever asked is told of it."""
    if isinstance(error, TintypeError):
        return error
    if is_out_of_memory(error):
        return EngineError("there is not enough memory for a picture of this size")
    return EngineError(f"a step failed: {type(error).__name__}: {error}")
