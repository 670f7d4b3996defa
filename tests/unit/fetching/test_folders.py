"""Which files of a diffusers folder are needed."""

import pytest

from tintype.errors import FetchError, InvalidRequest
from tintype.fetching.folders import of_a_folder

PLAIN = "unet/diffusion_pytorch_model.safetensors"
HALF = "unet/diffusion_pytorch_model.fp16.safetensors"
PICKLE = "unet/diffusion_pytorch_model.bin"
VAE = "vae/diffusion_pytorch_model.safetensors"
SHARDS = [
    "unet/diffusion_pytorch_model-00001-of-00002.safetensors",
    "unet/diffusion_pytorch_model-00002-of-00002.safetensors",
    "unet/diffusion_pytorch_model.safetensors.index.json",
]
HALF_SHARDS = [
    "text_encoder/model.fp16-00001-of-00002.safetensors",
    "text_encoder/model.fp16-00002-of-00002.safetensors",
    "text_encoder/model.safetensors.index.fp16.json",
]
LATE_SHARDS = [
    "text_encoder/model-00001-of-00001.fp16.safetensors",
    "text_encoder/model.safetensors.index.fp16.json",
]
NEVER = ["safety_checker/model.safetensors", "a.safetensors", "README.md", "unet/x.onnx"]


@pytest.mark.parametrize(
    ("names", "variant", "expected"),
    [
        ([PLAIN, HALF, PICKLE, VAE, *NEVER], None, [PLAIN, VAE]),
        ([PLAIN, HALF, PICKLE, VAE, *NEVER], "fp16", [HALF, VAE]),
        ([PICKLE, "unet/config.json"], None, ["unet/config.json", PICKLE]),
        ([HALF], None, [HALF]),
        ([*SHARDS, VAE], None, [*SHARDS, VAE]),
        ([PLAIN, *HALF_SHARDS], "fp16", [PLAIN, *HALF_SHARDS]),
        ([PLAIN, *LATE_SHARDS], "fp16", [PLAIN, *LATE_SHARDS]),
    ],
)
def test_one_set_of_weights(names: list[str], variant: str | None, expected: list[str]) -> None:
    """safetensors before pickles, the variant where it exists, and all of its shards."""
    got = of_a_folder(["model_index.json", *names], variant, "x")
    assert sorted(got) == sorted(["model_index.json", *expected])


def test_choices() -> None:
    """What is left open is asked for; what cannot be is said."""
    ema = HALF.replace("fp16", "non_ema")
    with pytest.raises(InvalidRequest, match="say which one; x has fp16, non_ema"):
        of_a_folder([HALF, ema], None, "x")
    with pytest.raises(InvalidRequest, match="'bf16' is not there; x has fp16"):
        of_a_folder([PLAIN, HALF], "bf16", "x")
    with pytest.raises(FetchError, match="without weights of a U-Net"):
        of_a_folder([VAE], None, "x")
