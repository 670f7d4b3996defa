"""What A1111 can and this server cannot do yet: said, never silently left out."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from tintype.errors import InvalidRequest, shown
from tintype.server.sdapi.fields import GenerationBody, Img2ImgBody
from tintype.server.sdapi.scripts.catalogue import (
    ALTERNATIVE_TEST,
    ALWAYS_ON,
    SELECTABLE,
    SOFT_INPAINTING,
    scripts_of,
)

_EXTENSIONS = frozenset({"controlnet", "adetailer", "regional prompter"})
"""Scripts of well-known extensions, which some clients name in every request, without arguments."""

_UNSUPPORTED: dict[str, Callable[[GenerationBody], bool]] = {
    "restore_faces": lambda body: body.restore_faces is True,
    "firstpass_image": lambda body: bool(body.firstpass_image),
}


def refuse_unsupported(body: GenerationBody) -> None:
    """Raises `InvalidRequest` for the first field that asks for something not there yet."""
    for field, is_asked in _UNSUPPORTED.items():
        if is_asked(body):
            raise InvalidRequest(field, f"{shown(getattr(body, field))} is not supported yet")
    for title, script in body.alwayson_scripts.items():
        _check_always_on(title, script, body)


def _check_always_on(title: str, script: object, body: GenerationBody) -> None:
    name = title.strip().casefold()
    tab = "img2img" if isinstance(body, Img2ImgBody) else "txt2img"
    if name in {one.name for one in (*SELECTABLE, ALTERNATIVE_TEST)}:
        raise InvalidRequest(
            "alwayson_scripts",
            f"{shown(title)} is a selectable script; name it in script_name, not here",
        )
    known = {one.name for one in ALWAYS_ON} | _EXTENSIONS
    if name not in known:
        names = ", ".join(one.name for one in scripts_of(tab) if one.always_on)
        raise InvalidRequest(
            "alwayson_scripts", f"Script {shown(title)} not found; {tab} has: {names}"
        )
    unheard = name in _EXTENSIONS or (name == SOFT_INPAINTING.name and tab == "txt2img")
    if unheard and _arguments(script):
        raise InvalidRequest("alwayson_scripts", f"{shown(title)} is not supported yet in {tab}")


def _arguments(script: object) -> object:
    return cast("Mapping[str, Any]", script).get("args") if isinstance(script, dict) else script
