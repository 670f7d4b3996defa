"""The scripts there are and what each is told, as A1111's clients look them up.

One table answers `script-info`, names wrong arguments, and fills in those that are left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from tintype.core.upscalers import PIXEL_UPSCALERS
from tintype.errors import InvalidRequest, shown

Tab = Literal["txt2img", "img2img"]
Kind = Literal["note", "any", "flag", "whole", "number", "text", "choice", "list"]

_SIDES = ("left", "right", "up", "down")


@dataclass(frozen=True, slots=True)
class Argument:
    """One positional argument.

    Attributes:
        label: as A1111's page shows it.
        kind: what it may be. A "note" is text on the page, and whatever is sent for it means
            nothing; "any" is left to the script; a "choice" is one of `choices`, by name or
            number; a "list" some of them.
        value: what it is where nothing is sent.
        minimum: of numbers.
        maximum: of numbers; A1111's slider ends there.
        step: of the slider.
        choices: or None.
    """

    label: str
    kind: Kind
    value: Any
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ScriptInfo:
    """A script.

    Attributes:
        name: its title in lower case; A1111 looks titles up in any case.
        tabs: where it can be chosen.
        arguments: in the order of `script_args`.
        always_on: named in `alwayson_scripts`, not chosen by `script_name`.
        title: as infotext says it.
    """

    name: str
    tabs: tuple[Tab, ...]
    arguments: tuple[Argument, ...] = ()
    always_on: bool = False
    title: str = ""


def _flag(label: str, *, value: bool = False) -> Argument:
    return Argument(label, "flag", value)


def _choice(label: str, value: str, *choices: str) -> Argument:
    return Argument(label, "choice", value, choices=choices)


_MARGIN = Argument("Grid margins (px)", "whole", 0, 0, 500, 2)
_PIXELS = Argument("Pixels to expand", "whole", 128, 8, 256, 8)
_DIRECTIONS = Argument("Outpainting direction", "list", list(_SIDES), choices=_SIDES)
_NOTE = Argument("", "note", "")

PROMPT_MATRIX = ScriptInfo(
    "prompt matrix",
    ("txt2img", "img2img"),
    (
        _flag("Put variable parts at start of prompt"),
        _flag("Use different seed for each picture"),
        _choice("Select prompt", "positive", "positive", "negative"),
        _choice("Select joining char", "comma", "comma", "space"),
        _MARGIN,
    ),
)
PROMPTS_FROM_FILE = ScriptInfo(
    "prompts from file or textbox",
    ("txt2img", "img2img"),
    (
        _flag("Iterate seed every line"),
        _flag("Use same random seed for all lines"),
        _choice("Insert prompts at the", "start", "start", "end"),
        Argument("List of prompt inputs", "text", ""),
    ),
)
XYZ_PLOT = ScriptInfo("x/y/z plot", ("txt2img", "img2img"), title="X/Y/Z plot")
LOOPBACK = ScriptInfo(
    "loopback",
    ("img2img",),
    (
        Argument("Loops", "whole", 4, 1, 32, 1),
        Argument("Final denoising strength", "number", 0.5, 0, 1, 0.01),
        _choice("Denoising strength curve", "Linear", "Aggressive", "Linear", "Lazy"),
        _choice(
            "Append interrogated prompt at each iteration", "None", "None", "CLIP", "DeepBooru"
        ),
    ),
)
SD_UPSCALE = ScriptInfo(
    "sd upscale",
    ("img2img",),
    (
        _NOTE,
        Argument("Tile overlap", "whole", 64, 0, 256, 16),
        _choice("Upscaler", "None", *PIXEL_UPSCALERS),
        Argument("Scale Factor", "number", 2.0, 1, 4, 0.05),
    ),
)
POOR_MANS_OUTPAINTING = ScriptInfo(
    "poor man's outpainting",
    ("img2img",),
    (
        _PIXELS,
        Argument("Mask blur", "whole", 4, 0, 64, 1),
        _choice("Masked content", "fill", "fill", "original", "latent noise", "latent nothing"),
        _DIRECTIONS,
    ),
)
OUTPAINTING_MK2 = ScriptInfo(
    "outpainting mk2",
    ("img2img",),
    (
        _NOTE,
        _PIXELS,
        Argument("Mask blur", "whole", 8, 0, 64, 1),
        _DIRECTIONS,
        Argument("Fall-off exponent (lower=higher detail)", "number", 1.0, 0, 4, 0.01),
        Argument("Color variation", "number", 0.05, 0, 1, 0.01),
    ),
)
ALTERNATIVE_TEST = ScriptInfo("img2img alternative test", ("img2img",))
SOFT_INPAINTING = ScriptInfo(
    "soft inpainting",
    ("img2img",),
    (
        _flag("Soft inpainting"),
        Argument("Schedule bias", "number", 1, 0, 8, 0.1),
        Argument("Preservation strength", "number", 0.5, 0, 8, 0.05),
        Argument("Transition contrast boost", "number", 4, 1, 32, 0.5),
        Argument("Mask influence", "number", 0, 0, 1, 0.05),
        Argument("Difference threshold", "number", 0.5, 0, 8, 0.25),
        Argument("Difference contrast", "number", 2, 0, 8, 0.25),
    ),
    always_on=True,
)
_PAGE_ONLY = tuple(  # of A1111's page; its API ignores them, and clients send them all the same
    ScriptInfo(name, ("txt2img", "img2img"), always_on=True)
    for name in ("extra options", "hypertile", "refiner", "sampler", "seed")
)

SELECTABLE: tuple[ScriptInfo, ...] = (
    LOOPBACK,
    OUTPAINTING_MK2,
    POOR_MANS_OUTPAINTING,
    PROMPT_MATRIX,
    PROMPTS_FROM_FILE,
    SD_UPSCALE,
    XYZ_PLOT,
)
ALWAYS_ON: tuple[ScriptInfo, ...] = (SOFT_INPAINTING, *_PAGE_ONLY)


def sd_upscale_info(upscalers: Sequence[str]) -> ScriptInfo:
    """SD upscale with the upscalers there are, in the order of A1111's list."""
    arguments = (
        replace(argument, choices=tuple(upscalers)) if argument.label == "Upscaler" else argument
        for argument in SD_UPSCALE.arguments
    )
    return replace(SD_UPSCALE, arguments=tuple(arguments))


