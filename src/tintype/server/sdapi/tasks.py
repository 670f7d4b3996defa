"""The names that callers give their jobs, as A1111's page does with `force_task_id`."""

from collections import OrderedDict

from tintype.errors import InvalidRequest, UnknownJob
from tintype.jobs import JobTable, JobView
from tintype.server.trust.identity import Identity

MOST_CHARS = 255

_MOST_REMEMBERED = 16_384  # more than may wait at the same time


class Tasks:
    """Which job a task id stands for; an owner's own, the newest of its name.

    A job's own id is a task id too. Names are forgotten with the process, the oldest first.
    """

    def __init__(self, most: int = _MOST_REMEMBERED) -> None:
        self._most = most
        self._jobs: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._names: dict[str, tuple[str, str]] = {}

    def name(self, owner: str, task_id: str | None, job_id: str) -> None:
        """Remember what an owner calls a job; None and "" are no name."""
        if not task_id:
            return
        key = owner, task_id
        self._forget(key)
        self._jobs[key], self._names[job_id] = job_id, key
        while len(self._jobs) > self._most:
            self._forget(next(iter(self._jobs)))

    def name_of(self, job_id: str) -> str:
        """What a job is called: as its owner named it, or else by its own id."""
        key = self._names.get(job_id)
        return job_id if key is None else key[1]

    async def find(self, task_id: str, identity: Identity, jobs: JobTable) -> JobView | None:
        """The job behind a task id, if there is one that the caller may see."""
        job_id = self._jobs.get((identity.owner, task_id)) or self._of_others(task_id, identity)
        view = await jobs.view(job_id or task_id)
        return view if view is not None and identity.may_see(view.owner) else None

    def _of_others(self, task_id: str, identity: Identity) -> str | None:
        if not identity.manages:
            return None
        found = (job_id for (_, name), job_id in reversed(self._jobs.items()) if name == task_id)
        return next(found, None)

    def _forget(self, key: tuple[str, str]) -> None:
        if (job_id := self._jobs.pop(key, None)) is not None:
            self._names.pop(job_id, None)


def checked_name(task_id: str | None) -> str | None:
    """A task id somebody chose. Raises `InvalidRequest` for one that is too long."""
    if task_id is None or len(task_id) <= MOST_CHARS:
        return task_id
    raise InvalidRequest("force_task_id", f"expected at most {MOST_CHARS} characters")


def only(view: JobView | None, task_id: str) -> JobView:
    """The job that was found. Raises `UnknownJob` where there is none."""
    if view is None:
        raise UnknownJob(task_id)
    return view
