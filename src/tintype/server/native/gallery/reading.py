"""What the gallery is told of files and infotexts, read as everywhere else."""

import struct
from pathlib import Path

from tintype.errors import InvalidRequest
from tintype.imagestore import Looked, PictureFacts, Reader
from tintype.prompt.foreign import infotext_from
from tintype.prompt.infotext import read_infotext
from tintype.prompt.networks import split_networks

_HEAD_BYTES = 64 * 1024  # the texts of most PNG files stand before their pixels
_MOST_BYTES = 128 * 2**20
_MOST_TEXT_BYTES = 2**20
_PNG = b"\x89PNG\r\n\x1a\n"


def gallery_reader() -> Reader:
    """How the gallery reads."""
    return Reader(look, facts_of)


def thumbnail_of(path: Path, side: int) -> bytes:
    """A WebP file of at most so many pixels on either side.

    Raises:
        InvalidRequest: this is no picture, or it is gone.
    """
    from tintype.imaging.thumbnails import thumbnail

    try:
        return thumbnail(path.read_bytes(), side)
    except OSError as error:
        raise InvalidRequest("image", f"the file cannot be read: {error.strerror}") from error


def look(path: Path) -> Looked:
    """What a picture file says of itself; where it says nothing, the text of its name beside it.

    Raises:
        InvalidRequest: this is no picture, or larger than 128 MiB.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(_HEAD_BYTES)
        if (quick := _head_of_png(data)) is not None:
            return quick
        data += file.read(_MOST_BYTES + 1 - len(data))
    if len(data) > _MOST_BYTES:
        raise InvalidRequest("image", f"the file has more than {_MOST_BYTES} bytes")
    looked = look_at(data)
    return looked if looked.infotext else Looked(_beside(path), looked.width, looked.height)


def look_at(data: bytes) -> Looked:
    """What the bytes of a picture file say; other programs' notes are read as infotext.

    Raises:
        InvalidRequest: this is no picture.
    """
    from tintype.imaging import infotext_in  # not needed to answer the door
    from tintype.imaging.read import opened

    size = opened(data, "image").size
    try:
        infotext, texts = infotext_in(data)
    except InvalidRequest:  # its text is torn, its pixels may be whole
        infotext, texts = None, dict[str, str]()
    return Looked(infotext or infotext_from(texts, size) or "", *size)


def facts_of(infotext: str) -> PictureFacts:
    """What an infotext says that one may search for."""
    read = read_infotext(infotext)
    fields = {key: str(value) for key, value in read.fields.items()}
    _, tags = split_networks(read.prompt)
    loras = (tag.positional[0] for tag in tags if tag.kind in ("lora", "lyco") and tag.positional)
    return PictureFacts(
        prompt=read.prompt,
        negative_prompt=read.negative_prompt,
        model=fields.get("Model"),
        model_hash=fields.get("Model hash"),
        sampler=fields.get("Sampler"),
        schedule=fields.get("Schedule type"),
        seed=_whole(fields.get("Seed")),
        steps=_whole(fields.get("Steps")),
        loras=tuple(dict.fromkeys(loras)),
    )


def _head_of_png(head: bytes) -> Looked | None:
    """The infotext of a PNG file from its beginning, or None where more has to be read."""
    from tintype.imaging.png_text import read_png_exif, read_png_infotext

    if not head.startswith(_PNG) or head[12:16] != b"IHDR":
        return None
    try:
        infotext = read_png_infotext(head)
        has_more = read_png_exif(head) is not None
    except InvalidRequest:
        return None
    if not infotext or has_more:
        return None
    width, height = struct.unpack_from(">II", head, 16)
    return Looked(infotext, width, height)


def _beside(path: Path) -> str:
    """A1111 can write the infotext into a text file beside the picture."""
    try:
        with path.with_suffix(".txt").open("rb") as file:
            return file.read(_MOST_TEXT_BYTES).decode("utf-8", errors="replace").strip()
    except OSError:
        return ""


def _whole(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:  # also integers of 4300 digits
        return None
