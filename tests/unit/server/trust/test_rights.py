"""The table from route to right."""

import pytest

from tintype.core.rights import Right
from tintype.server.trust.rights import TABLE, needed


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("POST", "/sdapi/v1/txt2img", "paint"),
        ("POST", "/sdapi/v1/interrupt", "paint"),
        ("GET", "/sdapi/v1/options", "see"),
        ("HEAD", "/", "see"),
        ("POST", "/sdapi/v1/options", "manage"),
        ("POST", "/sdapi/v1/refresh-checkpoints", "manage"),
        ("POST", "/sdapi/v1/server-kill", "manage"),
        ("GET", "/internal/sysinfo", "manage"),
        ("GET", "/internal/ping", "see"),
        ("POST", "/sdapi/v1/png-info", "see"),
        ("POST", "/v1/jobs", "paint"),
        ("POST", "/v1/images/generations", "paint"),
        ("GET", "/v1/models/alpha.safetensors", "see"),
        ("GET", "/v1/pictures/1/0.png", None),
        ("POST", "/v1/pictures/1/0.png", "manage"),
        ("GET", "/v1/pictures/1/0.png/more", "see"),
        ("GET", "/v1/jobs/1/images/0", "see"),
        ("DELETE", "/v1/jobs/1", "paint"),
        ("GET", "/no/such/thing", "see"),
        ("POST", "/no/such/thing", "manage"),
        ("POST", "/sdapi/v1/options/", "manage"),
        ("PATCH", "/sdapi/v1/txt2img", "manage"),
        ("POST", "/sdapi/v1/txt2img\n", "manage"),
    ],
)
def test_what_calls_take(method: str, path: str, right: Right | None) -> None:
    """What is not in the table may be read by who may see, and changed by who may manage."""
    assert needed(method, path).right == right


def test_only_requests_for_pictures_count_against_the_rate() -> None:
    """Looking and ending are free."""
    paths = {row.path for row in TABLE if row.paints}
    assert "/sdapi/v1/txt2img" in paths
    assert "/v1/jobs" in paths
    assert not any("interrupt" in path for path in paths)
    assert all(row.right == "paint" and row.method == "POST" for row in TABLE if row.paints)
