from dataclasses import replace
from pathlib import Path

from tintype.core.models import ModelRecord
from tintype.core.requests import Plan
from tintype.planning import infotext_for

PLAN = Plan(
    prompt="a cat",
    negative_prompt="dog",
    seeds=(1, 2),
    steps=4,
    cfg_scale=7.0,
    width=64,
    height=72,
    sampler="Euler",
    schedule="Automatic",
    clip_skip=1,
    checkpoint=ModelRecord(
        "sub/tiny-ldm.safetensors",
        Path("/m/sub/tiny-ldm.safetensors"),
        1,
        1,
        "c2c01196e8" + "0" * 54,
    ),
)


def test_as_a1111_writes_it() -> None:
    """The text is what A1111 1.10 writes, letter by letter."""
    assert infotext_for(PLAN, 0, "v1.10.1") == (
        "a cat\nNegative prompt: dog\n"
        "Steps: 4, Sampler: Euler, Schedule type: Automatic, CFG scale: 7.0, Seed: 1, "
        "Size: 64x72, Model hash: c2c01196e8, Model: tiny-ldm, Version: v1.10.1"
    )


def test_each_image_has_its_seed() -> None:
    """The second image tells the second seed."""
    assert "Seed: 2, " in infotext_for(PLAN, 1, "v1.10.1")


def test_clip_skip() -> None:
    """Clip skip is told only where layers are left out, between model and version."""
    text = infotext_for(replace(PLAN, clip_skip=2), 0, "v1.10.1")
    assert text.endswith("Model: tiny-ldm, Clip skip: 2, Version: v1.10.1")


def test_whole_cfg_scale_from_a_client() -> None:
    """A guidance scale prints as a float even if an integer got this far."""
    assert "CFG scale: 5.0, " in infotext_for(replace(PLAN, cfg_scale=5), 0, "v1.10.1")


def test_model_without_hash() -> None:
    """A hash nobody knows is left out."""
    unknown = replace(PLAN, checkpoint=replace(PLAN.checkpoint, sha256=None))
    assert "Size: 64x72, Model: tiny-ldm, " in infotext_for(unknown, 0, "v1.10.1")
