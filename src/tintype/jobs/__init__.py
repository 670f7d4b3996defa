"""Jobs: their queue, their states, and the worker processes that do them."""

from tintype.jobs.embedded import EmbeddedConfig, EmbeddedWorker, WorkerView
from tintype.jobs.folder import AnswerLog, JobFolder, LoggedAnswer
from tintype.jobs.packing import digest_of
from tintype.jobs.process import WorkerProcess, launch
from tintype.jobs.queue import Waiting
from tintype.jobs.record import FINAL, RESTING, JobView, State
from tintype.jobs.store import JobStore
from tintype.jobs.table import JobTable

__all__ = [
    "FINAL",
    "RESTING",
    "AnswerLog",
    "EmbeddedConfig",
    "EmbeddedWorker",
    "JobFolder",
    "JobStore",
    "JobTable",
    "JobView",
    "LoggedAnswer",
    "State",
    "Waiting",
    "WorkerProcess",
    "WorkerView",
    "digest_of",
    "launch",
]
