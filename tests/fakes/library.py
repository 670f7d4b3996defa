"""A model folder with a little of everything, and requests settled with it."""

from pathlib import Path

from tests.fakes.small_models import CHECKPOINT, LORA, safetensors

from tintype.core.requests import Plan, Request
from tintype.core.settings import Limits
from tintype.modelstore import ModelStore
from tintype.planning import Library, plan

DRAWN_SEED = 1234

_FIRST_LAYER = "model.diffusion_model.input_blocks.0.0.weight"

_CROSS_ATTENTION = "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"

_STYLES = """name,prompt,negative_prompt
Noir,"black and white, {prompt}, film grain",colour
Lucky,four-leaf clover,
"""


def make_library(root: Path) -> Library:
    """Checkpoints a, b and one for inpainting, LoRAs ink and wool, styles, and two embeddings.

    "moth" fits SD 1.x, "whale" fits SD 2.x. Weights are not worth the name.
    """
    for seed, name in enumerate(("a", "b")):
        checkpoint = safetensors(CHECKPOINT, seed=seed)
        _write(root / "models" / "Stable-diffusion" / f"{name}.safetensors", checkpoint)
    for seed, name in enumerate(("ink", "wool")):
        _write(root / "models" / "Lora" / f"{name}.safetensors", safetensors(LORA, seed=seed))
    checkpoint = safetensors({_FIRST_LAYER: (8, 9, 3, 3)})
    _write(root / "models" / "Stable-diffusion" / "inpainting.safetensors", checkpoint)
    for name, width in (("moth", 768), ("whale", 1024)):
        vectors = safetensors({"emb_params": (2, width)})
        _write(root / "embeddings" / f"{name}.safetensors", vectors)
    (root / "styles.csv").write_text(_STYLES, encoding="utf-8")
    return Library(ModelStore([root]))


def add_sdxl(root: Path) -> None:
    """A checkpoint "xl" whose header is SDXL's."""
    checkpoint = safetensors({_FIRST_LAYER: (8, 4, 3, 3), _CROSS_ATTENTION: (8, 2048)})
    _write(root / "models" / "Stable-diffusion" / "xl.safetensors", checkpoint)


def planned(request: Request, library: Library, limits: Limits | None = None) -> tuple[Plan, ...]:
    """The plans of a request; whatever seed it leaves open is `DRAWN_SEED`."""
    limits = limits or Limits()
    return plan(request, library=library, draw_seed=lambda: DRAWN_SEED, limits=limits)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
