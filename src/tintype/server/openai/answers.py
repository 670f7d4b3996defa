"""Answers in OpenAI's shape."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, Field

from tintype.core.jobs import Painted, Pixels
from tintype.core.requests import Plan
from tintype.jobs import JobView
from tintype.server.native.jobs.pictures import picture_file
from tintype.server.openai.fields import Format, ImagesBody, Quality
from tintype.server.openai.painting import Painting
from tintype.server.services import Services

PICTURES = "/v1/pictures"
"""Where the pictures are that answers give the addresses of."""

_TOKEN_PIXELS = 32 * 32
_QUALITIES: Mapping[Quality, Quality] = {"auto": "medium", "standard": "medium", "hd": "high"}


class PictureData(BaseModel):
    """One picture."""

    b64_json: str | None = Field(default=None, description="its file")
    url: str | None = Field(default=None, description="where it is, for an hour, without a key")
    revised_prompt: str | None = Field(
        default=None, description="the prompt, where styles and the like have changed it"
    )
    seed: int = Field(description="that makes it again; of ours, not OpenAI's")


class TokensOf(BaseModel):
    """What went in, taken apart."""

    text_tokens: int
    image_tokens: int


class Usage(BaseModel):
    """Sizes in tokens: of prompts by CLIP's tokenizer, of pictures one for each 32 x 32 pixels."""

    input_tokens: int
    input_tokens_details: TokensOf
    output_tokens: int
    total_tokens: int


class ImagesAnswer(BaseModel):
    """What a call for pictures answers."""

    created: int = Field(description="Unix seconds")
    data: list[PictureData]
    background: Literal["opaque"] = "opaque"
    output_format: Format
    quality: Quality
    size: str = Field(description="of the first picture")
    usage: Usage
    warnings: list[str] | None = Field(
        default=None, description="traps the request fell into; of ours, not OpenAI's"
    )


async def images_answer(
    view: JobView, painting: Painting, services: Services, base_url: str
) -> ImagesAnswer:
    """The answer about a job at rest, with the pictures it has.

    Args:
        base_url: of this server, as the client calls it, without a slash at the end.
    """
    pictures = await services.jobs.pictures(view.id)
    sizes = [painted.pixels for painted in pictures.values()]
    return await asyncio.to_thread(
        lambda: ImagesAnswer(
            created=int(view.created),
            data=[_data(i, p, painting, services, base_url) for i, p in sorted(pictures.items())],
            output_format=painting.body.output_format,
            quality=answered_quality(painting.body),
            size=size_of(sizes[0]),
            usage=usage_of(painting, sizes),
            warnings=_warnings(painting.plans) or None,
        )
    )


def encoded(pixels: Pixels, plan: Plan, body: ImagesBody, services: Services) -> str:
    """A picture's file as base64. Belongs in a thread."""
    quality = None if body.output_compression is None else max(body.output_compression, 1)
    data = picture_file(pixels, plan, body.output_format, services, quality)
    return b64encode(data).decode("ascii")


def usage_of(painting: Painting, pictures: Sequence[Pixels]) -> Usage:
    """What a job, or some pictures of it, took. The first call reads the tokenizer's table."""
    from tintype.prompt import load_tokenizer  # not needed to answer the door

    first, count = painting.plans[0], load_tokenizer().tokens
    text = len(count(first.prompt)) + len(count(first.negative_prompt))
    given = -(-painting.given_pixels // _TOKEN_PIXELS)
    made = sum(-(-one.width * one.height // _TOKEN_PIXELS) for one in pictures)
    return Usage(
        input_tokens=text + given,
        input_tokens_details=TokensOf(text_tokens=text, image_tokens=given),
        output_tokens=made,
        total_tokens=text + given + made,
    )


def answered_quality(body: ImagesBody) -> Quality:
    """The quality in the words of today's models."""
    return _QUALITIES.get(body.quality, body.quality)


def size_of(pixels: Pixels) -> str:
    """WIDTHxHEIGHT."""
    return f"{pixels.width}x{pixels.height}"


def picture_path(job_id: str, image: int, kind: Format) -> str:
    """Where a picture is that may be fetched by whoever has its signed address."""
    return f"{PICTURES}/{job_id}/{image}.{kind}"


def _data(
    image: int, painted: Painted, painting: Painting, services: Services, base_url: str
) -> PictureData:
    plan, body = painting.plans[image], painting.body
    revised = None if plan.prompt == painting.prompt else plan.prompt
    data = PictureData(seed=plan.seed, revised_prompt=revised)
    if body.sends_links:
        path = picture_path(painting.job_id, image, body.output_format)
        data.url = base_url + services.links.signed(path)
    else:
        data.b64_json = encoded(painted.pixels, plan, body, services)
    return data


def _warnings(plans: Sequence[Plan]) -> list[str]:
    return list(dict.fromkeys(text for plan in plans for text in plan.warnings))
