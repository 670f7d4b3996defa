"""`tintype keys`: who may ask a server that is not open to everybody."""

import os
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from tintype.core.rights import RIGHTS, Allowance, Right
from tintype.errors import InvalidRequest

if TYPE_CHECKING:
    from tintype.keystore import KeyStore

app = typer.Typer(
    help="Keys for programs and people: add, list, remove.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Data = Annotated[
    Path | None, typer.Option(help="The server's data folder. Default: ./data [TINTYPE_DATA]")
]

_RATE = re.compile(r"([0-9]{1,9})(/m(in(ute)?)?)?")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Whose key it is; jobs are kept apart by it.")],
    right: Annotated[
        list[str] | None,
        typer.Option(help="paint, see or manage; may be repeated. Default: paint and see"),
    ] = None,
    rate: Annotated[str | None, typer.Option(help="Requests for pictures, as 30/minute.")] = None,
    images_per_day: Annotated[int | None, typer.Option(min=0, help="Pictures a day.")] = None,
    queued: Annotated[int | None, typer.Option(min=1, help="Jobs that wait at once.")] = None,
    data: Data = None,
) -> None:
    """Make a key and show it, this once."""
    allowance = Allowance(_rate(rate), images_per_day, queued)
    print(_store(data).add(name, _rights(right or ["paint", "see"]), allowance))


@app.command(name="list")
def list_keys(data: Data = None) -> None:
    """Say which keys there are, and what they open."""
    for key in _store(data).all():
        rights = " ".join(right for right in RIGHTS if right in key.rights)
        day = datetime.fromtimestamp(key.created).strftime("%Y-%m-%d")
        print(f"{key.name}  {rights}  since {day}{_bounds(key.allowance)}")


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="As keys list shows it.")], data: Data = None
) -> None:
    """Make a key worthless, at once."""
    store = _store(data)
    store.remove(name)
    if not store.all():
        print(
            "That was the last key. A server started without --auth from now on asks nobody who "
            "they are on 127.0.0.1, and does not start elsewhere."
        )


def _store(data: Path | None) -> "KeyStore":
    from tintype.keystore import KEYS_FILE, KeyStore
    from tintype.settings import prepare_data_folder, read_settings

    folder = read_settings({"data": data}, os.environ).store.data
    prepare_data_folder(folder)
    return KeyStore(folder / KEYS_FILE)


def _rights(words: Iterable[str]) -> list[Right]:
    chosen = [word.strip().lower() for word in words]
    for word in chosen:
        if word not in RIGHTS:
            raise InvalidRequest("--right", f"{word!r} is not one of {', '.join(RIGHTS)}")
    return cast("list[Right]", chosen)


def _rate(text: str | None) -> int | None:
    if text is None:
        return None
    match = _RATE.fullmatch(text.replace(" ", ""))
    if match is None or int(match[1]) == 0:
        raise InvalidRequest("--rate", f"{text!r} is not a rate such as 30/minute")
    return int(match[1])


def _bounds(allowance: Allowance) -> str:
    bounds = (
        ("{}/minute", allowance.per_minute),
        ("{} images a day", allowance.images_per_day),
        ("{} queued", allowance.queued),
    )
    return "".join(f"  {text.format(value)}" for text, value in bounds if value is not None)
