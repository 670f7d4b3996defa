"""What can be asked of a server, each as a flow: no sockets here, and nothing awaited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

from tintype.client.bodies import job_body
from tintype.client.errors import ClientError, job_error
from tintype.client.fields import Editing, Search
from tintype.client.files import FileKind, Painted, as_text, file_of
from tintype.client.following import followed, job_path, looked
from tintype.client.patience import Patience, asked
from tintype.client.reading import read
from tintype.client.values import (
    Forecast,
    Job,
    KeptPicture,
    Model,
    PngInfo,
    State,
    Status,
)
from tintype.client.where import as_header
from tintype.client.wire import Answer, Call, Flow, Method, Query, Send, Telling, untold

if TYPE_CHECKING:
    from tintype.client.files import PictureSource

_KEY_HEADER = "Idempotency-Key"
_JOBS_PAGE, _MODELS_PAGE, _IMAGES_PAGE = 200, 500, 200
_IMAGES = "/v1/images"
_SERVERS_WORDS = {"since": "from", "until": "to"}  # `from` is no name in Python
_UPSCALES = "/v1/upscales"


@dataclass(frozen=True, slots=True)
class _JobsPage:
    jobs: tuple[Job, ...]
    next: float | None


@dataclass(frozen=True, slots=True)
class _ModelsPage:
    models: tuple[Model, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class _ImagesPage:
    images: tuple[KeptPicture, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class _Cancelled:
    cancelled: int


def id_of(job: Job | str) -> str:
    """The id of a job that is given as it was seen, or by its id."""
    return job.id if isinstance(job, Job) else job


def submitted(
    prompt: str,
    fields: Editing,
    image: "PictureSource | None",
    mask: "PictureSource | None",
    idempotency_key: str | None,
    patience: Patience,
) -> Flow[Job]:
    """A new job. It is sent again under its key where no answer came, so it is made once."""
    body = yield from _body(prompt, fields, image, mask, patience)
    return (yield from _made("/v1/jobs", body, idempotency_key, patience))


def generated(
    prompt: str,
    fields: Editing,
    image: "PictureSource | None",
    mask: "PictureSource | None",
    patience: Patience,
) -> Flow[Job]:
    """A new job, once its pictures can be fetched."""
    job = yield from submitted(prompt, fields, image, mask, None, patience)
    return (yield from waited(job.id, patience))


def streamed(
    prompt: str,
    fields: Editing,
    image: "PictureSource | None",
    mask: "PictureSource | None",
    patience: Patience,
    *,
    previews: bool,
) -> Telling[Job]:
    """A new job and its events. Raises as `waited` after the last one."""
    job = yield from submitted(prompt, fields, image, mask, None, patience)
    last = yield from followed(job.id, patience, previews=previews)
    return _with_pictures(last)


def upscaled(
    image: "PictureSource",
    upscaler: str,
    size: Mapping[str, float | bool],
    second: tuple[str, float],
    patience: Patience,
) -> Flow[Job]:
    """A job that enlarges a picture, once the picture can be fetched."""
    picture = yield from _as_text(image, patience)
    body = {"image": picture, "upscaler": upscaler, **size}
    body |= {"second_upscaler": second[0], "second_visibility": second[1]}
    job = yield from _made(_UPSCALES, body, None, patience)
    return (yield from waited(job.id, patience))


def waited(job_id: str, patience: Patience) -> Flow[Job]:
    """A job, once it is done or parked.

    Raises:
        JobFailedError, JobCancelledError: it has no pictures.
        TimeLimitError: the patience has a deadline, and it is over.
    """
    return _with_pictures((yield from untold(followed(job_id, patience, previews=False))))


def acted(
    job_id: str, deed: str, patience: Patience, query: Query | None = None, *, repeatable: bool
) -> Flow[Job]:
    """A job after something was done to it: "cancel", "interrupt", "promote"."""
    path = f"{job_path(job_id)}/{deed}"
    call = Call("POST", path, query or {}, repeatable=repeatable)
    return read(Job, (yield from asked(Send(call), patience)).content)


def deleted(job_id: str, patience: Patience) -> Flow[None]:
    """Nothing; a job that is not over is cancelled, one that is over forgotten."""
    yield from asked(Send(Call("DELETE", job_path(job_id))), patience)


def all_cancelled(patience: Patience) -> Flow[int]:
    """How many of one's own jobs were ended, which are all that were not over."""
    answer = yield from _sent("DELETE", "/v1/jobs", {"mine": "true"}, patience)
    return read(_Cancelled, answer.content).cancelled


def listed(state: State | None, limit: int, patience: Patience) -> Flow[list[Job]]:
    """The newest jobs, of one state or of all."""
    jobs, before = list[Job](), None
    while len(jobs) < limit:
        query: dict[str, str | int | float] = {"limit": min(limit - len(jobs), _JOBS_PAGE)}
        query |= {} if state is None else {"state": state}
        query |= {} if before is None else {"before": before}
        page = read(_JobsPage, (yield from _sent("GET", "/v1/jobs", query, patience)).content)
        jobs += page.jobs
        before = page.next
        if before is None:
            break
    return jobs


