"""SillyTavern's picture extension."""

import json
import socket
from typing import Any

import pytest
from tests.api.clients.speaking import drawn, got, posted
from tests.fakes.front import Front
from tests.fakes.waiting import until

LOGINS = ("Basic", "Bearer", "")  # with nothing after them, as spaces at the end do not count
BODY: dict[str, Any] = {
    "prompt": "a tavern at night",
    "negative_prompt": "",
    "sampler_name": "DPM++ 2M",
    "scheduler": "Karras",
    "steps": 4,
    "cfg_scale": 7,
    "width": 64,
    "height": 64,
    "restore_faces": False,
    "enable_hr": False,
    "hr_upscaler": "Latent",
    "hr_scale": 2,
    "denoising_strength": 0.7,
    "hr_second_pass_steps": 0,
    "seed": -1,
    "clip_skip": 1,
    "override_settings": {"CLIP_stop_at_last_layers": 1, "sd_vae": "Automatic"},
    "override_settings_restore_afterwards": True,
    "save_images": True,
    "send_images": True,
    "do_not_save_grid": False,
    "do_not_save_samples": False,
}


@pytest.mark.parametrize("login", LOGINS)
def test_its_lists(front: Front, login: str) -> None:
    """Samplers, schedules, upscalers, models and autoencoders, by the names it shows."""
    headers = {"Authorization": login}
    samplers = got(front, "/sdapi/v1/samplers", headers=headers)
    schedules = got(front, "/sdapi/v1/schedulers", headers=headers)
    upscalers = got(front, "/sdapi/v1/upscalers", headers=headers)
    latent = got(front, "/sdapi/v1/latent-upscale-modes", headers=headers)
    models = got(front, "/sdapi/v1/sd-models", headers=headers)

    assert "DPM++ 2M" in [sampler["name"] for sampler in samplers]
    assert ("karras", "Karras") in [(one["name"], one["label"]) for one in schedules]
    assert upscalers[0]["name"] == "None"
    assert "Latent" in [mode["name"] for mode in latent]
    assert all({"title", "model_name"} <= model.keys() for model in models)


def test_one_list_of_autoencoders_at_least(front: Front) -> None:
    """It asks A1111's list and Forge's, and takes whichever is one."""
    answers = [front.http.get(f"/sdapi/v1/{name}") for name in ("sd-vae", "sd-modules")]

    assert any(answer.is_success and isinstance(answer.json(), list) for answer in answers)


def test_a_picture(front: Front) -> None:
    """Another model, idle until it is there, and a picture with everything it always sends."""
    posted(front, "/sdapi/v1/options", {"sd_model_checkpoint": "alpha"})
    until(lambda: _is_idle(got(front, "/sdapi/v1/progress")))
    answer = posted(front, "/sdapi/v1/txt2img", BODY)

    assert len(answer["images"]) == 1
    assert drawn(answer["images"][0]).size == (64, 64)


def test_who_stops_waiting_stops_the_picture(front: Front) -> None:
    """It hangs up and interrupts; the server is idle soon, and the next picture is whole."""
    front.gate.unlink(missing_ok=True)
    body = json.dumps(BODY | {"prompt": "hold"}).encode()
    head = f"POST /sdapi/v1/txt2img HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(front.address, timeout=30) as line:
        line.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
        front.wait_until_held()
    assert front.http.post("/sdapi/v1/interrupt").is_success
    until(lambda: _is_idle(got(front, "/sdapi/v1/progress")))
    info = json.loads(posted(front, "/sdapi/v1/txt2img", BODY)["info"])

    assert "Steps: 4" in info["infotexts"][0]


def _is_idle(progress: dict[str, Any]) -> bool:
    return progress["progress"] == 0.0 and progress["state"]["job_count"] == 0
