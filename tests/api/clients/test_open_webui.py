"""Open WebUI with its engine "automatic1111"."""

from tests.api.clients.speaking import drawn, got, posted
from tests.fakes.front import Front

NO_LOGIN = {"Authorization": ""}  # what it sends where no login is set


def test_a_picture_by_another_model(front: Front) -> None:
    """It sends all options back with another model, sees it there, and gets its pictures."""
    models = got(front, "/sdapi/v1/sd-models", headers=NO_LOGIN)
    options = got(front, "/sdapi/v1/options", headers=NO_LOGIN)
    assert options["sd_model_checkpoint"] in [model["title"] for model in models]

    wanted = next(m for m in models if m["title"] != options["sd_model_checkpoint"])
    options["sd_model_checkpoint"] = wanted["title"]
    assert posted(front, "/sdapi/v1/options", options, headers=NO_LOGIN) is None
    assert got(front, "/sdapi/v1/options")["sd_model_checkpoint"] == wanted["title"]

    body = {
        "prompt": "a lighthouse",
        "negative_prompt": "",
        "batch_size": 2,
        "width": 64,
        "height": 64,
        "steps": 4,
        "cfg_scale": 7.0,
        "sampler_name": "Euler a",
        "scheduler": "Karras",
    }
    answer = posted(front, "/sdapi/v1/txt2img", body, headers=NO_LOGIN)
    assert [drawn(image).size for image in answer["images"]] == [(64, 64), (64, 64)]
    assert isinstance(answer["info"], str)


def test_a_model_by_its_short_name(front: Front) -> None:
    """A title without its hash, and the name alone, choose the model too."""
    for name in ("alpha.safetensors", "alpha"):
        posted(front, "/sdapi/v1/options", {"sd_model_checkpoint": name})
        chosen = got(front, "/sdapi/v1/options")["sd_model_checkpoint"]
        assert chosen.startswith("alpha.safetensors [")


def test_an_unknown_model_changes_nothing(front: Front) -> None:
    """An error, and the old model stays."""
    before = got(front, "/sdapi/v1/options")["sd_model_checkpoint"]
    answer = front.http.post("/sdapi/v1/options", json={"sd_model_checkpoint": "nobody"})

    assert answer.is_client_error
    assert got(front, "/sdapi/v1/options")["sd_model_checkpoint"] == before
