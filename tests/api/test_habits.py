"""Habits of real clients that are neither right nor wrong: none of them loses its picture."""

import json
from typing import Any

import pytest
from tests.api.reading import info_of
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, picture_file

BODY = {"steps": 2, "width": 64, "height": 64, "seed": 7}
UNIT = {"input_image": "x", "module": "canny", "model": "control [12345678]"}


@pytest.mark.parametrize(
    "kind",
    [None, "", "text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"],
)
def test_bodies_are_json_whatever_they_are_called(front: Front, kind: str | None) -> None:
    """Without a Content-Type, or with what a library put there by itself."""
    headers = {} if kind is None else {"Content-Type": kind}

    answer = front.http.post("/sdapi/v1/txt2img", content=json.dumps(BODY), headers=headers)

    assert info_of(answer)["seed"] == 7


def test_bodies_of_another_kind_are_told_what_was_expected(front: Front) -> None:
    """A form with files is no JSON by mistake."""
    answer = front.http.post("/sdapi/v1/txt2img", files={"image": b"x"})

    assert answer.status_code == 422
    assert "Content-Type: application/json" in answer.json()["detail"][0]["msg"]


@pytest.mark.parametrize("path", ["/sdapi/v1/txt2img/", "/sdapi/v1/txt2img?"])
def test_addresses_may_end_in_a_slash_or_a_question_mark(front: Front, path: str) -> None:
    """Answered as they are, without a redirect."""
    assert front.http.post(f"{front.url}{path}", json=BODY).status_code == 200


def test_lists_may_end_in_a_slash(front: Front) -> None:
    """The same answer."""
    samplers = front.http.get("/sdapi/v1/samplers").json()

    assert front.http.get("/sdapi/v1/samplers/").json() == samplers


def test_head_of_the_page(front: Front) -> None:
    """Asked by those who look whether anybody is there."""
    answer = front.http.head("/")

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("name", ["interrupt", "skip", "refresh-checkpoints"])
@pytest.mark.parametrize("body", [b"", b'""', b"{}"])
def test_calls_without_fields_take_any_body(front: Front, name: str, body: bytes) -> None:
    """None, an empty text, an empty object."""
    assert front.http.post(f"/sdapi/v1/{name}", content=body).status_code == 200


def test_a_get_may_bring_a_body(front: Front) -> None:
    """It is not read."""
    assert front.http.request("GET", "/sdapi/v1/samplers", content=b"{}").status_code == 200


@pytest.mark.parametrize("value", ["", "Basic", "Bearer", "Bearer null", "Basic Og=="])
def test_empty_logins_do_no_harm(front: Front, value: str) -> None:
    """Where nobody is asked who they are."""
    answer = front.http.get("/sdapi/v1/options", headers={"Authorization": value})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        dict.fromkeys(
            (
                *(
                    "negative_prompt",
                    "seed",
                    "steps",
                    "cfg_scale",
                    "batch_size",
                    "n_iter",
                    "styles",
                ),
                *("sampler_name", "sampler_index", "scheduler", "hr_scheduler", "hr_prompt"),
                *("restore_faces", "tiling", "eta", "denoising_strength", "override_settings"),
                *("script_name", "script_args", "alwayson_scripts", "refiner_checkpoint"),
                *("send_images", "save_images", "subseed", "subseed_strength", "infotext"),
            )
        )
        | {"negative_prompt": "", "steps": 2},
        {"enable_hr": "no", "tiling": "no", "send_images": "yes", "restore_faces": "false"},
        {"steps": 2.0, "width": 64.5, "n_iter": "1", "batch_size": 1.9, "cfg_scale": "7.5"},
        {"init_images": [], "mask": "", "controlnet_units": [], "clip_skip": 2, "url": "x"},
        {"sampler_name": "", "sampler_index": "Euler a", "script_args": [], "script_name": None},
        {"s_noise": 0, "s_tmax": 0, "s_churn": 0, "s_tmin": 0, "eta": 0},
        {"denoising_strength": 0, "subseed": -1, "seed_resize_from_w": 0, "refiner_switch_at": 0},
        {"styles": ["None", "nothing of that name"], "comments": {}, "firstphase_width": 0},
        {"sampler_name": "DPM++ 2M SDE Exponential", "scheduler": "automatic"},
        {"hr_scale": "1.0", "hr_second_pass_steps": 7.5, "hr_upscaler": "None"},
    ],
    ids=lambda fields: ",".join(fields)[:40],
)
def test_values_as_clients_send_them(front: Front, fields: dict[str, Any]) -> None:
    """Nulls, words for booleans, halves for integers, fields at rest, unknown ones."""
    answer = front.http.post("/sdapi/v1/txt2img", json=BODY | fields)

    assert len(info_of(answer)["all_seeds"]) == 1


def test_an_empty_mask_is_none(front: Front) -> None:
    """Two clients send one with every picture."""
    picture = as_text(picture_file())
    body = BODY | {"init_images": [picture], "mask": "", "mask_blur": None}

    assert front.http.post("/sdapi/v1/img2img", json=body).status_code == 200


@pytest.mark.parametrize(
    "scripts",
    [
        {"ADetailer": {"args": []}},
        {"ADetailer": {"args": [False]}},
        {"adetailer": {"args": [False, False, {"ad_model": "face_yolov8n.pt"}]}},
        {"ADetailer": {"args": [True, False, {"ad_model": "None"}, {"ad_model": None}]}},
        {"ADetailer": {"args": [{"ad_model": "face_yolov8n.pt", "ad_tab_enable": False}]}},
        {"ControlNet": {"args": []}},
        {"controlnet": {"args": [{"enabled": False, **UNIT}, {}, None, False]}},
        {"ControlNet": {"args": [{"enabled": True, "module": "none", "model": "None"}]}},
        {"ControlNet": {"args": {"enabled": "no", **UNIT}}},
        {"Regional Prompter": {"args": [False, False, "Matrix"]}},
        {"Soft Inpainting": {"args": [False]}},
    ],
)
def test_extensions_that_are_off_do_no_harm(front: Front, scripts: dict[str, Any]) -> None:
    """However their clients say so."""
    assert front.txt2img(alwayson_scripts=scripts).status_code == 200


@pytest.mark.parametrize(
    "scripts",
    [
        {"ADetailer": {"args": [{"ad_model": "face_yolov8n.pt"}]}},
        {"ADetailer": {"args": [True, False, {"ad_model": "face_yolov8n.pt"}]}},
        {"controlnet": {"args": [{"enabled": True, **UNIT}]}},
        {"ControlNet": {"args": [UNIT]}},
        {"ControlNet": {"args": [{"module": "reference_only", "model": None}]}},
        {"Regional Prompter": {"args": [True, False, "Matrix"]}},
    ],
)
def test_extensions_that_are_on_are_refused_by_name(front: Front, scripts: dict[str, Any]) -> None:
    """A picture without them would be another one."""
    answer = front.txt2img(alwayson_scripts=scripts)

    assert answer.status_code == 422
    assert next(iter(scripts)) in answer.json()["detail"]
    assert "not supported yet" in answer.json()["detail"]
