"""The one way from a request to plans."""

import secrets
from collections.abc import Callable
from dataclasses import replace

from tintype.core.models import EmbeddingRecord
from tintype.core.orders import Network
from tintype.core.requests import GuidanceSettings, Hires, HiresRequest, Plan, Refiner, Request
from tintype.core.sampler_settings import NoiseSettings, SamplerSettings
from tintype.core.samplers import AUTOMATIC, find_sampler, find_schedule, resolved_schedule
from tintype.core.settings import Limits
from tintype.core.upscalers import find_upscaler
from tintype.planning.checks import check_final_size, check_request
from tintype.planning.library import Library
from tintype.planning.prompts import (
    check_parts,
    networks_in,
    settled_text,
    style_texts,
    traps_in,
    used_embeddings,
)
from tintype.planning.sizes import hires_size
from tintype.planning.vaes import vae_for

_ANY_SEED = -1
_HIGHEST_DRAWN_SEED = 4294967293
_EDIT = 8  # input channels of a U-Net that edits a picture


def plan(
    request: Request, *, library: Library, draw_seed: Callable[[], int], limits: Limits
) -> tuple[Plan, ...]:
    """Settle everything a request leaves open; one plan for each of its images.

    The cheap checks come first: a checkpoint is looked for, which may mean hashing it, only for a
    request that could run.

    Args:
        request: what is asked for.
        library: the files there are.
        draw_seed: a seed for who wants any, see `random_seed`; asked at most twice.
        limits: the bounds of one request.

    Raises:
        InvalidRequest: a value is wrong; names the field and what would be right.
        UnknownName: a sampler, schedule, upscaler, checkpoint or autoencoder is not known.
    """
    check_request(request, limits)
    first = _first_image(request, library, limits)
    seed = draw_seed() if request.seed == _ANY_SEED else request.seed
    subseed = draw_seed() if request.subseed == _ANY_SEED else request.subseed
    return tuple(_image(first, request, seed, subseed, i) for i in range(request.images))


def random_seed() -> int:
    """A seed as A1111 draws it, evenly from 0 to 4294967293."""
    return secrets.randbelow(_HIGHEST_DRAWN_SEED + 1)


def sampler_settings(
    request: Request, sampler: str, schedule: str | None, steps: int
) -> SamplerSettings:
    """The request's settings with names made canonical.

    A schedule that is asked for wins over the sampler's name, even "Automatic".
    """
    info, named = find_sampler(sampler)
    asked = find_schedule(schedule) if schedule else named or AUTOMATIC
    label = resolved_schedule(info, asked).label
    return replace(request.sampling, sampler=info.name, schedule=label, steps=steps)


def _first_image(request: Request, library: Library, limits: Limits) -> Plan:
    """A plan but for its seeds."""
    settings = sampler_settings(request, request.sampler, request.schedule, request.steps)
    styles, negative_styles = style_texts(request.styles, library)
    prompt = settled_text(request.prompt, styles, request.text)
    negative = settled_text(request.negative_prompt, negative_styles, request.text)
    check_parts("prompt", prompt)
    found = networks_in(prompt, library)
    checkpoint = library.find_checkpoint(request.checkpoint or None)
    vae = vae_for(checkpoint, request, library)
    network = Network(
        checkpoint,
        found.adapters if request.uses_networks else (),
        request.tiling,
        request.token_merging,
        vae.record,
    )
    facts = library.facts(network.checkpoint)
    channels = facts.input_channels
    plan = Plan(
        prompt=prompt,
        negative_prompt=negative,
        width=request.width,
        height=request.height,
        network=network,
        settings=replace(settings, is_sdxl=facts.is_sdxl, trained_on=facts.noise),
        guidance=request.guidance if channels == _EDIT else _without_picture(request.guidance),
        text=request.text,
        noise=NoiseSettings(0),
        input_channels=channels,
        edit_scale=facts.edit_scale,
        styles=request.styles,
        init=request.init,
        refiner=_refiner(request, network, library),
        script=request.script,
        notes=request.notes,
        warnings=(*request.warnings, *traps_in(prompt), *found.warnings, *vae.warnings),
    )
    if request.hires is not None:
        hires_prompts = (
            settled_text(request.hires.prompt, styles, request.text)
            if request.hires.prompt
            else prompt,
            settled_text(request.hires.negative_prompt, negative_styles, request.text)
            if request.hires.negative_prompt
            else negative,
        )
        check_parts("hr_prompt", hires_prompts[0])
        plan = replace(
            plan, hires=_hires(request, request.hires, plan, hires_prompts, library, limits)
        )
    return replace(plan, embeddings=_embeddings(plan, library))


