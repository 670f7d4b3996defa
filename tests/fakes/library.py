"""A model folder with a little of everything, and requests settled with it."""

import json
from math import prod
from pathlib import Path

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

    "moth" fits SD 1.x, "whale" fits SD 2.x. None of the files holds weights.
    """
    for name in ("a", "b"):
        _write(root / "models" / "Stable-diffusion" / f"{name}.safetensors", name.encode())
    for name in ("ink", "wool"):
        _write(root / "models" / "Lora" / f"{name}.safetensors", _header({}) + name.encode())
    checkpoint = _header({_FIRST_LAYER: _tensor(320, 9, 3, 3)})
    _write(root / "models" / "Stable-diffusion" / "inpainting.safetensors", checkpoint)
    for name, width in (("moth", 768), ("whale", 1024)):
        vectors = _header({"emb_params": _tensor(2, width)}) + bytes(8 * width)
        _write(root / "embeddings" / f"{name}.safetensors", vectors)
    (root / "styles.csv").write_text(_STYLES, encoding="utf-8")
    return Library(ModelStore([root]))


def add_sdxl(root: Path) -> None:
    """A checkpoint "xl" whose header is SDXL's."""
    tensors = {_FIRST_LAYER: _tensor(320, 4, 3, 3), _CROSS_ATTENTION: _tensor(640, 2048)}
    _write(root / "models" / "Stable-diffusion" / "xl.safetensors", _header(tensors))


def planned(request: Request, library: Library, limits: Limits | None = None) -> tuple[Plan, ...]:
    """The plans of a request; whatever seed it leaves open is `DRAWN_SEED`."""
    limits = limits or Limits()
    return plan(request, library=library, draw_seed=lambda: DRAWN_SEED, limits=limits)


def _tensor(*shape: int) -> dict[str, object]:
    return {"dtype": "F32", "shape": shape, "data_offsets": [0, 4 * prod(shape)]}


def _header(tensors: object) -> bytes:
    header = json.dumps(tensors).encode()
    return len(header).to_bytes(8, "little") + header


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
