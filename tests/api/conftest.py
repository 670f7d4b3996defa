from collections.abc import Generator
from pathlib import Path

import pytest
from tests.fakes.front import Front, running_front


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front process with a ready fake worker, shared by the tests of a file."""
    with running_front(tmp_path_factory.mktemp("front")) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def narrow(tmp_path: Path) -> Generator[Front]:
    """A front whose worker takes one job at a time, with two places in the queue."""
    limits, worker = {"queue_length": 2}, {"in_flight": 1}
    with running_front(tmp_path, limits=limits, worker=worker) as running:
        running.wait_until_ready()
        yield running
