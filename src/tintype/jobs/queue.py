"""Who goes next: priority, then fair share between owners, then age."""

from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass

from tintype.core.jobs import PRIORITIES, Priority
from tintype.jobs.record import Record

_HALF_LIFE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Jobs of one owner and priority that wait.

    Attributes:
        jobs: how many.
        oldest: when the first of them was admitted, unix seconds.
    """

    owner: str
    priority: Priority
    jobs: int
    oldest: float


class Share:
    """How much each owner was given lately: images, each counting half as much every minute."""

    def __init__(self) -> None:
        self._images: dict[str, tuple[float, float]] = {}

    def give(self, owner: str, images: int, now: float) -> None:
        """Note images of an owner that begin, at a time of the steady clock."""
        self._images[owner] = (self._decayed(owner, now) + images, now)

    def of(self, owner: str, now: float) -> int:
        """In whole images, so that what is long past counts for nothing."""
        return round(self._decayed(owner, now))

    def forget_idle(self, now: float) -> None:
        """Let go of owners whose share has decayed."""
        self._images = {owner: had for owner, had in self._images.items() if self.of(owner, now)}

    def _decayed(self, owner: str, now: float) -> float:
        images, since = self._images.get(owner, (0.0, now))
        return images * 0.5 ** ((now - since) / _HALF_LIFE_SECONDS)


class Queue:
    """The waiting jobs."""

    def __init__(self) -> None:
        self._owners: dict[str, dict[str, list[Record]]] = {p: {} for p in PRIORITIES}
        self._length = 0
        self._bytes = 0

    def __len__(self) -> int:
        return self._length

    @property
    def bytes(self) -> int:
        """Of the packed plans of all waiting jobs."""
        return self._bytes

    @property
    def owners(self) -> frozenset[str]:
        """Whose jobs wait."""
        return frozenset(owner for owners in self._owners.values() for owner in owners)

    def lines(self) -> list[Waiting]:
        """What waits, by priority and owner."""
        return [
            Waiting(owner, records[0].priority, len(records), records[0].created)
            for owners in self._owners.values()
            for owner, records in owners.items()
        ]

    def add(self, record: Record) -> None:
        """Let a job wait, where it stands by its sequence among its owner's."""
        records = self._owners[record.priority].setdefault(record.owner, [])
        insort(records, record, key=_sequence)
        self._length += 1
        self._bytes += record.plan_bytes

    def remove(self, record: Record) -> None:
        """Take a waiting job out."""
        owners = self._owners[record.priority]
        records = owners[record.owner]
        del records[bisect_left(records, record.sequence, key=_sequence)]
        if not records:
            del owners[record.owner]
        self._length -= 1
        self._bytes -= record.plan_bytes

    def first(self, shares: Mapping[str, int]) -> Record | None:
        """The job to go next.

        Args:
            shares: images each owner has running or was given lately; others have none.
        """
        for owners in self._owners.values():
            heads = [records[0] for records in owners.values()]
            if heads:
                return min(heads, key=lambda head: (shares.get(head.owner, 0), head.sequence))
        return None

    def place(self, record: Record, shares: Mapping[str, int]) -> int:
        """How many jobs go before a waiting one if owners take turns from now on."""
        before = 0
        for priority, owners in self._owners.items():
            if priority == record.priority:
                return before + self._place_among(owners, record, shares)
            before += sum(map(len, owners.values()))
        return before

    def _place_among(
        self, owners: dict[str, list[Record]], record: Record, shares: Mapping[str, int]
    ) -> int:
        own = owners[record.owner]
        place = bisect_left(own, record.sequence, key=_sequence)
        turn = (shares.get(record.owner, 0), own[0].sequence)
        before = place
        for owner, records in owners.items():
            if owner != record.owner:
                goes_first = (shares.get(owner, 0), records[0].sequence) < turn
                before += min(len(records), place + goes_first)
        return before


def _sequence(record: Record) -> int:
    return record.sequence
