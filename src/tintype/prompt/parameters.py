"""What an infotext asks for, complete: A1111's reading with its defaults and its care for the old.

`read_infotext` says what is written; this is what a program should set to make the picture again.
"""

import re
from collections.abc import Collection, Sequence
from math import ceil, sqrt
from typing import TypeAlias

from tintype.prompt.infotext import read_infotext
from tintype.prompt.styles import Style, extract_styles

ParameterValue: TypeAlias = str | int | bool | list[str]
Parameters: TypeAlias = dict[str, ParameterValue]

_DEFAULTS: Parameters = {
    "Clip skip": "1",
    "Hires resize-1": 0,
    "Hires resize-2": 0,
    "Hires sampler": "Use same sampler",
    "Hires schedule type": "Use same scheduler",
    "Hires checkpoint": "Use same checkpoint",
    "Hires prompt": "",
    "Hires negative prompt": "",
    "Mask mode": "Inpaint masked",
    "Masked content": "original",
    "Inpaint area": "Whole picture",
    "Masked area padding": 32,
    "RNG": "GPU",
    "Schedule type": "Automatic",
    "Schedule max sigma": 0,
    "Schedule min sigma": 0,
    "Schedule rho": 0,
    "VAE Encoder": "Full",
    "VAE Decoder": "Full",
    "FP8 weight": "Disable",
    "Refiner switch by sampling steps": False,
}
_SIZE = re.compile(r"(\d+)x(\d+)")
_VERSION = re.compile(r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-(\d{1,9})(?:-g[0-9a-f]+)?|-?(rc)\d*)?")
_SIDE = re.compile(r"[0-9]{1,6}")
_OLD_PIXELS = 512 * 512  # what A1111 once painted before enlarging


def parse_parameters(
    text: str, *, styles: Sequence[Style] = (), skipped: Collection[str] = ()
) -> Parameters:
    """The parameters of an infotext, as `/sdapi/v1/png-info` answers them.

    Args:
        styles: those to be recognised and taken off the prompts again, then named under
            "Styles array".
        skipped: names to be left out (A1111's option infotext_skip_pasting).

    Returns:
        Texts as they are written, sizes under "Size-1" and "Size-2", and A1111's defaults for what
        is missing.
    """
    found = _as_written(text, styles)
    _append_hypernet(found)
    _restore_first_pass(found)
    _serve_old_versions(found)
    if any(sign in str(found[key]) for key in ("Prompt", "Negative prompt") for sign in "(["):
        found.setdefault("Emphasis", "Original")
    return {key: value for key, value in (found | _missing(found)).items() if key not in skipped}


def _as_written(text: str, styles: Sequence[Style]) -> Parameters:
    infotext = read_infotext(text)
    names, prompt, negative_prompt = extract_styles(
        infotext.prompt, infotext.negative_prompt, styles
    )
    found: Parameters = {"Prompt": prompt, "Negative prompt": negative_prompt}
    for key, value in infotext.fields.items():
        size = _SIZE.fullmatch(str(value))
        found |= {f"{key}-1": size[1], f"{key}-2": size[2]} if size else {key: str(value)}
    return found | {"Styles array": names} if names else found


def _missing(found: Parameters) -> Parameters:
    return {key: value for key, value in _DEFAULTS.items() if key not in found}


def _append_hypernet(found: Parameters) -> None:
    """A hypernetwork was a field before it was a tag."""
    if "Hypernet" in found:
        strength = found.get("Hypernet strength", "1.0")
        found["Prompt"] = f"{found['Prompt']}<hypernet:{found['Hypernet']}:{strength}>"


def _restore_first_pass(found: Parameters) -> None:
    """The size was that of the finished picture before the first pass had the name."""
    first = _side(found, "First pass size-1"), _side(found, "First pass size-2")
    if None in first:
        return
    width, height = _side(found, "Size-1") or 512, _side(found, "Size-2") or 512
    if 0 in first:
        scale = sqrt(_OLD_PIXELS / (width * height))
        first = ceil(scale * width / 64) * 64, ceil(scale * height / 64) * 64
    found["Size-1"], found["Size-2"] = str(first[0]), str(first[1])
    found["Hires resize-1"], found["Hires resize-2"] = str(width), str(height)


def _side(found: Parameters, key: str) -> int | None:
    text = str(found.get(key, ""))
    return int(text) if _SIDE.fullmatch(text) else None


def _serve_old_versions(found: Parameters) -> None:
    """Ask for the ways of the version that wrote the text, where they have changed since."""
    version = _version(str(found.get("Version", "")))
    if version is None:
        return
    if version < (1, 6, 0, 0) and "[" in str(found["Prompt"]):
        found.setdefault("Old prompt editing timelines", True)
    if version < (1, 6, 0, 0) and found.get("Sampler") in ("DDIM", "PLMS"):
        found.setdefault("Pad conds v0", True)
    if version < (1, 7, 0, 225):
        found.setdefault("Downcast alphas_cumprod", True)
    if version < (1, 8, 0, 0) and "Refiner" in found:
        found.setdefault("Refiner switch by sampling steps", True)


def _version(text: str) -> tuple[int, int, int, int] | None:
    """(major, minor, patch, commits since, or -1 for a candidate); None if it is no A1111's."""
    match = _VERSION.fullmatch(text.lower())
    if match is None:
        return None
    return int(match[1]), int(match[2]), int(match[3]), -1 if match[5] else int(match[4] or 0)
