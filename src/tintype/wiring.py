"""Building each kind of process from its rooms, and running it.

Imports stand inside the functions, in the order in which things must happen.
"""

import errno
import os
import shutil
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

from tintype import INFOTEXT_VERSION, __version__
from tintype.core.addresses import is_loopback
from tintype.core.offline import stay_offline
from tintype.core.settings import ServerConfig, StoreConfig
from tintype.errors import ModelError, SetupError, UnknownName
from tintype.keystore import KEYS_FILE, KeyStore
from tintype.logs import write_logs
from tintype.settings import Settings, prepare_data_folder
from tintype.starting import importing

if TYPE_CHECKING:
    from pathlib import Path

    from tintype.imagestore import Watcher
    from tintype.jobs import EmbeddedConfig, WorkerProcess
    from tintype.modelstore import Keeper, ModelStore
    from tintype.server import Services
    from tintype.server.trust import Trust

_EVERYWHERE = ("0.0.0.0", "::")
JOBS_FOLDER, MEASURES_FILE = "jobs", "measures.json"  # in the data folder
THUMBNAILS_FOLDER = "thumbnails"  # in the data folder, too
_PARKING_SECONDS = 5.0  # for answers about jobs that did not finish in time


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
    write_logs(settings.log.form, settings.log.level)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):  # uvicorn raises it again once all is in order
        _serve(settings, worker)


def _serve(settings: Settings, worker: "EmbeddedConfig | None") -> None:
    from tintype.modelstore import open_models

    prepare_data_folder(settings.store.data)
    check_login(settings)
    with listen(settings.server) as listener:
        if settings.fetch.is_offline:  # not before our own name has been looked up
            stay_offline()
        take_over_index(settings.store)
        models = open_models(settings.store)
        worker = _told_of_jobs(worker or _our_worker(settings, models), settings)
        first = _started_early(worker)
        _serve_on(listener, settings, models, worker, first)


def take_over_index(config: StoreConfig) -> None:
    """Begin with an index that was made beforehand, where there is none; at once or not at all.

    Raises:
        SetupError: it cannot be read, or its copy not be written.
    """
    from tintype.modelstore import INDEX_FILE

    index = config.data / INDEX_FILE
    if config.baked_index is None or index.exists():
        return
    beside = index.with_name(f"{INDEX_FILE}.new")
    try:
        shutil.copyfile(config.baked_index, beside)
        os.replace(beside, index)
    except OSError as error:
        raise SetupError(f"{config.baked_index} cannot be read: {error.strerror}") from error


def check_login(settings: Settings) -> None:
    """Refuse to be open to a network by oversight.

    Raises:
        SetupError: the server would listen off loopback and ask nobody who they are.
    """
    trust, host = settings.trust, settings.server.host
    if is_loopback(host) or trust.no_login or trust.passwords:
        return
    if not KeyStore(settings.store.data / KEYS_FILE).all():
        raise SetupError(
            f"on {host} others can reach this server, and it has no login; give it one with "
            "--auth user:password, or make a key with tintype keys add, "
            "or let everybody in with --no-auth"
        )