def scripts_of(tab: Tab) -> list[ScriptInfo]:
    """What a tab offers: what is chosen first, then what is always on."""
    return [script for script in (*SELECTABLE, *ALWAYS_ON) if tab in script.tabs]


def find_script(name: str, tab: Tab) -> ScriptInfo:
    """The script of that title, in any case.

    Raises:
        InvalidRequest: there is none such; says which there are.
    """
    wanted = name.strip().casefold()
    if wanted == ALTERNATIVE_TEST.name and tab in ALTERNATIVE_TEST.tabs:
        raise InvalidRequest("script_name", f"{shown(name)} is not supported yet")
    choices = [script for script in SELECTABLE if tab in script.tabs]
    for script in choices:
        if wanted == script.name:
            return script
    names = ", ".join(script.name for script in choices)
    raise InvalidRequest("script_name", f"Script {shown(name)} not found; {tab} has: {names}")


def read_arguments(script: ScriptInfo, sent: Sequence[Any]) -> list[Any]:
    """Every argument in its type; those left out at the end, and null, are as the page has them.

    Raises:
        InvalidRequest: one makes no sense; names it and what would.
    """
    count = len(script.arguments)
    if len(sent) > count:
        labels = ", ".join(argument.label or "(note)" for argument in script.arguments)
        raise InvalidRequest(
            "script_args", f"{script.name} takes {count}, not {len(sent)}: {labels}"
        )
    padded = [*sent, *[None] * (count - len(sent))]
    pairs = zip(script.arguments, padded, strict=True)
    return [_read(argument, value, place) for place, (argument, value) in enumerate(pairs, 1)]


def _read(argument: Argument, value: Any, place: int) -> Any:
    if value is None or argument.kind == "note":
        return argument.value
    try:
        return _READERS[argument.kind](argument, value)
    except (ValueError, TypeError, OverflowError) as error:
        name = f"number {place} ({argument.label})"
        raise InvalidRequest(
            "script_args", f"{name}: {shown(value)} is not {_expected(argument)}"
        ) from error


def _expected(argument: Argument) -> str:
    match argument.kind:
        case "flag":
            return "true or false"
        case "text" | "note" | "any":
            return "text"
        case "choice":
            return "one of " + ", ".join(argument.choices or ())
        case "list":
            return "a list of some of " + ", ".join(argument.choices or ())
        case "whole":
            return f"a whole number from {argument.minimum:g} to {argument.maximum:g}"
        case "number":
            return f"a number from {argument.minimum:g} to {argument.maximum:g}"


def _read_flag(_: Argument, value: Any) -> bool:
    words = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
    try:
        return words[str(value).casefold()]
    except KeyError as error:
        raise ValueError from error


def _read_number(argument: Argument, value: Any) -> float:
    number = value if type(value) is int else float(value)  # infotext repeats it as it was sent
    low, high = cast(float, argument.minimum), cast(float, argument.maximum)
    if not low <= number <= high:
        raise ValueError
    return number


def _read_whole(argument: Argument, value: Any) -> int:
    return int(_read_number(argument, value))


def _read_text(_: Argument, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _read_choice(argument: Argument, value: Any) -> str:
    choices = argument.choices or ()
    if isinstance(value, str):
        for choice in choices:
            if choice.casefold() == value.strip().casefold():
                return choice
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(choices):
        return choices[value]
    raise ValueError


def _read_list(argument: Argument, value: Any) -> tuple[str, ...]:
    values = cast("list[Any]", [value] if isinstance(value, str) else list(value))
    return tuple(dict.fromkeys(_read_choice(argument, item) for item in values))


_READERS: dict[Kind, Callable[[Argument, Any], Any]] = {
    "any": lambda _, value: value,
    "flag": _read_flag,
    "whole": _read_whole,
    "number": _read_number,
    "text": _read_text,
    "choice": _read_choice,
    "list": _read_list,
}
