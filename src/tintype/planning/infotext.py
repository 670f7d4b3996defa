"""The line of text that tells how a picture was made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf, isinf

from tintype.core.requests import Hires, Init, Plan
from tintype.core.sampler_settings import SamplerSettings
from tintype.core.samplers import find_sampler
from tintype.core.scripts import OutpaintingMk2, PoorMansOutpainting
from tintype.prompt.infotext import FieldValue, Infotext, write_infotext

_WITHOUT_RANGE = ("Automatic", "Uniform", "Simple", "DDIM")  # schedules that are tables
_FILLS = {0: "fill", 2: "latent noise", 3: "latent nothing"}
_Pairs = Iterator[tuple[str, FieldValue]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What an infotext may say of where it was made.

    Attributes:
        model_name: the checkpoint's name.
        model_hash: the first digits of its hash.
        vae_name: the autoencoder's name, where it is not the checkpoint's own.
        vae_hash: the first digits of its hash.
        version: this program's.
    """

    model_name: bool = True
    model_hash: bool = True
    vae_name: bool = True
    vae_hash: bool = True
    version: bool = True


def infotext_for(
    plan: Plan,
    version: str,
    shown: Shown = Shown(),
    more: Mapping[str, FieldValue] | None = None,
) -> str:
    """A1111's infotext of a picture, keys in the order and format of its 1.10.

    Args:
        plan: what was computed.
        version: of this program, as "Version" shall say it.
        shown: what may be told.
        more: said last before the version, for sheets of several pictures.
    """
    hidden = {
        "Model": shown.model_name,
        "Model hash": shown.model_hash,
        "VAE": shown.vae_name,
        "VAE hash": shown.vae_hash,
        "Version": shown.version,
    }
    fields = {**_fixed(plan), **extra_parameters(plan), **(more or {}), "Version": version}
    told = {key: value for key, value in fields.items() if hidden.get(key, True)}
    return write_infotext(Infotext(plan.prompt, plan.negative_prompt, told))


def extra_parameters(plan: Plan) -> dict[str, FieldValue]:
    """What A1111 calls extra generation parameters, in its order."""
    return {key: value for key, value in _extra(plan) if value is not None or key == "Mask blur"}


def _fixed(plan: Plan) -> dict[str, FieldValue]:
    checkpoint, noise, guidance = plan.network.checkpoint, plan.noise, plan.guidance
    vae = plan.network.vae
    varies = noise.subseed_strength != 0
    resize = noise.resize_from
    strength = plan.init or plan.hires
    return {
        "Steps": plan.settings.steps,
        "Sampler": plan.settings.sampler,
        "Schedule type": plan.settings.schedule,
        "CFG scale": float(guidance.cfg_scale),
        "Image CFG scale": guidance.image_cfg_scale,
        "Seed": noise.seed,
        "Face restoration": plan.faces and plan.faces.restorer.name,
        "Size": f"{plan.width}x{plan.height}",
        "Model hash": checkpoint.shorthash,
        "Model": checkpoint.stem,
        "VAE hash": None if vae is None else vae.shorthash,
        "VAE": None if vae is None else vae.name,
        "Variation seed": noise.subseed if varies else None,
        "Variation seed strength": noise.subseed_strength if varies else None,
        "Seed resize from": None if resize is None else f"{resize[0]}x{resize[1]}",
        "Denoising strength": None if strength is None else strength.denoising_strength,
        "Clip skip": plan.text.clip_skip if plan.text.clip_skip > 1 else None,
        "ENSD": noise.ensd if _uses_ensd(plan.settings) and noise.ensd else None,
        "Token merging ratio": plan.network.token_merging or None,
        "Token merging ratio hr": plan.hires and (plan.hires.network.token_merging or None),
        "RNG": noise.source if noise.source != "GPU" else None,
        "Tiling": True if plan.network.tiling else None,
    }


def _extra(plan: Plan) -> _Pairs:
    yield from plan.notes
    if plan.init is not None:
        yield from _mask(plan, plan.init)
    if plan.hires is not None:
        yield from _hires(plan, plan.hires)
    if adapters := plan.network.adapters:
        yield "Lora hashes", _hashes((a.record.name, a.record.hash) for a in adapters)
    if plan.embeddings:
        yield "TI hashes", _hashes((e.name, e.hash) for e in plan.embeddings)
    if plan.text.emphasis != "Original" and any(
        b in plan.prompt + plan.negative_prompt for b in "(["
    ):
        yield "Emphasis", plan.text.emphasis
    yield from _table(plan.settings)
    yield from _sampling(plan.settings)
    yield from _guidance(plan)
    start = plan.init or plan.hires
    if start is not None and start.extra_noise:
        yield "Extra noise", start.extra_noise
    if plan.init is not None and plan.init.noise_multiplier != 1:
        yield "Noise multiplier", plan.init.noise_multiplier
    if plan.text.old_schedule_rule:
        yield "Old prompt editing timelines", True
    yield from _templates(plan)


