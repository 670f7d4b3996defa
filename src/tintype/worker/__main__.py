"""The worker process: `python -m tintype.worker --fd N --jobs FOLDER [--preload FILE]`.

Started by the front with a pipe; torch is imported here and nowhere else.
"""

import argparse
import logging
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, get_args

from tintype.core.jobs import Event, Stop, WorkerReady
from tintype.core.models import ModelRecord
from tintype.core.offline import stay_offline
from tintype.core.settings import EngineConfig, JobsConfig, Lodging
from tintype.errors import ModelError, TintypeError
from tintype.logs import FORMATS, LEVELS, write_logs
from tintype.starting import importing
from tintype.tensorfiles.ahead import read_ahead
from tintype.worker.channel import FrontGone, open_channel

if TYPE_CHECKING:
    from tintype.worker.start import Workshop


_log = logging.getLogger("tintype.worker")


def main() -> int:
    """Serve one front process."""
    started = time.perf_counter()
    options = _parser().parse_args()
    write_logs(options.log_format, options.log_level)
    if options.offline:
        stay_offline()
    channel = open_channel(options.fd)
    seconds: dict[str, float] = {}
    if options.preload is not None:  # a cold disk is busy while torch is imported
        Thread(target=read_ahead, args=(options.preload,), daemon=True).start()
    try:
        with importing():
            from tintype.worker.describing import Describing
            from tintype.worker.loop import WorkerLoop
            from tintype.worker.runner import JobRunner
            from tintype.worker.start import Workshop  # imports torch
            from tintype.worker.wishes import Wishes

        seconds["import"] = time.perf_counter() - started
        workshop = Workshop(_config(options), options.measures, options.small_decoder or ())
        if options.preload is not None:
            seconds["load"] = _warmed(workshop, options.preload)
    except TintypeError as error:
        _log.error("%s", error)
        return 2
    with suppress(FrontGone):
        channel.send(WorkerReady(str(workshop.device), seconds))
        signal.signal(signal.SIGTERM, lambda number, frame: channel.interject(Stop(0)))

        def runner_for(send: Callable[[Event], None]) -> JobRunner:
            expect = workshop.residency.prefetch
            return JobRunner(workshop.engine, send, options.jobs, options.log_bytes, expect)

        def wishes_for(tell: Callable[[Event], None]) -> Wishes:
            return Wishes(workshop, tell)

        def describing_for(tell: Callable[[Event], None]) -> Describing:
            return Describing(workshop.captioners.get, tell)

        WorkerLoop(
            channel,
            options.jobs,
            runner_for,
            wishes_for,
            describing_for,
            workshop.tally,
            workshop.memory,
        ).run()
    return 0


def _config(options: argparse.Namespace) -> EngineConfig:
    return EngineConfig(
        device=options.device,
        max_rows=options.max_rows,
        exact=options.exact,
        lodging=options.lodging,
        threads=options.threads,
    )


def _warmed(workshop: "Workshop", path: Path) -> float:
    """Load the first checkpoint early; one gone or torn is the trouble of those who ask for it."""
    try:
        return workshop.warm(_record(path))
    except (ModelError, OSError) as error:
        _log.warning("not loaded early: %s", error)
        return 0.0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tintype.worker", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="the pipe to the front process")
    parser.add_argument("--jobs", type=Path, required=True, help="holds a folder for each job")
    parser.add_argument("--log-bytes", type=int, default=JobsConfig().log_bytes)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda:N")
    parser.add_argument("--max-rows", type=int, default=EngineConfig().max_rows)
    parser.add_argument("--offline", action="store_true", help="reach no other machine")
    parser.add_argument("--exact", action="store_true", help="equal bits in any company")
    parser.add_argument("--lodging", choices=get_args(Lodging), help="weights on the device")
    parser.add_argument("--measures", type=Path, help="file of what passes take")
    parser.add_argument(
        "--small-decoder", type=Path, action="append", help="a decoder of TAESD's, for previews"
    )
    parser.add_argument("--threads", type=int, help="CPU threads; default: torch's own choice")
    parser.add_argument("--preload", type=Path, help="checkpoint to load before the first job")
    parser.add_argument("--log-format", choices=FORMATS, default="text")
    parser.add_argument("--log-level", choices=LEVELS, default="info")
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
