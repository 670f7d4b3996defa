"""What could keep Tintype from working on this machine, looked at without starting it."""

import errno
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tintype.core.settings import EngineConfig, ServerConfig, StoreConfig
from tintype.modelstore import ModelStore, checkpoint_folder
from tintype.settings import DEMO_TREE, Settings

_OLDEST_PYTHON = (3, 11)
_GIB = 2**30
_SCARCE_DISK_BYTES, _NO_DISK_BYTES = 2 * _GIB, _GIB // 4
_SCARCE_MEMORY_BYTES, _NO_MEMORY_BYTES = 8 * _GIB, 2 * _GIB
_CGROUP_MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        state: "ok"; "warning" where something will be missing; "problem" where nothing will run.
        what: what was found.
        advice: what to do about it, empty when all is well.
    """

    state: Literal["ok", "warning", "problem"]
    what: str
    advice: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything a start needs; changes nothing and imports no torch."""
    return [
        _python(),
        _torch(),
        _device(settings.engine),
        _memory(),
        *(_model_root(root) for root in settings.store.model_roots if root != DEMO_TREE),
        _demo_model(),
        *_data_folder(settings.store),
        _port(settings.server),
    ]


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < _OLDEST_PYTHON:
        return Finding("problem", f"Python {version}", "install Python 3.11 or newer")
    return Finding("ok", f"Python {version}")


def _torch() -> Finding:
    if find_spec("torch") is None:
        return Finding("problem", "torch is not installed", "pip install torch")
    return Finding("ok", f"torch {metadata.version('torch')}")


def _device(config: EngineConfig) -> Finding:
    """Judged from outside: the driver's tool or device file, and the name of torch's build."""
    if config.device == "cpu":
        return Finding("ok", "computes on the CPU, as asked")
    has_driver = shutil.which("nvidia-smi") is not None or Path("/dev/nvidiactl").exists()
    has_cuda = find_spec("torch") is not None and "+cpu" not in metadata.version("torch")
    if has_driver and has_cuda:
        return Finding("ok", "there is an NVIDIA driver and a torch that may use it")
    missing = "no NVIDIA driver" if not has_driver else "torch is built for the CPU alone"
    if config.device == "auto":
        advice = "" if not has_driver else "install a torch built for CUDA to use the GPU"
        return Finding("warning" if has_driver else "ok", f"computes on the CPU: {missing}", advice)
    return Finding("problem", f"{config.device} is asked for: {missing}", "use --device auto")


def _memory() -> Finding:
    memory = _memory_bytes()
    if memory is None:
        return Finding("warning", "the size of the memory is not known")
    what = f"{memory / _GIB:.1f} GiB of memory"
    if memory < _NO_MEMORY_BYTES:
        return Finding("problem", what, "give it at least 2 GiB; the demo model runs in that")
    if memory < _SCARCE_MEMORY_BYTES:
        return Finding("warning", what, "enough for the demo model; SD 1.5 on a CPU wants 8 GiB")
    return Finding("ok", what)


def _memory_bytes() -> int | None:
    """Memory of the machine or of the container, whichever is less."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        limit = _CGROUP_MEMORY_LIMIT.read_text().strip()
    except OSError:
        return machine
    return min(machine, int(limit)) if limit.isdecimal() else machine


def _model_root(root: Path) -> Finding:
    if checkpoint_folder(root) is None:
        return Finding(
            "warning",
            f"no checkpoint folder in {root}",
            "expected models/Stable-diffusion, models/checkpoints or a checkpoint file in it",
        )
    count = len(ModelStore([root]).checkpoints())
    what = f"{count} {'checkpoint' if count == 1 else 'checkpoints'} in {root}"
    advice = "put .safetensors files into it, or serve the demo model alone"
    return Finding("ok", what) if count else Finding("warning", what, advice)


def _demo_model() -> Finding:
    if ModelStore([DEMO_TREE]).checkpoints():
        return Finding("ok", "the demo model is there")
    return Finding("warning", "the demo model is missing", "install the package again")


def _data_folder(config: StoreConfig) -> Iterator[Finding]:
    place = _nearest_existing(config.data)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        advice = "choose another with --data or TINTYPE_DATA"
        yield Finding("problem", f"the data folder {config.data} cannot be written to", advice)
        return
    yield Finding("ok", f"the data folder {config.data} can be written to")
    yield _disk(place)


def _nearest_existing(path: Path) -> Path:
    """A link that leads nowhere counts: no folder can be made in its place."""
    return next(place for place in (path, *path.parents) if os.path.lexists(place))


def _disk(place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    what = f"{free / _GIB:.1f} GiB of free disk for pictures and jobs"
    if free < _NO_DISK_BYTES:
        return Finding("problem", what, "free some, or choose another disk with --data")
    if free < _SCARCE_DISK_BYTES:
        return Finding("warning", what, "enough for a start; some thousand pictures will fill it")
    return Finding("ok", what)


def _port(config: ServerConfig) -> Finding:
    place = f"{config.host}:{config.port}"
    error = _bind_error(config)
    if error is None:
        return Finding("ok", f"{place} is free to listen on")
    if error.errno == errno.EADDRINUSE:
        return Finding("problem", f"{place} is in use", "choose another with --port")
    advice = "choose another with --host or --port"
    return Finding("problem", f"{place} cannot be listened on ({error.strerror})", advice)


def _bind_error(config: ServerConfig) -> OSError | None:
    """Why a server could not listen there, or None; the place is free again at once."""
    try:
        kind, _, _, _, address = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(kind, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        return error
    return None
