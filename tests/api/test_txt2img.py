"""POST /sdapi/v1/txt2img as A1111's clients know it."""

import json
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.api.reading import info_of, pictures_of
from tests.fakes.front import Front

RECORDED = json.loads((Path(__file__).parent / "recorded" / "txt2img-keys.json").read_text())


def colour(picture: Image.Image) -> Any:
    return picture.getpixel((0, 0))


def test_answer_has_the_three_keys_and_their_keys_in_order(front: Front) -> None:
    """Images, parameters and info, each key for key in A1111's order."""
    answer = front.txt2img()

    assert list(answer.json()) == ["images", "parameters", "info"]
    assert list(answer.json()["parameters"]) == RECORDED["parameters"]
    assert list(info_of(answer)) == RECORDED["info"]


def test_picture_is_a_png_with_its_infotext(front: Front) -> None:
    """The picture has the asked size, the worker's pixels, and the infotext of `info`."""
    answer = front.txt2img("a blue door", seed=0x0A0B0C, width=72, height=64)

    (picture,) = pictures_of(answer)
    assert (picture.format, picture.size, colour(picture)) == ("PNG", (72, 64), (10, 11, 12))
    assert picture.info["parameters"] == info_of(answer)["infotexts"][0]
    assert picture.info["parameters"].startswith("a blue door\nSteps: 2, Sampler: Euler")


def test_parameters_repeat_the_request_and_info_says_what_was_done(front: Front) -> None:
    """A seed of -1 stays in `parameters`; `info` has the one that was drawn."""
    answer = front.txt2img(seed=-1, sampler_name="dpm++ 2m karras")

    assert answer.json()["parameters"]["seed"] == -1
    assert answer.json()["parameters"]["sampler_name"] == "dpm++ 2m karras"
    assert info_of(answer)["seed"] >= 0
    assert info_of(answer)["sampler_name"] == "DPM++ 2M"


def test_images_count_up_their_seeds(front: Front) -> None:
    """batch_size × n_iter images, each with the next seed, its own infotext and its own pixels."""
    answer = front.txt2img(seed=5, subseed=9, batch_size=2, n_iter=2)

    info = info_of(answer)
    assert (info["all_seeds"], info["all_subseeds"]) == ([5, 6, 7, 8], [9, 10, 11, 12])
    assert [colour(picture)[2] for picture in pictures_of(answer)] == [5, 6, 7, 8]
    assert ["Seed: 8" in text for text in info["infotexts"]] == [False, False, False, True]
    assert len(info["all_prompts"]) == len(info["all_negative_prompts"]) == 4
    assert (info["batch_size"], info["index_of_first_image"]) == (2, 0)


def test_no_images_are_sent_when_not_wanted(front: Front) -> None:
    """`send_images` false leaves the list empty and the rest as it is."""
    answer = front.txt2img(send_images=False)

    assert answer.json()["images"] == []
    assert len(info_of(answer)["infotexts"]) == 1


def test_saved_images_are_the_sent_ones(front: Front) -> None:
    """`save_images` writes the very bytes that are sent to the data folder."""
    answer = front.txt2img(seed=4711, save_images=True)

    (path,) = (front.folder / "data").rglob("*-4711.png")
    assert path.read_bytes() == b64decode(answer.json()["images"][0])


def test_nothing_is_saved_unless_wanted(front: Front) -> None:
    """Without `save_images` no file appears."""
    assert front.txt2img(seed=4712).status_code == 200

    assert list((front.folder / "data").rglob("*-4712.png")) == []


def test_values_are_read_as_leniently_as_ever(front: Front) -> None:
    """Numbers may be strings or floats, null is the default, unknown fields are ignored."""
    answer = front.txt2img(
        steps="3", width=64.9, cfg_scale="5", seed="12", send_images="true", n_iter=None, x=1
    )

    info = info_of(answer)
    assert (info["steps"], info["width"], info["cfg_scale"], info["seed"]) == (3, 64, 5.0, 12)
    assert len(answer.json()["images"]) == 1


def test_defaults_are_those_of_the_api(front: Front) -> None:
    """An empty body is 50 steps of Euler at 512 × 512."""
    info = info_of(front.http.post("/sdapi/v1/txt2img", json={}))

    assert (info["steps"], info["sampler_name"], info["cfg_scale"]) == (50, "Euler", 7.0)
    assert (info["width"], info["height"], info["prompt"]) == (512, 512, "")


def test_old_sampler_field_counts_where_the_new_one_is_missing(front: Front) -> None:
    """`sampler_index` names the sampler unless `sampler_name` does."""
    assert info_of(front.txt2img(sampler_index="Euler a"))["sampler_name"] == "Euler a"


def test_scheduler_wins_over_the_name_of_the_sampler(front: Front) -> None:
    """An explicit scheduler decides, whatever the sampler's name carries."""
    info = info_of(front.txt2img(sampler_name="DPM++ 2M Karras", scheduler="uniform"))

    assert "Schedule type: Uniform" in info["infotexts"][0]


def test_overrides_belong_to_their_request(front: Front) -> None:
    """Checkpoint and clip skip of `override_settings` are used once and not remembered."""
    overrides = {"sd_model_checkpoint": "people/beta", "CLIP_stop_at_last_layers": 2}

    changed = info_of(front.txt2img(override_settings=overrides))
    after = info_of(front.txt2img())

    assert (changed["sd_model_name"], changed["clip_skip"]) == ("beta", 2)
    assert (after["sd_model_name"], after["clip_skip"]) == ("alpha", 1)


