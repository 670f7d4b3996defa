"""The options A1111 keeps for the whole server.

What is set is on disk before the call is answered; an override belongs to its request alone. Ours
are read strictly; what A1111 and its extensions have besides is kept and shown, without effect.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from threading import Lock
from typing import Any

from tintype.core.models import ModelRecord, UpscalerRecord, VaeRecord
from tintype.core.requests import vae_without_file
from tintype.core.upscalers import find_upscaler
from tintype.errors import InvalidRequest, ModelError, TintypeError, UnknownName, shown
from tintype.optionstore import JsonFile
from tintype.server.sdapi.options.kinds import plain, read_option
from tintype.server.sdapi.options.page import RESTRICTED
from tintype.server.sdapi.options.table import (
    CHECKPOINT,
    HEARD_OPTIONS,
    OPTIONS,
    READ_EARLY,
    UPSCALER,
    VAE,
)

Effective = Mapping[str, Any]  # every option with the value that decides about a request

_STRANGERS = re.compile(r"[A-Za-z][A-Za-z0-9_.+ -]{0,127}")
_MOST_STRANGERS = 2000
_AS_GOOD_AS_THE_SAME = 0.92  # likeness of names, as `difflib` has it
_MARKS_OF_OTHERS = re.compile(r"use_scale_latent_for_hires_fix|\w*_sep(_\w+)?")
"""Names by which clients tell other programs; we never show them."""


class Options:
    """The server's own values, for requests that bring none. Safe between threads."""

    def __init__(
        self,
        find_checkpoint: Callable[[str | None], ModelRecord],
        find_vae: Callable[[str], VaeRecord],
        file: JsonFile | None = None,
        facts: Mapping[str, object] | None = None,
        upscalers: Callable[[], Sequence[UpscalerRecord]] = tuple,
    ) -> None:
        """As the file has them, all others at their defaults.

        Args:
            find_checkpoint: the file a name means, or the server's first for None; raises
                `UnknownName` or `ModelError`.
            find_vae: the autoencoder a name means; raises `UnknownName`.
            file: where they are kept; None for nowhere.
            facts: options that say how the server was started, by name; calls cannot change them.
            upscalers: the networks there are that enlarge pictures.

        Raises:
            SetupError: the file cannot be read.
        """
        self._find_checkpoint, self._find_vae = find_checkpoint, find_vae
        self._upscalers = upscalers
        self._file, self._facts, self._lock = file, dict(facts or {}), Lock()
        self._values: dict[str, Any] = {name: option.default for name, option in OPTIONS.items()}
        self._strangers: dict[str, object] = {}
        if file is not None:
            self._take(file)

    def values(self) -> dict[str, Any]:
        """Every option with its value, as A1111 shows them."""
        checkpoint = self.checkpoint()
        told = {
            CHECKPOINT: None if checkpoint is None else checkpoint.title,
            "sd_checkpoint_hash": (checkpoint and checkpoint.sha256) or "",
        }
        return self._strangers | self._values | self._facts | told

    def set(self, changes: Mapping[str, object]) -> None:
        """Change the server's values, all of them or none, on disk too.

        Raises:
            UnknownName: no such checkpoint, autoencoder or upscaler; or an option whose name is
                almost one of ours.
            InvalidRequest: the option cannot have that value.
            SetupError: it cannot be written to disk.
        """
        changes = self._without_same_checkpoint(changes)
        with self._lock:
            strangers = self._strangers | self._read_strangers(changes)
            values = self._values | self._read_known(changes)
            self._write(values, strangers)
            self._values, self._strangers = values, strangers

    def keep(self, overrides: Mapping[str, object]) -> None:
        """Let overrides of a request stay in force, as A1111 does where they are not restored.

        Not written to disk by themselves. Raises as `with_overrides`.
        """
        with self._lock:
            self._values = self._values | self._read_overrides(overrides)

    def with_overrides(self, overrides: Mapping[str, object]) -> Effective:
        """What decides about a request that brings these overrides.

        A1111's habit: it has looked at some options before overrides come into force.

        Raises:
            UnknownName: no such option, autoencoder or upscaler.
            InvalidRequest: the option cannot have that value.
        """
        read = self._read_overrides(overrides)
        return self._values | {name: v for name, v in read.items() if name not in READ_EARLY}

    def checkpoint(self) -> ModelRecord | None:
        """The checkpoint of requests that bring none, or None where that is not to be found."""
        try:
            return self._find_checkpoint(self._values[CHECKPOINT])
        except (ModelError, UnknownName):
            return None

    def _read_overrides(self, overrides: Mapping[str, object]) -> dict[str, Any]:
        for name in overrides:
            if name not in OPTIONS and name not in self._strangers:
                raise UnknownName("option", name, list(HEARD_OPTIONS))
        return self._read_known(overrides)

    def _read_known(self, changes: Mapping[str, object]) -> dict[str, Any]:
        known = {name: value for name, value in changes.items() if name in OPTIONS}
        return {n: self._read(n, v) for n, v in known.items() if n not in RESTRICTED}

    def _read(self, name: str, value: object) -> object:
        if value == self._values[name] or (name == CHECKPOINT and not value):
            return self._values[name]  # also where its file is gone by now
        read = read_option(name, OPTIONS[name], value)
        if name == UPSCALER and isinstance(read, str):
            return self._upscaler_name(read)
        return self._vae_name(str(read)) if name == VAE else read

    def _without_same_checkpoint(self, changes: Mapping[str, object]) -> Mapping[str, object]:
        """The title of the one in force pins nothing; any other has to be there."""
        name = changes.get(CHECKPOINT)
        if not name:
            return changes
        checkpoint = self.checkpoint()
        if checkpoint is not None and name == checkpoint.title:
            return {n: value for n, value in changes.items() if n != CHECKPOINT}
        self._find_checkpoint(str(read_option(CHECKPOINT, OPTIONS[CHECKPOINT], name)))
        return changes

    def _vae_name(self, text: str) -> str:
        """As A1111 shows it, however it was written."""
        return vae_without_file(text) or self._find_vae(text).name

    def _upscaler_name(self, text: str) -> str:
        """As A1111 shows it, however it was written."""
        found = find_upscaler(text, self._upscalers(), latent=False)
        return found if isinstance(found, str) else found.name

    def _read_strangers(self, changes: Mapping[str, object]) -> dict[str, object]:
        """Options of other versions and of extensions, which clients send back whole."""
        strangers = {
            name: _stranger(name, value, is_new=name not in self._strangers)
            for name, value in changes.items()
            if name not in OPTIONS and not _MARKS_OF_OTHERS.fullmatch(name)
        }
        if len(self._strangers.keys() | strangers.keys()) > _MOST_STRANGERS:
            most = f"more than {_MOST_STRANGERS} options that are not known here cannot be kept"
            raise InvalidRequest(next(iter(strangers)), most)
        return strangers

    def _write(self, values: Mapping[str, object], strangers: Mapping[str, object]) -> None:
        changed = {name: v for name, v in values.items() if v != OPTIONS[name].default}
        if self._file is not None and (values, strangers) != (self._values, self._strangers):
            self._file.write({**strangers, **changed})

    def _take(self, file: JsonFile) -> None:
        """What the file has; what of it cannot be had is said, and the file is kept as it was.

        Names of files are not looked up: models may come later than the server.
        """
        refused: list[str] = []
        for name, value in file.read().items():
            try:
                if name in OPTIONS:
                    self._values[name] = read_option(name, OPTIONS[name], value)
                elif not _MARKS_OF_OTHERS.fullmatch(name):
                    self._strangers[name] = _stranger(name, value, is_new=True)
            except TintypeError as error:
                refused.append(str(error))
        if refused:
            file.copy_aside(f"left out: {'; '.join(refused[:10])}")


def _stranger(name: str, value: object, *, is_new: bool) -> object:
    """The value of an option we do not know, unless its name can only be a slip of the pen."""
    if is_new and get_close_matches(name[:128], HEARD_OPTIONS, n=1, cutoff=_AS_GOOD_AS_THE_SAME):
        raise UnknownName("option", name, list(HEARD_OPTIONS))
    if not _STRANGERS.fullmatch(name):
        raise InvalidRequest("options", f"{shown(name)} is no name of an option")
    try:
        return plain(value)
    except ValueError as expected:
        raise InvalidRequest(name, f"this is not {expected}") from expected
