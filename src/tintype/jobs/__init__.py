"""Jobs: their queue, their states, and the worker processes that do them."""

from tintype.jobs.embedded import EmbeddedConfig, EmbeddedWorker, WorkerView
from tintype.jobs.process import WorkerProcess, launch
from tintype.jobs.table import JobTable, JobView, Painted

__all__ = [
    "EmbeddedConfig",
    "EmbeddedWorker",
    "JobTable",
    "JobView",
    "Painted",
    "WorkerProcess",
    "WorkerView",
    "launch",
]
