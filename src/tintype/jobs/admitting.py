"""The door: who comes in is written down first, and only then known of."""

import asyncio
from uuid import uuid4

from tintype.core.jobs import Admission
from tintype.errors import InvalidRequest, QueueFull, WorkerUnavailable
from tintype.jobs import rows
from tintype.jobs.packing import pack
from tintype.jobs.record import Record
from tintype.jobs.rows import Contents
from tintype.jobs.supervised import Supervised

_GUESSED_SECONDS = 5.0  # to the next free place, before any job was measured


class Admitting(Supervised):
    """The ledger with its door: lets jobs in, and parked ones in again."""

    _arriving: int = 0

    async def admit(self, admission: Admission) -> str:
        """Put the plans of one request in the queue, and on disk.

        Returns:
            The new job's id; for a repeated idempotency key that of the first.

        Raises:
            InvalidRequest: the same key was used for something else; or the request is too large
                to be remembered.
            QueueFull: no place in the queue; says when to come back.
            WorkerUnavailable: the table is closed; says why.
            BusyError: the disk is full.
        """
        if (first := await self._first_like(admission)) is not None:
            return first
        self._check_request(len(admission.request))
        self._check_room()
        record = self._record_for(admission)
        self._arriving += 1
        try:
            return await asyncio.shield(self._admitted(record, admission))
        finally:
            self._arriving -= 1

    async def known_as(self, owner: str, key: str, fingerprint: str) -> str | None:
        """The job an owner has admitted under an idempotency key, or None.

        Raises:
            InvalidRequest: the key was used for another request.
        """
        like = Admission((), owner, idempotency_key=key, fingerprint=fingerprint)
        return await self._first_like(like)

    async def promote(self, job_id: str) -> None:
        """Have a draft painted to its end.

        Raises:
            KeyError: the job is not known.
            InvalidRequest: it is no draft that waits.
            QueueFull, WorkerUnavailable: as `admit`.
        """
        record = self._live.get(job_id) or await self._store.read(lambda db: rows.found(db, job_id))
        if record is None:
            raise KeyError(job_id)
        if record.state != "parked":
            raise InvalidRequest("id", f"the job is {record.state}, not a draft that waits")
        self._check_room()
        self._check_bytes(record.plan_bytes)
        await asyncio.to_thread(self._of(record).forget_partial)
        record.promote()
        row = rows.row_of(record)
        if not await self._store.write(lambda db: rows.promote(db, row)):
            raise InvalidRequest("id", "the draft was promoted or given up already")
        self._welcome(record)

    def _check_room(self) -> None:
        if self._closed is not None:
            raise WorkerUnavailable(self._closed)
        waiting = len(self._queue) + self._arriving
        if waiting >= self._limits.queue_length:
            raise self._full(f"{waiting} jobs are waiting already")

    def _check_request(self, request_bytes: int) -> None:
        """Lists of jobs read many requests at once."""
        most = self._limits.max_request_bytes
        if request_bytes > most:
            what = f"{request_bytes} bytes even without its pictures are too many"
            raise InvalidRequest("body", f"{what}; {most} are allowed")

    def _check_bytes(self, more_bytes: int) -> None:
        if self._queue.bytes + more_bytes > self._limits.queue_bytes:
            most = self._limits.queue_bytes // 2**20
            raise self._full(f"the waiting jobs would take more than {most} MiB with this one")

    def _full(self, what: str) -> QueueFull:
        seconds = self._pace.until_place(len(self._running)) or _GUESSED_SECONDS
        return QueueFull(f"{what}, which is all this server allows", seconds)

    async def _first_like(self, admission: Admission) -> str | None:
        key = admission.idempotency_key
        if key is None:
            return None
        found = await self._store.read(lambda db: rows.under_key(db, admission.owner, key))
        return None if found is None else _same(found, admission)

    def _record_for(self, admission: Admission) -> Record:
        sequence, self._next_sequence = self._next_sequence, self._next_sequence + 1
        return Record(
            id=uuid4().hex,
            sequence=sequence,
            owner=admission.owner,
            dialect=admission.dialect,
            priority=admission.priority,
            images=len(admission.plans),
            created=self._wall(),
            plan_bytes=0,
            draft_steps=admission.draft_steps,
            webhook=admission.webhook,
        )

    async def _admitted(self, record: Record, admission: Admission) -> str:
        """Write it down, and only then know of it; nobody's leaving keeps these two apart."""
        plans = await asyncio.to_thread(pack, admission.plans)
        record.plan_bytes = len(plans)
        self._check_bytes(record.plan_bytes)
        contents = Contents(plans, admission.request)
        row = rows.row_of(record)
        first = await self._store.write(lambda db: rows.insert(db, row, contents, admission))
        if first is not None:
            return _same(first, admission)
        self._welcome(record)
        return record.id

    def _welcome(self, record: Record) -> None:
        self._live[record.id] = record
        self._queue.add(record)
        self._on_admitted()


def _same(first: tuple[str, str], admission: Admission) -> str:
    job_id, fingerprint = first
    if fingerprint != admission.fingerprint:
        raise InvalidRequest(
            "Idempotency-Key", "it was used for another request; a key stands for one alone"
        )
    return job_id
