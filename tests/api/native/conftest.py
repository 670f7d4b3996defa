"""Front processes whose jobs are made over /v1/jobs."""

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.api.native.client import Jobs
from tests.fakes.front import running_front
from tests.fakes.waiting import until

NARROW = {"in_flight": 1, "stop_seconds": 0.1}


@pytest.fixture(scope="session")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Generator[Jobs]:
    """A front with a ready fake worker, shared by all tests here; webhooks may stay at home."""
    folder = tmp_path_factory.mktemp("front")
    with running_front(folder, webhooks={"allows_private": True}) as front:
        front.wait_until_ready()
        yield Jobs(front)


@pytest.fixture(scope="session")
def _narrow(tmp_path_factory: pytest.TempPathFactory) -> Generator[Jobs]:
    folder = tmp_path_factory.mktemp("narrow")
    with running_front(folder, worker=NARROW, limits={"queue_length": 4}) as front:
        front.wait_until_ready()
        yield Jobs(front)


@pytest.fixture
def own_jobs(_narrow: Jobs) -> Generator[Jobs]:
    """A front whose worker takes one job at a time, with four places; idle when a test begins."""
    _narrow.front.gate.unlink(missing_ok=True)
    yield _narrow
    _narrow.http.delete("/v1/jobs", params={"mine": "true"})
    until(lambda: _narrow.front.ready()["jobs"] == {"running": 0, "waiting": 0})


@pytest.fixture
def lone_jobs(tmp_path: Path) -> Generator[Jobs]:
    """A front for one test alone."""
    with running_front(tmp_path, worker=NARROW) as front:
        front.wait_until_ready()
        yield Jobs(front)
