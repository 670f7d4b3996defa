"""From a body to a job in the queue."""

import asyncio
from dataclasses import dataclass

from fastapi import Request

from tintype.core.requests import Plan
from tintype.errors import InvalidRequest
from tintype.server.calls.admitting import admission_for, admitted
from tintype.server.calls.blocking import Wish, wish_of
from tintype.server.openai.asking import Wanted, in_their_words, wanted
from tintype.server.openai.fields import EditFields, ImagesBody, PicturesBody
from tintype.server.outgoing.fetching import Fetcher
from tintype.server.sdapi.asking.asked import asked
from tintype.server.sdapi.asking.work import settled
from tintype.server.services import Services
from tintype.server.trust.identity import Identity


@dataclass(frozen=True, slots=True)
class Painting:
    """A job that was let in, and what its answer goes by.

    Attributes:
        call: "generations", "edits" or "variations".
        body: what was asked for.
        prompt: as it was sent.
        given_pixels: of the pictures it begins with, all together.
        plans: one for each picture.
        wish: what headers ask for.
    """

    job_id: str
    call: str
    body: ImagesBody
    prompt: str
    given_pixels: int
    plans: tuple[Plan, ...]
    wish: Wish


async def begun(
    call: str, body: ImagesBody, request: Request, services: Services, identity: Identity
) -> Painting:
    """Let in the job a body asks for.

    Raises:
        InvalidRequest: a value is wrong; names the field in OpenAI's words where they have one.
        UnknownName, QueueFull, WorkerUnavailable: as the calls of A1111.
    """
    wish, said, dialect = wish_of(request), body.model_dump(exclude_unset=True), f"openai/{call}"
    body = await _with_pictures(body, services.trust.fetcher)
    found, plans = await asyncio.to_thread(_settled, body, services)
    admission = await asyncio.to_thread(admission_for, plans, dialect, said, identity, wish)
    job_id = await admitted(admission, request, services, identity)
    if wish.key is not None:  # perhaps the job of an earlier call, with other seeds
        plans = await services.jobs.plans(job_id)
    prompt = str(said.get("prompt", ""))
    return Painting(job_id, call, body, prompt, found.given_pixels, plans, wish)


async def _with_pictures(body: ImagesBody, fetcher: Fetcher) -> ImagesBody:
    """The body with every picture as base64, for it may be named by a URL."""
    if not isinstance(body, PicturesBody):
        return body
    fetched: dict[str, object] = {
        "image": [await fetcher.as_base64(one, "image") for one in body.image]
    }
    if isinstance(body, EditFields) and body.mask is not None:
        fetched["mask"] = await fetcher.as_base64(body.mask, "mask")
    return body.model_copy(update=fetched)


def _settled(body: ImagesBody, services: Services) -> tuple[Wanted, tuple[Plan, ...]]:
    """May read whole files."""
    try:
        found = wanted(body, services.options, services.models)
        understood = asked(found.form, services.options, services.models, services.draw_seed)
        return found, settled(understood.work, services.plan)
    except InvalidRequest as error:
        raise in_their_words(error, body) from error
