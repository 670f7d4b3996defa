"""A snapshot as JSON: the answer of `GET /v1/status`, which `tintype top` draws."""

import platform
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from tintype.core.jobs import Priority, Tally
from tintype.core.measures import Measure
from tintype.jobs import JobView, Waiting, WorkerView
from tintype.server.seeing.snapshot import Snapshot
from tintype.server.trust.identity import Identity

OTHERS = "(others)"
"""Stands for owners that the reader may not know."""


def status_of(now: Snapshot, identity: Identity) -> dict[str, Any]:
    """What `identity` may see of a snapshot.

    Who does not manage the server sees the jobs of others as numbers, with neither owner nor id.
    """
    return {
        "time": datetime.fromtimestamp(now.now, UTC).isoformat(),
        "uptime_seconds": round(now.now - now.since, 3),
        "versions": {"tintype": now.version, "python": platform.python_version()},
        "worker": worker_of(now.worker) | {"start_seconds": dict(now.start_seconds)},
        "queue": {
            "waiting": sum(line.jobs for line in now.waiting),
            "oldest_seconds": round(now.oldest_wait_seconds, 3),
            "remaining_seconds": now.backlog_seconds if now.waiting else None,
            "lines": [_line(line, now.now) for line in _seen_by(identity, now.waiting)],
        },
        "running": [_job(view, identity) for view in now.running],
        "images_running": now.images_running,
        "images_per_minute": now.images_per_minute,
        "tally": _tally(now.tally),
        "measures": [asdict(measure) for measure in now.tally.measures],
        "best_rows": list(_best_rows(now.tally.measures)),
    }


def worker_of(view: WorkerView) -> dict[str, Any]:
    """How the worker is doing, as probes show it too."""
    return {
        "state": view.state,
        "reason": view.reason,
        "pid": view.pid,
        "device": view.device,
        "restarts": view.restarts,
    }


def _seen_by(identity: Identity, lines: Iterable[Waiting]) -> list[Waiting]:
    seen = dict[tuple[str, Priority], Waiting]()
    for line in lines:
        is_shown = identity.may_see(line.owner)
        key = line.owner if is_shown else OTHERS, line.priority
        so_far = seen.get(key, Waiting(*key, 0, line.oldest))
        oldest = min(so_far.oldest, line.oldest)
        seen[key] = Waiting(*key, so_far.jobs + line.jobs, oldest)
    return list(seen.values())


def _line(line: Waiting, now: float) -> dict[str, Any]:
    return {
        "owner": line.owner,
        "priority": line.priority,
        "jobs": line.jobs,
        "oldest_seconds": round(max(now - line.oldest, 0.0), 3),
    }


def _job(view: JobView, identity: Identity) -> dict[str, Any]:
    is_shown = identity.may_see(view.owner)
    return {
        "id": view.id if is_shown else None,
        "owner": view.owner if is_shown else OTHERS,
        "dialect": view.dialect,
        "priority": view.priority,
        "images": view.images,
        "finished": len(view.finished),
        "steps": [list(pair) for pair in view.steps],
        "progress": round(view.fraction, 4),
        "running_seconds": round(view.running_seconds, 3),
        "remaining_seconds": view.remaining_seconds,
        "attempts": view.attempts,
    }


def _tally(tally: Tally) -> dict[str, Any]:
    """All of it but the measures, which stand beside it."""
    told = asdict(replace(tally, measures=()))
    del told["measures"]
    names = {"resident": tally.resident, "resident_vaes": tally.resident_vaes}
    return told | {key: list(values) for key, values in names.items()}


def _best_rows(measures: Iterable[Measure]) -> Iterator[dict[str, Any]]:
    """For each shape the number of rows that made a row cheapest, as far as it was tried."""
    for (checkpoint, kind, height, width), same in groupby(sorted(measures, key=_shape), _shape):
        best = min(same, key=lambda measure: measure.seconds / measure.rows)
        yield {
            "checkpoint": checkpoint,
            "kind": kind,
            "height": height,
            "width": width,
            "rows": best.rows,
            "seconds": best.seconds,
        }


def _shape(measure: Measure) -> tuple[str, str, int, int]:
    return measure.checkpoint, measure.kind, measure.height, measure.width
