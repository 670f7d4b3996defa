"""Pictures without a server: plan, engine and files in one process."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tintype import INFOTEXT_VERSION
from tintype.core.jobs import Event, ImageDone, Job, JobFailed, WorkerReady
from tintype.core.requests import Plan, Request
from tintype.core.settings import EngineConfig
from tintype.errors import EngineError, InvalidRequest, ModelError, SetupError, TintypeError, shown
from tintype.imaging import encode_png
from tintype.modelstore import open_models
from tintype.modelstore.native_size import native_size
from tintype.planning import Library, infotext_for, plan, random_seed
from tintype.settings import Settings

_ERRORS: dict[str, type[TintypeError]] = {
    "model": ModelError,
    "request": EngineError,
    "engine": EngineError,
}


@dataclass(frozen=True, slots=True)
class Errand:
    """What the command line asks for.

    Attributes:
        request: the picture, but for its size.
        size: "WIDTHxHEIGHT", one side, or None for the checkpoint's own.
        out: file to write; with several images each gets a number.
    """

    request: Request
    size: str | None
    out: Path


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of "512x768" or "512". Raises `InvalidRequest`."""
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) > 2 or not all(re.fullmatch(r"\s*\d{1,9}\s*", part) for part in parts):
        expected = "WIDTHxHEIGHT, such as 512x768, or one side"
        raise InvalidRequest("size", f"{shown(text)} is not {expected}")
    return int(parts[0]), int(parts[-1])


def prepare(settings: Settings, errand: Errand) -> tuple[Plan, ...]:
    """Settle everything, and refuse what could never run, before torch is imported."""
    _check_out(errand.out)
    store = open_models(settings.store)
    record = store.find(errand.request.checkpoint)
    width, height = parse_size(errand.size) if errand.size else native_size(record)
    return plan(
        replace(errand.request, width=width, height=height),
        library=Library(store),
        draw_seed=random_seed,
        limits=settings.limits,
    )


def generate(
    plans: tuple[Plan, ...], out: Path, device: str, tell: Callable[[Event], None]
) -> list[Path]:
    """Make the pictures and write them as PNG with infotext.

    Args:
        plans: what to make.
        out: where to put it; several images get numbers.
        device: "auto", "cpu" or "cuda:N".
        tell: is told of readiness, progress and finished images.

    Returns:
        the files written, in the order of their seeds.

    Raises:
        TintypeError: what was wrong, in one line.
    """
    from tintype.worker.runner import JobRunner
    from tintype.worker.start import Workshop

    workshop = Workshop(EngineConfig(device))
    written: dict[int, Path] = {}

    def note(event: Event) -> None:
        if isinstance(event, JobFailed):
            raise _ERRORS[event.kind](event.message)
        if isinstance(event, ImageDone):
            path = numbered(out, event.image, len(plans))
            infotext = infotext_for(plans[event.image], INFOTEXT_VERSION)
            _write(path, encode_png(event.pixels, infotext))
            written[event.image] = path
        tell(event)

    load = workshop.warm(plans[0].network.checkpoint)
    tell(WorkerReady(str(workshop.device), {"load": load}))
    runner = JobRunner(workshop.engine, note)
    runner.submit(Job("generate", plans))
    while not runner.is_idle:
        runner.tick()
    return [written[image] for image in sorted(written)]


def numbered(out: Path, image: int, images: int) -> Path:
    """Where image number `image` goes: `star.png`, or `star-1.png`, `star-2.png`, … of several."""
    return out if images == 1 else out.with_stem(f"{out.stem}-{image + 1}")


def _check_out(out: Path) -> None:
    if out.suffix.lower() != ".png":
        raise InvalidRequest(
            "out", f"{str(out)!r} does not end in .png, the format that is written"
        )
    if not os.path.isdir(out.parent):
        raise SetupError(f"there is no folder {out.parent} to write {out.name} to")
    if os.path.isdir(out) or not os.access(out.parent, os.W_OK):
        raise SetupError(f"{out} cannot be written; choose another place with --out")


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from error
