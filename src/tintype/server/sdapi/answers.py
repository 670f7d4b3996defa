"""The answer to a generation request, key for key as A1111 gives it."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tintype.core.jobs import Pixels
from tintype.core.requests import Plan
from tintype.imagestore import DiskImages
from tintype.planning import infotext_for
from tintype.server.sdapi.fields import Txt2ImgBody


@dataclass(frozen=True, slots=True)
class Finished:
    """A request that has its pictures.

    Attributes:
        pictures: by image index; fewer than planned if the job was interrupted.
        subseed: of the first image; it has no effect but is part of the answer.
        began: when the job was admitted, local time.
        version: of this program, as infotext says it.
    """

    body: Txt2ImgBody
    plan: Plan
    pictures: Mapping[int, Pixels]
    subseed: int
    began: datetime
    version: str


def render(finished: Finished, images: DiskImages) -> bytes:
    """The JSON answer. Encodes pictures and may write files, so it belongs in a thread."""
    infotexts = {
        image: infotext_for(finished.plan, image, finished.version)
        for image in sorted(finished.pictures)
    }
    files = _files(finished, infotexts)
    if finished.body.save_images:
        for image, data in files.items():
            seed = finished.plan.seeds[image]
            images.save(data, seed=seed, day=finished.began.date())
    answer = {
        "images": _as_text(files) if finished.body.send_images else [],
        "parameters": finished.body.model_dump(),
        "info": json.dumps(_info(finished, list(infotexts.values()))),
    }
    return json.dumps(answer).encode()


def _files(finished: Finished, infotexts: Mapping[int, str]) -> dict[int, bytes]:
    if not (finished.body.send_images or finished.body.save_images):
        return {}
    from tintype.imaging import encode_png  # Pillow: not needed to answer the door

    return {
        image: encode_png(finished.pictures[image], infotext)
        for image, infotext in infotexts.items()
    }


def _as_text(files: Mapping[int, bytes]) -> list[str]:
    return [b64encode(data).decode("ascii") for data in files.values()]


def _info(finished: Finished, infotexts: list[str]) -> dict[str, Any]:
    body, plan = finished.body, finished.plan
    count = len(plan.seeds)
    return {
        "prompt": plan.prompt,
        "all_prompts": [plan.prompt] * count,
        "negative_prompt": plan.negative_prompt,
        "all_negative_prompts": [plan.negative_prompt] * count,
        "seed": plan.seeds[0],
        "all_seeds": list(plan.seeds),
        "subseed": finished.subseed,
        "all_subseeds": [finished.subseed + image for image in range(count)],
        "subseed_strength": body.subseed_strength,
        "width": plan.width,
        "height": plan.height,
        "sampler_name": plan.sampler,
        "cfg_scale": plan.cfg_scale,
        "steps": plan.steps,
        "batch_size": body.batch_size,
        "restore_faces": False,
        "face_restoration_model": None,
        "sd_model_name": plan.checkpoint.stem,
        "sd_model_hash": plan.checkpoint.shorthash,
        "sd_vae_name": None,
        "sd_vae_hash": None,
        "seed_resize_from_w": body.seed_resize_from_w,
        "seed_resize_from_h": body.seed_resize_from_h,
        "denoising_strength": body.denoising_strength,
        "extra_generation_params": {},
        "index_of_first_image": 0,
        "infotexts": infotexts,
        "styles": body.styles or [],
        "job_timestamp": finished.began.strftime("%Y%m%d%H%M%S"),
        "clip_skip": plan.clip_skip,
        "is_using_inpainting_conditioning": False,
        "version": finished.version,
    }
