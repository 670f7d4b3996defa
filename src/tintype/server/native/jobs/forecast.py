"""What a job would take, before anybody makes it."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from tintype.core.jobs import Tally
from tintype.core.requests import Plan
from tintype.planning import Forecast, forecast
from tintype.server.native.jobs.admitting import admission_of
from tintype.server.native.jobs.fields import JobBody
from tintype.server.services import ServicesOf
from tintype.server.trust.identity import IdentityOf

router = APIRouter()


class ForecastAnswer(BaseModel):
    """What can be said beforehand; null is what nobody has measured yet."""

    fits: bool | None = Field(description="whether memory will do")
    seconds: float | None = Field(description="once it runs alone")
    wait_seconds: float | None = Field(description="until the jobs before it are done")
    by_phase: dict[str, float] = Field(description="the seconds taken apart")
    memory_bytes: int | None = Field(description="highest need, weights included")
    memory_total_bytes: int = Field(description="what the worker's device has")
    images: int
    why: list[str] = Field(description="on what all this rests, in words")


@router.post("/forecast", summary="Will this job fit, and how long will it take?")
async def make_forecast(
    body: JobBody, services: ServicesOf, identity: IdentityOf
) -> ForecastAnswer:
    """Takes the body of a job and makes none. What could never run is refused as it would be."""
    admission = await admission_of(body, services, identity.owner, None)
    wait = services.jobs.backlog_seconds() if services.jobs.waiting_count else 0.0
    plans = [plan for plan in admission.plans if isinstance(plan, Plan)]  # all: jobs are painted
    return _answer(forecast(plans, services.worker.tally or Tally(), wait), len(plans))


def _answer(found: Forecast, images: int) -> ForecastAnswer:
    return ForecastAnswer(
        fits=found.fits,
        seconds=found.seconds,
        wait_seconds=found.wait_seconds,
        by_phase=found.by_phase,
        memory_bytes=found.memory_bytes,
        memory_total_bytes=found.memory_total_bytes,
        images=images,
        why=list(found.why),
    )