def _mask(plan: Plan, init: Init) -> _Pairs:
    """Outpainting makes its own masks."""
    outpaints = isinstance(plan.script, PoorMansOutpainting | OutpaintingMk2)
    if init.mask is None and not outpaints:
        return
    if init.soft is not None:
        yield "Soft inpainting enabled", True
        yield "Soft inpainting schedule bias", init.soft.schedule_bias
        yield "Soft inpainting preservation strength", init.soft.preservation_strength
        yield "Soft inpainting transition contrast boost", init.soft.transition_contrast_boost
        yield "Soft inpainting mask influence", init.soft.mask_influence
        yield "Soft inpainting difference threshold", init.soft.difference_threshold
        yield "Soft inpainting difference contrast", init.soft.difference_contrast
    masking = init.masking
    if masking.invert:
        yield "Mask mode", "Inpaint not masked"
    if masking.blur_x > 0 or masking.blur_y > 0:
        yield "Mask blur", masking.blur_x if masking.blur_x == masking.blur_y else None
    if masking.only_masked:
        yield "Inpaint area", "Only masked"
        yield "Masked area padding", masking.padding
    states_fill = not isinstance(plan.script, PoorMansOutpainting) or plan.script.states_fill
    if masking.fill in _FILLS and states_fill:
        yield "Masked content", _FILLS[masking.fill]


def _hires(plan: Plan, hires: Hires) -> _Pairs:
    if hires.network.checkpoint != plan.network.checkpoint:
        yield "Hires checkpoint", hires.network.checkpoint.short_title
    if hires.settings.sampler != plan.settings.sampler:
        yield "Hires sampler", hires.settings.sampler
    if hires.prompt != plan.prompt:
        yield "Hires prompt", hires.prompt
    if hires.negative_prompt != plan.negative_prompt:
        yield "Hires negative prompt", hires.negative_prompt
    if hires.settings.schedule != plan.settings.schedule:
        yield "Hires schedule type", hires.settings.schedule
    yield hires.size.asked
    if hires.steps_asked:
        yield "Hires steps", hires.steps_asked
    yield "Hires upscaler", hires.upscaler


def _hashes(pairs: Iterator[tuple[str, str | None]]) -> str:
    return ", ".join(
        f"{name.replace(':', '').replace(',', '')}: {digits}" for name, digits in pairs
    )


def _table(settings: SamplerSettings) -> _Pairs:
    if settings.downcasts_alphas:
        yield "Downcast alphas_cumprod", True
    if settings.zero_terminal_snr:
        yield "Noise Schedule", "Zero Terminal SNR"


def _sampling(settings: SamplerSettings) -> _Pairs:
    info = find_sampler(settings.sampler)[0]
    if settings.discards_penultimate:
        yield "Discard penultimate sigma", True
    if settings.schedule not in _WITHOUT_RANGE and not info.is_timestep_sampler:
        yield "Schedule min sigma", settings.sigma_min
        yield "Schedule max sigma", settings.sigma_max
        yield "Schedule rho", settings.rho
    if settings.schedule == "Beta" and (settings.beta_alpha, settings.beta_beta) != (0.6, 0.6):
        yield "Beta schedule alpha", settings.beta_alpha
        yield "Beta schedule beta", settings.beta_beta
    if settings.sgm_noise:
        yield "SGM noise multiplier", True
    is_ddim = info.name.startswith("DDIM")
    if settings.eta is not None and (info.is_ancestral or is_ddim):
        neutral, label = (0.0, "Eta DDIM") if is_ddim else (1.0, "Eta")
        if settings.eta != neutral:
            yield label, settings.eta
    yield from _churn(settings)


def _churn(settings: SamplerSettings) -> _Pairs:
    if not settings.states_churn:
        return
    for label, value, neutral in (
        ("Sigma churn", settings.s_churn, 0.0),
        ("Sigma tmin", settings.s_tmin, 0.0),
        ("Sigma tmax", settings.s_tmax, inf),
        ("Sigma noise", settings.s_noise, 1.0),
    ):
        if value != neutral and not isinf(value):
            yield label, value


def _guidance(plan: Plan) -> _Pairs:
    guidance = plan.guidance
    if guidance.skip_early_cond:
        yield "Skip Early CFG", guidance.skip_early_cond
    if guidance.s_min_uncond:
        yield "NGMS", guidance.s_min_uncond
        if guidance.s_min_uncond_all:
            yield "NGMS all steps", True
    if plan.refiner is not None:
        yield "Refiner", plan.refiner.network.checkpoint.short_title
        yield "Refiner switch at", plan.refiner.switch_at
        if plan.refiner.by_steps:
            yield "Refiner switch by sampling steps", True
    if plan.text.pads_uncond:
        yield "Pad conds", True
    if plan.text.pads_uncond_v0:
        yield "Pad conds v0", True


def _templates(plan: Plan) -> _Pairs:
    """As the Dynamic Prompts extension of A1111 names them."""
    if plan.template:
        yield "Template", plan.template
    if plan.negative_template:
        yield "Negative Template", plan.negative_template


def _uses_ensd(settings: SamplerSettings) -> bool:
    return find_sampler(settings.sampler)[0].uses_ensd and settings.eta != 0
