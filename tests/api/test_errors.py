"""What clients are told when a request cannot be served."""

import json
import socket
from typing import Any

import pytest
from tests.fakes.front import Front

HIRES: dict[str, Any] = {"enable_hr": True, "denoising_strength": 0.5}
REFINER: dict[str, Any] = {"refiner_checkpoint": "beta"}


@pytest.mark.parametrize(
    ("field", "value", "message", "kind"),
    [
        ("steps", "many", "value is not a valid integer", "type_error.integer"),
        ("cfg_scale", [7], "value is not a valid float", "type_error.float"),
        ("send_images", "maybe", "value could not be parsed to a boolean", "type_error.bool"),
        ("prompt", ["a", "b"], "str type expected", "type_error.str"),
        ("styles", "Noir", "value is not a valid list", "type_error.list"),
        ("script_args", "x", "value is not a valid list", "type_error.list"),
        ("alwayson_scripts", [], "value is not a valid dict", "type_error.dict"),
    ],
)
def test_wrong_types_are_told_as_a1111_tells_them(
    front: Front, field: str, value: Any, message: str, kind: str
) -> None:
    """422 with the place, in pydantic 1's words."""
    answer = front.txt2img(**{field: value})

    assert answer.status_code == 422
    assert answer.json() == {"detail": [{"loc": ["body", field], "msg": message, "type": kind}]}


def test_torn_json_is_told_as_a1111_tells_it(front: Front) -> None:
    """422 with the offset, as recorded from A1111."""
    answer = front.http.post(
        "/sdapi/v1/txt2img", content="{", headers={"Content-Type": "application/json"}
    )

    message = "Expecting property name enclosed in double quotes"
    assert answer.status_code == 422
    assert answer.json()["detail"] == [
        {
            "loc": ["body", 1],
            "msg": f"{message}: line 1 column 2 (char 1)",
            "type": "value_error.jsondecode",
            "ctx": {"msg": message, "doc": "{", "pos": 1, "lineno": 1, "colno": 2},
        }
    ]


