"""From an infotext back to the request it came from."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import TypeVar

from tintype.core.faces import FACE_RESTORERS, FaceRestorerName, FaceSettings
from tintype.core.requests import (
    BUILT_IN_VAE,
    GuidanceSettings,
    HiresRequest,
    RefinerRequest,
    Request,
)
from tintype.core.sampler_settings import RandomSource, SamplerSettings
from tintype.core.samplers import find_sampler
from tintype.core.text_settings import TextSettings
from tintype.errors import InvalidRequest, shown
from tintype.prompt.infotext import Infotext

_T = TypeVar("_T", int, float)

_FACES = "Face restoration"
_KNOWN = frozenset(
    """
    Steps|Sampler|Schedule type|CFG scale|Image CFG scale|Seed|Size|Model hash|Model|VAE hash|VAE
    |Variation seed|Variation seed strength|Seed resize from|Denoising strength|Clip skip|ENSD
    |Token merging ratio|Token merging ratio hr|RNG|Tiling|Hires checkpoint|Hires sampler
    |Hires prompt|Hires negative prompt|Hires schedule type|Hires upscale|Hires resize|Hires steps
    |Hires upscaler|Lora hashes|TI hashes|Emphasis|Downcast alphas_cumprod|Noise Schedule
    |Discard penultimate sigma|Schedule min sigma|Schedule max sigma|Schedule rho
    |Beta schedule alpha|Beta schedule beta|SGM noise multiplier|Eta|Eta DDIM|Sigma churn
    |Sigma tmin|Sigma tmax|Sigma noise|Skip Early CFG|NGMS|NGMS all steps|Refiner
    |Refiner switch at|Refiner switch by sampling steps|Pad conds|Pad conds v0|Extra noise
    |Old prompt editing timelines|Version|User|Template|Negative Template|Face restoration
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
)


@dataclass(frozen=True, slots=True)
class Remake:
    """A request read from an infotext.

    Attributes:
        request: asks for the same picture, as far as it can be told.
        model_hash: first digits of the checkpoint's hash, or None.
        vae_hash: first digits of the autoencoder's, or None.
        adapter_hashes: of LoRAs, by name.
        doubts: what the picture may owe to things that cannot be asked for here.
    """

    request: Request
    model_hash: str | None
    vae_hash: str | None
    adapter_hashes: Mapping[str, str]
    doubts: tuple[str, ...]


