"""Everything that a cold start should not have to do, done while an image of a machine is made.

The index learns the headers and hashes of all models, all Python that is used gets its bytecode, a
picture is made, and a start is tried and timed. Doing it again does only what is new.
"""

import compileall
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import cache_from_source
from pathlib import Path

from tintype.cli.generate import Errand, generate, prepare
from tintype.core.requests import Request
from tintype.errors import SetupError
from tintype.modelstore import INDEX_FILE, Keeper, ModelStore, entries, open_models
from tintype.modelstore.contents import contents_of
from tintype.settings import DEMO_TREE, Settings, prepare_data_folder

_PROMPT = "a red star on a blue background"
_STEPS, _SIDE, _SEED = 8, "256", 7
_LEAST_SPREAD, _LEAST_COLOURS = 2.0, 16  # of 255; below both a picture shows nothing
_START_SECONDS = 180.0
_URL = re.compile(r"http://\S+")


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that was done.

    Attributes:
        what: in a sentence.
        wrongs: what came out that should not be in an image; empty where all is well.
    """

    what: str
    wrongs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Baking:
    """What is wanted.

    Attributes:
        settings: of the server to come; its data folder gets the index.
        out: a further place for the index, for servers whose data folder is another; or None.
        model: the checkpoint the picture is made with, or None for the demo model.
    """

    settings: Settings
    out: Path | None = None
    model: str | None = None


def bake(wanted: Baking) -> Iterator[Done]:
    """Do it, and tell of each thing once it is done.

    Raises:
        TintypeError: no picture can be made here, or nothing can be written.
    """
    prepare_data_folder(wanted.settings.store.data)
    store = open_models(wanted.settings.store)
    yield _index(store)
    yield _picture(wanted)
    yield _bytecode()
    if wanted.out is not None:
        yield _copy(wanted.settings.store.data / INDEX_FILE, wanted.out)
    yield _start(wanted.settings)


def _index(store: ModelStore) -> Done:
    found = list(entries(store))
    new = sum(store.hashes.known(entry.file) is None for entry in found)
    started = time.perf_counter()
    Keeper(store, lambda: False).catch_up()
    contents = contents_of([entry.file for entry in found], store.index)
    wrongs = tuple(
        f"{entry.file.path}: {held.error}"
        for entry, held in zip(found, contents, strict=True)
        if held.error is not None and entry.kind in ("checkpoint", "lora", "vae")
    )
    seconds = time.perf_counter() - started
    return Done(f"{len(found)} models in the index, {new} of them new ({seconds:.1f} s)", wrongs)


def _picture(wanted: Baking) -> Done:
    model = wanted.model or _demo_model()
    request = Request(prompt=_PROMPT, steps=_STEPS, seed=_SEED, sampler="Euler", checkpoint=model)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "picture.png"
        size = _SIDE if wanted.model is None else None
        plans = prepare(wanted.settings, Errand(request, size, out))
        generate(plans, out, wanted.settings.engine.device, lambda _: None)
        wrongs = tuple(_what_is_wrong(out))
    seconds = time.perf_counter() - started
    return Done(f"a picture with {plans[0].network.checkpoint.name} ({seconds:.1f} s)", wrongs)


def _demo_model() -> str:
    return ModelStore([DEMO_TREE]).default().name


def _what_is_wrong(path: Path) -> Iterator[str]:
    import numpy as np
    from PIL import Image

    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
        colours = len(picture.convert("RGB").getcolors(pixels.size) or ())
    if pixels.std() < _LEAST_SPREAD or colours < _LEAST_COLOURS:
        yield f"the picture shows nothing: {colours} colours, spread {pixels.std():.1f} of 255"


def _bytecode() -> Done:
    """Of the whole package, and of every module that front and worker have imported by now."""
    for process in ("tintype.server.serving", "tintype.server", "tintype.worker.__main__"):
        import_module(process)
    own = Path(__file__).parents[1]
    used = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    files = {Path(file) for file in used if file and file.endswith(".py")} | set(own.rglob("*.py"))
    new = [file for file in sorted(files) if not _has_bytecode(file)]
    done = sum(compileall.compile_file(file, quiet=2) for file in new)
    failed = len(new) - done
    said = f"bytecode of {len(files)} modules, {done} of them new"
    return Done(said if not failed else f"{said}; {failed} lie where nothing can be written")


def _has_bytecode(file: Path) -> bool:
    compiled = Path(cache_from_source(str(file)))
    try:
        return compiled.stat().st_mtime >= file.stat().st_mtime
    except OSError:
        return False


def _copy(index: Path, out: Path) -> Done:
    target = out / INDEX_FILE if out.is_dir() else out
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(index, target)
    except OSError as error:
        raise SetupError(f"{target} cannot be written: {error.strerror}") from error
    return Done(f"the index is in {target}; start servers with --baked-index {target}")


def _start(settings: Settings) -> Done:
    with tempfile.TemporaryDirectory() as folder:
        index = settings.store.data / INDEX_FILE
        if index.exists():
            shutil.copyfile(index, Path(folder) / INDEX_FILE)
        started = time.perf_counter()
        with _serving(settings, Path(folder)) as url:
            _await(f"{url}/healthz")
            answered = time.perf_counter() - started
            _await(f"{url}/readyz")
            ready = time.perf_counter() - started
    return Done(f"a start answers after {answered:.1f} s and can paint after {ready:.1f} s")


@contextmanager
def _serving(settings: Settings, data: Path) -> Generator[str]:
    """A server of its own on the same models; its address."""
    roots = (root for root in settings.store.model_roots if root != DEMO_TREE)
    words = ["--port", "0", "--host", "127.0.0.1", "--data", str(data)]
    words += ["--device", settings.engine.device, *(f"--models={root}" for root in roots)]
    command = [sys.executable, "-m", "tintype", "serve", *words]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, text=True, stdout=pipe, stderr=nowhere) as process:
        try:
            assert process.stdout is not None
            match = _URL.search(process.stdout.readline())
            if match is None:
                raise SetupError("a server did not start; run tintype serve to see why")
            yield match[0]
        finally:
            process.terminate()


def _await(url: str) -> None:
    """Ask until it is well. Raises `SetupError` if it never is."""
    import httpx

    deadline = time.perf_counter() + _START_SECONDS
    with httpx.Client(trust_env=False) as client:
        while time.perf_counter() < deadline:
            if client.get(url).is_success:
                return
            time.sleep(0.02)
    raise SetupError(f"a server was not ready after {_START_SECONDS:g} s; see tintype serve")
