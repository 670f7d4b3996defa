"""A value that somebody gave by a flag or a variable, and what any room of settings asks of one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tintype.errors import SetupError

_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class Given:
    """A value, and by what it was given.

    Attributes:
        source: "--port" or "TINTYPE_PORT".
        value: not None, and not empty.
    """

    source: str
    value: object

    def refuse(self, expected: str) -> SetupError:
        """The error for a value of no use. It repeats the value, so none for secrets."""
        return SetupError(f"{self.source}: {self.value!r} is not {expected}")


Look = Callable[[str], Given | None]
"""By the name of a flag without its dashes: what was given, or None."""


def given(name: str, flags: Mapping[str, object], environment: Mapping[str, str]) -> Given | None:
    """What flags and environment say of a setting; a flag wins over its variable."""
    variable = f"TINTYPE_{name.upper().replace('-', '_')}"
    for source, value in ((f"--{name}", flags.get(name)), (variable, environment.get(variable))):
        if value is not None and value not in ("", (), []):
            return Given(source, value)
    return None


def is_on(said: Given | None) -> bool:
    """A switch; off where nothing was given. Raises `SetupError`."""
    if said is None:
        return False
    word = str(said.value).strip().lower()
    if word not in (*_ON, *_OFF):
        raise said.refuse("1 or 0")
    return word in _ON


def one_of(choices: Sequence[str], said: Given | None, default: str) -> str:
    """One of a few words, in whatever case. Raises `SetupError`."""
    if said is None:
        return default
    chosen = str(said.value).strip().lower()
    if chosen not in choices:
        raise said.refuse(f"one of {', '.join(choices)}")
    return chosen
