"""Arguments of the old command line, in ours."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tintype.cli.importing.flag_table import (
    FOLDERS,
    NEEDLESS,
    SAME,
    SWITCHES,
    TAKES_NOTHING,
    UNSERVED,
)
from tintype.cli.importing.old_files import UnreadableFile, is_folder, old_text
from tintype.cli.importing.rows import Row

_SCRIPTS = ("webui-user.sh", "webui-user.bat", "webui-macos-env.sh")
_COMFYUI_SCRIPTS = ("run_nvidia_gpu.bat", "run_amd_gpu.bat")
_SHELL = re.compile(r"""^\s*(?:export\s+)?COMMANDLINE_ARGS=(?P<value>.*)$""")
_BATCH = re.compile(
    r"^\s*@?set\s+(?P<quote>\"?)COMMANDLINE_ARGS=(?P<value>.*?)(?P=quote)\s*$", re.IGNORECASE
)
_ITSELF = re.compile(r"\$\{?COMMANDLINE_ARGS\}?|%COMMANDLINE_ARGS%")
_RUNS = re.compile(r"\bmain\.py\b(?P<value>.*)$")


@dataclass(slots=True)
class Command:
    """A command line of ours that starts what the old one did.

    Attributes:
        words: after `tintype serve`.
        logins: pairs `user:password`, for a file of their own.
        rows: what is told of single arguments.
        roots: further trees of models.
        checkpoint: the one to begin with, or None.
        data: where the old program had its settings, where that was not beside it.
    """

    words: list[str] = field(default_factory=list[str])
    logins: list[str] = field(default_factory=list[str])
    rows: list[Row] = field(default_factory=list[Row])
    roots: list[Path] = field(default_factory=list[Path])
    checkpoint: str | None = None
    data: Path | None = None


def old_arguments(root: Path, *, is_comfyui: bool) -> tuple[list[str], list[Row]]:
    """The arguments of the scripts beside an install; the first script that has any counts."""
    rows: list[Row] = []
    folder = root.parent if is_comfyui else root  # where ComfyUI's package has them
    for name in _COMFYUI_SCRIPTS if is_comfyui else _SCRIPTS:
        try:
            text = old_text(folder / name)
        except UnreadableFile as error:
            rows.append(Row(name, "wrong", str(error)))
            continue
        if text is not None and (words := _words(text, name, is_comfyui=is_comfyui)):
            return words, rows
    return [], rows


def _words(text: str, name: str, *, is_comfyui: bool) -> list[str]:
    is_batch = name.endswith(".bat")
    lines = re.sub(r"(\^|\\)\r?\n", " ", text).splitlines()
    said = ""
    for line in lines:
        pattern = _RUNS if is_comfyui else _BATCH if is_batch else _SHELL
        match = pattern.search(line) if is_comfyui else pattern.match(line)
        if match is None:
            continue
        value = match["value"].strip()
        if not is_batch:
            value = " ".join(_split(value, posix=True, comments=True))
        said = _ITSELF.sub(lambda _, before=said: before, value)
    return [word.strip("\"'") for word in _split(said, posix=not is_batch)]


def _split(text: str, *, posix: bool, comments: bool = False) -> list[str]:
    """Words as a shell reads them; in the way of Windows a backslash is a letter."""
    try:
        return shlex.split(text, comments=comments, posix=posix)
    except ValueError:  # a quote that nobody closed
        return text.split()


def our_command(words: Sequence[str], root: Path) -> Command:
    """The same in our words. Relative paths are from the old folder, as they were."""
    command, left = Command(), _Words(list(words))
    while (flag := left.flag()) is not None:
        _take(flag, left, command, root)
    return command


class _Words:
    def __init__(self, words: list[str]) -> None:
        self._words = words

    def flag(self) -> str | None:
        """The next one that is a flag; a value behind `=` stays."""
        while self._words:
            word = self._words.pop(0)
            if word.startswith("--"):
                flag, sign, value = word.partition("=")
                if sign:
                    self._words.insert(0, value)
                return flag[2:].replace("_", "-")
        return None

    def values(self) -> list[str]:
        """Everything up to the next flag."""
        found: list[str] = []
        while self._words and not self._words[0].startswith("--"):
            found.append(self._words.pop(0))
        return found


def _take(flag: str, left: _Words, command: Command, root: Path) -> None:
    values = [] if flag in TAKES_NOTHING else left.values()
    if flag in FOLDERS:
        _take_folder(flag, values, command, root)
    elif flag in SAME and values:
        command.words += [word for value in values for word in (SAME[flag], value)]
    elif flag in ("api-auth", "gradio-auth"):
        command.logins += [pair for value in values for pair in value.split(",") if ":" in pair]
    elif flag == "gradio-auth-path" and values:
        command.logins += logins_of(root / values[0])
    elif flag == "use-cpu" and not {"all", "sd"} & set(values):
        command.rows.append(Row("--use-cpu", "stays", "only all of it can be kept off the GPU"))
    elif flag == "ckpt" and values:
        command.checkpoint = Path(values[0].replace("\\", "/")).name
    elif flag == "device-id" and values:
        command.words += ["--device", f"cuda:{values[0]}"]
    elif flag in SWITCHES:
        command.words += SWITCHES[flag]
    elif flag == "listen":
        _take_listen(values, command)
    else:
        command.rows.append(_without_home(flag))


def _take_listen(values: Sequence[str], command: Command) -> None:
    host = values[0].partition(",")[0] if values else "0.0.0.0"
    command.words += ["--host", host]


def _take_folder(flag: str, values: Sequence[str], command: Command, root: Path) -> None:
    for value in values:
        path = root / Path(value).expanduser()
        if flag == "data-dir":
            command.data = path
        if not _is_there(path, flag):
            where = "is not on this machine; give it the folder it has here"
            command.rows.append(Row(f"--{flag} {value}", "stays", where))
        elif FOLDERS[flag] == "--models":
            command.roots.append(path)
        else:
            command.words += [FOLDERS[flag], str(path)]


def _is_there(path: Path, flag: str) -> bool:
    if FOLDERS[flag].endswith(("-dir", "-path", "--models")) and flag != "vae-path":
        return is_folder(path)
    try:
        return path.is_file() or "*" in path.name
    except OSError:
        return False


def _without_home(flag: str) -> Row:
    for names, why in UNSERVED:
        if re.fullmatch(names, flag):
            return Row(f"--{flag}", "stays", why)
    for names, why in NEEDLESS:
        if re.fullmatch(names, flag):
            return Row(f"--{flag}", "needless", why)
    return Row(f"--{flag}", "stays", "is not known here")


def logins_of(file: Path) -> Iterator[str]:
    """The pairs `user:password` in a file of A1111's `--gradio-auth-path`."""
    try:
        text = old_text(file) or ""
    except UnreadableFile:
        return
    yield from (pair.strip() for pair in re.split(r"[,\n]", text) if ":" in pair)
