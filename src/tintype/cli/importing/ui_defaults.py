"""`ui-config.json` of A1111 and Forge: what the page began with becomes the preset "ui"."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from fastapi.exceptions import RequestValidationError

from tintype.cli.importing.rows import Row, counted, listed
from tintype.errors import InvalidRequest
from tintype.server.native.presets.fields import checked_fields

PRESET = "ui"

_KEY = re.compile(r"(?:customscript/[^/]+/)?txt2img/(?P<label>[^/]+)/value")


def _whole(value: object) -> int:
    return int(cast("float", value))


def _number(value: object) -> float:
    return float(cast("float", value))


def _words(value: object) -> str:
    return str(value)


_Read = Callable[[object], Any]
_LABELS: Mapping[str, tuple[str, _Read]] = {
    "Prompt": ("prompt", _words),
    "Negative prompt": ("negative_prompt", _words),
    "Sampling steps": ("steps", _whole),
    "Sampling Steps": ("steps", _whole),
    "Sampling method": ("sampler", _words),
    "Schedule type": ("schedule", _words),
    "Width": ("width", _whole),
    "Height": ("height", _whole),
    "CFG Scale": ("cfg_scale", _number),
    "Seed": ("seed", _whole),
    "Tiling": ("tiling", bool),
}
_HIRES: Mapping[str, tuple[str, _Read]] = {
    "Denoising strength": ("denoising_strength", _number),
    "Upscaler": ("upscaler", _words),
    "Upscale by": ("scale", _number),
    "Hires steps": ("steps", _whole),
}
_PLAIN: Mapping[str, Any] = {  # what A1111's page begins with where nobody changed it
    "prompt": "",
    "negative_prompt": "",
    "steps": 20,
    "sampler": "DPM++ 2M",
    "schedule": "Automatic",
    "width": 512,
    "height": 512,
    "cfg_scale": 7.0,
    "seed": -1,
    "tiling": False,
    "images": 1,
}


def read_defaults(config: Mapping[str, object]) -> tuple[dict[str, Any], list[str]]:
    """Fields of a job that the old page began with, and what of it cannot be had.

    Those that are as A1111's page begins anyway are left out.
    """
    values = {m["label"]: v for key, v in config.items() if (m := _KEY.fullmatch(key))}
    wrong: list[str] = []
    fields = _read(values, _LABELS, wrong)
    images = _read(values, _COUNTS, wrong)
    fields["images"] = images.get("n_iter", 1) * images.get("batch_size", 1)
    fields = {name: v for name, v in fields.items() if v != _PLAIN.get(name)}
    if isinstance(values.get("Styles"), list) and values["Styles"]:
        fields["styles"] = values["Styles"]
    if values.get("Hires. fix") is True:
        fields["hires"] = _read(values, _HIRES, wrong)
    return {n: v for n, v in fields.items() if _is_good(n, v, wrong)}, wrong


_COUNTS: Mapping[str, tuple[str, _Read]] = {
    "Batch count": ("n_iter", _whole),
    "Batch size": ("batch_size", _whole),
}


def _read(
    values: Mapping[str, object], labels: Mapping[str, tuple[str, _Read]], wrong: list[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for label, (name, read) in labels.items():
        if values.get(label) is None:
            continue
        try:
            found[name] = read(values[label])
        except (TypeError, ValueError, OverflowError):
            wrong.append(f"{label}: {str(values[label])[:40]!r} is not what was expected")
    return found


def _is_good(name: str, value: object, wrong: list[str]) -> bool:
    try:
        checked_fields({name: value})
    except (InvalidRequest, RequestValidationError):
        wrong.append(f"{name}: {str(value)[:40]!r} is nothing a preset can hold")
        return False
    return True


def default_rows(fields: Mapping[str, Any], wrong: list[str]) -> Iterator[Row]:
    """What is told of them."""
    if fields:
        how = f'preset "{PRESET}" ({listed(sorted(fields))}); jobs ask for it with "preset"'
        yield Row("defaults of the page", "comes", how)
    else:
        yield Row("defaults of the page", "needless", "they are A1111's own")
    if wrong:
        yield Row(counted(len(wrong), "default"), "stays", "; ".join(wrong[:5]))
