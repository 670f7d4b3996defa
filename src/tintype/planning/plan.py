"""The one way from a request to plans."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from tintype.core.models import EmbeddingRecord
from tintype.core.orders import Network
from tintype.core.requests import GuidanceSettings, Hires, HiresRequest, Plan, Refiner, Request
from tintype.core.sampler_settings import NoiseSettings, SamplerSettings
from tintype.core.samplers import AUTOMATIC, find_sampler, find_schedule, resolved_schedule
from tintype.core.settings import Limits
from tintype.planning.checks import check_final_size, check_request
from tintype.planning.faces import settled_faces
from tintype.planning.library import Library
from tintype.planning.prompts import (
    check_parts,
    networks_in,
    traps_in,
    used_embeddings,
)
from tintype.planning.sizes import hires_size
from tintype.planning.texts import Texts, drawer, settled_texts
from tintype.planning.upscaling import settled_init, settled_script, settled_upscaler
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
        UnknownName: a sampler, schedule, upscaler, checkpoint, autoencoder or wildcard is not
            known.
    """
    check_request(request, limits)
    seed = draw_seed() if request.seed == _ANY_SEED else request.seed
    subseed = draw_seed() if request.subseed == _ANY_SEED else request.subseed
    templates = settled_texts(request, library)
    draw = drawer(templates, request.text, library, limits)

    @cache
    def first(texts: Texts) -> Plan:
        return _with_templates(_first_image(request, texts, library, limits), templates)

    return tuple(
        _image(first(draw(_seed_of(request, seed, i))), request, seed, subseed, i)
        for i in range(request.images)
    )


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


def _with_templates(plan: Plan, templates: Texts) -> Plan:
    """The same, knowing what its texts were drawn from, where they were."""
    return replace(
        plan,
        template="" if plan.prompt == templates.prompt else templates.prompt,
        negative_template=""
        if plan.negative_prompt == templates.negative_prompt
        else templates.negative_prompt,
    )


def _first_image(request: Request, texts: Texts, library: Library, limits: Limits) -> Plan:
    """A plan but for its seeds."""
    settings = sampler_settings(request, request.sampler, request.schedule, request.steps)
    prompt = texts.prompt
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
        negative_prompt=texts.negative_prompt,
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
        init=request.init and settled_init(request.init, library, request.tiles),
        refiner=_refiner(request, network, library),
        script=settled_script(request.script, library, request.tiles),
        faces=request.faces and settled_faces(request.faces, library),
        notes=request.notes,
        warnings=(*request.warnings, *traps_in(prompt), *found.warnings, *vae.warnings),
    )
    if request.hires is not None:
        check_parts("hr_prompt", texts.hires_prompt)
        plan = replace(plan, hires=_hires(request, request.hires, plan, texts, library, limits))
    return replace(plan, embeddings=_embeddings(plan, library))


def _without_picture(guidance: GuidanceSettings) -> GuidanceSettings:
    """Only edit checkpoints follow a picture; others never see how far they should."""
    return replace(guidance, image_cfg_scale=None)


def _hires(
    request: Request,
    hires: HiresRequest,
    plan: Plan,
    texts: Texts,
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
    if request.uses_networks and texts.hires_prompt != plan.prompt:
        network = replace(network, adapters=networks_in(texts.hires_prompt, library).adapters)
    cfg_scale = plan.guidance.cfg_scale if hires.cfg_scale is None else hires.cfg_scale
    upscaler, enlarger = settled_upscaler(hires.upscaler, library, request.tiles, latent=True)
    return Hires(
        size=size,
        steps_asked=hires.steps,
        upscaler=upscaler,
        enlarger=enlarger,
        denoising_strength=hires.denoising_strength,
        prompt=texts.hires_prompt,
        negative_prompt=texts.hires_negative_prompt,
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


def _seed_of(request: Request, seed: int, image: int) -> int:
    """With a variation all images have one seed, and their texts are one, too."""
    return seed if request.subseed_strength != 0 else seed + image


def _image(first: Plan, request: Request, seed: int, subseed: int, image: int) -> Plan:
    """The plan of one image: its subseed counts up whether there is a variation or not."""
    batch_start = image // request.batch_size * request.batch_size
    batch_end = min(batch_start + request.batch_size, request.images) - 1
    noise = NoiseSettings(
        seed=_seed_of(request, seed, image),
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
        first,
        noise=noise,
        encode_seed=_seed_of(request, seed, batch_end),
        encode_place=place,
        init=init,
    )
