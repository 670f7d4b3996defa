"""Enlarging a finished picture, as A1111's page "Extras" does."""

from collections.abc import Sequence

from PIL import Image

from tintype.core.enlarging import ExtrasSettings
from tintype.core.faces import FaceSettings
from tintype.imaging.resize import upscaled


def extras(image: Image.Image, settings: ExtrasSettings) -> Image.Image:
    """The picture (RGB) enlarged by upscalers that need no network.

    Raises:
        UnknownName: there is no such upscaler.
    """
    image = image.convert("RGB")
    if settings.upscaler == "None":
        return image
    factor = settings.factor_for(*image.size)
    names = [settings.upscaler, *([settings.second_upscaler] if settings.has_second else [])]
    return blended([upscaled(image, factor, name) for name in names], settings)


def blended(enlarged: Sequence[Image.Image], settings: ExtrasSettings) -> Image.Image:
    """What each upscaler made (one or two, RGB), cut to size and laid into each other."""
    first, *others = (_laid_out(image, settings) for image in enlarged)
    return Image.blend(first, others[0], settings.second_visibility) if others else first


def extras_note(settings: ExtrasSettings) -> str:
    """The text that says how a picture was enlarged and its faces restored; empty if neither."""
    enlarged = [] if settings.upscaler == "None" else _facts(settings)
    faces = [fact for one in settings.faces for fact in _face_facts(one)]
    return ", ".join(f"{name}: {value}" for name, value in [*enlarged, *faces])


def _laid_out(image: Image.Image, settings: ExtrasSettings) -> Image.Image:
    if settings.resize_mode == 0 or not settings.crops:
        return image
    width, height = settings.width, settings.height
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
    if settings.has_second:
        facts.append(("Postprocess upscaler 2", settings.second_upscaler))
    return facts


def _face_facts(faces: FaceSettings) -> list[tuple[str, str]]:
    facts = [(f"{faces.restorer} visibility", str(round(faces.visibility, 3)))]
    if faces.restorer == "CodeFormer":
        facts.append(("CodeFormer weight", str(round(faces.weight, 3))))
    return facts
