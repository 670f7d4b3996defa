from collections.abc import Generator

import pytest
from tests.fakes.front import Front, running_front
from tests.fakes.waiting import until


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front process with a ready fake worker, shared by the tests of a file."""
    with running_front(tmp_path_factory.mktemp("front")) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture(scope="module")
def narrow_front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front whose worker takes one job at a time, with two places in the queue."""
    limits, worker = {"queue_length": 2}, {"in_flight": 1}
    folder = tmp_path_factory.mktemp("narrow")
    with running_front(folder, limits=limits, worker=worker) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def narrow(narrow_front: Front) -> Front:
    """The same, with nothing to do and its gate shut."""
    until(lambda: narrow_front.ready()["jobs"] == {"running": 0, "waiting": 0})
    narrow_front.gate.unlink(missing_ok=True)
    return narrow_front
