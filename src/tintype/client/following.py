"""Following a job to its end, through restarts of the server and lost lines."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from tintype.client.errors import TimeLimitError
from tintype.client.patience import Patience, asked
from tintype.client.reading import read
from tintype.client.sse import EventReader, ServerEvent
from tintype.client.values import Event, Job, JobEvent, PreviewAnswer
from tintype.client.wire import Call, Flow, Lost, Open, Pause, Read, Send, Tell, Telling, heard

_SILENCE_SECONDS = 25.0  # the server says something every 15
_SLACK_SECONDS = 1.0
_PREVIEW = "preview"
_OF_JOBS = frozenset({"state", "progress", "image", "end"})


def job_path(job_id: str) -> str:
    """The path of a job. Raises `ValueError` for an id that would name something above it."""
    if job_id in ("", ".", ".."):
        raise ValueError(f"expected the id of a job, got {job_id!r}")
    return f"/v1/jobs/{quote(job_id, safe='')}"


def looked(job_id: str, patience: Patience) -> Flow[Job]:
    """A job as it is now."""
    answer = yield from asked(Send(Call("GET", job_path(job_id))), patience)
    return read(Job, answer.content)


def followed(job_id: str, patience: Patience, *, previews: bool) -> Telling[Job]:
    """Tells what becomes of a job until it is at rest, and returns it then.

    A line that is lost is opened again; what happened meanwhile is told from the job as it is by
    then, so every state and every picture is told once, whatever happened to lines and servers.

    Raises:
        TimeLimitError: the patience has a deadline, and it is over.
        AnswerError, UnreachableError: as any call.
    """
    told, reader = _Told(), EventReader()
    while True:
        yield from _listened(job_id, patience, reader, told, previews=previews)
        if told.last is not None and told.last.is_at_rest:
            return told.last
        _check_time(job_id, patience)
        yield Pause(min(next(patience.pauses()), patience.left_seconds))
        job = yield from looked(job_id, patience)
        for event in told.news(job):
            yield Tell(event)
        if job.is_at_rest:
            return job


def _listened(
    job_id: str, patience: Patience, reader: EventReader, told: "_Told", *, previews: bool
) -> Telling[None]:
    """Tells the events of one line until it ends, is lost, or its job is at rest."""
    silence = max(min(_SILENCE_SECONDS, patience.left_seconds), _SLACK_SECONDS)
    call = _events_call(job_id, reader, previews=previews)
    yield from asked(Open(call, silence), patience)
    reader.begin_again()
    while True:
        piece = heard((yield Read()))
        if piece is None or isinstance(piece, Lost):
            return
        for event in _events_in(piece, reader, told):
            yield Tell(event)
        is_over = told.last is not None and told.last.is_at_rest
        if is_over or patience.left_seconds < silence - _SLACK_SECONDS:
            return


def _events_in(piece: bytes, reader: EventReader, told: "_Told") -> Iterator[Event]:
    for event in reader.feed(piece):
        yield from _understood(event, told)


def _understood(event: ServerEvent, told: "_Told") -> Iterator[Event]:
    if event.kind == _PREVIEW:
        yield read(PreviewAnswer, event.data).event()
    elif event.kind in _OF_JOBS:
        yield from told.news(read(Job, event.data))


def _events_call(job_id: str, reader: EventReader, *, previews: bool) -> Call:
    headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
    if reader.last_id:
        headers["Last-Event-ID"] = reader.last_id
    query = {"previews": "true"} if previews else {}
    return Call("GET", f"{job_path(job_id)}/events", query, headers=headers)


def _check_time(job_id: str, patience: Patience) -> None:
    if patience.left_seconds <= 0:
        raise TimeLimitError(f"job {job_id} is not over yet; it goes on", job_id)


class _Told:
    """What was told of a job so far."""

    def __init__(self) -> None:
        self.last: Job | None = None
        self._images = set[int]()

    def news(self, job: Job) -> Iterator[JobEvent]:
        """What is new in a snapshot."""
        before, self.last = self.last, job
        if before is None or before.state != job.state:
            yield JobEvent("state", job)
        elif _far(before) != _far(job):
            yield JobEvent("progress", job)
        for image in job.finished:
            if image not in self._images:
                self._images.add(image)
                yield JobEvent("image", job, image)
        if job.is_at_rest and not (before is not None and before.is_at_rest):
            yield JobEvent("end", job)


def _far(job: Job) -> object:
    return job.place, [replace(one, finished=False) for one in job.images]
