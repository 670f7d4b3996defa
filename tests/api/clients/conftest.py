from collections.abc import Generator

import pytest
from tests.fakes.front import Front, running_front

ORIGIN = "https://chat.example.org"
"""A site whose pages may ask."""


@pytest.fixture(scope="package")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with a ready fake worker, shared by all replays; pages of one site may ask."""
    folder = tmp_path_factory.mktemp("clients")
    with running_front(folder, trust={"cors_origins": [ORIGIN]}) as running:
        running.wait_until_ready()
        yield running
