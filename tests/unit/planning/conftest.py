import pytest
from tests.fakes.library import make_library

from tintype.planning import Library


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A model folder with a little of everything."""
    return make_library(tmp_path_factory.mktemp("library"))
