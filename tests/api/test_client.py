"""A client written for A1111 works unchanged."""

from typing import Any

import webuiapi  # pyright: ignore[reportMissingTypeStubs]
from tests.fakes.front import Front


def test_webuiapi_draws_and_lists(front: Front) -> None:
    """webuiapi's txt2img, with all the fields it always sends, and its lists."""
    host, port = front.address
    client: Any = webuiapi.WebUIApi(host=host, port=port, sampler="Euler a", steps=4)
    try:
        result = client.txt2img(prompt="a cat", seed=7, width=64, height=64, cfg_scale=7)

        assert result.image.size == (64, 64)
        assert result.info["all_seeds"] == [7]
        assert result.parameters["steps"] == 4
        assert "Euler a" in [sampler["name"] for sampler in client.get_samplers()]
        assert [model["model_name"] for model in client.get_sd_models()] == ["alpha", "people_beta"]
        assert client.get_progress()["progress"] == 0.0
        assert client.util_get_current_model().startswith("alpha.safetensors")
    finally:
        client.session.close()
