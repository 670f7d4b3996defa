"""What the tests of fetching share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.elsewhere import Elsewhere, elsewhere

from tintype.core.settings import FetchConfig
from tintype.fetching import Manner, Pulled, Wanted, pull

Fetch = Callable[..., Pulled]
NOWHERE = "http://127.0.0.1:9"  # the port of the discard service, where nobody answers


@pytest.fixture
def there() -> Iterator[Elsewhere]:
    """Another server."""
    with elsewhere() as server:
        yield server


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that were made, in seconds; none takes any time."""
    return []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty model folder."""
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def fetch(root: Path, pauses: list[float]) -> Fetch:
    """`pull` into the root; settings of `Wanted`, and `config` of `FetchConfig`."""

    def fetch(address: str, *, config: dict[str, Any] | None = None, **wanted: Any) -> Pulled:
        told: dict[str, Any] = {"hub": NOWHERE, "civitai": NOWHERE} | (config or {})
        manner = Manner(pause=pauses.append)
        return pull(Wanted(address, **wanted), root, FetchConfig(**told), manner)

    return fetch
