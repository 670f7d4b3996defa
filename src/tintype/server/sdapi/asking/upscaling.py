"""A1111's words about upscalers: its options, and how it lists them."""

from typing import Any

from tintype.core.models import UpscalerRecord
from tintype.core.upscalers import PIXEL_UPSCALERS, TileSettings
from tintype.modelstore import ModelStore
from tintype.server.sdapi.options import Effective


def tiles_of(options: Effective) -> TileSettings:
    """In which pieces networks see a picture, as the options have it."""
    return TileSettings(
        side=options["ESRGAN_tile"],
        overlap=options["ESRGAN_tile_overlap"],
        dat_side=options["DAT_tile"],
        dat_overlap=options["DAT_tile_overlap"],
    )


def upscaler_names(models: ModelStore) -> tuple[str, ...]:
    """Those that enlarge pixels, in A1111's order."""
    return (*PIXEL_UPSCALERS, *(record.name for record in models.upscalers()))


def upscaler_items(models: ModelStore) -> list[dict[str, Any]]:
    """The answer of `GET /sdapi/v1/upscalers`."""
    plain = [{"name": name, **_item(None)} for name in PIXEL_UPSCALERS]
    return plain + [{"name": record.name, **_item(record)} for record in models.upscalers()]


def real_esrgan_items(models: ModelStore) -> list[dict[str, Any]]:
    """The answer of `GET /sdapi/v1/realesrgan-models`: those of its list that are there.

    A1111 lists all six, and fetches from the web what is asked for.
    """
    return [
        {"name": record.name, "path": str(record.path), "scale": record.scale}
        for record in models.upscalers()
        if record.is_real_esrgan
    ]


def _item(record: UpscalerRecord | None) -> dict[str, Any]:
    return {
        "model_name": None if record is None else record.path.stem,
        "model_path": None if record is None else str(record.path),
        "model_url": None,
        "scale": 4.0 if record is None else float(record.scale),
    }
