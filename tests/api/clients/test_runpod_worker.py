"""Runpod's worker for A1111: it waits for the server, and passes requests on."""

import json
from typing import Any

from tests.api.clients.speaking import drawn, got, posted
from tests.fakes.front import Front

BODY: dict[str, Any] = {
    "prompt": "a rocket",
    "negative_prompt": "",
    "num_inference_steps": 4,
    "guidance_scale": 7.5,
    "steps": 4,
    "width": 64,
    "height": 64,
    "sampler_name": "DPM++ 2M",
    "sampler_index": "DPM++ 2M",
    "scheduler": "karras",
    "override_settings": {"sd_model_checkpoint": "beta"},
}


def test_it_waits_until_somebody_is_there(front: Front) -> None:
    """By a list, or by a ping."""
    assert got(front, "/sdapi/v1/sd-models")
    assert got(front, "/internal/ping") == {}


def test_what_it_passes_on(front: Front) -> None:
    """The whole answer is JSON; unknown names are passed over."""
    answer = posted(front, "/sdapi/v1/txt2img", BODY)
    info = json.loads(answer["info"])

    assert drawn(answer["images"][0]).size == (64, 64)
    assert "Schedule type: Karras" in info["infotexts"][0]
    assert "beta" in info["sd_model_name"]


def test_other_calls_it_knows(front: Front) -> None:
    """Options both ways, lists, refreshing."""
    options = got(front, "/sdapi/v1/options")
    assert posted(front, "/sdapi/v1/options", options) is None
    for name in ("samplers", "schedulers", "upscalers", "loras", "embeddings", "scripts"):
        got(front, f"/sdapi/v1/{name}")
    for name in ("refresh-checkpoints", "refresh-loras", "refresh-embeddings", "refresh-vae"):
        assert front.http.post(f"/sdapi/v1/{name}").is_success
