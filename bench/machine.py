"""What a result was measured on."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path


def machine() -> dict[str, object]:
    """Commit, processor, cores, load before the run, and the versions that matter."""
    return {
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "torch": version("torch"),
        "tintype": version("tintype"),
    }


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _processor() -> str:
    try:
        facts = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    name = re.search(r"model name\s*:\s*(.+)", facts)
    return name[1] if name else platform.machine()
