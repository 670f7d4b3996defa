"""What clients ask for before their first picture."""

import hashlib
import re
from typing import Any

import pytest
from tests.fakes.front import Front
from tests.fakes.waiting import until


def test_samplers_look_as_a1111_shows_them(front: Front) -> None:
    """Name, aliases and options, the options as strings."""
    samplers = front.http.get("/sdapi/v1/samplers").json()

    assert {"name": "Euler", "aliases": ["k_euler"], "options": {}} in samplers
    by_name = {sampler["name"]: sampler for sampler in samplers}
    assert by_name["DPM++ 2M"]["options"] == {"scheduler": "karras"}
    assert by_name["Euler a"]["options"] == {"uses_ensd": "True"}


def test_schedulers_look_as_a1111_shows_them(front: Front) -> None:
    """Name, label and the three further keys."""
    schedules = front.http.get("/sdapi/v1/schedulers").json()

    assert [one["name"] for one in schedules[:3]] == ["automatic", "uniform", "karras"]
    assert schedules[2] == {
        "name": "karras",
        "label": "Karras",
        "aliases": None,
        "default_rho": 7.0,
        "need_inner_model": False,
    }


def test_checkpoints_look_as_a1111_shows_them(front: Front) -> None:
    """Hashes are null until they are known, which all of them soon are; titles carry them."""

    def hashed() -> list[dict[str, Any]]:
        models = front.http.get("/sdapi/v1/sd-models").json()
        return models if all(model["hash"] for model in models) else []

    alpha, beta = until(hashed)
    folder = front.folder / "models" / "Stable-diffusion"
    assert list(alpha) == ["title", "model_name", "hash", "sha256", "filename", "config"]
    assert alpha["title"] == f"alpha.safetensors [{alpha['sha256'][:10]}]"
    sha256 = hashlib.sha256(b"people/beta.safetensors").hexdigest()
    assert beta == {
        "title": f"people/beta.safetensors [{sha256[:10]}]",
        "model_name": "people_beta",
        "hash": sha256[:10],
        "sha256": sha256,
        "filename": str(folder / "people" / "beta.safetensors"),
        "config": None,
    }


def test_new_checkpoints_are_found_on_refresh(front: Front) -> None:
    """A file that came later is listed after `refresh-checkpoints`, which answers null."""
    late = front.folder / "models" / "Stable-diffusion" / "late.safetensors"
    late.write_bytes(b"late")

    answer = front.http.post("/sdapi/v1/refresh-checkpoints")

    titles = [model["title"] for model in front.http.get("/sdapi/v1/sd-models").json()]
    late.unlink()
    front.http.post("/sdapi/v1/refresh-checkpoints")
    assert (answer.status_code, answer.json()) == (200, None)
    assert "late.safetensors" in titles


def test_options_can_be_set_for_later_requests(front: Front) -> None:
    """POST /options answers null and decides about requests that bring no override."""
    post = front.http.post("/sdapi/v1/options", json={"sd_model_checkpoint": "people_beta"})
    used = front.txt2img().json()["info"]
    shown = front.http.get("/sdapi/v1/options").json()["sd_model_checkpoint"]
    front.http.post("/sdapi/v1/options", json={"sd_model_checkpoint": "alpha"})

    assert (post.status_code, post.json()) == (200, None)
    assert '"sd_model_name": "beta"' in used
    assert shown.startswith("people/beta.safetensors")


def test_options_sent_back_as_they_came_are_accepted(front: Front) -> None:
    """Clients that change one option post all of them."""
    options = front.http.get("/sdapi/v1/options").json()

    assert front.http.post("/sdapi/v1/options", json=options).status_code == 200


def test_options_change_all_or_nothing(front: Front) -> None:
    """One impossible value leaves the others as they were."""
    changes = {"CLIP_stop_at_last_layers": 2, "samples_format": "bmp"}

    answer = front.http.post("/sdapi/v1/options", json=changes)

    assert (answer.status_code, answer.json()["error"]) == (422, "InvalidRequest")
    assert front.http.get("/sdapi/v1/options").json()["CLIP_stop_at_last_layers"] == 1


def test_idle_progress_is_as_recorded(front: Front) -> None:
    """Nothing runs: all zero, key for key what A1111 answered."""
    assert front.progress() == {
        "progress": 0.0,
        "eta_relative": 0.0,
        "state": {
            "skipped": False,
            "interrupted": False,
            "stopping_generation": False,
            "job": "",
            "job_count": 0,
            "job_timestamp": "0",
            "job_no": 0,
            "sampling_step": 0,
            "sampling_steps": 0,
        },
        "current_image": None,
        "textinfo": None,
    }


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/internal/ping", {}),
        ("/healthz", {"alive": True}),
        ("/sdapi/v1/loras", []),
        ("/sdapi/v1/realesrgan-models", []),
        ("/sdapi/v1/embeddings", {"loaded": {}, "skipped": {}}),
    ],
)
def test_small_calls_answer(front: Front, path: str, answer: object) -> None:
    """Calls clients make at their start."""
    assert front.http.get(path).json() == answer


def test_flags_say_that_there_is_an_api(front: Front) -> None:
    """/cmd-flags is a flat object."""
    assert front.http.get("/sdapi/v1/cmd-flags").json()["api"] is True


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_ask_no_outside_host(front: Front, path: str) -> None:
    """A page loads nothing and links nowhere else."""
    page = front.http.get(path)

    assert page.headers["content-type"].startswith("text/html")
    sources = re.findall(r"""(?:src|href)=["']([^"']*)""", page.text)
    assert not [source for source in sources if "//" in source]


def test_docs_list_every_call(front: Front) -> None:
    """Each path of the OpenAPI description has its heading, and txt2img its fields."""
    page = front.http.get("/docs").text

    assert all(path in page for path in front.http.get("/openapi.json").json()["paths"])
    assert "hr_second_pass_steps" in page
