"""From the body of a job to its admission."""

import asyncio
from dataclasses import replace

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from tintype.core.jobs import Admission
from tintype.core.requests import Plan
from tintype.errors import InvalidRequest, UnknownName
from tintype.modelstore import ModelStore
from tintype.server.calls.idempotency import fingerprint
from tintype.server.native.jobs.fields import JobBody, SdapiFields
from tintype.server.native.jobs.keeping import kept_request
from tintype.server.native.jobs.requests import in_our_words, picture_request
from tintype.server.native.presets.fields import with_preset
from tintype.server.outgoing.fetching import Fetcher
from tintype.server.sdapi.asking.asked import Asked, asked
from tintype.server.sdapi.asking.fetching import with_pictures
from tintype.server.sdapi.asking.fields import GenerationBody, Img2ImgBody, Txt2ImgBody
from tintype.server.sdapi.asking.upscaling import tiles_of
from tintype.server.sdapi.asking.work import settled
from tintype.server.sdapi.options.table import CHECKPOINT, VAE, VAE_GOES_FIRST
from tintype.server.services import Services

_NOT_SAVED = (
    "save_images has no effect on a job of /v1/jobs: its pictures are kept with the job; "
    "fetch them from its links"
)


async def admission_of(
    body: JobBody, services: Services, owner: str, idempotency_key: str | None
) -> Admission:
    """The admission a body asks for: pictures fetched, seeds and files settled.

    Raises:
        InvalidRequest: a value is wrong; names the field in the words of the form it came in.
        UnknownName: a name is in no list.
        RequestValidationError: the preset, or the body in `sdapi` has a field of a wrong type.
    """
    understood, dialect, fetcher = None, "native", services.trust.fetcher
    mark = await asyncio.to_thread(fingerprint, body.model_dump())
    body = await asyncio.to_thread(with_preset, body, services.presets)
    if body.sdapi is None:
        painting = await _with_pictures(body, fetcher)
        plans = await asyncio.to_thread(_planned, painting, services)
    else:
        form = await with_pictures(_read(body.sdapi), fetcher)
        understood, plans = await asyncio.to_thread(_understood, form, services)
        dialect = f"native/sdapi/{body.sdapi.tab}"
    return Admission(
        plans=plans,
        owner=owner,
        dialect=dialect,
        request=await asyncio.to_thread(kept_request, body, plans, understood),
        priority=body.priority,
        idempotency_key=idempotency_key,
        fingerprint=mark,
        draft_steps=body.draft_steps,
        webhook=body.webhook,
    )


async def _with_pictures(body: JobBody, fetcher: Fetcher) -> JobBody:
    """The body with every picture as base64, for it may be named by a URL."""
    init = body.init
    if init is None:
        return body
    update: dict[str, object] = {"picture": await fetcher.as_base64(init.picture, "init.picture")}
    if init.mask is not None:
        picture = await fetcher.as_base64(init.mask.picture, "init.mask.picture")
        update["mask"] = init.mask.model_copy(update={"picture": picture})
    return body.model_copy(update={"init": init.model_copy(update=update)})


def _planned(body: JobBody, services: Services) -> tuple[Plan, ...]:
    """May read whole files."""
    _require_loras(body, services.models)
    options = services.options.with_overrides({})
    request = picture_request(
        body, options[CHECKPOINT], options[VAE], vae_goes_first=options[VAE_GOES_FIRST]
    )
    try:
        return services.plan(replace(request, tiles=tiles_of(options)))
    except InvalidRequest as error:
        raise in_our_words(error, body) from error


def _require_loras(body: JobBody, models: ModelStore) -> None:
    """A tag that names nothing is left out with a warning; in a field it is a mistake."""
    for lora in body.loras:
        if models.find_adapter(lora.name) is None:
            raise UnknownName("LoRA", lora.name, [record.name for record in models.adapters()])


def _read(form: SdapiFields) -> GenerationBody:
    kind: type[GenerationBody] = Img2ImgBody if form.tab == "img2img" else Txt2ImgBody
    try:
        return kind.model_validate(form.body)
    except ValidationError as error:
        place = ("body", "sdapi", "body")
        errors = [{**one, "loc": (*place, *one["loc"])} for one in error.errors()]
        raise RequestValidationError(errors) from error


def _understood(body: GenerationBody, services: Services) -> tuple[Asked, tuple[Plan, ...]]:
    """May read whole files."""
    understood = asked(body, services.options, services.models, services.draw_seed)
    if body.save_images:
        understood = _warned(understood)
    return understood, settled(understood.work, services.plan)


def _warned(understood: Asked) -> Asked:
    first, *others = understood.work.requests
    first = replace(first, warnings=(*first.warnings, _NOT_SAVED))
    work = replace(understood.work, requests=(first, *others))
    return replace(understood, work=work)
