"""Plans of small pictures, for tests that care about one or two of their settings."""

from pathlib import Path

from tintype.core.models import ModelRecord
from tintype.core.orders import Network
from tintype.core.requests import GuidanceSettings, Plan
from tintype.core.sampler_settings import NoiseSettings, SamplerSettings
from tintype.core.text_settings import TextSettings

NOWHERE = ModelRecord("a.safetensors", Path("/m/a.safetensors"), 1, 1, "c2c01196e8" + "0" * 54)


def record_of(path: Path) -> ModelRecord:
    """A checkpoint file as the model list would have it."""
    facts = path.stat()
    return ModelRecord(path.name, path, facts.st_size, facts.st_mtime_ns)


def small_plan(
    record: ModelRecord = NOWHERE,
    *,
    prompt: str = "a cat",
    negative_prompt: str = "",
    seed: int = 1,
    steps: int = 2,
    sampler: str = "Euler",
    schedule: str = "Automatic",
    cfg_scale: float = 7.0,
    width: int = 64,
    height: int = 64,
    clip_skip: int = 1,
) -> Plan:
    """A plan with everything at rest but what is given."""
    return Plan(
        prompt=prompt,
        negative_prompt=negative_prompt,
        width=width,
        height=height,
        network=Network(record),
        settings=SamplerSettings(sampler, schedule, steps),
        guidance=GuidanceSettings(cfg_scale),
        text=TextSettings(clip_skip=clip_skip),
        noise=NoiseSettings(seed),
    )
