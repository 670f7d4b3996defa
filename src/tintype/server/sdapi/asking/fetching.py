"""Pictures that a body names by URL, put into it."""

from typing import Any

from tintype.server.outgoing.fetching import Fetcher, is_url
from tintype.server.sdapi.asking.fields import GenerationBody, Img2ImgBody


async def with_pictures(body: GenerationBody, fetcher: Fetcher) -> GenerationBody:
    """A body whose pictures are all base64. Raises `InvalidRequest` for what cannot be fetched."""
    if not isinstance(body, Img2ImgBody):
        return body
    fetched: dict[str, Any] = {}
    if any(is_url(picture) for picture in body.init_images or ()):
        pictures = body.init_images or []
        fetched["init_images"] = [await fetcher.as_base64(one, "init_images") for one in pictures]
    if body.mask and is_url(body.mask):
        fetched["mask"] = await fetcher.as_base64(body.mask, "mask")
    return body.model_copy(update=fetched) if fetched else body