@pytest.mark.parametrize(
    "harmless",
    [
        {"override_settings": {"live_previews_enable": False, "sd_vae": "None"}},
        {"alwayson_scripts": {"ControlNet": {"args": []}, "Refiner": {"args": [True]}}},
        {"hr_scale": 3, "hr_upscaler": "Latent", "styles": [], "refiner_checkpoint": "None"},
        {"eta": 1.0, "sampler_name": "Euler a", "s_noise": 1, "s_tmax": 0},
        {"seed_resize_from_w": 0, "seed_resize_from_h": -1, "subseed": 3, "subseed_strength": 0},
        {"eta": 0, "sampler_name": "Euler", "script_name": None, "restore_faces": False},
    ],
)
def test_what_changes_nothing_is_accepted(front: Front, harmless: dict[str, Any]) -> None:
    """Fields at rest, as clients send them by the dozen, leave no trace."""
    answer = front.txt2img(**harmless)

    assert answer.status_code == 200
    assert "Model: alpha, Version: " in info_of(answer)["infotexts"][0]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"subseed": 9, "subseed_strength": 0.25}, "Variation seed: 9, "),
        ({"seed_resize_from_w": 32, "seed_resize_from_h": 64}, "Seed resize from: 32x64, "),
        ({"tiling": True}, "Tiling: True, "),
        ({"override_settings": {"tiling": True}}, "Tiling: True, "),
        ({"sampler_name": "Euler a", "eta": 0.5}, "Eta: 0.5, "),
        ({"sampler_name": "DDIM", "override_settings": {"eta_ddim": 0.3}}, "Eta DDIM: 0.3, "),
        ({"sampler_name": "Heun", "override_settings": {"s_churn": 2}}, "Sigma churn: 2.0, "),
        ({"s_min_uncond": 1.5}, "NGMS: 1.5, "),
        ({"override_settings": {"randn_source": "nv"}}, "RNG: NV, "),
        ({"override_settings": {"CLIP_stop_at_last_layers": 2}}, "Clip skip: 2, "),
        ({"override_settings": {"k_sched_type": "karras"}}, "Schedule type: Karras, "),
        ({"override_settings": {"sd_noise_schedule": "Zero Terminal SNR"}}, "Zero Terminal SNR, "),
        ({"override_settings": {"token_merging_ratio": 0.5}}, "Token merging ratio: 0.5, "),
        ({"refiner_checkpoint": "beta", "refiner_switch_at": 0.5}, "Refiner switch at: 0.5, "),
    ],
)
def test_what_changes_pictures_is_heard(front: Front, fields: dict[str, Any], told: str) -> None:
    """Fields and options that decide about a picture stand in its infotext."""
    assert told in info_of(front.txt2img(**fields))["infotexts"][0]


def test_variations_share_their_seed(front: Front) -> None:
    """With a strength, images differ by their subseeds alone."""
    info = info_of(front.txt2img(seed=5, subseed=9, subseed_strength=0.5, batch_size=2))

    assert (info["all_seeds"], info["all_subseeds"]) == ([5, 5], [9, 10])


def test_hires_pictures_have_their_final_size(front: Front) -> None:
    """The second pass decides about the size; `info` keeps the first pass's."""
    answer = front.txt2img(
        enable_hr=True, denoising_strength=0.7, hr_scale=1.5, hr_upscaler="Lanczos"
    )

    (picture,) = pictures_of(answer)
    info = info_of(answer)
    assert (picture.size, info["width"], info["denoising_strength"]) == ((96, 96), 64, 0.7)
    assert info["extra_generation_params"]["Hires upscale"] == 1.5
    assert "Hires upscaler: Lanczos" in info["infotexts"][0]


def test_hires_pictures_of_two_sides(front: Front) -> None:
    """Both sides given: covered, and cut to them."""
    answer = front.txt2img(enable_hr=True, denoising_strength=0.7, hr_resize_x=96, hr_resize_y=160)

    assert pictures_of(answer)[0].size == (96, 160)
    assert "Hires resize: 96x160" in info_of(answer)["infotexts"][0]


def test_warnings_come_with_the_picture(front: Front) -> None:
    """What was passed over is told beside what there is, and never where all is well."""
    answer = front.txt2img("a cat <lora:lost:1>")

    assert answer.json()["warnings"] == ["LoRA 'lost' was not found and left out"]
    assert "warnings" not in front.txt2img().json()


def test_answers_carry_job_and_time(front: Front) -> None:
    """Headers name the job and say how long the request took."""
    headers = front.txt2img().headers

    assert len(headers["X-Tintype-Job"]) == 32
    assert float(headers["X-Process-Time"]) >= 0


def test_eight_callers_get_their_own_pictures(front: Front) -> None:
    """Concurrent calls do not mix."""
    with ThreadPoolExecutor(8) as callers:
        calls = [callers.submit(front.txt2img, seed=seed) for seed in range(8)]
        answers = [call.result() for call in calls]

    assert [colour(pictures_of(answer)[0]) for answer in answers] == [(0, 0, n) for n in range(8)]
