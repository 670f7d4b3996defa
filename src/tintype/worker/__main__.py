"""The worker process: `python -m tintype.worker --fd N --device auto [--preload FILE]`.

Started by the front with a pipe; torch is imported here and nowhere else.
"""

import argparse
import logging
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.core.jobs import WorkerReady
from tintype.core.models import ModelRecord
from tintype.core.settings import EngineConfig
from tintype.errors import ModelError, TintypeError
from tintype.worker.channel import FrontGone, open_channel

if TYPE_CHECKING:
    from tintype.worker.start import Workshop


def main() -> int:
    """Serve one front process."""
    started = time.perf_counter()
    options = _parser().parse_args()
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s worker: %(message)s"
    )
    channel = open_channel(options.fd)
    seconds: dict[str, float] = {}
    try:
        from tintype.worker.loop import run_worker
        from tintype.worker.runner import JobRunner
        from tintype.worker.start import Workshop  # imports torch

        seconds["import"] = time.perf_counter() - started
        workshop = Workshop(options.device, options.max_rows, options.threads)
        if options.preload is not None:
            seconds["load"] = _warmed(workshop, options.preload)
    except TintypeError as error:
        logging.error("%s", error)
        return 2
    with suppress(FrontGone):
        channel.send(WorkerReady(str(workshop.device), seconds))
        run_worker(channel, lambda send: JobRunner(workshop.engine, send))
    return 0


def _warmed(workshop: "Workshop", path: Path) -> float:
    """Load the first checkpoint early; one gone or torn is the trouble of those who ask for it."""
    try:
        return workshop.warm(_record(path))
    except (ModelError, OSError) as error:
        logging.warning("not loaded early: %s", error)
        return 0.0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tintype.worker", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="the pipe to the front process")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda:N")
    parser.add_argument("--max-rows", type=int, default=EngineConfig().max_rows)
    parser.add_argument("--threads", type=int, help="CPU threads; default: torch's own choice")
    parser.add_argument("--preload", type=Path, help="checkpoint to load before the first job")
    return parser


def _record(path: Path) -> ModelRecord:
    facts = path.stat()
    config = path.with_suffix(".yaml")
    return ModelRecord(
        path.name,
        path,
        facts.st_size,
        facts.st_mtime_ns,
        config_path=config if config.is_file() else None,
    )


if __name__ == "__main__":
    sys.exit(main())
