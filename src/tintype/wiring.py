"""Building each kind of process from its rooms, and running it.

Imports stand inside the functions, in the order in which things must happen.
"""

import errno
import logging
import os
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tintype import INFOTEXT_VERSION, __version__
from tintype.core.settings import ServerConfig
from tintype.errors import ModelError, SetupError
from tintype.settings import Settings, prepare_data_folder

if TYPE_CHECKING:
    from tintype.jobs import EmbeddedConfig, WorkerProcess
    from tintype.modelstore import ModelStore
    from tintype.server import Services

_EVERYWHERE = ("0.0.0.0", "::")


def serve(settings: Settings, worker: "EmbeddedConfig | None" = None) -> None:
    """Run the front process, and its worker beside it, until told to stop.

    The socket listens and the worker starts before anything slow is imported: early connections
    wait a moment instead of being refused, and the worker loses no time.

    Args:
        settings: of this process and the worker.
        worker: another way to start and keep the worker than our own.

    Raises:
        SetupError: the port is taken, the data folder cannot be written to.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):  # uvicorn raises it again once all is in order
        _serve(settings, worker)


def _serve(settings: Settings, worker: "EmbeddedConfig | None") -> None:
    from tintype.modelstore import ModelStore

    prepare_data_folder(settings.store.data)
    with listen(settings.server) as listener:
        models = ModelStore(settings.store.model_roots, settings.store.data / "hashes.sqlite")
        worker = worker or _our_worker(settings, models)
        first = _started_early(worker)
        _serve_on(listener, settings, models, worker, first)


def listen(config: ServerConfig) -> socket.socket:
    """A listening socket.

    Raises:
        SetupError: there cannot be one; says why and how to choose another address.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address, family=family, backlog=1024)
    except OSError as error:
        raise SetupError(_why_not(config, error)) from error


def build_services(
    settings: Settings,
    models: "ModelStore",
    worker: "EmbeddedConfig",
    first: "WorkerProcess | None" = None,
) -> "Services":
    """The collaborators of the front process.

    Args:
        settings: of this process.
        models: the checkpoints there are.
        worker: how to start and keep the worker.
        first: a worker process that is running already.
    """
    from tintype.imagestore import DiskImages
    from tintype.jobs import EmbeddedWorker, JobTable
    from tintype.planning import Library, plan, random_seed
    from tintype.server import Options, Services

    jobs = JobTable(settings.limits.queue_length)
    return Services(
        jobs=jobs,
        worker=EmbeddedWorker(jobs, worker, first),
        models=models,
        images=DiskImages(settings.store.data),
        options=Options(models.find),
        plan=partial(
            plan,
            library=Library(models),
            draw_seed=random_seed,
            limits=settings.limits,
        ),
        draw_seed=random_seed,
        config=settings.server,
        version=INFOTEXT_VERSION,
    )


def _serve_on(
    listener: socket.socket,
    settings: Settings,
    models: "ModelStore",
    worker: "EmbeddedConfig",
    first: "WorkerProcess | None",
) -> None:
    from tintype.server import create_app
    from tintype.server.serving import run

    services = build_services(settings, models, worker, first)
    run(
        create_app(services),
        listener,
        on_started=partial(_greet, listener),
        on_stopping=partial(_begin_to_stop, services),
    )


def _our_worker(settings: Settings, models: "ModelStore") -> "EmbeddedConfig":
    from tintype.jobs import EmbeddedConfig

    engine = settings.engine
    command = [sys.executable, "-m", "tintype.worker", "--device", engine.device]
    command += ["--max-rows", str(engine.max_rows)]
    if engine.threads is not None:
        command += ["--threads", str(engine.threads)]
    with suppress(ModelError):
        command += ["--preload", str(models.default().path)]
    return EmbeddedConfig(tuple(command))


def _started_early(worker: "EmbeddedConfig") -> "WorkerProcess | None":
    """A worker, or None where it cannot be started; its supervisor then says so and tries again."""
    from tintype.jobs import launch

    try:
        return launch(worker.command)
    except SetupError:
        return None


def _why_not(config: ServerConfig, error: OSError) -> str:
    place = f"port {config.port} on {config.host}"
    advice = "choose another with --port or TINTYPE_PORT, where 0 takes any free one"
    match error.errno:
        case errno.EADDRINUSE:
            return f"{place} is taken by another program; {advice}"
        case errno.EACCES:
            return f"{place} is not open to this user; {advice}"
        case _:
            return (
                f"cannot listen on {place}: {error.strerror or error}; "
                "choose another address with --host or TINTYPE_HOST"
            )


def _greet(listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    is_open = host in _EVERYWHERE
    name = "127.0.0.1" if is_open else host
    url = f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
    lines = [
        f"Tintype {__version__} is serving on {url}",
        f"  first picture:  curl {url}/sdapi/v1/txt2img -H 'Content-Type: application/json' \\",
        """                    -d '{"prompt": "a red star on a blue background", "steps": 20,"""
        """ "width": 256, "height": 256}' \\""",
        '                    | python3 -c \'import base64, json, sys; open("star.png", "wb")'
        '.write(base64.b64decode(json.load(sys.stdin)["images"][0]))\'',
        f"  every call:     {url}/docs",
        "  stop:           Ctrl+C",
    ]
    if is_open:
        lines.append("  note: there is no login yet; whoever reaches this machine can use it")
    _say("\n".join(lines))


def _begin_to_stop(services: "Services") -> None:
    running = services.jobs.running_count
    services.worker.drain()
    waits = f", once {running} running job(s) are done; Ctrl+C again ends at once"
    _say(f"Stopping{waits if running else ''}.")


def _say(text: str) -> None:
    """Tell whoever started us; that nobody reads it any more (`tintype serve | head`) is fine."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as we live
