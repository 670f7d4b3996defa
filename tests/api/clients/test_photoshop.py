"""The Auto-Photoshop plug-in."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.api.clients.speaking import checkpoint_titles, drawn, got, posted
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, half_mask_file, picture_file

BODY: dict[str, Any] = {
    "prompt": "a red door\nin a white wall",
    "negative_prompt": "\nblurry\n",
    "steps": 4,
    "cfg_scale": 7,
    "seed": "-1",
    "width": 64,
    "height": 64,
    "batch_size": 2,
    "sampler_index": "Euler a",
    "denoising_strength": 0.7,
    "mode": "txt2img",
    "uniqueDocumentId": "b1946ac9",
    "selection_info": {"left": 0, "top": 0, "right": 64, "bottom": 64},
    "controlnet_units": [],
    "override_settings": {"CLIP_stop_at_last_layers": 2},
    "alwayson_scripts": {},
}


def test_its_start(front: Front) -> None:
    """Options, models with their hashes, samplers, upscalers, schedules."""
    assert got(front, "/sdapi/v1/options")["sd_model_checkpoint"] in checkpoint_titles(front)
    assert all("hash" in model for model in got(front, "/sdapi/v1/sd-models"))
    for name in ("samplers", "upscalers", "hypernetworks", "cmd-flags", "loras"):
        got(front, f"/sdapi/v1/{name}")
    assert front.http.post("/sdapi/v1/refresh-checkpoints").is_success


def test_pictures(front: Front) -> None:
    """Fields of its own are passed over; each picture has its own line of infotext."""
    answer = posted(front, "/sdapi/v1/txt2img", BODY)
    infotexts = json.loads(answer["info"])["infotexts"]

    assert len(answer["images"]) == len(infotexts) == 2
    for image, infotext in zip(answer["images"], infotexts, strict=True):
        told = posted(front, "/sdapi/v1/png-info", {"image": image})
        assert told["info"] == infotext
        assert told["info"].startswith("a red door\nin a white wall\n")


def test_a_selection_is_repainted(front: Front) -> None:
    """Bare base64 for picture and mask."""
    body = BODY | {
        "init_images": [as_text(picture_file())],
        "mask": as_text(half_mask_file()),
        "inpainting_fill": 1,
        "inpaint_full_res": True,
        "inpaint_full_res_padding": "32",
        "mask_blur": 4,
        "inpainting_mask_invert": False,
        "mode": "inpaint",
        "batch_size": 1,
    }

    assert drawn(posted(front, "/sdapi/v1/img2img", body)["images"][0]).size == (64, 64)


def test_progress_without_pictures(front: Front) -> None:
    """While it paints it asks for numbers alone, and may skip."""
    front.gate.unlink(missing_ok=True)
    with ThreadPoolExecutor() as others:
        body = BODY | {"prompt": "hold", "batch_size": 1}
        painting = others.submit(posted, front, "/sdapi/v1/txt2img", body)
        front.wait_until_held()
        seen = got(front, "/sdapi/v1/progress?skip_current_image=true")
        front.http.post("/sdapi/v1/interrupt", json={})
        painting.result(30)

    assert seen["current_image"] is None
    assert seen["progress"] > 0
    assert seen["eta_relative"] >= 0


def test_enlarging(front: Front) -> None:
    """To a factor, by an upscaler of its list."""
    body = {
        "resize_mode": 0,
        "show_extras_results": True,
        "gfpgan_visibility": 0,
        "codeformer_visibility": 0,
        "codeformer_weight": 0,
        "upscaling_resize": 2,
        "upscaling_resize_w": 512,
        "upscaling_resize_h": 512,
        "upscaling_crop": True,
        "upscaler_1": "Lanczos",
        "upscaler_2": "None",
        "extras_upscaler_2_visibility": 0,
        "upscale_first": True,
        "image": as_text(picture_file(size=(24, 24))),
    }

    assert drawn(posted(front, "/sdapi/v1/extra-single-image", body)["image"]).size == (48, 48)
