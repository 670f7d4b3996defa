"""The notes NovelAI leaves in its PNG files, as infotext."""

import json
import struct
from collections.abc import Mapping
from typing import Any, cast

_SAMPLERS = {
    "k_euler": "Euler",
    "k_euler_ancestral": "Euler a",
    "k_lms": "LMS",
    "k_heun": "Heun",
    "k_dpm_2": "DPM2",
    "k_dpm_2_ancestral": "DPM2 a",
    "k_dpmpp_2s_ancestral": "DPM++ 2S a",
    "k_dpmpp_2m": "DPM++ 2M",
    "k_dpmpp_sde": "DPM++ SDE",
    "ddim": "DDIM",
    "plms": "PLMS",
}


def infotext_of_novelai(data: bytes, texts: Mapping[str, str]) -> str | None:
    """Infotext for a picture from NovelAI, or None if it is not from there or does not say enough.

    NovelAI leaves out the text encoder's last layer and adds 31337 to its noise seed; both are
    noted, so that the picture can be repeated.

    Args:
        data: a PNG file; its size is read from its head.
        texts: its text chunks by keyword.
    """
    if texts.get("Software") != "NovelAI":
        return None
    try:
        notes: object = json.loads(texts["Comment"])
        width, height = struct.unpack_from(">II", data, 16)
    except (KeyError, ValueError, RecursionError, struct.error):
        return None
    if not isinstance(notes, dict):
        return None
    said = cast(dict[str, Any], notes)
    sampler = _SAMPLERS.get(str(said.get("sampler")), "Euler a")
    return (
        f"{texts.get('Description', '')}\n"
        f"Negative prompt: {said.get('uc', '')}\n"
        f"Steps: {said.get('steps')}, Sampler: {sampler}, CFG scale: {said.get('scale')}, "
        f"Seed: {said.get('seed')}, Size: {width}x{height}, Clip skip: 2, ENSD: 31337"
    )
