"""Enlarging a finished picture, as A1111's page "Extras" does."""

from dataclasses import dataclass
from typing import Literal

from PIL import Image

from tintype.imaging.resize import upscaled


@dataclass(frozen=True, slots=True)
class ExtrasSettings:
    """How a finished picture is enlarged. Defaults are A1111's.

    Attributes:
        resize_mode: 0 makes it larger by `scale`, 1 large enough for `width` × `height`.
        scale: factor of both sides, above 0.
        width: in pixels, at least 1.
        height: in pixels, at least 1.
        crops: with `resize_mode` 1, cut off what stands out of `width` × `height`.
        upscaler: name of the first; with "None" the picture stays as it is.
        second_upscaler: name of another whose picture is blended in, or "None".
        second_visibility: share of that other, 0 … 1.
    """

    resize_mode: Literal[0, 1] = 0
    scale: float = 2.0
    width: int = 512
    height: int = 512
    crops: bool = True
    upscaler: str = "None"
    second_upscaler: str = "None"
    second_visibility: float = 0.0


def extras(image: Image.Image, settings: ExtrasSettings) -> tuple[Image.Image, str]:
    """The enlarged picture (RGB), and the text that says how it was enlarged.

    Raises:
        UnknownName: there is no such upscaler.
    """
    image = image.convert("RGB")
    if settings.upscaler == "None":
        return image, ""
    enlarged = _enlarged(image, settings, settings.upscaler)
    if has_second(settings):
        other = _enlarged(image, settings, settings.second_upscaler)
        enlarged = Image.blend(enlarged, other, settings.second_visibility)
    return enlarged, ", ".join(f"{name}: {value}" for name, value in _facts(settings))


def has_second(settings: ExtrasSettings) -> bool:
    """Whether a second upscaler has any say."""
    return settings.second_upscaler != "None" and settings.second_visibility > 0


def _enlarged(image: Image.Image, settings: ExtrasSettings, upscaler: str) -> Image.Image:
    if settings.resize_mode == 0:
        return upscaled(image, settings.scale, upscaler)
    width, height = settings.width, settings.height
    image = upscaled(image, max(width / image.width, height / image.height), upscaler)
    if not settings.crops:
        return image
    canvas = Image.new("RGB", (width, height))
    canvas.paste(image, (width // 2 - image.width // 2, height // 2 - image.height // 2))
    return canvas


def _facts(settings: ExtrasSettings) -> list[tuple[str, str]]:
    size = f"{settings.width}x{settings.height}"
    facts = [("Postprocess upscale by", str(float(settings.scale)))]
    if settings.resize_mode == 1:
        facts = [("Postprocess upscale to", size)]
        facts += [("Postprocess crop to", size)] if settings.crops else []
    facts.append(("Postprocess upscaler", settings.upscaler))
    if has_second(settings):
        facts.append(("Postprocess upscaler 2", settings.second_upscaler))
    return facts