def _without_picture(guidance: GuidanceSettings) -> GuidanceSettings:
    """Only edit checkpoints follow a picture; others never see how far they should."""
    return replace(guidance, image_cfg_scale=None)


def _hires(
    request: Request,
    hires: HiresRequest,
    plan: Plan,
    prompts: tuple[str, str],
    library: Library,
    limits: Limits,
) -> Hires:
    size = hires_size(request.width, request.height, hires)
    check_final_size(size.width, size.height, limits)
    settings = plan.settings
    if hires.sampler or hires.schedule or hires.steps:
        settings = sampler_settings(
            request,
            hires.sampler or request.sampler,
            hires.schedule or request.schedule,
            hires.steps or request.steps,
        )
    network = replace(plan.network, token_merging=request.token_merging_hires)
    if hires.checkpoint:
        network = _on(hires.checkpoint, network, request, library)
    facts = library.facts(network.checkpoint)
    settings = replace(settings, is_sdxl=facts.is_sdxl, trained_on=facts.noise)
    if request.uses_networks and prompts[0] != plan.prompt:
        network = replace(network, adapters=networks_in(prompts[0], library).adapters)
    cfg_scale = plan.guidance.cfg_scale if hires.cfg_scale is None else hires.cfg_scale
    return Hires(
        size=size,
        steps_asked=hires.steps,
        upscaler=find_upscaler(hires.upscaler),
        denoising_strength=hires.denoising_strength,
        prompt=prompts[0],
        negative_prompt=prompts[1],
        network=network,
        settings=settings,
        guidance=replace(plan.guidance, cfg_scale=cfg_scale),
        extra_noise=hires.extra_noise,
    )


def _refiner(request: Request, network: Network, library: Library) -> Refiner | None:
    if request.refiner is None:
        return None
    other = _on(request.refiner.checkpoint, network, request, library)
    return Refiner(other, request.refiner.switch_at, request.refiner.by_steps)


def _on(name: str, network: Network, request: Request, library: Library) -> Network:
    """The same use of another checkpoint, with the autoencoder that goes with that one."""
    checkpoint = library.find_checkpoint(name)
    vae = vae_for(checkpoint, request, library).record
    return replace(network, checkpoint=checkpoint, vae=vae)


def _embeddings(plan: Plan, library: Library) -> tuple[EmbeddingRecord, ...]:
    pairs = [(plan.prompt, plan.negative_prompt)]
    if plan.hires is not None:
        pairs.append((plan.hires.prompt, plan.hires.negative_prompt))
    return used_embeddings(pairs, plan.text, plan.network, library)


def _image(first: Plan, request: Request, seed: int, subseed: int, image: int) -> Plan:
    """The plan of one image: with a variation all have one seed, and subseeds count up."""
    varies = request.subseed_strength != 0

    def seed_of(number: int) -> int:
        return seed if varies else seed + number

    batch_start = image // request.batch_size * request.batch_size
    batch_end = min(batch_start + request.batch_size, request.images) - 1
    noise = NoiseSettings(
        seed=seed_of(image),
        source=request.random_source,
        subseed=subseed + image,
        subseed_strength=request.subseed_strength,
        resize_from=request.seed_resize_from,
        ensd=request.ensd,
    )
    place = image - batch_start
    init = first.init
    if init is not None and request.init_pictures:
        init = replace(init, picture=request.init_pictures[place])
    return replace(
        first, noise=noise, encode_seed=seed_of(batch_end), encode_place=place, init=init
    )
