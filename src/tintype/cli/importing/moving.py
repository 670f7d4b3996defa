"""A move as a whole: everything is looked at first, then the few files of ours are written."""

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tintype.cli.importing.arguments import Command, old_arguments, our_command
from tintype.cli.importing.old_extensions import extension_rows, has_templates, wildcard_rows
from tintype.cli.importing.old_files import UnreadableFile, old_object
from tintype.cli.importing.old_models import model_rows, output_rows, style_rows
from tintype.cli.importing.old_options import option_rows, read_old_options
from tintype.cli.importing.rows import Row, counted
from tintype.cli.importing.trees import Tree, tree_at
from tintype.cli.importing.ui_defaults import PRESET, default_rows, read_defaults
from tintype.errors import SetupError
from tintype.modelstore import ModelStore, Places
from tintype.modelstore.phrases import Phrases
from tintype.optionstore import OPTIONS_FILE, PRESETS_FILE, JsonFile, Presets
from tintype.server.sdapi.options.table import CHECKPOINT
from tintype.settings import prepare_data_folder, read_settings

LOGINS_FILE = "logins"


@dataclass(slots=True)
class Moving:
    """What a move would do.

    Attributes:
        tree: the old install.
        rows: what is told of it.
        options: to be kept in `options.json`.
        preset: the fields of the preset "ui"; empty for none.
        logins: pairs `user:password`, to be kept in a file of their own.
        command: the command that starts here what the old program did.
    """

    tree: Tree
    rows: list[Row] = field(default_factory=list[Row])
    options: Mapping[str, object] = field(default_factory=dict[str, object])
    preset: Mapping[str, Any] = field(default_factory=dict[str, Any])
    logins: tuple[str, ...] = ()
    command: str = ""


def moved_from(folder: Path, data: Path) -> Moving:
    """Look at an old install; nothing is written anywhere.

    Args:
        folder: of A1111, Forge or ComfyUI, or of a one-click package of one.
        data: our data folder, which need not exist.

    Raises:
        SetupError: there is no such program, or the data folder lies in it.
    """
    tree = tree_at(folder)
    if data.resolve().is_relative_to(tree.root.resolve()):
        raise SetupError(
            f"the data folder {data} lies in the folder that is moved from, where nothing is "
            "written; choose another with --data"
        )
    moving = Moving(tree)
    words, rows = old_arguments(tree.root, is_comfyui=not tree.is_webui)
    moving.rows += rows
    command = our_command(words, tree.root)
    roots = list(dict.fromkeys([*command.roots, tree.root]))
    models = _models(roots, command)
    moving.rows += model_rows(models, roots)
    moving.rows += style_rows(models)
    moving.rows += wildcard_rows(tree.root)
    config: Mapping[str, object] = {}
    if tree.is_webui:
        config = _config(command.data or tree.root, "config.json", moving.rows)
        _take_settings(moving, config, models, command)
    moving.rows += extension_rows(tree.root, config, is_webui=tree.is_webui)
    moving.rows += _left_behind(tree)
    for root in roots:
        moving.rows += output_rows(root, data)
    moving.rows += command.rows
    moving.logins = tuple(dict.fromkeys(command.logins))
    moving.command = _written(command, roots, data, has_logins=bool(moving.logins))
    moving.rows += _login_rows(moving, command)
    return moving


def move(moving: Moving, data: Path) -> list[Path]:
    """Write what comes along into our data folder, and say which files were written.

    What is set there already stays, unless the old install says otherwise.

    Raises:
        SetupError: they cannot be written.
    """
    prepare_data_folder(data)
    written: list[Path] = []
    if moving.options:
        file = JsonFile(data / OPTIONS_FILE)
        file.write({**file.read(), **moving.options})
        written.append(file.path)
    if moving.preset:
        Presets(data / PRESETS_FILE).put(PRESET, moving.preset)
        written.append(data / PRESETS_FILE)
    if moving.logins:
        written.append(_write_secret(data / LOGINS_FILE, "\n".join(moving.logins) + "\n"))
    return written


def _models(roots: list[Path], command: Command) -> ModelStore:
    """The models that the new command finds, in an index of memory alone."""
    flags: dict[str, list[str]] = {}
    for flag, value in zip(command.words, command.words[1:], strict=False):
        if flag.startswith("--") and not value.startswith("--"):
            flags.setdefault(flag[2:], []).append(value)
    wanted = {name: v for name, v in flags.items() if name.endswith(("-dir", "-paths", "-path"))}
    wanted["styles-file"] = flags.get("styles-file", [])
    wanted.pop("vae-path", None)
    store = read_settings(wanted, {}).store
    places = Places(tuple(roots), store.folders, store.folder_lists)
    return ModelStore(places, phrases=Phrases(None, store.wildcard_folders, store.styles_files))


def _take_settings(
    moving: Moving, config: Mapping[str, object], models: ModelStore, command: Command
) -> None:
    home = command.data or moving.tree.root
    templates = has_templates(moving.tree.root, config)
    told = {**config, CHECKPOINT: command.checkpoint} if command.checkpoint else config
    options = read_old_options(told, models, has_templates=templates)
    moving.options = options.kept
    moving.rows += option_rows(options)
    if defaults := _config(home, "ui-config.json", moving.rows):
        moving.preset, wrong = read_defaults(defaults)
        moving.rows += default_rows(moving.preset, wrong)


def _config(home: Path, name: str, rows: list[Row]) -> Mapping[str, object]:
    try:
        return old_object(home / name) or {}
    except UnreadableFile as error:
        rows.append(Row(name, "wrong", str(error)))
        return {}


_BEHIND = {
    "params.txt": "the last prompt; send it as the field infotext to have it again",
    "cache.json": "hashes are made anew, once, in the background",
    "cache": "hashes are made anew, once, in the background",
    "localizations": "there is no page to translate",
    "user.css": "there is no page to dress",
    "textual_inversion": "nothing is trained here",
    "user/default/workflows": "workflows of ComfyUI are not run here",
}


def _left_behind(tree: Tree) -> Iterator[Row]:
    for name, why in _BEHIND.items():
        if os.path.lexists(tree.root / name):
            yield Row(name, "stays", why)


def _written(command: Command, roots: list[Path], data: Path, *, has_logins: bool) -> str:
    words = ["tintype", "serve"]
    for root in roots:
        words += ["--models", str(root)]
    words += ["--data", str(data), *command.words]
    if has_logins:
        words += ["--auth-file", str(data / LOGINS_FILE)]
    return shlex.join(words)


def _login_rows(moving: Moving, command: Command) -> Iterator[Row]:
    if moving.logins:
        how = f"{LOGINS_FILE} in the data folder, readable by you alone"
        yield Row(counted(len(moving.logins), "login"), "comes", how)
    elif "--host" in command.words:
        why = "the server would be open to the network: add --auth user:password or --no-auth"
        yield Row("no login", "partly", why)


def _write_secret(path: Path, text: str) -> Path:
    try:
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from error
    return path
