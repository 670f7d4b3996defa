"""What A1111 can and this server cannot do yet: said, never silently left out.

A field passes when it changes nothing: hires settings while hires is off, an empty script slot.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from tintype.core.samplers import find_sampler
from tintype.errors import InvalidRequest, shown
from tintype.server.sdapi.fields import Txt2ImgBody

_IGNORED_BY_A1111 = frozenset({"refiner", "sampler", "seed"})  # its own page's, unused in the API

_UNSUPPORTED: dict[str, Callable[[Txt2ImgBody], bool]] = {
    "enable_hr": lambda body: body.enable_hr,
    "styles": lambda body: any(body.styles or ()),
    "subseed_strength": lambda body: body.subseed_strength != 0,
    "seed_resize_from_w": lambda body: min(body.seed_resize_from_w, body.seed_resize_from_h) > 0,
    "restore_faces": lambda body: body.restore_faces is True,
    "tiling": lambda body: body.tiling is True,
    "eta": lambda body: body.eta not in (None, 1.0) and _is_ancestral(body),
    "s_min_uncond": lambda body: bool(body.s_min_uncond),
    "s_churn": lambda body: bool(body.s_churn),
    "s_noise": lambda body: body.s_noise not in (None, 1.0),
    "refiner_checkpoint": lambda body: body.refiner_checkpoint not in (None, "", "None"),
    "infotext": lambda body: bool(body.infotext),
    "script_name": lambda body: body.script_name not in (None, "", "None"),
}


def refuse_unsupported(body: Txt2ImgBody) -> None:
    """Raises `InvalidRequest` for the first field that asks for something not there yet."""
    for field, is_asked in _UNSUPPORTED.items():
        if is_asked(body):
            raise InvalidRequest(field, f"{shown(getattr(body, field))} is not supported yet")
    for title, script in body.alwayson_scripts.items():
        if title.casefold() not in _IGNORED_BY_A1111 and _arguments(script):
            raise InvalidRequest("alwayson_scripts", f"{shown(title)} is not supported yet")


def _is_ancestral(body: Txt2ImgBody) -> bool:
    return find_sampler(body.sampler)[0].is_ancestral


def _arguments(script: object) -> object:
    return cast("Mapping[str, Any]", script).get("args") if isinstance(script, dict) else script
