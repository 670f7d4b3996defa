"""Every error Tintype raises on purpose.

TintypeError
├── RequestError        the caller can mend it            4xx, exit code 2
│   ├── InvalidRequest      a value is wrong
│   ├── UnknownName         a name is in no list; carries the choices
│   ├── UnknownJob          there is no such job, or it is somebody else's
│   ├── UnknownPicture      the same of a kept picture
│   └── NotNow              the job is in a state that does not allow it  409
├── BusyError           try again later                   429 or 503
│   ├── QueueFull           as many jobs wait as may          429
│   └── WorkerUnavailable   nobody can compute just now       503
├── ModelError          a model file is bad or unknown    400, exit code 2
├── FetchError          a model could not be fetched      502, exit code 2
├── SetupError          ports, folders, devices           exit code 2
├── EngineError         we failed                         500
└── Cancelled           somebody asked for the end
"""

from collections.abc import Sequence
from difflib import get_close_matches

_MOST_CHARS_SHOWN = 200
_MOST_CHOICES, _MOST_COMPARED = 100, 1000


class TintypeError(Exception):
    """Root of the tree; its text is fit to be shown to whoever asked."""


class RequestError(TintypeError):
    """The request cannot be served as it is; the caller can mend it."""


class InvalidRequest(RequestError):  # noqa: N818 - reads as the sentence it is
    """A value in the request is wrong; `field` names it in the caller's words."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class UnknownName(RequestError):  # noqa: N818
    """A name that is in no list; says which names there are."""

    def __init__(self, kind: str, name: str, choices: Sequence[str]) -> None:
        likely = choices[:_MOST_COMPARED]  # comparing takes some ten microseconds each
        near = get_close_matches(name[:_MOST_CHARS_SHOWN], likely, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        known = ", ".join(choices[:_MOST_CHOICES]) if choices else "none"
        if len(choices) > _MOST_CHOICES:
            known += f" and {len(choices) - _MOST_CHOICES} more"
        super().__init__(f"{kind} {shown(name)} is not known; {hint}there are: {known}")
        self.kind, self.name, self.choices = kind, name, tuple(choices)


class UnknownJob(RequestError):  # noqa: N818
    """There is no such job, or it is not the caller's; which of both is not told."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {shown(job_id)} of yours; finished ones are forgotten")


class UnknownPicture(RequestError):  # noqa: N818
    """There is no such kept picture, or it is not the caller's; which of both is not told."""

    def __init__(self, picture_id: str) -> None:
        super().__init__(
            f"there is no picture {shown(picture_id)} of yours; GET /v1/images lists them"
        )


class NotNow(RequestError):  # noqa: N818
    """The job is in a state that does not allow it; says in which."""


class BusyError(TintypeError):
    """Nothing is wrong, but not now; try again after `retry_after_seconds`."""

    def __init__(self, message: str, retry_after_seconds: float = 5.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class QueueFull(BusyError):  # noqa: N818
    """As many jobs wait as are allowed to."""


class WorkerUnavailable(BusyError):  # noqa: N818
    """No worker can take the job, and waiting here would not help."""


class ModelError(TintypeError):
    """A model file is missing, torn, foreign or not understood."""


class FetchError(TintypeError):
    """A file could not be fetched from where it was said to be."""


class SetupError(TintypeError):
    """Something about this machine is in the way: a port, a folder, a device."""


class EngineError(TintypeError):
    """We failed; the request was fine."""


class Cancelled(TintypeError):  # noqa: N818
    """The job was ended on somebody's wish."""


def shown(value: object) -> str:
    """A value as messages repeat it: its repr, cut off where it is longer than anybody reads."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # integers of 4300 digits, lists a thousand deep
        return f"a {type(value).__name__} too large to be shown"
    if len(text) <= _MOST_CHARS_SHOWN:
        return text
    return f"{text[:_MOST_CHARS_SHOWN]}… ({len(text)} characters)"
