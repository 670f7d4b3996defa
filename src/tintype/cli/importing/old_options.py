"""`config.json` of A1111 and Forge: options that mean something here, and those that are kept."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tintype.cli.importing.rows import Row, counted, listed
from tintype.errors import TintypeError
from tintype.modelstore import ModelStore
from tintype.server.sdapi.options import Options
from tintype.server.sdapi.options.page import RESTRICTED
from tintype.server.sdapi.options.table import CHECKPOINT, HEARD_OPTIONS, OPTIONS, WILDCARDS

_SECRET = re.compile(
    r"api_?key|(^|_)(key|token|secret|passw(or)?d|auth|credentials?)s?(_|$)", re.IGNORECASE
)
_HASH = re.compile(r" \[[0-9a-f]{8,64}\]$")
_OURS_TO_KNOW = RESTRICTED | {"sd_checkpoint_hash"}
_LONGEST = 160  # letters of a sentence


@dataclass(slots=True)
class OldOptions:
    """What a `config.json` comes to.

    Attributes:
        kept: options to keep, by name; what is as it would be anyway is left out.
        refused: a sentence for each that cannot be had.
        secrets: names of those that look like secrets.
    """

    kept: dict[str, object] = field(default_factory=dict[str, object])
    refused: list[str] = field(default_factory=list[str])
    secrets: list[str] = field(default_factory=list[str])


def read_old_options(
    config: Mapping[str, object], models: ModelStore, *, has_templates: bool
) -> OldOptions:
    """Sort the options of an old install, each read as a call that sets it would be.

    Args:
        config: as it was written.
        models: where its checkpoint and its VAE are looked for.
        has_templates: an extension for `{a|b}` was on, so it is here too.
    """
    found, options = OldOptions(), Options(models.find, models.find_vae)
    for name, value in config.items():
        if name in _OURS_TO_KNOW or (name == CHECKPOINT and not value):
            continue
        if name not in OPTIONS and value and _SECRET.search(name):
            found.secrets.append(name)
        elif (refusal := _set(options, name, value)) is not None:
            found.refused.append(refusal)
        elif name not in OPTIONS or options.values()[name] != OPTIONS[name].default:
            found.kept[name] = options.values().get(name)
    if has_templates and WILDCARDS not in config:
        found.kept[WILDCARDS] = "on"
    return found


def _set(options: Options, name: str, value: object) -> str | None:
    """Set one option; None if that went well, or else why it cannot be."""
    if name == CHECKPOINT and isinstance(value, str):
        value = _HASH.sub("", value)  # hashes are not known before the server has read the files
    try:
        options.set({name: value})
    except TintypeError as error:
        text = " ".join(str(error).split())
        text = text if text.startswith(name) else f"{name}: {text}"
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return None


def option_rows(found: OldOptions) -> Iterator[Row]:
    """What is told of them."""
    heard = sorted(name for name in found.kept if name in HEARD_OPTIONS)
    if heard:
        yield Row(counted(len(heard), "option"), "comes", f"options.json: {listed(heard)}")
    shown = len(found.kept) - len(heard)
    if shown:
        what = counted(shown, "further option")
        yield Row(what, "partly", "kept and shown to clients, without effect here")
    for sentence in found.refused:
        yield Row("an option", "stays", sentence)
    if found.secrets:
        why = f"they look like secrets, and calls show options: {listed(found.secrets)}"
        yield Row(counted(len(found.secrets), "option"), "stays", why)
