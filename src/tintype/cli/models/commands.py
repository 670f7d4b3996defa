"""The commands of `tintype models`, thin: each calls one thing and prints what it says."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from tintype.cli.options import Data, Models, Offline
from tintype.errors import InvalidRequest

if TYPE_CHECKING:
    from tintype.fetching import Kind as FetchedKind
    from tintype.modelstore import CardKind, ModelStore
    from tintype.settings import Settings

app = typer.Typer(
    help="Model files: pull, list, show, verify, remove, dedupe.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Kind = Annotated[
    str | None,
    typer.Option(help="checkpoint, lora, vae, embedding, controlnet, upscaler or captioner."),
]
Names = Annotated[list[str] | None, typer.Argument(help="As models list shows them.")]


@app.command()
def pull(
    addresses: Annotated[
        list[str],
        typer.Argument(
            help="owner/repo[/FILE], civitai:ID, https://…, s3://bucket/key, or a local path.",
            show_default=False,
        ),
    ],
    kind: Annotated[
        str | None, typer.Option(help="What it is, where its header does not say.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it, without extension.")] = None,
    variant: Annotated[str | None, typer.Option(help="fp16 and the like.")] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit.")] = None,
    sha256: Annotated[str | None, typer.Option(help="What its SHA-256 has to be.")] = None,
    token: Annotated[
        str | None, typer.Option(help="For its host alone; better in HF_TOKEN, CIVITAI_TOKEN.")
    ] = None,
    hf_endpoint: Annotated[
        str | None, typer.Option(help="Mirror of Hugging Face. [HF_ENDPOINT]")
    ] = None,
    civitai_endpoint: Annotated[
        str | None, typer.Option(help="Mirror of Civitai. [TINTYPE_CIVITAI_ENDPOINT]")
    ] = None,
    models: Models = None,
    offline: Offline = None,
) -> None:
    """Fetch models, check them, and put them where they belong; goes on where it ended."""
    from tintype.cli.models.pulling import described, pull_all, root_for
    from tintype.cli.settled import settled
    from tintype.fetching import Wanted

    flags = {
        "models": models,
        "offline": offline,
        "hf-endpoint": hf_endpoint,
        "civitai-endpoint": civitai_endpoint,
    }
    settings = settled(flags)
    if len(addresses) > 1 and (name or sha256):
        raise InvalidRequest("--name and --sha256", "they are for one address at a time")
    several = [
        Wanted(address, _fetched_kind(kind), name, variant, revision, sha256, token)
        for address in addresses
    ]
    try:
        for pulled in pull_all(several, root_for(settings), settings.fetch):
            print(described(pulled))
    except KeyboardInterrupt:
        print("tintype: stopped; the same command goes on from there", file=sys.stderr)
        raise SystemExit(130) from None


@app.command(name="list")
def list_models(
    kind: Kind = None,
    family: Annotated[str | None, typer.Option(help="sd1, sd2, sdxl or sdxl_refiner.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,  # noqa: FBT002
    models: Models = None,
    data: Data = None,
    offline: Offline = None,
) -> None:
    """Say which models there are."""
    from tintype.cli.models.listing import line, lines, listed

    store = _store(_settings(models, data, offline))
    found = listed(store, _card_kind(kind), family)
    if as_json:
        print(json.dumps([line(one) for one in found], indent=2))
        return
    for text in lines(found):
        print(text)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="As models list shows it.")],
    kind: Kind = None,
    models: Models = None,
    data: Data = None,
    offline: Offline = None,
) -> None:
    """Tell everything that is known of a model."""
    from tintype.cli.models.listing import found_by_name, told

    store = _store(_settings(models, data, offline))
    for text in told(found_by_name(store, name, _card_kind(kind)), store):
        print(text)


@app.command()
def verify(
    names: Names = None,
    kind: Kind = None,
    models: Models = None,
    data: Data = None,
    offline: Offline = None,
) -> None:
    """Read models again and hold them against their hashes; exit code 1 if something is wrong."""
    from tintype.cli.models.checking import verify_all
    from tintype.cli.models.listing import chosen

    store = _store(_settings(models, data, offline))
    is_well = True
    for verdict in verify_all(chosen(store, names or [], _card_kind(kind)), store):
        is_well = is_well and not verdict.wrongs
        print(f"{'wrong' if verdict.wrongs else 'ok   '}  {verdict.name}  {verdict.known_by}")
        for wrong in verdict.wrongs:
            print(f"         {wrong}")
    if not is_well:
        raise SystemExit(1)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="As models list shows it.")],
    kind: Kind = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,  # noqa: FBT002
    models: Models = None,
    data: Data = None,
    offline: Offline = None,
) -> None:
    """Delete a model, with its preview and notes."""
    from tintype.cli.models.listing import named, size_in_words
    from tintype.cli.models.tidying import belongings, remove_all, require_ours

    settings = _settings(models, data, offline)
    entry = named(_store(settings), name, _card_kind(kind))
    require_ours(entry.file.path, settings.store)
    paths = belongings(entry.file.path)
    for path in paths:
        print(path)
    if not yes and not typer.confirm(f"Delete {size_in_words(entry.file.bytes)}?"):
        raise SystemExit(1)
    remove_all(paths)


@app.command()
def dedupe(
    apply: Annotated[bool, typer.Option("--apply", help="Do it.")] = False,  # noqa: FBT002
    models: Models = None,
    data: Data = None,
    offline: Offline = None,
) -> None:
    """Find files that are there twice; with --apply, keep their bytes only once."""
    from tintype.cli.models.listing import size_in_words
    from tintype.cli.models.tidying import share, twins

    settings = _settings(models, data, offline)
    store, saved = _store(settings), 0
    for kept, twin, size in twins(store, settings.store):
        how = share(kept, twin) if apply else "would share"
        saved += size
        print(f"{twin}\n  {how} the {size_in_words(size)} of {kept}")
    done = "saved" if apply else "could be saved with --apply"
    print(f"{size_in_words(saved)} {done}" if saved else "nothing is there twice")


def _settings(models: list[Path] | None, data: Path | None, offline: bool | None) -> "Settings":  # noqa: FBT001
    from tintype.cli.settled import settled

    return settled({"models": models, "data": data, "offline": offline})


def _store(settings: "Settings") -> "ModelStore":
    from tintype.modelstore import open_models

    return open_models(settings.store)


def _fetched_kind(word: str | None) -> "FetchedKind | None":
    from tintype.fetching import KINDS

    return cast("FetchedKind | None", _one_of(word, KINDS))


def _card_kind(word: str | None) -> "CardKind | None":
    from tintype.modelstore import CARD_KINDS

    return cast("CardKind | None", _one_of(word, CARD_KINDS))


def _one_of(word: str | None, kinds: Sequence[str]) -> str | None:
    """The kind somebody typed; "lora", "LoRA" and "loras" are one."""
    if word is None:
        return None
    typed = word.strip().lower()
    for kind in kinds:
        if typed in (kind, f"{kind}s"):
            return kind
    raise InvalidRequest("--kind", f"{word!r} is not one of {', '.join(kinds)}")
