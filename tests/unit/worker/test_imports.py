"""What a worker imports on the way to its first picture, seen in a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

from tests.fakes.checkpoints import write_tiny_checkpoint

HEAVY = ("diffusers", "transformers", "scipy", "torchvision", "torch._dynamo", "torch._inductor")

SCRIPT = """
import sys
from pathlib import Path
from tests.fakes.plans import record_of, small_plan
from tintype.core.settings import EngineConfig
from tintype.core.jobs import Job
from tintype.worker.runner import JobRunner
from tintype.worker.start import Workshop

told = []
plan = small_plan(record_of(Path(sys.argv[1])), sampler="Euler a", schedule="Karras")
runner = JobRunner(Workshop(EngineConfig("cpu")).engine, told.append)
runner.submit(Job("j", (plan,)))
while not runner.is_idle:
    runner.tick()
print(type(told[-1]).__name__)
print(*(name for name in sys.argv[2:] if name in sys.modules))
"""


def test_nothing_heavy_but_torch(tmp_path: Path) -> None:
    """A whole picture is painted without the libraries that make other starts slow."""
    path = write_tiny_checkpoint(tmp_path / "tiny.safetensors")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), *HEAVY],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[:2] == ["JobDone", ""]
