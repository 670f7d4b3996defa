"""Which upscalers a request means."""

from dataclasses import replace

from tintype.core.enlarging import Enlargement, ExtrasSettings
from tintype.core.requests import Init
from tintype.core.scripts import Script, SdUpscale
from tintype.core.upscalers import TileSettings, UpscalerNetwork, find_upscaler, network_of
from tintype.planning.faces import settled_faces
from tintype.planning.library import Library


def settled_upscaler(
    name: str, library: Library, tiles: TileSettings, *, latent: bool = False
) -> tuple[str, UpscalerNetwork | None]:
    """An upscaler's name as A1111 shows it, and its network if it needs one.

    Args:
        name: as somebody wrote it.
        library: the files there are.
        tiles: in which pieces networks see a picture.
        latent: those that enlarge latents may be meant too.

    Raises:
        UnknownName: there is none such.
        InvalidRequest: tiles of that size cannot overlap so.
    """
    found = find_upscaler(name, library.upscalers(), latent=latent)
    return (found, None) if isinstance(found, str) else (found.name, network_of(found, tiles))


def settled_init(init: Init, library: Library, tiles: TileSettings) -> Init:
    """The same with the upscaler it means. Raises as `settled_upscaler`."""
    if init.upscaler is None:
        return init
    name, network = settled_upscaler(init.upscaler, library, tiles)
    return replace(init, upscaler=name, enlarger=network)


def settled_script(script: Script | None, library: Library, tiles: TileSettings) -> Script | None:
    """The same with the upscaler it means, if it enlarges. Raises as `settled_upscaler`."""
    if not isinstance(script, SdUpscale):
        return script
    name, network = settled_upscaler(script.upscaler, library, tiles)
    return replace(script, upscaler=name, enlarger=network)


def enlargement(
    picture: bytes, settings: ExtrasSettings, library: Library, tiles: TileSettings
) -> Enlargement:
    """The plan of one picture that is only made larger.

    The second upscaler is looked for even where it has no say, so that a slip in its name is told.

    Args:
        picture: the file.
        settings: how.
        library: the files there are.
        tiles: in which pieces networks see a picture.

    Raises:
        UnknownName, InvalidRequest: as `settled_upscaler`.
        ModelError: as `settled_faces`.
    """
    first, network = settled_upscaler(settings.upscaler, library, tiles)
    second, second_network = settled_upscaler(settings.second_upscaler, library, tiles)
    settings = replace(settings, upscaler=first, second_upscaler=second)
    heeds_second = settings.has_second and first != "None"
    faces = tuple(settled_faces(one, library) for one in settings.faces)
    return Enlargement(picture, settings, network, second_network if heeds_second else None, faces)
