"""The Python client of a front with a fake worker."""

from collections.abc import Generator

import pytest
from tests.fakes.front import Front, running_front

from tintype import Client


@pytest.fixture(scope="package")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with a ready fake worker, shared by all tests here."""
    with running_front(tmp_path_factory.mktemp("client")) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def client(front: Front) -> Generator[Client]:
    """A client of the shared front, whose gate is shut."""
    front.gate.unlink(missing_ok=True)
    with Client(front.url) as client:
        yield client
        client.cancel_all()
