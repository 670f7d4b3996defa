"""One line in the log for the end of each job: what became of it, and where its time went."""

import logging

from tintype.jobs import JobView
from tintype.server.seeing.counts import seconds_of

_log = logging.getLogger("tintype.jobs")


def tell_end(view: JobView) -> None:
    """Write the line; a failure says its class, and what it says itself at debug level alone.

    Messages of errors repeat what was asked for, and prompts do not belong into logs.
    """
    level = logging.WARNING if view.state == "failed" else logging.INFO
    belongs = {"job": view.id, "owner": view.owner, "facts": _facts(view)}
    _log.log(level, "%s: %s", _outcome(view), _budget(view), extra=belongs)
    if view.state == "failed":
        _log.debug("failed: %s", view.error, extra={"job": view.id, "owner": view.owner})


def _outcome(view: JobView) -> str:
    images = f"{len(view.finished)} of {view.images} images"
    why = f" ({type(view.error).__name__})" if view.state == "failed" else ""
    return f"{view.dialect} {view.state}{why}, {images}"


def _budget(view: JobView) -> str:
    parts = [f"{phase} {seconds:.2f} s" for phase, seconds in seconds_of(view).items()]
    if (timings := view.timings) is not None and timings.passes:
        parts.append(f"{timings.passes} passes of {timings.rows_per_pass:.1f} rows")
    if timings is not None and timings.replayed:
        parts.append(f"{timings.replayed} steps replayed")
    return ", ".join(parts) or "no time of its own"


def _facts(view: JobView) -> dict[str, object]:
    facts: dict[str, object] = {
        "dialect": view.dialect,
        "priority": view.priority,
        "state": view.state,
        "images": view.images,
        "finished": len(view.finished),
        "attempts": view.attempts,
        "seconds": {phase: round(s, 4) for phase, s in seconds_of(view).items()},
    }
    if view.error is not None:
        facts["error"] = type(view.error).__name__
    if (timings := view.timings) is not None:
        facts |= {"passes": timings.passes, "replayed": timings.replayed}
        facts["rows_per_pass"] = round(timings.rows_per_pass, 2)
    return facts