def remade(infotext: Infotext) -> Remake:
    """The request an infotext tells of. Raises `InvalidRequest` if it does not tell enough."""
    fields = {key: str(value) for key, value in infotext.fields.items()}
    for key in ("Steps", "Sampler", "Seed", "Size"):
        if key not in fields:
            raise InvalidRequest("infotext", f"it does not tell {key}")
    read = _Reader(fields)
    width, height = read.size("Size")
    request = Request(
        prompt=infotext.prompt,
        negative_prompt=infotext.negative_prompt,
        seed=read.whole("Seed"),
        steps=read.whole("Steps"),
        width=width,
        height=height,
        sampler=fields["Sampler"],
        schedule=_schedule(fields),
        checkpoint=fields.get("Model hash") or fields.get("Model"),
        vae=fields.get("VAE") or fields.get("VAE hash") or BUILT_IN_VAE,
        subseed=read.whole("Variation seed", 0),
        subseed_strength=read.number("Variation seed strength", 0.0),
        seed_resize_from=read.size("Seed resize from") if "Seed resize from" in fields else None,
        random_source=_source(fields),
        ensd=read.whole("ENSD", 0),
        sampling=_sampling(read),
        guidance=_guidance(read),
        text=_text(read),
        tiling=read.flag("Tiling"),
        token_merging=read.number("Token merging ratio", 0.0),
        token_merging_hires=read.number("Token merging ratio hr", 0.0),
        refiner=_refiner(read),
        faces=_faces(fields),
    )
    return Remake(
        replace(request, hires=_hires(read)),
        fields.get("Model hash"),
        fields.get("VAE hash"),
        _named_hashes(fields.get("Lora hashes", "")),
        tuple(_doubts(fields)),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    fields: Mapping[str, str]

    def number(self, key: str, default: float | None = None) -> float:
        return self._read(key, default, float, "a number")

    def whole(self, key: str, default: int | None = None) -> int:
        return self._read(key, default, int, "a whole number")

    def flag(self, key: str) -> bool:
        return self.fields.get(key, "False").casefold() in ("true", "1", key.casefold())

    def size(self, key: str) -> tuple[int, int]:
        match = re.fullmatch(r"\s*(\d{1,6})x(\d{1,6})\s*", self.fields[key])
        if match is None:
            raise InvalidRequest(key, f"{shown(self.fields[key])} is not a size such as 512x768")
        return int(match[1]), int(match[2])

    def _read(self, key: str, default: _T | None, kind: Callable[[str], _T], words: str) -> _T:
        if key not in self.fields and default is not None:
            return default
        if key not in self.fields:
            raise InvalidRequest("infotext", f"it does not tell {key}")
        try:
            return kind(self.fields[key])
        except ValueError as error:
            raise InvalidRequest(key, f"{shown(self.fields[key])} is not {words}") from error


def _schedule(fields: Mapping[str, str]) -> str | None:
    """Before A1111 1.9 a sampler's plain name meant evenly spaced timesteps."""
    if "Schedule type" in fields:
        return fields["Schedule type"]
    info, named = find_sampler(fields["Sampler"])
    return None if named is not None or info.default_schedule is None else "Uniform"


def _source(fields: Mapping[str, str]) -> RandomSource:
    match fields.get("RNG", "GPU"):
        case "CPU":
            return "CPU"
        case "NV":
            return "NV"
        case _:
            return "GPU"


def _sampling(read: _Reader) -> SamplerSettings:
    fields = read.fields
    eta = next((read.number(key) for key in ("Eta", "Eta DDIM") if key in fields), None)
    return SamplerSettings(
        eta=eta,
        s_churn=read.number("Sigma churn", 0.0),
        s_tmin=read.number("Sigma tmin", 0.0),
        s_tmax=read.number("Sigma tmax", inf),
        s_noise=read.number("Sigma noise", 1.0),
        sigma_min=read.number("Schedule min sigma", 0.0) or None,
        sigma_max=read.number("Schedule max sigma", 0.0) or None,
        rho=read.number("Schedule rho", 0.0) or None,
        discards_penultimate=read.flag("Discard penultimate sigma"),
        sgm_noise=read.flag("SGM noise multiplier"),
        downcasts_alphas=read.flag("Downcast alphas_cumprod"),
        zero_terminal_snr=fields.get("Noise Schedule") == "Zero Terminal SNR",
        beta_alpha=read.number("Beta schedule alpha", 0.6),
        beta_beta=read.number("Beta schedule beta", 0.6),
        states_churn=any(key.startswith("Sigma ") for key in fields),
    )


def _guidance(read: _Reader) -> GuidanceSettings:
    return GuidanceSettings(
        cfg_scale=read.number("CFG scale", 7.0),
        image_cfg_scale=read.number("Image CFG scale", 0.0) or None,
        s_min_uncond=read.number("NGMS", 0.0),
        s_min_uncond_all=read.flag("NGMS all steps"),
        skip_early_cond=read.number("Skip Early CFG", 0.0),
    )


def _text(read: _Reader) -> TextSettings:
    emphasis = read.fields.get("Emphasis", "Original")
    if emphasis not in ("Original", "No norm", "Ignore", "None"):
        raise InvalidRequest("Emphasis", f"{shown(emphasis)} is no way to weigh words known here")
    return TextSettings(
        emphasis=emphasis,
        clip_skip=read.whole("Clip skip", 1),
        pads_uncond=read.flag("Pad conds"),
        pads_uncond_v0=read.flag("Pad conds v0"),
        old_schedule_rule=read.flag("Old prompt editing timelines"),
        keeps_comments=True,
    )


def _refiner(read: _Reader) -> RefinerRequest | None:
    if "Refiner" not in read.fields:
        return None
    by_steps = read.flag("Refiner switch by sampling steps")
    return RefinerRequest(read.fields["Refiner"], read.number("Refiner switch at", 0.8), by_steps)


def _hires(read: _Reader) -> HiresRequest | None:
    fields = read.fields
    if "Hires upscale" not in fields and "Hires resize" not in fields:
        return None
    width, height = read.size("Hires resize") if "Hires resize" in fields else (0, 0)
    return HiresRequest(
        denoising_strength=read.number("Denoising strength"),
        scale=read.number("Hires upscale", 2.0),
        width=width,
        height=height,
        upscaler=fields.get("Hires upscaler", "Latent"),
        steps=read.whole("Hires steps", 0),
        sampler=fields.get("Hires sampler"),
        schedule=fields.get("Hires schedule type"),
        checkpoint=fields.get("Hires checkpoint"),
        prompt=fields.get("Hires prompt", ""),
        negative_prompt=fields.get("Hires negative prompt", ""),
        extra_noise=read.number("Extra noise", 0.0),
    )


def _named_hashes(text: str) -> dict[str, str]:
    pairs = (item.split(":", 1) for item in text.split(",") if ":" in item)
    return {name.strip(): digits.strip() for name, digits in pairs}


def _faces(fields: Mapping[str, str]) -> FaceSettings | None:
    said = fields.get(_FACES, "").casefold()
    known: Iterator[FaceRestorerName] = (n for n in FACE_RESTORERS if n.casefold() == said)
    return next(map(FaceSettings, known), None)


def _doubts(fields: Mapping[str, str]) -> list[str]:
    doubts = [
        f"it was made with {key!r}, which is not known here" for key in fields.keys() - _KNOWN
    ]
    if "Denoising strength" in fields and not {"Hires upscale", "Hires resize"} & fields.keys():
        doubts.append("it was made from another picture (img2img), which is not in the file")
    if _FACES in fields and _faces(fields) is None:
        doubts.append(
            f"its faces were restored by {shown(fields[_FACES])}, which is not known here"
        )
    return sorted(doubts)
