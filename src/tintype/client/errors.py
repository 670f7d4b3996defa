"""What can go wrong between a program and its server, in the server's own words where it has some.

ClientError
├── UnreachableError        nobody answers there
├── TimeLimitError          the time is over; the job goes on
├── NotTintypeError         what answers there is no Tintype server of this version
├── AnswerError             the server refuses; `status`, `error`, `detail`
│   ├── AccessError             401, 403: no key, a wrong one, or a right is missing
│   ├── NotFoundError           404: no such job, model, sampler, …
│   ├── ConflictError           409: not in the state the job is in
│   ├── BusyError               429, 503: later; `retry_after_seconds`
│   ├── InvalidError            any other 4xx: a value is wrong
│   └── ServerError             5xx: the server failed
└── JobError                the job is over and has no pictures; `job`
    ├── JobFailedError
    └── JobCancelledError
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from tintype.client.values import Job
    from tintype.client.wire import Answer

_MOST_CHARS_SHOWN = 200


class ClientError(Exception):
    """Root of the tree."""


class UnreachableError(ClientError):
    """Nothing answers at the address, however often it is tried."""


class NotTintypeError(ClientError):
    """What answers is no Tintype server, or one of another version."""


class TimeLimitError(ClientError, TimeoutError):
    """The time the caller gave is over. The job goes on.

    Attributes:
        job_id: what to wait for again, or to cancel.
    """

    def __init__(self, message: str, job_id: str) -> None:
        super().__init__(message)
        self.job_id = job_id


class AnswerError(ClientError):
    """The server refuses.

    Attributes:
        status: of HTTP.
        error: the kind, as the server names it; "" if it does not.
        detail: what was wrong and what was expected.
    """

    def __init__(self, status: int, error: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.error, self.detail = status, error, detail


class AccessError(AnswerError):
    """No login, a wrong one, or one without the right."""


class NotFoundError(AnswerError):
    """There is nothing of that name; the text has the choices."""


class ConflictError(AnswerError):
    """The job is in a state that does not allow it."""


class InvalidError(AnswerError):
    """A value is wrong; the text names the field."""


class ServerError(AnswerError):
    """The server failed."""


class BusyError(AnswerError):
    """Nothing is wrong, but not now.

    Attributes:
        retry_after_seconds: when to come back, as the server says; None if it does not.
    """

    def __init__(
        self, status: int, error: str, detail: str, retry_after_seconds: float | None
    ) -> None:
        super().__init__(status, error, detail)
        self.retry_after_seconds = retry_after_seconds


class JobError(ClientError):
    """The job is over and has no pictures.

    Attributes:
        job: as it ended.
    """

    def __init__(self, message: str, job: Job) -> None:
        super().__init__(message)
        self.job = job


class JobFailedError(JobError):
    """It could not be painted; the text says why."""


class JobCancelledError(JobError):
    """Somebody ended it."""


_BY_STATUS: dict[int, type[AnswerError]] = {
    401: AccessError,
    403: AccessError,
    404: NotFoundError,
    409: ConflictError,
}


def error_of(answer: Answer) -> ClientError:
    """The error an answer stands for that is no good one."""
    if answer.status < 400:
        place = answer.headers.get("location", "nowhere")
        return NotTintypeError(f"HTTP {answer.status}: sent on to {place}; is that its address?")
    error, detail = _words(answer)
    if answer.is_busy:
        return BusyError(answer.status, error, detail, answer.retry_after_seconds)
    fallback = ServerError if answer.status >= 500 else InvalidError
    return _BY_STATUS.get(answer.status, fallback)(answer.status, error, detail)


def job_error(job: Job) -> JobError | None:
    """Why a job has no pictures; None for one that is not over, or has them."""
    if job.state == "cancelled":
        return JobCancelledError(f"job {job.id} was cancelled", job)
    if job.state == "failed":
        return JobFailedError(job.error.detail if job.error else f"job {job.id} failed", job)
    return None


def _words(answer: Answer) -> tuple[str, str]:
    """Kind and detail. Proxies between us and the server answer in forms of their own."""
    try:
        body: object = json.loads(answer.content)
    except ValueError:
        text = answer.content.decode("utf-8", "replace").strip()
        return "", f"HTTP {answer.status}: {text[:_MOST_CHARS_SHOWN] or 'no text'}"
    told = cast("dict[str, object]", body) if isinstance(body, dict) else {}
    error, detail = told.get("error"), told.get("detail")
    if isinstance(error, dict):
        fields = cast("dict[str, object]", error)
        return str(fields.get("code") or ""), str(fields.get("message"))
    if isinstance(detail, list):
        places = cast("list[dict[str, object]]", detail)
        return "", "; ".join(_place(place) for place in places)
    return str(error or ""), str(detail or told.get("errors") or f"HTTP {answer.status}")


def _place(place: dict[str, object]) -> str:
    where = [str(part) for part in cast("list[object]", place.get("loc", []))[1:]]
    return f"{'.'.join(where)}: {place.get('msg')}" if where else str(place.get("msg"))
