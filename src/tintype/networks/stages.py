"""Parts of networks whose weights may be elsewhere until they are asked for."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import nn


class Stage(nn.Module):
    """Part of a network that asks for its weights in its own pass, but for a few named ones.

    Attributes:
        presence: has the weights of the stage it is given where they compute, while that runs.
    """

    presence: "Callable[[Stage], AbstractContextManager[object]]" = nullcontext

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with self.presence(self):
            return super().__call__(*args, **kwargs)
