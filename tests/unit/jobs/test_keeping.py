"""Which jobs are forgotten."""

import pytest

from tintype.core.settings import JobsConfig
from tintype.jobs.keeping import outdated
from tintype.jobs.rows import Filed

DAY = 86_400.0
NOW = 100 * DAY
NEWEST_FIRST = [Filed(name, NOW - age * DAY, 10) for name, age in (("a", 0), ("b", 1), ("c", 9))]


@pytest.mark.parametrize(
    ("config", "held", "expected"),
    [
        (JobsConfig(), "", ["c"]),
        (JobsConfig(), "c", []),
        (JobsConfig(keep_days=0.5), "", ["b", "c"]),
        (JobsConfig(keep_days=99), "", []),
        (JobsConfig(keep_days=99, keep_jobs=1), "", ["b", "c"]),
        (JobsConfig(keep_days=99, keep_bytes=260), "", ["c"]),
        (JobsConfig(keep_days=99, keep_bytes=0), "b", ["a", "c"]),
    ],
)
def test_the_oldest_go_first(config: JobsConfig, held: str, expected: list[str]) -> None:
    """By age, by number and by size; never one that is held."""
    sizes = {"a": 100, "b": 100, "c": 100}

    assert outdated(NEWEST_FIRST, sizes, config, NOW, frozenset(held)) == expected