def models_listed(
    kind: str | None, family: str | None, search: str, patience: Patience
) -> Flow[list[Model]]:
    """All models of a kind, a family, and with a name that holds this."""
    models, offset = list[Model](), 0
    query: dict[str, str | int | float] = {"limit": _MODELS_PAGE, "search": search}
    query |= {} if kind is None else {"kind": kind}
    query |= {} if family is None else {"family": family}
    while True:
        answer = yield from _sent("GET", "/v1/models", query | {"offset": offset}, patience)
        page = read(_ModelsPage, answer.content)
        models += page.models
        if page.next is None:
            return models
        offset = page.next


def images_found(
    words: str, search: Search, limit: int, patience: Patience
) -> Flow[list[KeptPicture]]:
    """Kept pictures, the newest first, with these words in their prompts."""
    query: dict[str, str | int | float] = {"search": words}
    query |= {_SERVERS_WORDS.get(name, name): _plain(v) for name, v in search.items()}
    images, cursor = list[KeptPicture](), None
    while len(images) < limit:
        query["limit"] = min(limit - len(images), _IMAGES_PAGE)
        query |= {} if cursor is None else {"cursor": cursor}
        page = read(_ImagesPage, (yield from _sent("GET", _IMAGES, query, patience)).content)
        images += page.images
        cursor = page.next
        if cursor is None:
            break
    return images


def image_fetched(image: KeptPicture | str, patience: Patience) -> Flow[bytes]:
    """The file of a kept picture."""
    image_id = image if isinstance(image, str) else image.id
    return (
        yield from _sent("GET", f"{_IMAGES}/{quote(image_id, safe='')}/file", {}, patience)
    ).content


def foretold(
    prompt: str,
    fields: Editing,
    image: "PictureSource | None",
    mask: "PictureSource | None",
    patience: Patience,
) -> Flow[Forecast]:
    """What a job would take; none is made."""
    body = yield from _body(prompt, fields, image, mask, patience)
    answer = yield from asked(Send(Call("POST", "/v1/forecast", body=body)), patience)
    return read(Forecast, answer.content)


def status_seen(patience: Patience) -> Flow[Status]:
    """How the server is doing."""
    return read(Status, (yield from _sent("GET", "/v1/status", {}, patience)).content)


def png_info_read(image: "PictureSource", patience: Patience) -> Flow[PngInfo]:
    """What a picture says of how it was made."""
    body = {"image": (yield from _as_text(image, patience))}
    answer = yield from asked(Send(Call("POST", "/sdapi/v1/png-info", body=body)), patience)
    return read(PngInfo, answer.content)


def fetched(job_id: str, index: int, kind: FileKind, patience: Patience) -> Flow[bytes]:
    """The file of a picture."""
    path = f"{job_path(job_id)}/images/{index}"
    return (yield from _sent("GET", path, {"format": kind}, patience)).content


def seen(job_id: str, patience: Patience) -> Flow[Job]:
    """A job as it is now."""
    return looked(job_id, patience)


def only_picture(job: Job) -> int:
    """The number of the first picture of a job. Raises `ClientError` if it has none."""
    if not job.finished:
        raise ClientError(f"job {job.id} was ended before it had a picture")
    return job.finished[0]


def size_wanted(
    scale: float, width: int | None, height: int | None, *, crop: bool
) -> Mapping[str, float | bool]:
    """The size of an enlarged picture. Raises `TypeError` for a width or a height alone."""
    if width is None and height is None:
        return {"scale": scale}
    if width is None or height is None:
        raise TypeError("width and height go together; for a factor of both sides there is scale")
    return {"width": width, "height": height, "crop": crop}


def numbers(images: Sequence[int] | None) -> Query:
    """Images of a job as its calls name them."""
    return {} if images is None else {"image": list(images)}


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sent(method: Method, path: str, query: Query, patience: Patience) -> Flow[Answer]:
    return asked(Send(Call(method, path, query)), patience)


def _made(
    path: str, body: Mapping[str, object], idempotency_key: str | None, patience: Patience
) -> Flow[Job]:
    key = uuid4().hex if idempotency_key is None else as_header(_KEY_HEADER, idempotency_key)
    headers = {_KEY_HEADER: key}
    call = Call("POST", path, body=body, headers=headers)
    return read(Job, (yield from asked(Send(call), patience)).content)


def _body(
    prompt: str,
    fields: Editing,
    image: "PictureSource | None",
    mask: "PictureSource | None",
    patience: Patience,
) -> Flow[dict[str, object]]:
    file = None if image is None else (yield from _file(image, patience))
    mask_file = None if mask is None else (yield from _file(mask, patience))
    return job_body(prompt, fields, file, mask_file)


def _file(picture: "PictureSource", patience: Patience) -> Flow[bytes | str]:
    """Its file; one that the server holds is fetched first."""
    if isinstance(picture, Painted):
        return (yield from fetched(picture.job_id, picture.index, "png", patience))
    return file_of(picture)


def _as_text(picture: "PictureSource", patience: Patience) -> Flow[str]:
    return as_text((yield from _file(picture, patience)))


def _with_pictures(job: Job) -> Job:
    error = job_error(job)
    if error is not None:
        raise error
    return job
