"""Making a picture again from its own infotext, and comparing."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tintype.core.jobs import Event, ImageDone, Job, JobFailed, Pixels
from tintype.core.settings import EngineConfig
from tintype.errors import EngineError, ModelError, SetupError
from tintype.modelstore import open_models
from tintype.planning import Library, plan, random_seed
from tintype.planning.verifying import Verdict, Verification, compared, verification_of
from tintype.settings import Settings


def prepare(settings: Settings, path: Path) -> Verification:
    """Read a picture and settle how to make it again.

    Raises:
        TintypeError: why it cannot be: no infotext, no such model, a setting not known here.
    """
    models = open_models(settings.store)
    settle = partial(plan, library=Library(models), draw_seed=random_seed, limits=settings.limits)
    return verification_of(_read(path), path.name, models, settle)


def verify(verification: Verification, device: str, tell: Callable[[Event], None]) -> Verdict:
    """Make the picture again and compare. Raises `TintypeError` if it cannot be made."""
    from tintype.worker.runner import JobRunner
    from tintype.worker.start import Workshop

    made: list[Pixels] = []

    def note(event: Event) -> None:
        if isinstance(event, JobFailed):
            raise (ModelError if event.kind == "model" else EngineError)(event.message)
        if isinstance(event, ImageDone):
            made.append(event.pixels)
        tell(event)

    runner = JobRunner(Workshop(EngineConfig(device)).engine, note)
    runner.submit(Job("verify", (verification.plan,)))
    while not runner.is_idle:
        runner.tick()
    return compared(verification.picture, made[0], verification.reasons)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}") from error
