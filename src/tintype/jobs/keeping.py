"""What becomes of jobs at rest: kept for days, by number and by size, the oldest going first."""

import asyncio
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from tintype.core.settings import JobsConfig
from tintype.jobs import rows
from tintype.jobs.folder import JobFolder
from tintype.jobs.rows import Filed
from tintype.jobs.store import JobStore

_DAY = 24 * 3600.0


async def keep_house(
    store: JobStore, folder: Path, config: JobsConfig, now: float, held: frozenset[str]
) -> None:
    """Forget what need not be kept: rows, and folders with or without a row.

    Args:
        store: the database.
        folder: holds a folder for each job.
        config: what is kept.
        now: unix seconds.
        held: jobs that are somebody's concern, and kept.

    Raises:
        TintypeError: the database does not obey.
    """
    filed = await store.read(rows.at_rest)
    sizes = await asyncio.to_thread(_sizes, folder, filed)
    going = outdated(filed, sizes, config, now, held)
    if going:
        await store.write(lambda db: rows.forget(db, going))
    known = await store.read(rows.known)
    await asyncio.to_thread(_clear, folder, known | held, now - config.keep_days * _DAY, going)


def outdated(
    filed: Iterable[Filed],
    sizes: Mapping[str, int],
    config: JobsConfig,
    now: float,
    held: frozenset[str],
) -> list[str]:
    """Jobs at rest that need not be kept.

    Args:
        filed: jobs at rest, the newest first.
        sizes: bytes of their folders.
        config: what is kept.
        now: unix seconds.
        held: jobs that are somebody's concern, and kept.
    """
    going: list[str] = []
    total_bytes = 0
    for jobs, job in enumerate(filed, 1):
        total_bytes += job.plan_bytes + sizes.get(job.id, 0)
        is_old = now - job.ended > config.keep_days * _DAY
        is_beyond = jobs > config.keep_jobs or total_bytes > config.keep_bytes
        if (is_old or is_beyond) and job.id not in held:
            going.append(job.id)
    return going


def _sizes(folder: Path, filed: Iterable[Filed]) -> dict[str, int]:
    return {job.id: JobFolder(folder / job.id).size_bytes() for job in filed}


def _clear(folder: Path, known: frozenset[str], before: float, going: list[str]) -> None:
    for job_id in going:
        JobFolder(folder / job_id).remove()
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.name not in known and path.stat().st_mtime < before:
            shutil.rmtree(path, ignore_errors=True)
