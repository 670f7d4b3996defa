"""Cyanic's plug-in for Krita."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.api.clients.speaking import checkpoint_titles, drawn, got, posted
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, half_mask_file, picture_file

URI = "data:image/png;base64,"
LISTS = ("samplers", "upscalers", "sd-models", "sd-vae", "loras", "embeddings", "face-restorers")
BODY: dict[str, Any] = {
    "prompt": "a castle",
    "negative_prompt": "",
    "sampler_name": "Euler a",
    "steps": 4,
    "cfg_scale": 7.0,
    "seed": "1234",
    "width": 64,
    "height": 64,
    "batch_size": 2,
    "n_iter": 1,
    "save_images": True,
    "override_settings_restore_afterwards": False,
    "alwayson_scripts": {},
}


def test_its_start(front: Front) -> None:
    """Nothing works without the status of a queue; then it reads lists and options."""
    assert isinstance(got(front, "/queue/status"), dict)
    options = got(front, "/sdapi/v1/options")
    assert options["sd_model_checkpoint"] in checkpoint_titles(front)
    for name in LISTS:
        got(front, f"/sdapi/v1/{name}")
    assert set(got(front, "/sdapi/v1/scripts")) == {"txt2img", "img2img"}
    assert {"sd_vae", "face_restoration_model", "CLIP_stop_at_last_layers"} <= options.keys()
    assert len([key for key in options if "_sep" in key]) < 5  # of which SD.Next has dozens


def test_its_pictures_come_after_a_sheet_if_there_is_one(front: Front) -> None:
    """`index_of_first_image` and what `parameters` says tell it which are which."""
    answer = posted(front, "/sdapi/v1/txt2img", BODY)
    info, parameters = json.loads(answer["info"]), answer["parameters"]
    first = info["index_of_first_image"]
    pictures = answer["images"][first:]

    assert (parameters["batch_size"], parameters["n_iter"]) == (2, 1)
    assert parameters["save_images"] is True
    assert [drawn(picture).size for picture in pictures] == [(64, 64)] * 2
    assert info["all_seeds"] == [1234, 1235]
    assert len(info["infotexts"]) == len(answer["images"])


def test_it_repaints_a_selection(front: Front) -> None:
    """The layer and the selection come as data addresses."""
    body = BODY | {
        "init_images": [URI + as_text(picture_file((9, 8, 7)))],
        "mask": URI + as_text(half_mask_file()),
        "denoising_strength": 0.6,
        "inpainting_fill": 1,
        "inpaint_full_res": False,
        "inpaint_full_res_padding": 32,
        "mask_blur": 4,
        "resize_mode": 0,
        "batch_size": 1,
    }
    answer = posted(front, "/sdapi/v1/img2img", body)

    assert drawn(answer["images"][0]).size == (64, 64)
    assert json.loads(answer["info"])["seed"] == 1234


def test_an_option_it_leaves_changed(front: Front) -> None:
    """Without being put back afterwards an override stays for later requests."""
    before, other = "alpha", "beta"
    settings = {"sd_model_checkpoint": other}
    posted(front, "/sdapi/v1/txt2img", BODY | {"override_settings": settings})
    after = got(front, "/sdapi/v1/options")["sd_model_checkpoint"]
    posted(front, "/sdapi/v1/options", {"sd_model_checkpoint": before})

    assert other in after


def test_progress_while_it_paints(front: Front) -> None:
    """It draws what there is by now, and may interrupt."""
    front.gate.unlink(missing_ok=True)
    with ThreadPoolExecutor() as others:
        body = BODY | {"prompt": "hold", "save_images": False}
        painting = others.submit(posted, front, "/sdapi/v1/txt2img", body)
        front.wait_until_held()
        seen = got(front, "/sdapi/v1/progress")
        front.http.post("/sdapi/v1/interrupt")
        answer = painting.result(30)

    assert 0 < seen["progress"] < 1
    assert {"job", "job_count", "sampling_step", "sampling_steps"} <= seen["state"].keys()
    assert len(answer["images"]) == 2
