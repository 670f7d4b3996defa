"""What makes a request impossible, told in the words of whoever asked."""

from math import isfinite, sqrt

from tintype.core.requests import HiresRequest, Init, Request
from tintype.core.sampler_settings import SamplerSettings
from tintype.core.settings import Limits
from tintype.errors import InvalidRequest

_CELL = 8  # pixels per side of a latent cell
_MOST_CLIP_SKIP = 12  # the layers of CLIP-L, as A1111's slider ends
_HIGHEST_SEED = 2**63 - 1
_MOST_MERGING = 0.9  # A1111's slider ends there too
_MOST_ETA = 10.0
_MOST_CHURN = 1000.0
_MOST_SIGMA = 10_000.0
_MOST_BLUR = 64
_MOST_PADDING = 2048
_MOST_SCALE = 8.0


def check_request(request: Request, limits: Limits) -> None:
    """Raise `InvalidRequest` for the first value that is out of bounds, if there is one."""
    _check_text("prompt", request.prompt, limits)
    _check_text("negative_prompt", request.negative_prompt, limits)
    _check_side("width", request.width, limits)
    _check_side("height", request.height, limits)
    _check_area("width", request.width, request.height, limits)
    _check_range("steps", request.steps, 1, limits.max_steps)
    _check_range("images", request.images, 1, limits.max_images)
    _check_range("batch_size", request.batch_size, 1, limits.max_images)
    _check_range("clip_skip", request.text.clip_skip, 1, _MOST_CLIP_SKIP)
    _check_number("cfg_scale", request.guidance.cfg_scale, 0, limits.max_cfg_scale)
    _check_seed("seed", request.seed, request.images)
    _check_seed("subseed", request.subseed, request.images)
    _check_number("subseed_strength", request.subseed_strength, 0, 1)
    _check_number("token_merging_ratio", request.token_merging, 0, _MOST_MERGING)
    _check_number("token_merging_ratio_hr", request.token_merging_hires, 0, _MOST_MERGING)
    _check_sampling(request.sampling)
    if request.seed_resize_from is not None:
        for side in request.seed_resize_from:
            _check_range("seed_resize_from", side, _CELL, limits.max_side)
    if request.init is not None:
        _check_init(request.init)
    if request.hires is not None:
        _check_hires(request.hires, limits)
    if request.refiner is not None:
        _check_number("refiner_switch_at", request.refiner.switch_at, 0, 1)


def check_final_size(width: int, height: int, limits: Limits) -> None:
    """Raise `InvalidRequest` if a hires pass would be too large or too small."""
    for side in (width, height):
        _check_range("hr_scale", side, limits.min_side, limits.max_side)
    _check_area("hr_scale", width, height, limits)


def _check_sampling(settings: SamplerSettings) -> None:
    if settings.eta is not None:
        _check_number("eta", settings.eta, 0, _MOST_ETA)
    for name in ("s_churn", "s_tmin", "s_noise"):
        _check_number(name, getattr(settings, name), 0, _MOST_CHURN)
    for name in ("sigma_min", "sigma_max", "rho"):
        if (value := getattr(settings, name)) is not None:
            _check_number(name, value, 0, _MOST_SIGMA)
    _check_range("uni_pc_order", settings.unipc_order, 1, 50)


def _check_init(init: Init) -> None:
    _check_range("resize_mode", init.resize_mode, 0, 3)
    _check_number("denoising_strength", init.denoising_strength, 0, 1)
    _check_number("initial_noise_multiplier", init.noise_multiplier, 0, _MOST_ETA)
    _check_number("img2img_extra_noise", init.extra_noise, 0, _MOST_ETA)
    _check_range("inpainting_fill", init.masking.fill, 0, 3)
    for blur in (init.masking.blur_x, init.masking.blur_y):
        _check_range("mask_blur", blur, 0, _MOST_BLUR)
    _check_range("inpaint_full_res_padding", init.masking.padding, 0, _MOST_PADDING)


def _check_hires(hires: HiresRequest, limits: Limits) -> None:
    _check_number("denoising_strength", hires.denoising_strength, 0, 1)
    _check_number("hr_scale", hires.scale, 1, _MOST_SCALE)
    _check_range("hr_second_pass_steps", hires.steps, 0, limits.max_steps)
    for field, side in (("hr_resize_x", hires.width), ("hr_resize_y", hires.height)):
        _check_range(field, side, 0, limits.max_side)
    _check_text("hr_prompt", hires.prompt, limits)
    _check_text("hr_negative_prompt", hires.negative_prompt, limits)


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


def _check_number(field: str, value: float, low: float, high: float) -> None:
    if not (isfinite(value) and low <= value <= high):
        raise InvalidRequest(field, f"{value} is not a number from {low:g} to {high:g}")


def _check_seed(field: str, seed: int, images: int) -> None:
    highest = _HIGHEST_SEED - (images - 1)
    if not -1 <= seed <= highest:
        raise InvalidRequest(field, f"{seed} is not -1 for any, nor a number from 0 to {highest}")


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


def _check_area(field: str, width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        shrink = sqrt(limits.max_pixels / (width * height))
        good = " × ".join(str(_cells_of(side * shrink)) for side in (width, height))
        raise InvalidRequest(
            field,
            f"{width} × {height} is {width * height} pixels, "
            f"more than the {limits.max_pixels} allowed; {good} would do",
        )


def _cells_of(pixels: float) -> int:
    """The nearest size below that is a whole number of cells."""
    return int(pixels) // _CELL * _CELL
