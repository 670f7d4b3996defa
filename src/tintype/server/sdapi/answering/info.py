"""The object `info` of an answer, key for key as A1111 gives it."""

from collections.abc import Sequence
from typing import Any

from tintype.core.requests import Plan
from tintype.core.samplers import find_sampler
from tintype.core.scripts import (
    Loopback,
    OutpaintingMk2,
    PoorMansOutpainting,
    SdUpscale,
    tile_count,
)
from tintype.core.upscalers import upscaled_size
from tintype.planning import extra_parameters
from tintype.server.sdapi.answering.finished import Finished
from tintype.server.sdapi.answering.pages import Page
from tintype.server.sdapi.asking.work import Lines, Plot, Turns

_UNKNOWN_SUBSEED = -1  # what A1111 tells where a script did not say


def info_of(finished: Finished, page: Page) -> dict[str, Any]:
    """What `info` says of a job and its page."""
    info = _plain(finished, page)
    match finished.asked.work.sheet:
        case Lines(next_seed=next_seed):
            return info | _of_lines(finished, next_seed)
        case Plot() as plot:
            return info | _of_plot(finished, plot)
        case Turns():
            return info | _of_turns(finished)
        case _:
            return info


def _plain(finished: Finished, page: Page) -> dict[str, Any]:
    body, plans, first = finished.asked.body, finished.plans, finished.plans[0]
    checkpoint, vae = first.network.checkpoint, first.network.vae
    return {
        "prompt": first.prompt,
        "all_prompts": [plan.prompt for plan in plans],
        "negative_prompt": first.negative_prompt,
        "all_negative_prompts": [plan.negative_prompt for plan in plans],
        "seed": first.seed,
        "all_seeds": [plan.seed for plan in plans],
        "subseed": first.noise.subseed,
        "all_subseeds": [plan.noise.subseed for plan in plans],
        "subseed_strength": first.noise.subseed_strength,
        "width": first.width,
        "height": first.height,
        "sampler_name": first.settings.sampler,
        "cfg_scale": first.guidance.cfg_scale,
        "steps": first.settings.steps,
        "batch_size": body.batch_size,
        "restore_faces": first.faces is not None,
        "face_restoration_model": first.faces and first.faces.restorer.name,
        "sd_model_name": checkpoint.stem,
        "sd_model_hash": checkpoint.shorthash,
        "sd_vae_name": None if vae is None else vae.name,
        "sd_vae_hash": None if vae is None else vae.shorthash,
        "seed_resize_from_w": body.seed_resize_from_w,
        "seed_resize_from_h": body.seed_resize_from_h,
        "denoising_strength": body.denoising_strength,
        "extra_generation_params": extra_parameters(first),
        "index_of_first_image": page.sheets,
        "infotexts": list(page.infotexts),
        "styles": list(first.styles),
        "job_timestamp": finished.began.strftime("%Y%m%d%H%M%S"),
        "clip_skip": first.text.clip_skip,
        "is_using_inpainting_conditioning": False,
        "version": finished.version,
    }


def _of_lines(finished: Finished, next_seed: int | None) -> dict[str, Any]:
    """A1111 tells of the body as it came: no line's steps, and no checkpoint was looked at."""
    body = finished.asked.body
    seed = finished.plans[0].seed if next_seed is None else next_seed
    return {
        "negative_prompt": body.negative_prompt,
        "all_negative_prompts": [body.negative_prompt],
        "seed": seed,
        "all_seeds": [seed],
        "subseed": _UNKNOWN_SUBSEED,
        "all_subseeds": [_UNKNOWN_SUBSEED],
        "subseed_strength": body.subseed_strength,
        "width": body.width,
        "height": body.height,
        "sampler_name": find_sampler(body.sampler)[0].name,
        "cfg_scale": body.cfg_scale,
        "steps": body.steps,
        "restore_faces": body.restore_faces,
        "sd_model_name": None,
        "sd_model_hash": None,
        "sd_vae_name": None,
        "sd_vae_hash": None,
        "extra_generation_params": {},
        "styles": list(body.styles or ()),
    }


def _of_plot(finished: Finished, plot: Plot) -> dict[str, Any]:
    """Prompts and seeds of all sheets and cells, the rest is the first cell's."""
    plans = finished.plans
    each = len(plot.x.legends) * len(plot.y.legends)
    firsts = plans[::each] if plot.shows_sheets else ()
    listed = [plans[0], *firsts, *plans]
    strength = plans[0].init or plans[0].hires
    return {
        "all_prompts": [plan.prompt for plan in listed],
        "all_negative_prompts": [plans[0].negative_prompt],
        "all_seeds": [plan.seed for plan in listed],
        "all_subseeds": [plans[0].noise.subseed],
        "denoising_strength": None if strength is None else strength.denoising_strength,
    }


def _of_turns(finished: Finished) -> dict[str, Any]:
    """The first turn's seed and infotext; lists and strength are what the last turn leaves."""
    last = finished.plans[-1]
    seeds = _last_seeds(finished, last)
    first = finished.plans[0]
    strength = first.init and first.init.denoising_strength
    if isinstance(last.script, Loopback) and strength is not None:
        strength = last.script.strength(strength, last.script.loops)
    return {
        "all_prompts": [first.prompt] * len(seeds),
        "all_negative_prompts": [first.negative_prompt] * len(seeds),
        "all_seeds": seeds,
        "subseed": _UNKNOWN_SUBSEED,
        "all_subseeds": [first.noise.subseed + place for place in range(len(seeds))],
        "denoising_strength": strength,
    }


def _last_seeds(finished: Finished, last: Plan) -> Sequence[int]:
    """Seeds of the batch that was painted last."""
    match last.script:
        case Loopback(loops=loops):
            return [last.seed + loops - 1]
        case SdUpscale(batch_size=batch_size) as script:
            start = last.seed + (_tile_count(last, script) - 1) // batch_size
            return [start + place for place in range(batch_size)]
        case PoorMansOutpainting() as script:
            return [last.seed + _work_count(last, script) - 1]
        case OutpaintingMk2() | None:
            batch_size = finished.asked.body.batch_size
            return [plan.seed for plan in finished.plans[-batch_size:]]


def _tile_count(plan: Plan, script: SdUpscale) -> int:
    size = _blank(plan).size
    larger = size if script.upscaler == "None" else upscaled_size(size, script.scale)
    return tile_count(larger, (plan.width, plan.height), script.overlap)


def _work_count(plan: Plan, script: PoorMansOutpainting) -> int:
    from tintype.imaging.outpaint import poor_mans_canvas, poor_mans_work

    canvas = poor_mans_canvas(_blank(plan), script.directions, script.pixels, script.mask_blur)
    return len(poor_mans_work(canvas, (plan.width, plan.height), script.pixels)[1])


def _blank(plan: Plan) -> Any:
    """A picture of the size of the plan's own."""
    from PIL import Image

    from tintype.imaging import picture_from

    if plan.init is None:
        raise ValueError("a script without a picture to begin with: this is a bug")
    return Image.new("RGB", picture_from(plan.init.picture, "init_images").size)
