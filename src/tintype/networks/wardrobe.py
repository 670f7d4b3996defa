"""Which LoRAs a checkpoint's networks wear, put on and taken off as they are asked for."""

from collections.abc import Callable, Sequence
from functools import cached_property

from tintype.core.models import AdapterRecord
from tintype.core.orders import Adapter
from tintype.errors import ModelError
from tintype.networks.adapters import AdapterFile, Fitting, Use, text_layers, unet_layers
from tintype.networks.text import TextEncoder
from tintype.networks.unet import UNet

Read = Callable[[AdapterRecord], AdapterFile]


class Wardrobe:
    """Adapters on a U-Net and its text encoders; only what differs is changed.

    Attributes:
        on_unet: those the U-Net wears, each at its `unet_scale`.
        on_text: those the text encoders wear, each at its `text_scale`.
    """

    def __init__(self, unet: UNet, text: TextEncoder, family: str) -> None:
        """Networks that wear nothing; `family` is their name in messages."""
        self._unet, self._text, self._family = unet, text, family
        self.on_unet: tuple[Adapter, ...] = ()
        self.on_text: tuple[Adapter, ...] = ()

    def wear_on_unet(self, adapters: tuple[Adapter, ...], read: Read) -> None:
        """Have exactly these on the U-Net. Raises `ModelError`; then none is on."""
        if adapters != self.on_unet:
            self.on_unet = ()
            self._wear(self._unet_fitting, adapters, [a.unet_scale for a in adapters], read)
            self.on_unet = adapters

    def wear_on_text(self, adapters: tuple[Adapter, ...], read: Read) -> None:
        """Have exactly these on the text encoders, likewise."""
        if adapters != self.on_text:
            self.on_text = ()
            self._wear(self._text_fitting, adapters, [a.text_scale for a in adapters], read)
            self.on_text = adapters

    @cached_property
    def _unet_fitting(self) -> Fitting:
        return Fitting(self._unet, unet_layers(self._unet))

    @cached_property
    def _text_fitting(self) -> Fitting:
        return Fitting(self._text, text_layers(self._text))

    def _wear(
        self,
        fitting: Fitting,
        adapters: tuple[Adapter, ...],
        scales: Sequence[float],
        read: Read,
    ) -> None:
        try:
            files = [read(adapter.record) for adapter in adapters]
            for file in files:
                if not (self._unet_fitting.knows(file) or self._text_fitting.knows(file)):
                    raise _foreign(file, f"names no layer of {self._family}")
            uses = [Use(f, s, a.rank) for f, s, a in zip(files, scales, adapters, strict=True)]
            for file in fitting.wear(uses):
                raise _foreign(file, f"has other sizes than {self._family}")
        except BaseException:
            fitting.take_off()
            raise


def _foreign(file: AdapterFile, why: str) -> ModelError:
    some = ", ".join(sorted(file.layers)[:2])
    return ModelError(
        f"{file.path.name} cannot be used with this checkpoint: it {why}. It changes {some}"
        f" and so on ({len(file.layers)} layers)."
    )
