"""Networks that say what is in a picture."""

from functools import lru_cache
from pathlib import Path

from tintype.core.captioners import CaptionerRecord, captioner_sizes
from tintype.errors import ModelError, UnknownName
from tintype.modelstore.store import ModelStore
from tintype.tensorfiles import naming, open_table

_FILE = "model_base_caption_capfilt_large.pth"
_ADDRESS = f"https://storage.googleapis.com/sfr-vision-language-research/BLIP/models/{_FILE}"
_HEADERS_REMEMBERED = 16


def find_captioner(store: ModelStore, name: str | None = None) -> CaptionerRecord:
    """A captioner of the folders `models/BLIP`.

    Args:
        store: the models there are.
        name: in any case; None for the first of them, A1111's own before all others.

    Raises:
        UnknownName: there is none of that name.
        ModelError: there is none at all, and what to do; or its file is none, or cannot be read.
    """
    files = store.listing().others["captioner"]
    if not files:
        raise ModelError(
            f"no captioner (BLIP) is there; put {_FILE} into models/BLIP, by"
            f" `tintype models pull {_ADDRESS} --kind captioner`"
        )
    names = {known.casefold(): known for known in files}
    first = next((known for known in files if f"{known}.pth" == _FILE), next(iter(files)))
    known = first if name is None else names.get(name.strip().casefold())
    if known is None:
        raise UnknownName("captioner", name or "", list(files))
    file = files[known]
    side = _side(file.path, file.modified)
    return CaptionerRecord(known, file.path, file.modified, side)


@lru_cache(_HEADERS_REMEMBERED)
def _side(path: Path, _modified: int) -> int:
    with naming(f"captioner {path.name}"):
        return captioner_sizes(open_table(path).shapes).side
