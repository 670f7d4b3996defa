"""Scripts that feed pictures back: from their arguments to a request whose recipe does the rest."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tintype.core.requests import Init, Request
from tintype.core.scripts import (
    Loopback,
    OutpaintingMk2,
    PoorMansOutpainting,
    SdUpscale,
    tile_count,
)
from tintype.errors import InvalidRequest
from tintype.server.sdapi.asking.fields import GenerationBody
from tintype.server.sdapi.asking.work import Turns, Work
from tintype.server.sdapi.scripts.base import Tools, with_fixed_seeds
from tintype.server.sdapi.scripts.catalogue import (
    LOOPBACK,
    OUTPAINTING_MK2,
    POOR_MANS_OUTPAINTING,
    SD_UPSCALE,
    read_arguments,
    sd_upscale_info,
)

_FILLS = ("fill", "original", "latent noise", "latent nothing")
_FILL, _ORIGINAL = 0, 1
_MOST_TURNS = 1000  # tiles of one picture


def loopback(body: GenerationBody, tools: Tools) -> Work:
    """`n_iter` series of pictures, each of them painted over again and again."""
    loops, final_strength, curve, interrogation = read_arguments(LOOPBACK, body.script_args)
    if interrogation != "None":
        raise InvalidRequest(
            "script_args", f"to ask {interrogation} for a prompt is not supported yet; send None"
        )
    request = _asked(body, tools, images=body.n_iter)
    script = Loopback(loops, final_strength, curve)
    notes = (("Final denoising strength", final_strength), ("Denoising curve", curve))
    each = [
        replace(request, images=1, seed=request.seed + series * loops)
        for series in range(body.n_iter)
    ]
    requests = tuple(replace(one, script=script, notes=notes) for one in each)
    return Work(requests, Turns(has_sheet=loops > 1))


def sd_upscale(body: GenerationBody, tools: Tools) -> Work:
    """The picture enlarged and repainted in tiles, `n_iter` times."""
    info = sd_upscale_info(tools.upscalers())
    _, overlap, upscaler, scale = read_arguments(info, body.script_args)
    _check_overlap("Tile overlap", overlap, body)
    request = _asked(body, tools, images=body.n_iter)
    script = SdUpscale(overlap, upscaler, scale, body.batch_size)
    notes = (("SD upscale overlap", overlap), ("SD upscale upscaler", upscaler))
    width, height = _size(request)
    larger = (int(width * scale), int(height * scale)) if upscaler != "None" else (width, height)
    _check_size(larger, (body.width, body.height), overlap)
    return Work((replace(request, script=script, notes=notes),), Turns(has_sheet=False))


def poor_mans_outpainting(body: GenerationBody, tools: Tools) -> Work:
    """The picture on a larger sheet whose margin is painted in tiles.

    A1111's habit: through the API it understands what to fill the margin with by number alone;
    any name is "fill", and infotext then keeps silent about it.
    """
    arguments = read_arguments(POOR_MANS_OUTPAINTING, body.script_args)
    pixels, mask_blur, content, directions = arguments
    _check_directions(directions)
    _check_overlap("Pixels to expand", pixels, body)
    by_name = len(body.script_args) < 3 or isinstance(body.script_args[2], str | None)
    fill = _FILL if by_name else _FILLS.index(content)
    script = PoorMansOutpainting(pixels, mask_blur, directions, states_fill=not by_name)
    request = _asked(body, tools, images=1)
    if by_name and content != _FILLS[_FILL]:
        text = (
            f"{content!r} was taken for 'fill', as A1111 does with names here; "
            f"send the number {_FILLS.index(content)}"
        )
        request = replace(request, warnings=(*request.warnings, text))
    _check_size(script.grown(*_size(request)), (body.width, body.height), pixels)
    request = _with_masks(request, blur=2 * mask_blur, fill=fill)
    return Work((replace(request, script=script),), Turns(has_sheet=False))


def outpainting_mk2(body: GenerationBody, tools: Tools) -> Work:
    """The picture grown side by side, for each image of the batches."""
    arguments = read_arguments(OUTPAINTING_MK2, body.script_args)
    _, pixels, mask_blur, directions, noise_q, colour_variation = arguments
    _check_directions(directions)
    images = body.batch_size * body.n_iter
    request = _asked(body, tools, images=images)
    script = OutpaintingMk2(pixels, mask_blur, directions, noise_q, colour_variation)
    request = _with_masks(request, blur=4 * mask_blur, fill=_ORIGINAL)
    return Work((replace(request, script=script),), Turns(has_sheet=images > 1))


FEEDING: dict[str, Callable[[GenerationBody, Tools], Work]] = {
    LOOPBACK.name: loopback,
    SD_UPSCALE.name: sd_upscale,
    POOR_MANS_OUTPAINTING.name: poor_mans_outpainting,
    OUTPAINTING_MK2.name: outpainting_mk2,
}


def _asked(body: GenerationBody, tools: Tools, images: int) -> Request:
    """What the body asks for, with one picture to begin with and seeds drawn."""
    body = with_fixed_seeds(body, tools.draw_seed)
    request = replace(tools.ask(body), images=images)
    if request.init_pictures:
        raise InvalidRequest("init_images", "this script begins with one picture")
    return request


def _init(request: Request) -> Init:
    if request.init is None:
        raise InvalidRequest("script_name", "this script needs a picture to begin with")
    return request.init


def _with_masks(request: Request, *, blur: int, fill: int) -> Request:
    """The script makes the masks; a mask of the body's own means nothing to it."""
    init = _init(request)
    masking = replace(init.masking, blur_x=blur, blur_y=blur, fill=fill, only_masked=False)
    return replace(request, init=replace(init, masking=masking, mask=None, soft=None))


def _size(request: Request) -> tuple[int, int]:
    from tintype.imaging import picture_from

    return picture_from(_init(request).picture, "init_images").size


def _check_directions(directions: Any) -> None:
    if not directions:
        raise InvalidRequest("script_args", "no direction to go on in; name some sides")


def _check_overlap(label: str, overlap: int, body: GenerationBody) -> None:
    if overlap >= min(body.width, body.height):
        raise InvalidRequest(
            "script_args",
            f"{label}: tiles of {body.width} × {body.height} cannot overlap by {overlap} pixels",
        )


def _check_size(size: tuple[int, int], tile: tuple[int, int], overlap: int) -> None:
    from tintype.imaging.read import MOST_PIXELS

    if size[0] * size[1] > MOST_PIXELS:
        raise InvalidRequest(
            "script_args", f"{size[0]} × {size[1]} is more than the {MOST_PIXELS} pixels allowed"
        )
    if (count := tile_count(size, tile, overlap)) > _MOST_TURNS:
        raise InvalidRequest(
            "script_args", f"that would be {count} tiles; {_MOST_TURNS} are allowed"
        )
