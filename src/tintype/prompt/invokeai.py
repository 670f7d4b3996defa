"""InvokeAI's pictures: `invokeai_metadata` (3 and later), `sd-metadata` (2) and `Dream` (1)."""

import re
from collections.abc import Mapping

from tintype.prompt.infotext import FieldValue, Infotext
from tintype.prompt.json_values import (
    Object,
    number_in,
    object_in,
    objects_in,
    size_in,
    text_in,
)

_SAMPLERS = {
    "ddim": "DDIM",
    "plms": "PLMS",
    "lcm": "LCM",
    "unipc": "UniPC",
    "lms": "LMS",
    "euler": "Euler",
    "euler_a": "Euler a",
    "euler_ancestral": "Euler a",
    "heun": "Heun",
    "dpm_2": "DPM2",
    "dpm_2_a": "DPM2 a",
    "dpm_2_ancestral": "DPM2 a",
    "kdpm_2": "DPM2",
    "kdpm_2_a": "DPM2 a",
    "dpmpp_2": "DPM++ 2M",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2s": "DPM++ 2S a",
    "dpmpp_sde": "DPM++ SDE",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
}
_NEGATIVE = re.compile(r"\[([^\[\]]*)\]")
_DREAM_PROMPT = re.compile(r'\s*"((?:\\.|[^"\\])*+)"')
_DREAM_OPTION = re.compile(r"(?<!\S)-([sSWHCA])\s*([^\s-]\S*)")


def infotext_from_invokeai(metadata: Object) -> Infotext | None:
    """What the JSON of InvokeAI 2 or later says, or None if there is no prompt in it."""
    image = object_in(metadata, "image")
    return _newer(metadata) if not image else _second(metadata, image)


def infotext_from_dream(command: str) -> Infotext | None:
    """What the command line says with which InvokeAI 1 made a picture."""
    prompt = _DREAM_PROMPT.match(command)
    if prompt is None:
        return None
    options = dict(_DREAM_OPTION.findall(command, prompt.end()))
    has_size = options.get("W", "").isdecimal() and options.get("H", "").isdecimal()
    fields: dict[str, FieldValue] = {
        "Steps": options.get("s"),
        **_sampler(options.get("A", "")),
        "CFG scale": options.get("C"),
        "Seed": options.get("S"),
        "Size": f"{options['W']}x{options['H']}" if has_size else None,
    }
    return _with_bracketed_negative(prompt[1].replace('\\"', '"'), fields)


def _newer(metadata: Object) -> Infotext | None:
    prompt = text_in(metadata, "positive_prompt")
    if prompt is None:
        return None
    model = object_in(metadata, "model")
    clip_skip = number_in(metadata, "clip_skip")
    loras = "".join(f" <lora:{_lora(lora)}>" for lora in objects_in(metadata, "loras"))
    fields: dict[str, FieldValue] = {
        "Steps": number_in(metadata, "steps"),
        **_sampler(text_in(metadata, "scheduler") or ""),
        "CFG scale": number_in(metadata, "cfg_scale"),
        "Seed": number_in(metadata, "seed"),
        "Size": size_in(metadata),
        "Model": text_in(model, "name", "model_name"),
        "Denoising strength": number_in(metadata, "strength"),
        "Clip skip": int(clip_skip) + 1 if clip_skip else None,
    }
    return Infotext(prompt + loras, text_in(metadata, "negative_prompt") or "", fields)


def _second(metadata: Object, image: Object) -> Infotext:
    pieces = [text_in(piece, "prompt") or "" for piece in objects_in(image, "prompt")]
    prompt = text_in(image, "prompt") or " ".join(pieces)
    fields: dict[str, FieldValue] = {
        "Steps": number_in(image, "steps"),
        **_sampler(text_in(image, "sampler") or ""),
        "CFG scale": number_in(image, "cfg_scale"),
        "Seed": number_in(image, "seed"),
        "Size": size_in(image),
        "Model": text_in(metadata, "model_weights"),
        "Denoising strength": number_in(image, "strength"),
    }
    return _with_bracketed_negative(prompt, fields)


def _with_bracketed_negative(text: str, fields: Mapping[str, FieldValue]) -> Infotext:
    """The first two generations put what to avoid in brackets amid the prompt."""
    avoided = [piece.strip() for piece in _NEGATIVE.findall(text)]
    return Infotext(_NEGATIVE.sub("", text).strip(), ", ".join(filter(None, avoided)), fields)


def _sampler(name: str) -> dict[str, FieldValue]:
    """Sampler and schedule; a leading or trailing `k` once meant two different things."""
    base = name.removesuffix("_k")
    sampler = _SAMPLERS.get(base.removeprefix("k_"))
    return {"Sampler": sampler, "Schedule type": "Karras" if name != base and sampler else None}


def _lora(lora: Object) -> str:
    name = text_in(object_in(lora, "model", "lora"), "name", "model_name") or ""
    weight = number_in(lora, "weight")
    return f"{name}:{1 if weight is None else weight}"
