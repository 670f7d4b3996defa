"""The worker's loop: commands in, ticks, events out."""

import logging
from collections.abc import Callable

from tintype.core.jobs import Cancel, Command, Event, JobDone, Stop, Submit
from tintype.worker.channel import Channel, FrontGone
from tintype.worker.runner import JobRunner

log = logging.getLogger(__name__)


def run_worker(
    channel: Channel, runner_for: Callable[[Callable[[Event], None]], JobRunner]
) -> None:
    """Serve until told to stop, or until the front process is gone.

    Args:
        channel: the way to and from the front.
        runner_for: builds the runner, given where its events go.
    """
    runner = runner_for(lambda event: _tell(channel, event))
    stopping = False
    try:
        while not (stopping and runner.is_idle):
            for command in channel.poll(None if runner.is_idle and not stopping else 0):
                stopping |= isinstance(command, Stop)
                _obey(runner, command)
            if not runner.is_idle:
                runner.tick()
    except FrontGone:
        log.info("the front process is gone: ending")


def _obey(runner: JobRunner, command: Command) -> None:
    match command:
        case Submit():
            runner.submit(command.job)
        case Cancel():
            runner.cancel(command.job_id)
        case Stop():
            pass


def _tell(channel: Channel, event: Event) -> None:
    if isinstance(event, JobDone):
        timings = event.timings
        log.info(
            "job %s done in %.2f s: %d passes of %.1f rows on average",
            event.job_id,
            timings.total,
            timings.passes,
            timings.rows_per_pass,
        )
    channel.send(event)
