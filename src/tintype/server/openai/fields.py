"""The fields of a request in OpenAI's words.

Beside them fields of A1111's calls may stand (`check_extras`); what nobody would hear is refused.
"""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tintype.errors import InvalidRequest, shown
from tintype.server.sdapi.asking.fields import Img2ImgBody, Txt2ImgBody
from tintype.server.sdapi.asking.lenient import Boolean, Integer, Text

Format = Literal["png", "jpeg", "webp"]
Quality = Literal["low", "medium", "high", "xhigh", "max", "auto", "standard", "hd"]

MOST_PICTURES = 16
"""To begin with, in one request; as many as OpenAI takes."""

_SAID_OTHERWISE: Mapping[str, str] = {
    "width": "say size, as in 768x512",
    "height": "say size, as in 768x512",
    "batch_size": "say n",
    "n_iter": "say n",
    "init_images": "say image",
    "inpainting_mask_invert": "the mask is see-through where it is to be painted",
    "latent_mask": "say mask",
    "sampler_index": "say sampler_name",
    "script_name": "scripts answer in A1111's words alone; POST /sdapi/v1/txt2img has them",
    "script_args": "scripts answer in A1111's words alone; POST /sdapi/v1/txt2img has them",
    "save_images": "pictures are kept with their job",
    "do_not_save_samples": "pictures are kept with their job",
    "do_not_save_grid": "there is no grid",
    "send_images": "say response_format",
    "include_init_images": "pictures are not sent back",
    "force_task_id": "the header X-Tintype-Job names the job",
    "infotext": "say what it says field by field",
    "firstphase_width": "say size, and hr_resize_x for the second pass",
    "firstphase_height": "say size, and hr_resize_y for the second pass",
}
"""Fields of A1111 whose part here is another's, and whose."""


class ImagesBody(BaseModel):
    """What every request for pictures may bring; null means the default."""

    model_config = ConfigDict(extra="allow")

    model: Text | None = Field(
        default=None,
        description="a checkpoint, by any of its names; OpenAI's own names (dall-e-…, gpt-image-…) "
        "and none mean the server's",
    )
    n: Annotated[Integer, Field(ge=1, le=10)] = Field(default=1, description="how many")
    size: Text = Field(
        default="auto", description="WIDTHxHEIGHT in multiples of 8; auto is what suits the model"
    )
    quality: Quality = Field(default="auto", description="how many steps, where steps is not said")
    response_format: Literal["url", "b64_json"] | None = Field(
        default=None,
        description="url, or b64_json; where it is not said, b64_json for gpt-image-… and url else",
    )
    output_format: Format = Field(default="png", description="kind of the files")
    output_compression: Annotated[Integer, Field(ge=0, le=100)] | None = Field(
        default=None, description="quality of JPEG and WebP files; 100 is the best"
    )
    background: Literal["auto", "opaque"] = Field(
        default="auto", description="always opaque; a see-through one is refused"
    )
    moderation: Text | None = Field(default=None, description="of no effect: nothing is filtered")
    complexity: Text | None = Field(default=None, description="of no effect")
    user: Text | None = Field(default=None, description="kept with the job, and no more")
    safety_identifier: Text | None = Field(default=None, description="as `user`")
    stream: Boolean = Field(default=False, description="answer with server-sent events")
    partial_images: Annotated[Integer, Field(ge=0, le=3)] = Field(
        default=0, description="previews of each picture on the way, if it streams"
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_default(cls, body: object) -> object:
        if not isinstance(body, dict):
            return body
        fields = cast("dict[str, object]", body)
        return {name: value for name, value in fields.items() if value is not None}

    @property
    def extras(self) -> dict[str, Any]:
        """What is said in A1111's words beside."""
        return self.model_extra or {}

    @property
    def sends_links(self) -> bool:
        """The answer has addresses, not files."""
        if self.response_format is not None:
            return self.response_format == "url"
        return not (self.model or "").startswith(("gpt-image", "chatgpt-image"))


class GenerationFields(ImagesBody):
    """Body of POST /v1/images/generations."""

    prompt: Text = Field(description="what to show, in A1111's prompt language")
    style: Text | None = Field(
        default=None,
        description="a saved style; vivid and natural are of no effect unless they are saved",
    )


class PicturesBody(ImagesBody):
    """What requests bring that begin with pictures: files of a form, or texts in JSON."""

    image: list[str] = Field(
        min_length=1,
        max_length=MOST_PICTURES,
        description="files, or base64, or data URIs; each is repainted by itself",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_spelling(cls, body: object) -> object:
        if not isinstance(body, dict):
            return body
        fields = dict(cast("dict[str, object]", body))
        pictures = fields.pop("images", None) or fields.get("image")
        if pictures is not None:
            several = cast("list[object]", pictures) if isinstance(pictures, list) else [pictures]
            fields["image"] = [_text_of(one, "image") for one in several]
        if fields.get("mask") is not None:
            fields["mask"] = _text_of(fields["mask"], "mask")
        return fields


class EditFields(PicturesBody):
    """Body of POST /v1/images/edits."""

    prompt: Text = Field(description="what the whole picture is to show")
    mask: str | None = Field(
        default=None, description="a picture of the same size, see-through where to paint"
    )
    input_fidelity: Literal["high", "low"] = Field(
        default="low", description="how much stays as it was, where denoising_strength is not said"
    )


class VariationFields(PicturesBody):
    """Body of POST /v1/images/variations."""


def check_extras(body: ImagesBody, form: type[Txt2ImgBody | Img2ImgBody]) -> None:
    """Raise `InvalidRequest` for the first field nobody here would hear."""
    for name in body.extras:
        if name in _SAID_OTHERWISE:
            raise InvalidRequest(name[:100], f"not here; {_SAID_OTHERWISE[name]}")
        if name not in form.model_fields:
            heard = {*type(body).model_fields, *form.model_fields} - {*_SAID_OTHERWISE}
            raise InvalidRequest(name[:100], _unknown(name, heard))


def _unknown(name: str, choices: Collection[str]) -> str:
    near = get_close_matches(name[:100], choices, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{shown(name)} is no field of OpenAI's, nor one of A1111's that is heard here{hint}"


def _text_of(picture: object, field: str) -> object:
    """A picture of JSON: a text, or an object with one in `image_url`."""
    if not isinstance(picture, dict):
        return picture
    said = cast("Mapping[str, object]", picture)
    link = said.get("image_url")
    if isinstance(link, dict):
        link = cast("Mapping[str, object]", link).get("url")
    if not isinstance(link, str):
        raise InvalidRequest(field, "expected image_url in it; files are not kept on this server")
    return link
