"""Sets of LoRAs as a checkpoint's networks wear them, made once and kept within a bound."""

from collections.abc import Callable, Sequence
from functools import cached_property

import torch
from torch import nn

from tintype.core.models import AdapterRecord
from tintype.core.orders import Adapter, worn_on_text, worn_on_unet
from tintype.errors import ModelError
from tintype.networks.adapters import AdapterFile, Fitting, Use, text_layers, unet_layers
from tintype.networks.kept import Kept
from tintype.networks.text import TextEncoder
from tintype.networks.unet import UNet
from tintype.networks.wearing import NOTHING, Outfit, bytes_of

Read = Callable[[AdapterRecord], AdapterFile]
_Key = tuple[nn.Module, torch.device, tuple[Adapter, ...]]


class Wardrobe:
    """The outfits of a U-Net and its text encoders; those worn last stay, see `Kept`."""

    def __init__(
        self, unet: UNet, text: TextEncoder, family: str, budget_bytes: int | None = None
    ) -> None:
        """An empty wardrobe.

        Args:
            unet, text: who wears.
            family: their name in messages.
            budget_bytes: memory for outfits; None for half of what the U-Net itself takes.
        """
        self._unet, self._text, self._family = unet, text, family
        half = sum(p.nbytes for p in unet.parameters()) // 2
        self._kept = Kept[_Key, Outfit](half if budget_bytes is None else budget_bytes, bytes_of)

    @property
    def bytes(self) -> int:
        """Memory that all outfits take."""
        return self._kept.bytes

    def for_unet(self, sets: Sequence[tuple[Adapter, ...]], read: Read) -> list[Outfit]:
        """What the rows of one pass wear, each its set at `unet_scale`. Raises `ModelError`."""
        self._kept.next_pass()
        made = {adapters: self._unet_outfit(adapters, read) for adapters in set(sets)}
        return [made[adapters] for adapters in sets]

    def for_text(self, adapters: tuple[Adapter, ...], read: Read) -> Outfit:
        """A set as the text encoders wear it, likewise at `text_scale`."""
        self._kept.next_pass()
        worn = worn_on_text(adapters)
        scales = [adapter.text_scale for adapter in worn]
        return self._outfit(self._text, self._text_fitting, worn, scales, read)

    def clear(self) -> None:
        """Forget all outfits, for the memory or because weights went elsewhere."""
        self._kept.clear()

    @cached_property
    def _unet_fitting(self) -> Fitting:
        return Fitting(self._unet, unet_layers(self._unet))

    @cached_property
    def _text_fitting(self) -> Fitting:
        return Fitting(self._text, text_layers(self._text))

    def _unet_outfit(self, adapters: tuple[Adapter, ...], read: Read) -> Outfit:
        worn = worn_on_unet(adapters)
        scales = [adapter.unet_scale for adapter in worn]
        return self._outfit(self._unet, self._unet_fitting, worn, scales, read)

    def _outfit(
        self,
        network: nn.Module,
        fitting: Fitting,
        worn: tuple[Adapter, ...],
        scales: Sequence[float],
        read: Read,
    ) -> Outfit:
        if not worn:
            return NOTHING
        key = (network, next(network.parameters()).device, worn)
        return self._kept.get(key, lambda: self._made(fitting, worn, scales, read))

    def _made(
        self, fitting: Fitting, worn: tuple[Adapter, ...], scales: Sequence[float], read: Read
    ) -> Outfit:
        files = [read(adapter.record) for adapter in worn]
        for file in files:
            if not (self._unet_fitting.knows(file) or self._text_fitting.knows(file)):
                raise _foreign(file, f"names no layer of {self._family}")
        uses = [Use(f, s, a.rank) for f, s, a in zip(files, scales, worn, strict=True)]
        pieces, misfits = fitting.pieces(uses)
        for file in misfits:
            raise _foreign(file, f"has other sizes than {self._family}")
        return Outfit(worn, pieces) if pieces else NOTHING


def _foreign(file: AdapterFile, why: str) -> ModelError:
    some = ", ".join(sorted(file.layers)[:2])
    return ModelError(
        f"{file.path.name} cannot be used with this checkpoint: it {why}. It changes {some}"
        f" and so on ({len(file.layers)} layers)."
    )
