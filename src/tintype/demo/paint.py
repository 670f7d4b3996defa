"""Pictures by the demo model, many at a time, for judging and for showing."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image

from tintype.core.jobs import Event, ImageDone, Job, JobFailed
from tintype.core.models import ModelRecord
from tintype.core.orders import Network
from tintype.core.requests import GuidanceSettings, Plan
from tintype.core.sampler_settings import NoiseSettings, SamplerSettings
from tintype.core.settings import EngineConfig
from tintype.core.text_settings import TextSettings
from tintype.demo.checkpoint import CHECKPOINT
from tintype.errors import EngineError


def demo_record(path: Path = CHECKPOINT) -> ModelRecord:
    """The demo checkpoint, or another file in its place."""
    facts = path.stat()
    return ModelRecord(
        path.name,
        path,
        facts.st_size,
        facts.st_mtime_ns,
    )


def demo_plan(
    prompt: str, seed: int, record: ModelRecord, side: int = 256, steps: int = 20
) -> Plan:
    """The settings the model is judged by: DPM++ 2M Karras at CFG 7."""
    return Plan(
        prompt=prompt,
        negative_prompt="",
        width=side,
        height=side,
        network=Network(record),
        settings=SamplerSettings("DPM++ 2M", "Karras", steps),
        guidance=GuidanceSettings(cfg_scale=7.0),
        text=TextSettings(),
        noise=NoiseSettings(seed),
    )


def paint(
    plans: Sequence[Plan], tell: Callable[[Event], None] = lambda event: None
) -> list[Image.Image]:
    """Run plans of one image each through an engine of our own; raises if one fails."""
    from tintype.worker.runner import JobRunner
    from tintype.worker.start import Workshop

    done: dict[int, Image.Image] = {}

    def note(event: Event) -> None:
        if isinstance(event, JobFailed):
            raise EngineError(event.message)
        if isinstance(event, ImageDone):
            pixels = event.pixels
            size = (pixels.width, pixels.height)
            done[int(event.job_id)] = Image.frombytes("RGB", size, pixels.data)
        tell(event)

    runner = JobRunner(Workshop(EngineConfig("auto")).engine, note)
    for batch in _batches(plans):
        for number, plan in batch:
            runner.submit(Job(str(number), (plan,)))
        while not runner.is_idle:
            runner.tick()
    return [done[number] for number in range(len(plans))]


def _batches(plans: Sequence[Plan], size: int = 8) -> Iterator[list[tuple[int, Plan]]]:
    numbered = list(enumerate(plans))
    for start in range(0, len(numbered), size):
        yield numbered[start : start + size]
