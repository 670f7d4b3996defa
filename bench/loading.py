"""Loading: how fast files become networks, how soon after exec there is a picture, and switching.

The yardstick of reading is one `readinto` of the same file into memory that was touched before;
that of starting is diffusers, with the same weights from the same file and from a folder. Files are
in the system's memory throughout. Between two loads the memory of the first is given back.
"""

import gc
import shutil
import time
from pathlib import Path
from statistics import median
from typing import cast

import psutil
import torch
from safetensors import torch as safetensors_torch

from bench import peer
from bench.checkpoints import FOLDER, sd15_tree
from bench.server import serving
from tintype.core.models import ModelRecord
from tintype.engine.checkpoints import Checkpoints
from tintype.networks import LoadedCheckpoint, bytes_by_part, load_checkpoint
from tintype.networks.reading import read_tensor
from tintype.tensorfiles import open_table

SWITCHES = 100
CPU = torch.device("cpu")
PICTURE: dict[str, object] = {
    "prompt": "a lighthouse at dusk",
    "steps": 1,
    "width": 64,
    "height": 64,
    "sampler_name": "Euler",  # A1111's DDIM asks the U-Net nothing in a single step
}


def loading(rounds: int) -> dict[str, object]:
    """Rates of reading, seconds to the first picture, seconds and memory of switches."""
    tree = sd15_tree()
    half = tree / "Stable-diffusion" / "random-sd15.safetensors"
    starts = _starts(tree, half, rounds)
    rates = {"float16": _rates(half, rounds), "float32": _rates(_single(half), rounds)}
    switches = _switches(half)
    ours, first, file, folder = (median(seconds) for seconds in starts.values())
    summary: dict[str, object] = {
        f"{name} file: load, GB/s of file (readinto: {rate['readinto']})": rate["load"]
        for name, rate in rates.items()
    }
    summary |= {
        "float32 file: load / readinto (goal 0.6)": round(
            rates["float32"]["load"] / rates["float32"]["readinto"], 2
        ),
        "exec to first picture, s": round(ours, 2),
        "the same with a file never hashed before, s": round(first, 2),
        "the same by diffusers from the file, s": round(file, 2),
        "the same by diffusers from a folder, s": round(folder, 2),
        "diffusers from the file / tintype (goal 4)": round(file / ours, 2),
        "diffusers from a folder / tintype (goal 4)": round(folder / ours, 2),
        **switches,
    }
    return {"seconds": starts, "rates": rates, "summary": summary}


def _rates(path: Path, rounds: int) -> dict[str, float]:
    """GB of file in a second: the best of some, for others may be at work on the machine."""
    size = path.stat().st_size
    room = bytearray(size)
    plain, loads = [_seconds_to_read(path, room)], list[float]()
    for _ in range(rounds):
        plain.append(_seconds_to_read(path, room))
    del room
    for _ in range(rounds + 1):  # the first one finds no memory of an earlier one
        began = time.perf_counter()
        loaded = _load(_record(path))
        loads.append(time.perf_counter() - began)
        del loaded
        gc.collect()
    return {
        "readinto": round(size / min(plain) / 1e9, 2),
        "load": round(size / min(loads) / 1e9, 2),
        "first load": round(size / loads[0] / 1e9, 2),
    }


def _seconds_to_read(path: Path, room: bytearray) -> float:
    with path.open("rb", buffering=0) as file:
        began = time.perf_counter()
        view = memoryview(room)
        while count := file.readinto(view):
            view = view[count:]
        return time.perf_counter() - began


def _single(half: Path) -> Path:
    """The same checkpoint in float32, written once."""
    path = FOLDER / "random-sd15-float32.safetensors"
    if not path.exists():
        tensors = {k: read_tensor(t).float() for k, t in open_table(half).tensors.items()}
        save = cast("object", safetensors_torch.save_file)
        assert callable(save)
        save(tensors, path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
    return path


def _starts(tree: Path, half: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds from exec to the first picture, of fresh processes in turn."""
    config, folder = peer.config(), peer.folder(half)
    names = ("tintype", "tintype, never hashed", "diffusers, file", "diffusers, folder")
    starts: dict[str, list[float]] = {name: [] for name in names}
    known = FOLDER / "loading-data"  # what every start but the first finds: an index with hashes
    for round_number in range(rounds + 1):
        taken = (
            _ours(tree, known),
            _ours(tree),
            peer.seconds("file", half, config),
            peer.seconds("folder", folder),
        )
        if round_number:  # the first round brings files into the system's memory
            for name, seconds in zip(names, taken, strict=True):
                starts[name].append(seconds)
    return starts


def _ours(tree: Path, data: Path | None = None) -> float:
    with serving(tree, data=data) as server:
        server.paint_when_listening(PICTURE)
        return time.perf_counter() - server.started


def _switches(half: Path) -> dict[str, object]:
    """Between two in memory, and between two of which one fits."""
    twin = FOLDER / "random-sd15-twin.safetensors"  # no server shall find it
    if not twin.exists():
        shutil.copy(half, twin)
    records = [_record(half), _record(twin)]
    size = sum(bytes_by_part(half, torch.float32).values())
    both = Checkpoints(_load, 3 * size)
    for record in records:
        both.get(record)
    began = time.perf_counter()
    for record in records * (SWITCHES // 2):
        both.get(record)
    resident = (time.perf_counter() - began) / SWITCHES
    both.unload()
    one = Checkpoints(_load, size)
    for record in records:
        one.get(record)
    began, before = time.perf_counter(), _resident_mib()
    for record in records * (SWITCHES // 2):
        one.get(record)
    return {
        "switch between two in memory, s (goal 0.5)": round(resident, 6),
        "switch where one fits, s": round((time.perf_counter() - began) / SWITCHES, 2),
        f"memory after {SWITCHES} of these, MiB (before: {before})": _resident_mib(),
    }


def _load(record: ModelRecord) -> LoadedCheckpoint:
    """All of it, so that its bytes can be compared with those of the file."""
    return load_checkpoint(record.path, None, CPU, torch.float32, at_once=True)


def _record(path: Path) -> ModelRecord:
    status = path.stat()
    return ModelRecord(path.name, path, status.st_size, status.st_mtime_ns)


def _resident_mib() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss // 2**20
