"""What other programs write into their pictures, as infotext.

Whoever made the picture wrote this, so nothing is taken for granted: each value is looked at for
what it is, and whatever is not as expected counts as missing.
"""

import json
from collections.abc import Mapping
from typing import cast

from tintype.prompt.comfyui import infotext_from_comfyui
from tintype.prompt.infotext import Infotext, write_infotext
from tintype.prompt.invokeai import infotext_from_dream, infotext_from_invokeai
from tintype.prompt.json_values import Json, Object, number_in, size_in, text_in

_NOVELAI_SAMPLERS = {
    "k_euler_ancestral": "Euler a",
    "k_euler": "Euler",
    "k_lms": "LMS",
    "k_dpm_2": "DPM2",
    "k_dpm_2_ancestral": "DPM2 a",
    "k_dpmpp_2m": "DPM++ 2M",
    "k_dpmpp_2s_ancestral": "DPM++ 2S a",
    "k_dpmpp_sde": "DPM++ SDE",
    "k_dpmpp_2m_sde": "DPM++ 2M SDE",
    "plms": "PLMS",
    "ddim": "DDIM",
    "ddim_v3": "DDIM",
}


def infotext_from(metadata: Mapping[str, str], size: tuple[int, int] | None = None) -> str | None:
    """The infotext that says the same as a picture's metadata, as far as there are words for it.

    Reads A1111's own `parameters`, and what ComfyUI, InvokeAI (three generations) and NovelAI
    write.

    Args:
        metadata: text chunks of the picture by keyword.
        size: of the picture in pixels (width, height), for programs that do not write it.

    Returns:
        None if no program is recognised.
    """
    if metadata.get("parameters"):
        return metadata["parameters"]
    found = _read(metadata)
    if found is None:
        return None
    fields = dict(found.fields)
    if size is not None and fields.get("Size") is None:
        fields["Size"] = f"{size[0]}x{size[1]}"
    return write_infotext(Infotext(found.prompt, found.negative_prompt, fields))


def _read(metadata: Mapping[str, str]) -> Infotext | None:
    if metadata.get("Software") == "NovelAI":
        return _novelai(metadata)
    graphs = [_loaded(metadata.get(key)) for key in ("prompt", "workflow")]
    invoke = _loaded(metadata.get("invokeai_metadata")) or _loaded(metadata.get("sd-metadata"))
    dream = metadata.get("Dream") or metadata.get("dream")
    if any(graphs):
        return infotext_from_comfyui(*graphs)
    if invoke:
        return infotext_from_invokeai(invoke)
    return infotext_from_dream(dream) if dream else None


def _loaded(text: str | None) -> Object:
    if not text:
        return {}
    try:
        value = cast(Json, json.loads(text))
    except (ValueError, RecursionError):  # no JSON, integers of 4300 digits, lists without end
        return {}
    return value if isinstance(value, dict) else {}


def _novelai(metadata: Mapping[str, str]) -> Infotext | None:
    """NovelAI's pictures, with the settings that A1111 needs to make the same."""
    comment = _loaded(metadata.get("Comment"))
    prompt = metadata.get("Description") or text_in(comment, "prompt")
    if not prompt and not comment:
        return None
    sampler = text_in(comment, "sampler") or ""
    return Infotext(
        (prompt or "").strip(),
        (text_in(comment, "uc") or "").strip(),
        {
            "Steps": number_in(comment, "steps"),
            "Sampler": _NOVELAI_SAMPLERS.get(sampler, "Euler a"),
            "CFG scale": number_in(comment, "scale"),
            "Seed": number_in(comment, "seed"),
            "Size": size_in(comment),
            "Clip skip": 2,
            "ENSD": 31337,
        },
    )