@pytest.mark.parametrize(
    ("fields", "status", "name", "text"),
    [
        ({"sampler_name": "Eulr a"}, 404, "UnknownName", "Euler a"),
        ({"scheduler": "Sometimes"}, 404, "UnknownName", "Karras"),
        ({"override_settings": {"sd_model_checkpoint": "zeta"}}, 404, "UnknownName", "alpha"),
        ({"override_settings": {"no_such_option": 1}}, 404, "UnknownName", "no_such_option"),
        ({"override_settings": {"randn_source": "MPS"}}, 422, "InvalidRequest", "randn_source"),
        (HIRES | {"hr_upscaler": "Magic"}, 404, "UnknownName", "Lanczos"),
        ({"refiner_checkpoint": "zeta", "refiner_switch_at": 0.8}, 404, "UnknownName", "alpha"),
        ({"override_settings": {"CLIP_stop_at_last_layers": 99}}, 422, "InvalidRequest", "CLIP"),
        ({"steps": 0}, 422, "InvalidRequest", "steps"),
        ({"width": 65}, 422, "InvalidRequest", "width"),
        ({"width": 0}, 422, "InvalidRequest", "8 is the smallest"),
        ({"height": 1_000_000}, 422, "InvalidRequest", "height"),
        ({"cfg_scale": -1}, 422, "InvalidRequest", "cfg_scale"),
        ({"seed": -2}, 422, "InvalidRequest", "seed"),
        ({"batch_size": 0}, 422, "InvalidRequest", "batch_size"),
        ({"batch_size": 1000}, 422, "InvalidRequest", "images"),
        ({"enable_hr": True}, 422, "InvalidRequest", "denoising_strength"),
        ({"enable_hr": True, "denoising_strength": 2}, 422, "InvalidRequest", "0 to 1"),
        (HIRES | {"hr_scale": 9}, 422, "InvalidRequest", "hr_scale"),
        ({"subseed_strength": 1.1}, 422, "InvalidRequest", "subseed_strength"),
        ({"seed_resize_from_w": 4, "seed_resize_from_h": 4}, 422, "InvalidRequest", "resize_from"),
        ({"s_churn": -1}, 422, "InvalidRequest", "s_churn"),
        ({"prompt": "<lora:a:loud>"}, 422, "InvalidRequest", "loud"),
        ({"prompt": "(a:1.2.3)"}, 422, "InvalidRequest", "1.2.3"),
        ({"restore_faces": True}, 400, "ModelError", "models/Codeformer"),
        (REFINER | {"refiner_switch_at": 2}, 422, "InvalidRequest", "refiner_switch_at"),
        ({"sampler_name": "Euler a", "eta": -0.5}, 422, "InvalidRequest", "eta"),
        (
            {"alwayson_scripts": {"ADetailer": {"args": [{"ad_model": "face"}]}}},
            422,
            "InvalidRequest",
            "ADetailer",
        ),
        ({"prompt": "fail-engine"}, 500, "EngineError", "on fire"),
        ({"prompt": "fail-model"}, 400, "ModelError", "torn"),
        ({"prompt": "fail-request"}, 400, "RequestError", "rhymes"),
    ],
)
def test_refusals_and_failures_have_a1111s_four_keys(
    front: Front, fields: dict[str, Any], status: int, name: str, text: str
) -> None:
    """The class of the error and a text that names what is wrong."""
    answer = front.txt2img(**fields)

    body = answer.json()
    assert (answer.status_code, list(body)) == (status, ["error", "detail", "body", "errors"])
    assert (body["error"], body["body"], body["errors"]) == (name, "", body["detail"])
    assert text in body["detail"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"prompt": "\xff"}', "expected JSON in UTF-8; the bytes at position 12 are not"),
        (b'{"seed": %s}' % (b"9" * 5000), "expected JSON; a number in it has too many digits"),
        (b'{"comments": %s' % (b"[" * 100_000), "expected JSON; this is nested too deeply"),
    ],
    ids=["no text", "digits", "depth"],
)
def test_bodies_that_cannot_be_read_at_all(front: Front, content: bytes, text: str) -> None:
    """422 that says what was expected, as for torn JSON."""
    answer = front.http.post(
        "/sdapi/v1/txt2img", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422
    assert answer.json()["detail"] == [
        {"loc": ["body"], "msg": text, "type": "value_error.jsondecode"}
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"sampler_name": "x" * 1_000_000},
        {"override_settings": {"sd_model_checkpoint": "x" * 1_000_000}},
        {"override_settings": {"x" * 1_000_000: 1}},
        {"override_settings": {"sd_vae": ["x"] * 1_000_000}},
        {"script_name": "x" * 1_000_000},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_refusal_is_not_as_long_as_the_request(front: Front, fields: dict[str, Any]) -> None:
    """A value of a million characters is repeated in part, with its length."""
    answer = front.txt2img(**fields)

    assert answer.status_code in (404, 422)
    assert "characters)" in answer.json()["detail"]
    assert len(answer.text) < 10_000


def test_failed_jobs_are_named(front: Front) -> None:
    """The answer of a job that failed carries its id."""
    assert front.txt2img("fail-engine").headers["X-Tintype-Job"]


def test_unknown_paths_and_methods_are_told_as_a1111_tells_them(front: Front) -> None:
    """404 and 405 with `detail` alone."""
    nowhere, wrong = front.http.get("/sdapi/v1/nothing"), front.http.get("/sdapi/v1/txt2img")

    assert (nowhere.status_code, nowhere.json()) == (404, {"detail": "Not Found"})
    assert (wrong.status_code, wrong.json()) == (405, {"detail": "Method Not Allowed"})


def test_huge_bodies_are_refused_before_they_are_read(front: Front) -> None:
    """A declared length beyond the limit is answered with 413 at once."""
    with socket.create_connection(front.address, timeout=30) as connection:
        connection.sendall(
            b"POST /sdapi/v1/txt2img HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
        )
        with connection.makefile("rb") as answer:
            head, _, body = answer.read().partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 413")
    assert json.loads(body)["error"] == "BodyTooLarge"


def test_missing_models_are_said(tmp_path_factory: pytest.TempPathFactory, front: Front) -> None:
    """With no checkpoint at all the refusal says where they were looked for."""
    checkpoints = front.folder / "models"
    away = tmp_path_factory.mktemp("away") / "models"
    checkpoints.rename(away)
    front.http.post("/sdapi/v1/refresh-checkpoints")
    try:
        answer = front.txt2img()
    finally:
        away.rename(checkpoints)
        front.http.post("/sdapi/v1/refresh-checkpoints")

    assert (answer.status_code, answer.json()["error"]) == (400, "ModelError")
    assert str(front.folder) in answer.json()["detail"]
