"""The `tintype` command.

Errors meant for the user end in one line and exit code 2; nothing here shows a traceback for them.
"""

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, NoReturn, cast

import typer

from tintype import __version__
from tintype.cli.keys import app as keys
from tintype.cli.models import app as models_app
from tintype.cli.options import (
    AllowHost,
    AtOnce,
    Auth,
    AuthFile,
    BakedIndex,
    CkptDir,
    ControlnetDir,
    CorsOrigins,
    CorsPattern,
    Data,
    Device,
    EmbeddingsDir,
    Exact,
    ExtraModelPaths,
    Forwarded,
    Host,
    HypernetworkDir,
    LogFormat,
    LogLevel,
    LoraDir,
    LowVram,
    MedVram,
    Models,
    NoAuth,
    NoHashing,
    Offline,
    Port,
    ServerStop,
    StylesFile,
    UpscalerDir,
    UrlInits,
    VaeDir,
    VaePath,
    WildcardsDir,
)
from tintype.errors import TintypeError

app = typer.Typer(
    help="Self-hosted Stable Diffusion: pictures from prompts, and AUTOMATIC1111's API.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(keys, name="keys")
app.add_typer(models_app, name="models")

_UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__base__)  # has no public name


def main() -> None:
    """Run the command line; the entry point of the `tintype` script."""
    _say_what_cannot_be_encoded()
    try:
        raise SystemExit(app(sys.argv[1:] or ["--help"], "tintype", standalone_mode=False))
    except _UsageError as error:
        what = " ".join(error.format_message().split())
        _refuse(
            f"{what.rstrip('.')}; see {error.ctx.command_path if error.ctx else 'tintype'} --help"
        )
    except TintypeError as error:
        _refuse(str(error))
    except typer.Abort:
        raise SystemExit(130) from None


def _refuse(what: str) -> NoReturn:
    print(f"tintype: {what}", file=sys.stderr)
    raise SystemExit(2)


def _say_what_cannot_be_encoded() -> None:
    """Replace letters that the terminal does not have instead of ending in an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


@app.command()
def serve(
    host: Host = None,
    port: Port = None,
    models: Models = None,
    vae_path: VaePath = None,
    data: Data = None,
    device: Device = None,
    exact: Exact = None,
    medvram: MedVram = None,
    lowvram: LowVram = None,
    images_at_once: AtOnce = None,
    log_format: LogFormat = None,
    log_level: LogLevel = None,
    auth: Auth = None,
    auth_file: AuthFile = None,
    no_auth: NoAuth = None,
    allow_host: AllowHost = None,
    cors_allow_origins: CorsOrigins = None,
    cors_allow_origins_regex: CorsPattern = None,
    allow_url_inits: UrlInits = None,
    forwarded_allow_ips: Forwarded = None,
    ckpt_dir: CkptDir = None,
    vae_dir: VaeDir = None,
    lora_dir: LoraDir = None,
    embeddings_dir: EmbeddingsDir = None,
    controlnet_dir: ControlnetDir = None,
    esrgan_models_path: UpscalerDir = None,
    hypernetwork_dir: HypernetworkDir = None,
    extra_model_paths: ExtraModelPaths = None,
    wildcards_dir: WildcardsDir = None,
    styles_file: StylesFile = None,
    no_hashing: NoHashing = None,
    baked_index: BakedIndex = None,
    offline: Offline = None,
    api_server_stop: ServerStop = None,
) -> None:
    """Serve A1111's API on 127.0.0.1:7860."""
    from tintype.settings import read_settings
    from tintype.wiring import serve as serve_forever

    flags = {
        "host": host,
        "port": port,
        "models": models,
        "vae-path": vae_path,
        "data": data,
        "device": device,
        "exact": exact,
        "medvram": medvram,
        "lowvram": lowvram,
        "images-at-once": images_at_once,
        "log-format": log_format,
        "log-level": log_level,
        "auth": auth,
        "auth-file": auth_file,
        "no-auth": no_auth,
        "allow-host": allow_host,
        "cors-allow-origins": cors_allow_origins,
        "cors-allow-origins-regex": cors_allow_origins_regex,
        "allow-url-inits": allow_url_inits,
        "forwarded-allow-ips": forwarded_allow_ips,
        "ckpt-dir": ckpt_dir,
        "vae-dir": vae_dir,
        "lora-dir": lora_dir,
        "embeddings-dir": embeddings_dir,
        "controlnet-dir": controlnet_dir,
        "esrgan-models-path": esrgan_models_path,
        "hypernetwork-dir": hypernetwork_dir,
        "extra-model-paths": extra_model_paths,
        "wildcards-dir": wildcards_dir,
        "styles-file": styles_file,
        "no-hashing": no_hashing,
        "baked-index": baked_index,
        "offline": offline,
        "api-server-stop": api_server_stop,
    }
    serve_forever(read_settings(flags, os.environ))


