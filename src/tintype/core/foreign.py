"""What others tell in JSON: nothing in it need be of the type one expects."""

from typing import cast


def as_mapping(value: object) -> dict[str, object]:
    """The object it is; empty for anything else."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """The array it is; empty for anything else."""
    return cast("list[object]", value) if isinstance(value, list) else []
