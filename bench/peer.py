"""diffusers in a process of its own, as what we are measured against."""

import os
import subprocess
import sys
import time
from pathlib import Path

from bench.checkpoints import FOLDER


def run(*arguments: object) -> str:
    """What `python -m bench.diffusers_pipeline` prints."""
    command = [sys.executable, "-m", "bench.diffusers_pipeline", *map(str, arguments)]
    offline = os.environ | {"HF_HUB_OFFLINE": "1"}
    return subprocess.run(command, check=True, env=offline, capture_output=True, text=True).stdout


def seconds(*arguments: object) -> float:
    """How long that takes, from exec to its end."""
    began = time.perf_counter()
    run(*arguments)
    return time.perf_counter() - began


def config() -> Path:
    """A pipeline of SD 1.5 without weights, written once."""
    return _written("diffusers-config", "config")


def folder(file: Path) -> Path:
    """One with the weights of a file, in float16, written once."""
    return _written("diffusers-sd15", "weights", file, config())


def _written(name: str, *arguments: object) -> Path:
    path = FOLDER / name
    if not path.exists():
        unfinished = path.with_suffix(".part")
        run(*arguments, unfinished)
        unfinished.rename(path)
    return path
