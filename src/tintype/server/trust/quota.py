"""How much somebody may ask for: requests in a minute, pictures in a day, jobs that wait."""

import asyncio
from collections import Counter
from collections.abc import Callable
from time import monotonic, time
from typing import TYPE_CHECKING

from tintype.core.jobs import Admission
from tintype.errors import QueueFull
from tintype.keystore import KeyStore
from tintype.server.trust.buckets import Buckets
from tintype.server.trust.identity import Identity

if TYPE_CHECKING:
    from tintype.jobs import JobTable

_DAY_SECONDS = 86_400
_QUEUE_PATIENCE_SECONDS = 5.0


class QuotaReached(QueueFull):
    """Somebody has asked for as much as they may."""


class Quotas:
    """What everybody has had so far."""

    def __init__(
        self,
        keys: KeyStore,
        clock: Callable[[], float] = monotonic,
        today: Callable[[], float] = time,
    ) -> None:
        self._keys, self._today = keys, today
        self._requests = Buckets(clock)
        self._coming = Counter[str]()

    def check_rate(self, who: Identity) -> None:
        """Count a request for pictures. Raises `QuotaReached` if it comes too early."""
        per_minute = who.allowance.per_minute
        if per_minute is None:
            return
        if wait := self._requests.wait(who.owner, per_minute):
            raise QuotaReached(f"{per_minute} requests a minute are allowed to {who.owner}", wait)
        self._requests.take(who.owner, per_minute)

    async def admit(self, jobs: "JobTable", who: Identity, admission: Admission) -> str:
        """Let a job in, if its owner may still have it; the job's id.

        Pictures are counted for the day they are asked for, also if the job fails later. A job
        that is there already, under its idempotency key, costs nothing.

        Raises:
            QuotaReached: too many pictures for today, or too many jobs that wait.
            InvalidRequest, QueueFull, WorkerUnavailable: as `JobTable.admit`.
        """
        key, mark = admission.idempotency_key, admission.fingerprint
        if key is not None:
            first = await jobs.known_as(admission.owner, key, mark)
            if first is not None:
                return first
        self._coming[who.owner] += 1
        try:
            await self._check_queue(jobs, who)
            return await self._admit(jobs, who, admission)
        finally:
            self._coming[who.owner] -= 1

    async def _check_queue(self, jobs: "JobTable", who: Identity) -> None:
        most = who.allowance.queued
        if most is None:
            return
        waiting = await jobs.views(owner=who.owner, state="queued", limit=most)
        if len(waiting) + self._coming[who.owner] > most:
            text = f"{most} jobs of {who.owner} may wait at the same time"
            raise QuotaReached(text, _QUEUE_PATIENCE_SECONDS)

    async def _admit(self, jobs: "JobTable", who: Identity, admission: Admission) -> str:
        most = who.allowance.images_per_day
        if most is None:
            return await jobs.admit(admission)
        now, images = self._today(), len(admission.plans)
        await self._spend(who, images, most, now)
        try:
            job_id = await jobs.admit(admission)
        except BaseException:
            await self._spend(who, -images, most, now)
            raise
        view = await jobs.view(job_id)
        if view is not None and view.created < now:  # two calls under a key crossed each other
            await self._spend(who, -images, most, now)
        return job_id

    async def _spend(self, who: Identity, images: int, most: int, now: float) -> None:
        day, seconds = divmod(now, _DAY_SECONDS)
        spend = self._keys.spend
        if not await asyncio.to_thread(spend, who.owner, images, most, int(day)) and images > 0:
            text = f"{most} pictures a day are allowed to {who.owner}, and {images} more are beyond"
            raise QuotaReached(text, _DAY_SECONDS - seconds)
