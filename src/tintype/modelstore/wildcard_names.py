"""Names of wildcards, exact, in another case, or as patterns."""

import re
from collections.abc import Iterable, Mapping


def find_name(name: str, known: Mapping[str, object]) -> str | None:
    """The name that is meant: as it is written, or else the first in another case."""
    name = name.replace("\\", "/").strip("/ ")
    if name in known:
        return name
    folded = name.casefold()
    return next((one for one in known if one.casefold() == folded), None)


def fitting(pattern: str, names: Iterable[str]) -> list[str]:
    """The names a pattern fits: `*` is anything but `/`, `**` anything; in any case."""
    parts = re.split(r"(\*+)", pattern.strip("/ "))
    expression = "".join(_expression(part) for part in parts)
    fits = re.compile(expression, re.IGNORECASE)
    return [name for name in names if fits.fullmatch(name)]


def _expression(part: str) -> str:
    if not part.startswith("*"):
        return re.escape(part)
    return "[^/]*" if part == "*" else ".*"
