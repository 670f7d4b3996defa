"""Calls that need not wait: who prefers to ask later gets the job instead of the answer."""

from collections.abc import Mapping
from typing import Any, Literal

from fastapi.responses import JSONResponse

from tintype.jobs import JobView
from tintype.server.calls.blocking import ASYNC, Wish
from tintype.server.errors import JOB_HEADER
from tintype.server.native.jobs.admitting import admission_of
from tintype.server.native.jobs.answers import JobAnswer, job_answer, job_link
from tintype.server.native.jobs.fields import JobBody, SdapiFields
from tintype.server.sdapi.tasks import only
from tintype.server.services import Services
from tintype.server.trust.identity import Identity

ACCEPTED: Mapping[int | str, dict[str, Any]] = {
    202: {"model": JobAnswer, "description": "The job, for `Prefer: respond-async`"},
}


async def begun(
    tab: Literal["txt2img", "img2img"],
    body: dict[str, Any],
    wish: Wish,
    services: Services,
    identity: Identity,
) -> JobView:
    """The same as a job of our own API, whose link `answer` has what is not waited for.

    Args:
        tab: which of A1111's two calls it was.
        body: what was sent, without defaults.
        wish: of its headers.

    Raises what admissions raise.
    """
    job = JobBody(sdapi=SdapiFields(tab=tab, body=body), priority=wish.priority)
    admission = await admission_of(job, services, identity.owner, wish.key)
    job_id = await services.trust.quotas.admit(services.jobs, identity, admission)
    return only(await services.jobs.view(job_id), job_id)


def accepted(view: JobView) -> JSONResponse:
    """202 with the job, and where to ask for it (RFC 7240)."""
    headers = {
        "Location": job_link(view.id),
        "Preference-Applied": ASYNC,
        JOB_HEADER: view.id,
    }
    return JSONResponse(job_answer(view).model_dump(mode="json"), 202, headers)
