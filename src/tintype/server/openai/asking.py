"""OpenAI's words in A1111's: from a body to the form of txt2img or img2img that says the same."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import ValidationError

from tintype.core.models import ModelRecord
from tintype.core.requests import Request
from tintype.errors import InvalidRequest, UnknownName, shown
from tintype.modelstore import ModelStore
from tintype.modelstore.native_size import USUAL_SIZE, native_size
from tintype.planning import Library
from tintype.server.openai.fields import (
    EditFields,
    GenerationFields,
    ImagesBody,
    Quality,
    VariationFields,
    check_extras,
)
from tintype.server.openai.reading import unreadable
from tintype.server.sdapi.asking.fields import GenerationBody, Img2ImgBody, Txt2ImgBody
from tintype.server.sdapi.options import Options
from tintype.server.sdapi.options.table import CHECKPOINT

if TYPE_CHECKING:
    from tintype.server.openai.pictures import Given

_Form = TypeVar("_Form", bound=GenerationBody)

_STEPS: Mapping[Quality, int] = {
    "low": 12,
    "auto": 20,
    "medium": 20,
    "standard": 20,
    "high": 30,
    "hd": 30,
    "xhigh": 40,
    "max": 50,
}
_FIDELITY = {"low": 0.75, "high": 0.5}  # denoising strength
_VARIATION_STRENGTH = 0.6
_MASK_PADDING = 32
_SIZE = re.compile(r"\s*(\d{1,5})\s*[x×*]\s*(\d{1,5})\s*", re.IGNORECASE)
_OPENAIS = ("dall-e-", "gpt-image-", "chatgpt-image-")
_NO_STYLES = ("vivid", "natural")
_SDXL_SIZE, _SD2_V_SIZE = (1024, 1024), (768, 768)
_EDIT_CHANNELS = 8  # of a U-Net that edits a picture by what the prompt tells it to do
_OUR_WORDS = {  # the forms speak of some fields as A1111's clients do
    "width": "size",
    "height": "size",
    "images": "n",
    "batch_size": "n",
    "init_images": "image",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A body in the words of A1111.

    Attributes:
        form: what is to be painted.
        given_pixels: of the pictures it begins with, all together.
    """

    form: GenerationBody
    given_pixels: int = 0


def wanted(body: ImagesBody, options: Options, models: ModelStore) -> Wanted:
    """What a body asks for. Unpacks pictures and reads headers, so it belongs in a thread.

    Raises:
        InvalidRequest: a field makes no sense.
        UnknownName: a checkpoint or style is in no list.
        RequestValidationError: a field of A1111 has a wrong type.
    """
    if body.output_format == "png" and body.output_compression not in (None, 100):
        raise InvalidRequest("output_compression", "png keeps every bit; say jpeg or webp with it")
    name = _checkpoint_name(body.model)
    record = models.find(name or options.with_overrides({})[CHECKPOINT])
    common: dict[str, Any] = {
        "sampler_name": Request().sampler,
        "scheduler": None,  # said, so that a sampler's name means what it says today
        "steps": _STEPS[body.quality],
        **body.extras,
        "n_iter": body.n,
        "override_settings": _overrides(body.extras.get("override_settings"), name),
    }
    match body:
        case GenerationFields():
            return _generation(body, common, record, models)
        case EditFields() | VariationFields():
            return _repainting(body, common, record, models)
        case _:
            raise TypeError(f"{type(body).__name__} asks for nothing: this is a bug")


def in_their_words(error: InvalidRequest, body: ImagesBody) -> InvalidRequest:
    """The same refusal under the field's name here."""
    name = _OUR_WORDS.get(error.field)
    if name is None or error.field in body.extras:
        return error
    return InvalidRequest(name, str(error).removeprefix(f"{error.field}: "))


def _generation(
    body: GenerationFields, common: dict[str, Any], record: ModelRecord, models: ModelStore
) -> Wanted:
    check_extras(body, Txt2ImgBody)
    width, height = _size(body.size) or _usual_size(record, models)
    said: dict[str, Any] = {"prompt": body.prompt, "width": width, "height": height}
    if body.style is not None:
        said["styles"] = _styles(body.style, body.extras.get("styles"), models)
    return Wanted(_form(Txt2ImgBody, common | said))


def _repainting(
    body: EditFields | VariationFields,
    common: dict[str, Any],
    record: ModelRecord,
    models: ModelStore,
) -> Wanted:
    from tintype.server.openai.pictures import fitting_size, given, words_of  # none at the start

    check_extras(body, Img2ImgBody)
    mask = body.mask if isinstance(body, EditFields) else None
    found = given(body.image, mask, heeds_holes=isinstance(body, EditFields))
    usual = _usual_size(record, models)
    width, height = _size(body.size) or fitting_size(found.size, usual)
    does_as_told = models.facts(record).input_channels == _EDIT_CHANNELS
    said: dict[str, Any] = {
        "denoising_strength": 1.0 if does_as_told else _strength(body, found),
        **_masking(found),
        **common,
        "batch_size": len(body.image),
        "init_images": body.image,
        "mask": found.mask,
        "width": width,
        "height": height,
    }
    if isinstance(body, EditFields):
        said["prompt"] = body.prompt
    else:  # shows what the picture was made to show, where that is known
        prompt, negative_prompt = words_of(body.image[0])
        said = {"prompt": prompt, "negative_prompt": negative_prompt} | said
    return Wanted(_form(Img2ImgBody, said), found.pixels)


def _strength(body: EditFields | VariationFields, found: "Given") -> float:
    if isinstance(body, VariationFields):
        return _VARIATION_STRENGTH
    return 1.0 if found.mask is not None else _FIDELITY[body.input_fidelity]


def _masking(found: "Given") -> dict[str, Any]:
    """The prompt is about the whole picture, and what is see-through has no colour to keep."""
    if found.mask is None:
        return {}
    return {
        "inpainting_fill": 0,
        "inpaint_full_res": False,
        "inpaint_full_res_padding": _MASK_PADDING,
    }


def _form(kind: type[_Form], said: Mapping[str, Any]) -> _Form:
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        raise unreadable(error) from error


def _checkpoint_name(model: str | None) -> str | None:
    """None for the server's own."""
    if model is None or not model.strip() or model.strip().casefold().startswith(_OPENAIS):
        return None
    return model


def _overrides(said: object, name: str | None) -> object:
    if name is None or not isinstance(said, dict | None):
        return said
    return {**cast("Mapping[str, object]", said or {}), CHECKPOINT: name}


def _styles(style: str, others: object, models: ModelStore) -> object:
    saved = Library(models).styles()
    if style not in saved and style in _NO_STYLES:
        return others
    if style not in saved:
        raise UnknownName("style", style, [*_NO_STYLES, *saved])
    return [*cast("list[object]", others), style] if isinstance(others, list) else [style]


def _size(text: str) -> tuple[int, int] | None:
    """Width and height; None for what suits."""
    if text.strip().casefold() in ("auto", ""):
        return None
    found = _SIZE.fullmatch(text)
    if found is None:
        raise InvalidRequest("size", f"expected auto, or a size as in 768x512, got {shown(text)}")
    return int(found[1]), int(found[2])


def _usual_size(record: ModelRecord, models: ModelStore) -> tuple[int, int]:
    """What the file says it was trained for, or else its family was."""
    stated = native_size(record)
    if stated != USUAL_SIZE:
        return stated
    facts = models.facts(record)
    if facts.is_sdxl:
        return _SDXL_SIZE
    return _SD2_V_SIZE if facts.family == "sd2" and facts.prediction == "v" else USUAL_SIZE
