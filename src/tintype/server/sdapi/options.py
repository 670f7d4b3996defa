"""The options A1111 keeps for the whole server.

Nothing is written to disk, and an override belongs to its request alone. An option that decides
about pictures is heard; one that cannot be set here refuses every value but the one that is true.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tintype.core.models import ModelRecord, VaeRecord
from tintype.core.requests import vae_without_file
from tintype.errors import ModelError, UnknownName
from tintype.server.sdapi.option_table import CHECKPOINT, OPTIONS, READ_EARLY, VAE, read_option

Effective = Mapping[str, Any]  # every option with the value that decides about a request


class Options:
    """The server's own values, for requests that bring none."""

    def __init__(
        self,
        find_checkpoint: Callable[[str | None], ModelRecord],
        find_vae: Callable[[str], VaeRecord],
    ) -> None:
        """All at their defaults.

        Args:
            find_checkpoint: the file a name means, or the server's first for None; raises
                `UnknownName` or `ModelError`.
            find_vae: the autoencoder a name means; raises `UnknownName`.
        """
        self._find_checkpoint, self._find_vae = find_checkpoint, find_vae
        self._values: dict[str, Any] = {name: option.default for name, option in OPTIONS.items()}

    def values(self) -> dict[str, Any]:
        """Every option with its value, as A1111 shows them."""
        checkpoint = self.checkpoint()
        return self._values | {
            CHECKPOINT: None if checkpoint is None else checkpoint.title,
            "sd_checkpoint_hash": (checkpoint and checkpoint.sha256) or "",
        }

    def set(self, changes: Mapping[str, object]) -> None:
        """Change the server's values, all of them or none.

        Raises:
            UnknownName: no such option, checkpoint or autoencoder.
            InvalidRequest: the option cannot have that value.
        """
        changed = self._values | self._read_all(changes)
        if changes.get(CHECKPOINT):
            self._find_checkpoint(changed[CHECKPOINT])
        self._values = dict(changed)

    def with_overrides(self, overrides: Mapping[str, object]) -> Effective:
        """What decides about a request that brings these overrides; raises as `set`.

        A1111's habit: it has looked at some options before overrides come into force.
        """
        read = self._read_all(overrides)
        return self._values | {name: v for name, v in read.items() if name not in READ_EARLY}

    def _read_all(self, changes: Mapping[str, object]) -> dict[str, Any]:
        return {name: self._read(name, value) for name, value in changes.items()}

    def _read(self, name: str, value: object) -> object:
        option = OPTIONS.get(name)
        if option is None:
            raise UnknownName("option", name, list(OPTIONS))
        if name == CHECKPOINT and not value:
            return self._values[CHECKPOINT]
        read = read_option(name, option, value)
        return self._vae_name(str(read)) if name == VAE else read

    def _vae_name(self, text: str) -> str:
        """As A1111 shows it, however it was written."""
        return vae_without_file(text) or self._find_vae(text).name

    def checkpoint(self) -> ModelRecord | None:
        """The checkpoint of requests that bring none, or None where that is not to be found."""
        try:
            return self._find_checkpoint(self._values[CHECKPOINT])
        except (ModelError, UnknownName):
            return None
