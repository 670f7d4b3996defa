"""From a body to the work it asks for: infotext, scripts, options and words of A1111 taken in."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from tintype.core.requests import Request
from tintype.modelstore import ModelStore
from tintype.planning import Library
from tintype.server.sdapi.asking.fields import GenerationBody, Img2ImgBody, Txt2ImgBody
from tintype.server.sdapi.asking.pasting import pasted
from tintype.server.sdapi.asking.requests import img2img_request, txt2img_request
from tintype.server.sdapi.asking.unsupported import refuse_unsupported
from tintype.server.sdapi.asking.upscaling import upscaler_names
from tintype.server.sdapi.asking.work import Work
from tintype.server.sdapi.options import Effective, Options
from tintype.server.sdapi.options.table import READ_LATE
from tintype.server.sdapi.scripts import Tools, scripted

Body = TypeVar("Body", bound=GenerationBody)


@dataclass(frozen=True, slots=True)
class Asked:
    """A body that was understood.

    Attributes:
        body: with what its infotext tells.
        options: those in force for it.
        own_options: the server's own, which A1111 has back when it writes the answer.
        work: what is to be done.
    """

    body: GenerationBody
    options: Effective
    own_options: Effective
    work: Work


def asked(
    body: GenerationBody, options: Options, models: ModelStore, draw_seed: Callable[[], int]
) -> Asked:
    """Understand a body. Unpacks pictures, so it belongs in a thread.

    Raises:
        InvalidRequest: a field makes no sense.
        UnknownName: a name is in no list.
    """
    warnings = _unheard(body)
    if body.infotext:
        body, doubts = pasted(body, options, tuple(Library(models).styles().values()))
        warnings += doubts
    effective = options.with_overrides(body.override_settings or {})

    def ask(one: GenerationBody) -> Request:
        refuse_unsupported(one)
        in_force = options.with_overrides(one.override_settings or {})
        if isinstance(one, Img2ImgBody):
            return img2img_request(one, in_force)
        assert isinstance(one, Txt2ImgBody)
        return txt2img_request(one, in_force)

    tools = Tools(
        tab="img2img" if isinstance(body, Img2ImgBody) else "txt2img",
        ask=ask,
        draw_seed=draw_seed,
        most_megapixels=effective["img_max_size_mp"],
        checkpoints=lambda: [record.title for record in models.checkpoints()],
        upscalers=lambda: upscaler_names(models),
    )
    work = scripted(body, tools)
    if warnings:
        first, *others = work.requests
        first = replace(first, warnings=(*warnings, *first.warnings))
        work = replace(work, requests=(first, *others))
    return Asked(body, effective, options.with_overrides({}), work)


def _unheard(body: GenerationBody) -> tuple[str, ...]:
    """Overrides that do not reach the answer, as in A1111."""
    return tuple(
        f"{name} in override_settings has no effect on the answer, only on files that are kept, "
        "as in A1111; set the server's option"
        for name in READ_LATE
        if name in (body.override_settings or {})
    )
