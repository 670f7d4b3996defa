"""Where the demo model's file is, and what its tensors' names begin with."""

from pathlib import Path

CHECKPOINT = (
    Path(__file__).parent / "tree" / "models" / "Stable-diffusion" / "tintype-shapes.safetensors"
)

UNET_PREFIX = "model.diffusion_model."
VAE_PREFIX = "first_stage_model."
TEXT_PREFIX = "cond_stage_model.transformer."