@app.command()
def generate(
    prompt: Annotated[str, typer.Argument(help="What to show.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="PNG to write; more images get numbers.")
    ] = Path("out.png"),
    negative: Annotated[str, typer.Option(help="What to avoid.")] = "",
    steps: Annotated[int, typer.Option(help="Denoising steps.")] = 20,
    cfg: Annotated[float, typer.Option(help="Classifier-free guidance scale.")] = 7.0,
    sampler: Annotated[str, typer.Option(help="Sampler, with or without its schedule.")] = (
        "DPM++ 2M Karras"
    ),
    size: Annotated[
        str | None, typer.Option(help="WIDTHxHEIGHT or one side. Default: the model's own.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the first image; -1 for any.")] = -1,
    n: Annotated[int, typer.Option(help="Images to make, seeds counting up.")] = 1,
    model: Annotated[str | None, typer.Option(help="Checkpoint by name or hash.")] = None,
    models: Models = None,
    data: Data = None,
    device: Device = None,
    offline: Offline = None,
) -> None:
    """Make pictures without a server."""
    from tintype.cli.generate import Errand, prepare
    from tintype.cli.generate import generate as paint
    from tintype.cli.progress import watched
    from tintype.cli.settled import settled
    from tintype.core.requests import GuidanceSettings, Request
    from tintype.core.text_settings import TextSettings

    request = Request(
        prompt=prompt,
        negative_prompt=negative,
        seed=seed,
        steps=steps,
        guidance=GuidanceSettings(cfg_scale=cfg),
        sampler=sampler,
        images=n,
        checkpoint=model,
        text=TextSettings(wildcards="on"),
    )
    flags = {"models": models, "data": data, "device": device, "offline": offline}
    settings = settled(flags)
    plans = prepare(settings, Errand(request, size, out))
    with watched(steps * n) as tell:
        written = paint(plans, out, settings.engine.device, tell)
    for path in written:
        print(path)


@app.command()
def verify(
    picture: Annotated[Path, typer.Argument(help="A picture with infotext.")],
    models: Models = None,
    data: Data = None,
    device: Device = None,
    offline: Offline = None,
) -> None:
    """Make a picture again from its own infotext, and say whether it is the same."""
    from tintype.cli.progress import watched
    from tintype.cli.settled import settled
    from tintype.cli.verify import prepare
    from tintype.cli.verify import verify as compare

    flags = {"models": models, "data": data, "device": device, "offline": offline}
    settings = settled(flags)
    verification = prepare(settings, picture)
    with watched(verification.plan.settings.steps) as tell:
        verdict = compare(verification, settings.engine.device, tell)
    if verdict.is_same:
        print(f"same: no value differs by more than {verdict.highest} of 255")
        return
    print(
        f"differs: by up to {verdict.highest} of 255, {verdict.mean:.2f} on average, "
        f"in {verdict.share:.1%} of its pixels"
    )
    for reason in verdict.reasons:
        print(f"  perhaps because {reason}")
    raise SystemExit(1)


@app.command()
def bake(
    models: Models = None,
    data: Data = None,
    out: Annotated[
        Path | None, typer.Option(help="A further place for the index, see --baked-index.")
    ] = None,
    self_test: Annotated[
        str | None, typer.Option(help="Checkpoint to make a picture with. Default: the demo model")
    ] = None,
    device: Device = None,
    offline: Offline = None,
) -> None:
    """Do beforehand what a start would have to: for images of machines and containers."""
    from tintype.cli.bake import Baking
    from tintype.cli.bake import bake as bake_all
    from tintype.cli.settled import settled

    flags = {"models": models, "data": data, "device": device, "offline": offline}
    is_well = True
    for done in bake_all(Baking(settled(flags), out, self_test)):
        print(done.what)
        for wrong in done.wrongs:
            print(f"  wrong: {wrong}")
            is_well = False
    if not is_well:
        raise SystemExit(1)


@app.command(name="import")
def import_install(
    folder: Annotated[
        Path, typer.Argument(help="Of AUTOMATIC1111, Forge or ComfyUI.", show_default=False)
    ],
    data: Data = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,  # noqa: FBT002
) -> None:
    """Move in from another program: say what comes along, and take its settings over."""
    from rich.console import Console

    from tintype.cli.importing import move, moved_from, tell
    from tintype.settings import read_settings

    place = read_settings({"data": data}, os.environ).store.data
    moving = moved_from(folder, place)
    tell(moving, [] if dry_run else move(moving, place), Console())


@app.command()
def doctor(
    host: Host = None,
    port: Port = None,
    models: Models = None,
    data: Data = None,
    device: Device = None,
) -> None:
    """Look at this machine and say what was found and what is wrong."""
    from rich.console import Console
    from rich.markup import escape

    from tintype.cli.doctor import examine
    from tintype.settings import read_settings

    flags = {"host": host, "port": port, "models": models, "data": data, "device": device}
    console, findings = Console(), examine(read_settings(flags, os.environ))
    marks = {"ok": "[green]ok[/]", "warning": "[yellow]![/] ", "problem": "[red]✗[/] "}
    for finding in findings:
        mark, what = marks[finding.state], escape(finding.what)
        console.print(f"{mark} {what}", highlight=False, soft_wrap=True)
        if finding.advice:
            console.print(f"   → {escape(finding.advice)}", highlight=False, soft_wrap=True)
    if any(finding.state == "problem" for finding in findings):
        raise SystemExit(2)


@app.command()
def top(
    url: Annotated[str, typer.Option(help="The server to look at.")] = "http://127.0.0.1:7860",
    key: Annotated[
        str | None, typer.Option(help="API key, where it wants one.", envvar="TINTYPE_KEY")
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="name:password instead.", envvar="TINTYPE_USER")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print one look and end.")] = False,  # noqa: FBT002
) -> None:
    """Watch what a running server is doing."""
    from rich.console import Console

    from tintype.cli.top import Server, show, show_once

    (show_once if once else show)(Server(url, key, user), Console())


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)
