"""A client written for A1111 works unchanged."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import webuiapi  # pyright: ignore[reportMissingTypeStubs]
from PIL import Image
from tests.fakes.front import Front

SMALL = {"seed": 7, "width": 64, "height": 64, "cfg_scale": 7}


def client_of(front: Front) -> Any:
    host, port = front.address
    return webuiapi.WebUIApi(host=host, port=port, sampler="Euler a", steps=4)


@pytest.fixture(scope="module")
def client(front: Front) -> Generator[Any]:
    """webuiapi, as its own examples make it."""
    made = client_of(front)
    yield made
    made.session.close()


def test_it_draws(client: Any) -> None:
    """txt2img, with all the fields it always sends."""
    result = client.txt2img(prompt="a cat", **SMALL)

    assert result.image.size == (64, 64)
    assert result.info["all_seeds"] == [7]
    assert result.parameters["steps"] == 4


def test_it_repaints(client: Any) -> None:
    """img2img and inpainting, from the picture before."""
    first = client.txt2img(prompt="a cat", **SMALL).image
    mask = Image.new("L", first.size, 255)

    assert client.img2img(images=[first], prompt="a dog", **SMALL).image.size == (64, 64)
    repainted = client.img2img(images=[first], mask_image=mask, inpainting_fill=1, **SMALL)
    assert repainted.image.size == (64, 64)


def test_it_enlarges(client: Any) -> None:
    """One picture and several, without a network."""
    picture = client.txt2img(prompt="a cat", **SMALL).image

    one = client.extra_single_image(image=picture, upscaler_1="Lanczos", upscaling_resize=2)
    several = client.extra_batch_images([picture, picture], ["a", "b"], upscaler_1="Nearest")

    assert one.image.size == (128, 128)
    assert [image.size for image in several.images] == [(128, 128), (128, 128)]


def test_it_reads_what_a_picture_says(client: Any) -> None:
    """png_info of a picture it has drawn."""
    picture = client.txt2img(prompt="a blue door", **SMALL)

    assert client.png_info(picture.image).info.startswith("a blue door\nSteps: 4")


def test_it_lists(client: Any) -> None:
    """Every list it knows, in the shape it reads."""
    models = [model["model_name"] for model in client.get_sd_models()]

    assert models == ["alpha", "people_beta"]
    assert len(client.util_get_model_names()) == 2
    assert "Euler a" in client.util_get_sampler_names()
    assert "karras" in [name.lower() for name in client.util_get_scheduler_names()]
    assert "Lanczos" in [upscaler["name"] for upscaler in client.get_upscalers()]
    assert client.get_latent_upscale_modes()[0]["name"] == "Latent"
    assert client.get_embeddings()["loaded"] == {}
    assert "x/y/z plot" in client.get_scripts()["txt2img"]
    assert client.get_cmd_flags()["api"] is True
    assert client.get_memory()["ram"]["used"] > 0
    lists = ("face_restorers", "hypernetworks", "loras", "prompt_styles", "realesrgan_models")
    for name in (*lists, "sd_vae", "schedulers", "samplers"):
        assert isinstance(getattr(client, f"get_{name}")(), list), name


def test_it_sets_options(client: Any) -> None:
    """And finds its checkpoint in force afterwards."""
    client.refresh_checkpoints()
    client.util_set_model("people_beta")
    chosen = client.util_get_current_model()
    client.set_options({"CLIP_stop_at_last_layers": 2})
    skip = client.get_options()["CLIP_stop_at_last_layers"]
    client.util_set_model("alpha")
    client.set_options({"CLIP_stop_at_last_layers": 1})

    assert chosen.startswith("people/beta.safetensors")
    assert skip == 2


def test_it_ends_what_runs(narrow: Front) -> None:
    """interrupt and skip while another call waits; it then waits for rest, as it always does."""
    client = client_of(narrow)
    try:
        with ThreadPoolExecutor() as callers:
            drawing = callers.submit(narrow.txt2img, "hold", n_iter=2)
            narrow.wait_until_held()
            assert client.get_progress()["state"]["job_count"] == 2
            client.skip()
            client.interrupt()
            assert len(drawing.result().json()["images"]) == 2
        client.util_wait_for_ready(check_interval=0.01)
        assert client.get_progress()["progress"] == 0.0
    finally:
        client.session.close()


def test_it_finds_no_control(client: Any) -> None:
    """Empty lists, and a refusal in words."""
    assert client.controlnet_version() == 3
    assert client.controlnet_model_list() == []
    assert client.controlnet_module_list() == ["none"]
    with pytest.raises(RuntimeError, match="ControlNet is not to be had here yet"):
        client.controlnet_detect(images=[Image.new("RGB", (8, 8))])
