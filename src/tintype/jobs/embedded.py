"""A worker as a process of our own, kept alive, with the jobs of a table going through it."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from signal import Signals
from time import monotonic
from typing import Literal

from tintype.core.captioners import CaptionerRecord, CaptionSettings
from tintype.core.jobs import (
    Command,
    Described,
    Event,
    JobDone,
    Pixels,
    Settled,
    Status,
    Stop,
    Submit,
    Tally,
    WorkerReady,
)
from tintype.core.models import ModelRecord
from tintype.core.settings import EngineConfig
from tintype.errors import SetupError
from tintype.jobs.describing import Descriptions
from tintype.jobs.process import WorkerProcess, launch
from tintype.jobs.table import JobTable
from tintype.jobs.wishes import Wishes

WorkerState = Literal["starting", "ready", "waiting", "stopped"]

_log = logging.getLogger("tintype.jobs")
_STOPPING = "the server is stopping"
_SETUP_FAILED = 2  # exit code of `tintype.worker` after a `SetupError`


@dataclass(frozen=True, slots=True)
class EmbeddedConfig:
    """How a worker is kept.

    Attributes:
        command: program and arguments that start it, without `--fd`.
        in_flight: unfinished images it may have before it is given another job, for the engine to
            batch; a job of many images is not split. For a job of a better priority than all that
            run, as many again.
        backoff_seconds: waits before the first restart in a row, the second, and so on; the last
            one repeats.
        starts: how many starts may fail in a row before jobs are refused. It is still tried.
        stop_seconds: for finishing what runs, once asked to stop; the rest is parked.
        park_seconds: for parking it and ending, before SIGTERM.
        terminate_seconds: for ending after SIGTERM, before SIGKILL.
    """

    command: tuple[str, ...]
    in_flight: int = EngineConfig().images_at_once
    backoff_seconds: tuple[float, ...] = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
    starts: int = 3
    stop_seconds: float = 20.0
    park_seconds: float = 5.0
    terminate_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class WorkerView:
    """How a worker is doing at one moment.

    Attributes:
        state: `starting` covers everything up to its first word; `waiting` is the pause before
            another start.
        reason: why it takes no jobs just now, in words; empty when ready.
        pid: of its process, if there is one.
        device: what it computes on, once ready.
        restarts: how often it was started again.
    """

    state: WorkerState
    reason: str
    pid: int | None
    device: str | None
    restarts: int

    @property
    def is_ready(self) -> bool:
        """It can take a job."""
        return self.state == "ready"


class EmbeddedWorker:
    """Supervisor of one worker process.

    Jobs stay in the table's queue until the worker is ready and has room for more images. When it
    dies its jobs go back to the queue and it is started again.
    """

    def __init__(
        self, table: JobTable, config: EmbeddedConfig, first: WorkerProcess | None = None
    ) -> None:
        """A supervisor that does nothing before `start`.

        Args:
            table: where jobs come from.
            config: how to keep the worker.
            first: a process started already, while slow imports were still to come.
        """
        self._table, self._config, self._first = table, config, first
        self._process: WorkerProcess | None = first
        self._restarts = 0
        self._show("starting", "the worker is starting")
        self._messages: asyncio.Queue[Event | int] = asyncio.Queue()
        self._stopping = asyncio.Event()
        self._supervision: asyncio.Task[None] | None = None
        self._deaths = 0  # since a job was last finished
        self._failed_starts = 0
        self._tally: Tally | None = None
        self._drained_at = 0.0
        self._start_seconds: dict[str, float] | None = None
        self._hungry = asyncio.Event()
        self._feeding: asyncio.Task[None] | None = None
        self._wishes = Wishes(self._send)
        self._descriptions = Descriptions(self._send)
        table.attach(self._hungry.set, self._send)

    @property
    def view(self) -> WorkerView:
        """How the worker is doing."""
        return self._view

    @property
    def tally(self) -> Tally | None:
        """What the worker last told of its doings; None while it has told nothing."""
        return self._tally

    @property
    def start_seconds(self) -> dict[str, float] | None:
        """Phases of the last start that succeeded; None before the first one did."""
        return self._start_seconds

    def load(self, checkpoint: ModelRecord) -> "asyncio.Future[None]":
        """Have a checkpoint in memory as soon as nothing runs; see `Wishes.load`."""
        return self._reached(self._wishes.load(checkpoint))

    def unload(self) -> "asyncio.Future[None]":
        """Have the memory of all weights given back as soon as nothing runs."""
        return self._reached(self._wishes.unload())

    def describe(
        self, captioner: CaptionerRecord, pixels: Pixels, settings: CaptionSettings
    ) -> "asyncio.Future[str]":
        """Have a picture described between the passes of the jobs; see `Descriptions.ask`."""
        described = self._descriptions.ask(captioner, pixels, settings)
        if self._process is None:
            self._descriptions.worker_died(self._view.reason)
        return described

    def start(self) -> None:
        """Begin to supervise; needs a running event loop."""
        self._table.start()
        self._supervision = asyncio.create_task(self._supervise())
        self._supervision.add_done_callback(self._mourn)
        self._feeding = asyncio.create_task(self._feed())
        self._feeding.add_done_callback(self._mourn)

    def drain(self) -> None:
        """Give the worker no more jobs; what runs may finish in its time, or is parked."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._drained_at = monotonic() + self._config.stop_seconds
        self._table.close(_STOPPING, for_good=True)
        if self._view.is_ready:
            self._send(Stop(self._config.stop_seconds))

    async def stop(self) -> None:
        """End the worker: a word if it is ready, then SIGTERM, then SIGKILL, each with its time.

        All is written down afterwards, and the table's database closed.
        """
        self.drain()
        if self._feeding is not None:
            self._feeding.cancel()
        if self._supervision is not None:
            await self._end(self._supervision)
        await self._table.shut()

    async def _end(self, supervision: asyncio.Task[None]) -> None:
        for end, seconds in self._ways_to_end():
            if self._process is not None:
                end(self._process)
            if await _ends_within(supervision, seconds):
                return
        await supervision

    def _ways_to_end(self) -> Iterator[tuple[Callable[[WorkerProcess], None], float]]:
        if self._view.is_ready:
            left = max(self._drained_at - monotonic(), 0.0)
            yield (lambda _: None), left + self._config.park_seconds
        yield WorkerProcess.terminate, self._config.terminate_seconds
        yield WorkerProcess.kill, self._config.terminate_seconds

    async def _supervise(self) -> None:
        while not self._stopping.is_set():
            reason = await self._live()
            self._process = None
            self._table.worker_died(reason)
            self._wishes.worker_died(reason)
            self._descriptions.worker_died(reason)
            if not self._stopping.is_set():
                await self._recover(reason)
        self._table.close(_STOPPING, for_good=True)
        self._show("stopped", _STOPPING)

    def _mourn(self, supervision: asyncio.Task[None]) -> None:
        if supervision.cancelled() or (error := supervision.exception()) is None:
            return
        reason = "the worker is looked after by nobody any more: this is a bug"
        _log.critical(reason, exc_info=error)
        self._table.close(reason, for_good=True)
        self._show("stopped", reason)

    async def _live(self) -> str:
        """One process from its start to its end, and how it ended, in words."""
        try:
            self._process = self._first or launch(self._config.command)
        except SetupError as error:
            return str(error)
        self._first = None
        self._show("starting", "the worker is starting")
        self._process.listen(self._post(), self._post())
        while not isinstance(message := await self._messages.get(), int):
            self._take(message)
        return _ending(message)

    def _post(self) -> Callable[[Event | int], None]:
        loop = asyncio.get_running_loop()

        def post(message: Event | int) -> None:
            with suppress(RuntimeError):  # the loop is closed: the front is ending in a hurry
                loop.call_soon_threadsafe(self._messages.put_nowait, message)

        return post

    def _take(self, event: Event) -> None:
        if isinstance(event, WorkerReady):
            self._welcome(event)
        self._table.take(event)
        if isinstance(event, Status):
            self._tally = event.tally
        if isinstance(event, Settled):
            self._wishes.settle(event)
        if isinstance(event, Described):
            self._descriptions.settle(event)
        if isinstance(event, JobDone):
            self._deaths = 0
        self._hungry.set()

    def _welcome(self, ready: WorkerReady) -> None:
        self._failed_starts = 0
        self._start_seconds = ready.seconds
        self._show("ready", "", ready.device)
        if self._stopping.is_set():
            self._send(Stop(0))
        else:
            self._table.open()
            self._wishes.renew()
        phases = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in ready.seconds.items())
        _log.info("the worker is ready on %s%s", ready.device, f" ({phases})" if phases else "")

    async def _recover(self, reason: str) -> None:
        """Count the death, say what follows, and wait as long as it demands."""
        self._deaths += 1
        self._failed_starts += not self._view.is_ready
        waits = self._config.backoff_seconds
        seconds = waits[min(self._deaths, len(waits)) - 1]
        if self._failed_starts >= self._config.starts:
            self._table.close(reason)
        self._restarts += 1
        self._show("waiting", reason)
        _log.warning("%s; starting it again%s", reason, f" in {seconds:g} s" if seconds else "")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _feed(self) -> None:
        while True:
            await self._hungry.wait()
            self._hungry.clear()
            while self._is_taking and self._table.has_work(self._config.in_flight):
                if (job := await self._table.claim(self._config.in_flight)) is not None:
                    self._send(Submit(job))
                    self._table.given(job.id)

    @property
    def _is_taking(self) -> bool:
        return self._view.is_ready and not self._stopping.is_set()

    def _send(self, command: Command) -> None:
        if self._process is not None:
            self._process.send(command)

    def _reached(self, wish: "asyncio.Future[None]") -> "asyncio.Future[None]":
        if self._process is None:
            self._wishes.worker_died(self._view.reason)
        return wish

    def _show(self, state: WorkerState, reason: str, device: str | None = None) -> None:
        pid = None if self._process is None else self._process.pid
        self._view = WorkerView(state, reason, pid, device, self._restarts)


async def _ends_within(task: asyncio.Task[None], seconds: float) -> bool:
    done, _ = await asyncio.wait({task}, timeout=seconds)
    return bool(done)


def _ending(exit_code: int) -> str:
    """An exit code in words; negative ones are signals, as in `subprocess`."""
    if exit_code == _SETUP_FAILED:
        return "the worker cannot be set up (exit code 2); the server's log says why"
    if exit_code >= 0:
        return f"the worker ended with exit code {exit_code}"
    name = Signals(-exit_code).name
    hint = " (perhaps for want of memory)" if name == "SIGKILL" else ""
    return f"the worker was ended by {name}{hint}"
