"""A job as this API tells of it."""

import json
from dataclasses import asdict
from typing import Any, cast

from pydantic import BaseModel, Field

from tintype.core.jobs import Priority
from tintype.errors import TintypeError
from tintype.jobs import JobView, State
from tintype.server.calls.remembering import shown_request


class ImageAnswer(BaseModel):
    """One picture of a job."""

    image: int = Field(description="its number, from 0")
    step: int = Field(description="denoising steps made")
    steps: int = Field(description="of how many; 0 before the first")
    finished: bool = Field(description="it can be fetched")
    link: str = Field(description="where it is, or will be")


class TimingsAnswer(BaseModel):
    """Where the time went, in seconds; a pass shared with other jobs counts in full."""

    load: float
    encode: float
    denoise: float
    decode: float
    total: float
    passes: int = Field(description="forward passes of the U-Net")
    rows_per_pass: float = Field(description="rows in them on average, other jobs' included")
    replayed: int = Field(description="steps taken over from an earlier attempt")
    upscale: float = Field(description="networks that enlarge")


class ErrorAnswer(BaseModel):
    """Why there are no pictures."""

    error: str = Field(description="the kind")
    detail: str = Field(description="in words")


class LinksAnswer(BaseModel):
    """Where more is to be had."""

    self: str
    events: str
    answer: str | None = Field(
        default=None, description="A1111's JSON, for jobs of the form `sdapi`"
    )


class JobAnswer(BaseModel):
    """A job at one moment. Times are Unix seconds."""

    id: str
    state: State
    place: int | None = Field(description="jobs that go before it; null unless queued")
    priority: Priority
    owner: str
    dialect: str = Field(description="how it was asked for")
    created: float
    started: float | None
    ended: float | None
    attempts: int = Field(description="how often it was given to a worker")
    fraction: float = Field(description="how far it is, 0 to 1")
    images: list[ImageAnswer]
    running_seconds: float
    eta_seconds: float | None = Field(description="until its end; null where nobody knows")
    draft_steps: int | None
    timings: TimingsAnswer | None
    error: ErrorAnswer | None
    webhook: str | None
    links: LinksAnswer
    seeds: list[int] | None = Field(description="of its images; null where it came otherwise")
    warnings: list[str] = Field(description="traps the request fell into")
    request: dict[str, Any] | None = Field(
        default=None, description="what was asked for; of pictures the SHA-256. Left out of lists"
    )


class JobsAnswer(BaseModel):
    """Jobs, newest first."""

    jobs: list[JobAnswer]
    next: float | None = Field(description="`before` of the next page; null on the last")


def job_answer(view: JobView, *, with_request: bool = False) -> JobAnswer:
    """What is told of a job; the request in it only if it is wanted."""
    here = job_link(view.id)
    kept = cast("dict[str, Any]", json.loads(view.request))
    is_ours = view.dialect.startswith("native")
    return JobAnswer(
        id=view.id,
        state=view.state,
        place=view.place,
        priority=view.priority,
        owner=view.owner,
        dialect=view.dialect,
        created=view.created,
        started=view.started,
        ended=view.ended,
        attempts=view.attempts,
        fraction=round(view.fraction, 4),
        images=_images(view),
        running_seconds=round(view.running_seconds, 3),
        eta_seconds=view.remaining_seconds,
        draft_steps=view.draft_steps,
        timings=None if view.timings is None else TimingsAnswer(**asdict(view.timings)),
        error=None if view.error is None else error_answer(view.error),
        webhook=view.webhook,
        links=LinksAnswer(
            self=here,
            events=f"{here}/events",
            answer=f"{here}/answer" if is_ours and "answer" in kept else None,
        ),
        seeds=kept.get("seeds") if is_ours else None,
        warnings=kept.get("warnings", []) if is_ours else [],
        request=shown_request(view.dialect, kept) if with_request else None,
    )


def error_answer(error: TintypeError) -> ErrorAnswer:
    """An error as every refused call tells of it."""
    return ErrorAnswer(error=type(error).__name__, detail=str(error))


def job_link(job_id: str) -> str:
    """The path of a job."""
    return f"/v1/jobs/{job_id}"


def _images(view: JobView) -> list[ImageAnswer]:
    here = job_link(view.id)
    return [
        ImageAnswer(
            image=image,
            step=done,
            steps=total,
            finished=image in view.finished,
            link=f"{here}/images/{image}",
        )
        for image, (done, total) in enumerate(view.steps)
    ]
