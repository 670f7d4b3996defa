"""Which autoencoder goes with a checkpoint."""

from dataclasses import dataclass

from tintype.core.models import ModelRecord, VaeRecord
from tintype.core.requests import AUTOMATIC_VAE, BUILT_IN_VAE, Request, vae_without_file
from tintype.errors import UnknownName
from tintype.planning.library import Library


@dataclass(frozen=True, slots=True)
class VaeChoice:
    """The autoencoder chosen.

    Attributes:
        record: its file, hashed, or None for the checkpoint's own.
        warnings: wishes that could not be met, in words.
    """

    record: VaeRecord | None = None
    warnings: tuple[str, ...] = ()


def vae_for(checkpoint: ModelRecord, request: Request, library: Library) -> VaeChoice:
    """The autoencoder for a checkpoint, by A1111's order of wishes.

    The one of the command line comes first; then the request's, unless it shall come last; then
    what the notes beside the checkpoint say; then a file named after it.

    Raises:
        UnknownName: the request names none that is there. A1111 takes the checkpoint's own then.
        ModelError: its file cannot be read.
    """
    if (only := library.only_vae()) is not None:
        return VaeChoice(only)
    is_named = vae_without_file(request.vae) != AUTOMATIC_VAE
    asked = _named(request.vae, library) if is_named else None
    if is_named and request.vae_goes_first:
        return VaeChoice(asked)
    return _suggested(checkpoint, asked, library)


def _suggested(checkpoint: ModelRecord, otherwise: VaeRecord | None, library: Library) -> VaeChoice:
    """What notes or names say of a checkpoint; notes that name a missing file are passed over."""
    warnings: tuple[str, ...] = ()
    noted = library.noted_vae(checkpoint)
    if noted is not None and vae_without_file(noted) != AUTOMATIC_VAE:
        try:
            return VaeChoice(_named(noted, library))
        except UnknownName:
            text = f"the notes beside {checkpoint.name} want VAE {noted!r}, which is not there"
            warnings = (text,)
    return VaeChoice(library.vae_named_after(checkpoint) or otherwise, warnings)


def _named(name: str, library: Library) -> VaeRecord | None:
    return None if vae_without_file(name) == BUILT_IN_VAE else library.find_vae(name)
