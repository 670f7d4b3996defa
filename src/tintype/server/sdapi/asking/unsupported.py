"""What A1111 can and this server cannot do yet: said, never silently left out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from tintype.errors import InvalidRequest, shown
from tintype.server.sdapi.asking.fields import GenerationBody, Img2ImgBody
from tintype.server.sdapi.scripts.catalogue import (
    ALTERNATIVE_TEST,
    ALWAYS_ON,
    SELECTABLE,
    SOFT_INPAINTING,
    scripts_of,
)

_EXTENSIONS: Mapping[str, Callable[[Any], bool]] = {
    "controlnet": lambda unit: _is_on(unit, "enabled", "model", "module"),
    "adetailer": lambda unit: _is_on(unit, "ad_tab_enable", "ad_model"),
    "regional prompter": lambda unit: unit is True,
}
"""Scripts of well-known extensions, and whether one of their arguments asks for anything.

Some clients name them in every request, without arguments or with units that are switched off.
"""

_NOTHING = frozenset({"", "none", "false", "no", "off", "0", "null"})

_UNSUPPORTED: dict[str, Callable[[GenerationBody], bool]] = {
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
    known = {one.name for one in ALWAYS_ON} | _EXTENSIONS.keys()
    if name not in known:
        names = ", ".join(one.name for one in scripts_of(tab) if one.always_on)
        raise InvalidRequest(
            "alwayson_scripts", f"Script {shown(title)} not found; {tab} has: {names}"
        )
    if name in _EXTENSIONS and _asks(name, _arguments(script)):
        text = f"{shown(title)} is not supported yet; leave it out, or switch its units off"
        raise InvalidRequest("alwayson_scripts", text)
    if name == SOFT_INPAINTING.name and tab == "txt2img" and _is_first_on(_arguments(script)):
        raise InvalidRequest("alwayson_scripts", f"{shown(title)} is for img2img alone")


def _asks(name: str, arguments: Sequence[Any]) -> bool:
    """ADetailer's and Regional Prompter's first argument may switch off everything after it."""
    if name != "controlnet" and arguments and _is_off(arguments[0]):
        return False
    return any(map(_EXTENSIONS[name], arguments))


def _is_on(unit: Any, switch: str, *names: str) -> bool:
    """A unit counts unless it is switched off, or names neither model nor preprocessor."""
    if not isinstance(unit, dict):
        return False
    fields = cast("dict[str, Any]", unit)
    if _is_off(fields.get(switch, True)):
        return False
    return not all(_is_off(fields.get(name)) for name in names)


def _is_first_on(arguments: Sequence[Any]) -> bool:
    return bool(arguments) and not _is_off(arguments[0])


def _is_off(value: Any) -> bool:
    return value is None or (
        isinstance(value, bool | int | float | str) and str(value).strip().lower() in _NOTHING
    )


def _arguments(script: object) -> Sequence[Any]:
    """What a script is told: a list, or one unit that came without it."""
    told: Any = cast("Any", script).get("args", []) if isinstance(script, dict) else script
    if isinstance(told, dict):
        return [cast("Any", told)]
    return cast("list[Any]", told) if isinstance(told, list) else []
