"""The small files beside a model: what its source tells of it, a picture, a config."""

from pathlib import Path

from tintype.errors import FetchError
from tintype.fetching.offers import Offer, RemoteFile
from tintype.fetching.transfer import Manner, small
from tintype.modelstore.pictures import ending_of

_LONGEST_BYTES = 16 * 2**20


def write_sidecars(offer: Offer, model: Path, manner: Manner) -> tuple[str, ...]:
    """Write what goes with a model; files of the same name are left as they are.

    A picture that does not come is no reason to be without the model.

    Returns:
        what is missing, in words.

    Raises:
        FetchError: a file that the model needs does not come.
    """
    for suffix, text in offer.texts.items():
        _write(_beside(model, suffix), text.encode())
    return tuple(remark for file in offer.beside if (remark := _fetch(file, model, manner)))


def _fetch(file: RemoteFile, model: Path, manner: Manner) -> str | None:
    is_picture = file.name.endswith("*")
    try:
        data = small(file, _LONGEST_BYTES, manner)
    except FetchError as error:
        if not is_picture:
            raise
        return f"there is no preview: {error}"
    if is_picture:
        ending = ending_of(data)
        if ending is None:
            return "there is no preview: what came is no picture"
        _write(_beside(model, file.name.replace("*", ending)), data)
    else:
        _write(_beside(model, file.name), data)
    return None


def _beside(model: Path, suffix: str) -> Path:
    return model.with_name(f"{model.stem}{suffix}")


def _write(path: Path, data: bytes) -> None:
    if not path.exists():
        path.write_bytes(data)
