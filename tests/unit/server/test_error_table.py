"""The table from class of error to status."""

import tintype.errors
from tintype.errors import QueueFull, TintypeError, UnknownName, WorkerUnavailable
from tintype.server.errors import STATUS, status_of


def test_every_error_has_its_line() -> None:
    """No class of the tree is left to chance."""
    tree = {
        value
        for value in vars(tintype.errors).values()
        if isinstance(value, type) and issubclass(value, TintypeError)
    }

    assert tree <= set(STATUS)


def test_subclasses_take_the_nearest_line() -> None:
    """A full queue is 429, any other business 503."""
    assert status_of(QueueFull("full")) == 429
    assert status_of(WorkerUnavailable("none")) == 503
    assert status_of(UnknownName("sampler", "x", [])) == 404
