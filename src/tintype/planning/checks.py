"""What makes a request impossible, told in the words of whoever asked."""

from math import isfinite, sqrt

from tintype.core.requests import Request
from tintype.core.settings import Limits
from tintype.errors import InvalidRequest

_CELL = 8  # pixels per side of a latent cell
_MOST_CLIP_SKIP = 12  # the layers of CLIP-L, as A1111's slider ends
_HIGHEST_SEED = 2**63 - 1


def check_request(request: Request, limits: Limits) -> None:
    """Raise `InvalidRequest` for the first value that is out of bounds, if there is one."""
    _check_text("prompt", request.prompt, limits)
    _check_text("negative_prompt", request.negative_prompt, limits)
    _check_side("width", request.width, limits)
    _check_side("height", request.height, limits)
    _check_area(request.width, request.height, limits)
    _check_range("steps", request.steps, 1, limits.max_steps)
    _check_range("images", request.images, 1, limits.max_images)
    _check_range("clip_skip", request.clip_skip, 1, _MOST_CLIP_SKIP)
    _check_cfg_scale(request.cfg_scale, limits)
    _check_seed(request.seed, request.images)


def _check_text(field: str, text: str, limits: Limits) -> None:
    if len(text) > limits.max_prompt_chars:
        allowed = limits.max_prompt_chars
        raise InvalidRequest(field, f"{len(text)} characters are too many; {allowed} are allowed")
    for place, letter in enumerate(text):
        if letter == "\0" or "\ud800" <= letter <= "\udfff":
            raise InvalidRequest(
                field, f"character {place + 1} is U+{ord(letter):04X}, which is not text"
            )


def _check_range(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InvalidRequest(field, f"{value} is not a whole number from {low} to {high}")


def _check_cfg_scale(value: float, limits: Limits) -> None:
    if not (isfinite(value) and 0 <= value <= limits.max_cfg_scale):
        high = limits.max_cfg_scale
        raise InvalidRequest("cfg_scale", f"{value} is not a number from 0 to {high:g}")


def _check_seed(seed: int, images: int) -> None:
    highest = _HIGHEST_SEED - (images - 1)
    if not -1 <= seed <= highest:
        raise InvalidRequest("seed", f"{seed} is not -1 for any, nor a number from 0 to {highest}")


def _check_side(field: str, pixels: int, limits: Limits) -> None:
    if pixels < limits.min_side:
        raise InvalidRequest(field, f"{pixels} is too small; {limits.min_side} is the smallest")
    if pixels > limits.max_side:
        raise InvalidRequest(field, f"{pixels} is too large; {limits.max_side} is the largest")
    if pixels % _CELL:
        near = " or ".join(str(side) for side in _sides_beside(pixels, limits))
        raise InvalidRequest(field, f"{pixels} is not a multiple of {_CELL}; {near} would do")


def _sides_beside(pixels: int, limits: Limits) -> list[int]:
    below = pixels // _CELL * _CELL
    return [s for s in (below, below + _CELL) if limits.min_side <= s <= limits.max_side]


def _check_area(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        shrink = sqrt(limits.max_pixels / (width * height))
        good = " × ".join(str(_cells_of(side * shrink)) for side in (width, height))
        raise InvalidRequest(
            "width",
            f"{width} × {height} is {width * height} pixels, "
            f"more than the {limits.max_pixels} allowed; {good} would do",
        )


def _cells_of(pixels: float) -> int:
    """The nearest size below that is a whole number of cells."""
    return int(pixels) // _CELL * _CELL