def listen(config: ServerConfig) -> socket.socket:
    """A listening socket.

    Raises:
        SetupError: there cannot be one; says why and how to choose another address.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address, family=family, backlog=1024)
    except OSError as error:
        raise SetupError(_why_not(config, error)) from error
    # Connections inherit it; asyncio sets it only for sockets that were made as TCP's by number.
    # Without it head and body of an answer on a connection that is kept lie 40 ms apart.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


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
    from tintype.imagestore import DiskImages, Gallery, Thumbnails
    from tintype.jobs import EmbeddedWorker, JobStore, JobTable
    from tintype.optionstore import OPTIONS_FILE, PRESETS_FILE, JsonFile, Presets
    from tintype.planning import Library, plan, random_seed
    from tintype.server import Options, Services
    from tintype.server.native.gallery.reading import gallery_reader, thumbnail_of
    from tintype.server.native.webhooks import Outbox, Webhooks, webhook_secret
    from tintype.server.sdapi.flags import flags_of
    from tintype.server.trust import trust_of
    from tintype.server.trust.kept_secret import kept_secret
    from tintype.server.trust.links import LINK_SECRET_FILE, Links

    store = JobStore(settings.store.data / "jobs.sqlite")
    jobs = JobTable(store, settings.store.data / JOBS_FOLDER, settings.limits, settings.jobs)
    keys = KeyStore(settings.store.data / KEYS_FILE)
    return Services(
        jobs=jobs,
        worker=EmbeddedWorker(jobs, worker, first),
        models=models,
        images=DiskImages(settings.store.data),
        gallery=Gallery(settings.store.data, gallery_reader()),
        thumbnails=Thumbnails(settings.store.data / THUMBNAILS_FOLDER, thumbnail_of),
        options=Options(
            models.find,
            models.find_vae,
            JsonFile(settings.store.data / OPTIONS_FILE),
            {
                "api_enable_requests": settings.trust.fetches_urls,
                "api_forbid_local_requests": True,
            },
            models.upscalers,
        ),
        plan=partial(
            plan,
            library=Library(models, settings.store.vae_path),
            draw_seed=random_seed,
            limits=settings.limits,
        ),
        draw_seed=random_seed,
        config=settings.server,
        trust=trust_of(settings.trust, keys, settings.server.host),
        version=INFOTEXT_VERSION,
        flags=flags_of(settings.server, settings.engine, settings.store, settings.trust),
        webhooks=Webhooks(
            Outbox(store),
            jobs.view,
            partial(webhook_secret, settings.webhooks, settings.store.data),
            settings.webhooks,
        ),
        presets=Presets(settings.store.data / PRESETS_FILE),
        links=Links(partial(kept_secret, settings.store.data / LINK_SECRET_FILE, "links")),
    )


def _serve_on(
    listener: socket.socket,
    settings: Settings,
    models: "ModelStore",
    worker: "EmbeddedConfig",
    first: "WorkerProcess | None",
) -> None:
    with importing():
        from tintype.imagestore import Watcher
        from tintype.modelstore import Keeper
        from tintype.server import create_app
        from tintype.server.serving import run

        services = build_services(settings, models, worker, first)
        app = create_app(services)
    keeper = Keeper(models, lambda: services.jobs.running_count > 0, hashes=settings.store.hashes)
    watcher = Watcher(services.gallery)
    run(
        app,
        listener,
        on_started=partial(_begin_to_serve, listener, services.trust, keeper, watcher),
        on_stopping=partial(_begin_to_stop, services, keeper, watcher),
        trust=settings.trust,
        grace_seconds=settings.jobs.drain_seconds + _PARKING_SECONDS,
    )


def _our_worker(settings: Settings, models: "ModelStore") -> "EmbeddedConfig":
    from tintype.jobs import EmbeddedConfig

    engine = settings.engine
    command = [sys.executable, "-m", "tintype.worker", "--device", engine.device]
    command += ["--max-rows", str(engine.max_rows)]
    command += ["--measures", str(settings.store.data / MEASURES_FILE)]
    command += ["--log-format", settings.log.form, "--log-level", settings.log.level]
    if engine.exact:
        command += ["--exact"]
    if engine.lodging is not None:
        command += ["--lodging", engine.lodging]
    if settings.fetch.is_offline:
        command += ["--offline"]
    for small_decoder in models.small_decoder_paths():
        command += ["--small-decoder", str(small_decoder)]
    if engine.threads is not None:
        command += ["--threads", str(engine.threads)]
    if (first := first_checkpoint(settings.store, models)) is not None:
        command += ["--preload", str(first)]
    return EmbeddedConfig(
        tuple(command),
        in_flight=engine.images_at_once,
        stop_seconds=settings.jobs.drain_seconds,
    )


def first_checkpoint(config: StoreConfig, models: "ModelStore") -> "Path | None":
    """The one whose name was set last, or the first there is."""
    from tintype.optionstore import OPTIONS_FILE, JsonFile

    name = JsonFile(config.data / OPTIONS_FILE).peek("sd_model_checkpoint")
    if isinstance(name, str) and name:
        with suppress(ModelError, UnknownName):
            return models.find(name).path
    return models.default_path()


def _told_of_jobs(worker: "EmbeddedConfig", settings: Settings) -> "EmbeddedConfig":
    jobs = str(settings.store.data / JOBS_FOLDER)
    told = ("--jobs", jobs, "--log-bytes", str(settings.jobs.log_bytes))
    return replace(worker, command=(*worker.command, *told))


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


def _begin_to_serve(
    listener: socket.socket, trust: "Trust", keeper: "Keeper", watcher: "Watcher"
) -> None:
    _greet(listener, trust)
    # For the first picture, while the worker still begins.
    Thread(target=import_module, args=("tintype.imaging",), daemon=True).start()
    keeper.start()
    watcher.start()


def _greet(listener: socket.socket, trust: "Trust") -> None:
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
    if trust.login.is_on:
        lines.append("  login:          a password, or a key from tintype keys add")
    elif not is_loopback(host):
        lines.append(
            "  note: nobody is asked who they are; whoever reaches this machine can use it"
        )
    _say("\n".join(lines))


def _begin_to_stop(services: "Services", keeper: "Keeper", watcher: "Watcher") -> None:
    keeper.stop()
    watcher.stop()
    running = services.jobs.running_count
    services.ending.set()
    services.worker.drain()
    waits = f", once {running} running job(s) are done or parked; Ctrl+C again ends at once"
    _say(f"Stopping{waits if running else ''}.")


def _say(text: str) -> None:
    """Tell whoever started us; that nobody reads it any more (`tintype serve | head`) is fine."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as we live
