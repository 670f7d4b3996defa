"""What tensors take."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

from torch import Tensor


def live_bytes() -> int:
    """Memory that all tensors there are hold, each piece of it counted once."""
    gc.collect()
    tensors = [one for one in gc.get_objects() if issubclass(type(one), Tensor)]
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}
    return sum(storages.values())


@contextmanager
def no_collector() -> Generator[None]:
    """In here only what nobody refers to goes; cycles stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
