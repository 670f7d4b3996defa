"""The calls that move files of kept pictures: one, a small one, many at once, one from outside."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from pydantic import BeforeValidator

from tintype.errors import InvalidRequest, UnknownPicture
from tintype.imagestore import Kept, Picture
from tintype.imagestore.uploads import keep_upload
from tintype.server.native.gallery.answers import PictureAnswer, PictureIds, picture_link, short
from tintype.server.native.gallery.images import NO_PICTURE, PictureId, own_picture
from tintype.server.native.gallery.reading import look_at
from tintype.server.services import Services, ServicesOf
from tintype.server.trust.identity import Identity, IdentityOf

router = APIRouter(tags=["images"])

_KINDS = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp", "avif": "avif", "gif": "gif"}
_EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "AVIF": "avif", "GIF": "gif"}
_GUARDED = {"Content-Security-Policy": "sandbox"}
_BLOCK_BYTES = 256 * 1024
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file as it lies on disk",
        "content": {f"image/{kind}": _BINARY for kind in sorted(set(_KINDS.values()))},
    },
    304: {"description": "It is still the one of `If-None-Match`"},
    **NO_PICTURE,
}
_THUMBNAIL: dict[int | str, dict[str, Any]] = {
    200: {"description": "A small picture", "content": {"image/webp": _BINARY}},
    304: {"description": "It is still the one of `If-None-Match`"},
    **NO_PICTURE,
}
_ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The files, not packed any further",
        "content": {"application/zip": _BINARY},
    },
    **NO_PICTURE,
}
_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The picture file itself",
        "content": {f"image/{kind}": _BINARY for kind in sorted(set(_KINDS.values()))},
    }
}


def _number(text: object) -> object:
    """Digits of an address as the number they are; all else as it is."""
    return int(text) if isinstance(text, str) and text.isdecimal() else text


Side = Annotated[Literal[128, 256, 512, 1024], BeforeValidator(_number)]
IfNoneMatch = Annotated[str, Header(description="`ETag` of the answer one has")]


@router.get(
    "/images/{image_id}/file",
    summary="Fetch a kept picture",
    response_class=FileResponse,
    responses=_FILE,
)
def image_file(
    image_id: PictureId,
    services: ServicesOf,
    identity: IdentityOf,
    if_none_match: IfNoneMatch = "",
) -> Response:
    """The very bytes, with their infotext. Parts may be asked for by `Range`."""
    picture = own_picture(image_id, services, identity)
    path = services.gallery.file_of(picture)
    tag = f'"{picture.modified:x}-{picture.bytes:x}"'
    headers = {**_GUARDED, "Cache-Control": "private, no-cache", "ETag": tag}
    if tag in if_none_match:
        return Response(status_code=304, headers=headers)
    kind = _KINDS.get(path.suffix.lower()[1:], "png")
    return FileResponse(
        path,
        headers=headers,
        media_type=f"image/{kind}",
        filename=picture.name,
        content_disposition_type="inline",
    )


@router.get(
    "/images/{image_id}/thumbnail",
    summary="Fetch a small picture of a kept one",
    response_class=Response,
    responses=_THUMBNAIL,
)
async def thumbnail(
    image_id: PictureId,
    services: ServicesOf,
    identity: IdentityOf,
    side: Annotated[Side, Query(description="pixels of its longer side")] = 256,
    if_none_match: IfNoneMatch = "",
) -> Response:
    """WebP; made on first need and kept."""
    picture = await asyncio.to_thread(own_picture, image_id, services, identity)
    key = f"{picture.id}-{picture.modified:x}"
    headers = {
        **_GUARDED,
        "Cache-Control": "private, max-age=86400",
        "ETag": (tag := f'"{key}-{side}"'),
    }
    if tag in if_none_match:
        return Response(status_code=304, headers=headers)
    path = await asyncio.to_thread(services.gallery.file_of, picture)
    data = await asyncio.wrap_future(services.thumbnails.begun(path, key, side))
    return Response(data, media_type="image/webp", headers=headers)


@router.post(
    "/images/zip",
    summary="Fetch several kept pictures in one file",
    response_class=StreamingResponse,
    responses=_ZIP,
)
def zip_images(body: PictureIds, services: ServicesOf, identity: IdentityOf) -> StreamingResponse:
    """Streamed, in the order of the ids, each under its path below `outputs`."""
    pictures = services.gallery.find_all(body.ids)
    for picture in pictures:
        if not identity.may_see(picture.owner):
            raise UnknownPicture(picture.id)
    files = [(picture, services.gallery.file_of(picture)) for picture in pictures]
    headers = {"Content-Disposition": 'attachment; filename="tintype-images.zip"'}
    return StreamingResponse(_zipped(files), media_type="application/zip", headers=headers)


@router.post(
    "/images",
    status_code=201,
    summary="Add a picture of one's own",
    openapi_extra=_UPLOAD,
)
async def add_image(
    request: Request, response: Response, services: ServicesOf, identity: IdentityOf
) -> PictureAnswer:
    """The body is the file: PNG, JPEG, WebP, AVIF or GIF. What it says of itself is read."""
    data = await request.body()
    picture = await asyncio.to_thread(_added, data, services, identity)
    response.headers["Location"] = picture_link(picture.id)
    return short(picture)


def _added(data: bytes, services: Services, identity: Identity) -> Picture:
    from tintype.imaging import picture_from
    from tintype.imaging.read import opened

    if not data:
        raise InvalidRequest("image", "the body is empty; expected a picture file")
    kind = opened(data, "image").format or ""
    if kind not in _EXTENSIONS:
        raise InvalidRequest("image", f"expected {', '.join(_EXTENSIONS)}, got {kind}")
    picture_from(data)
    looked, now = look_at(data), datetime.now()
    path = keep_upload(services.gallery.outputs, data, _EXTENSIONS[kind], now)
    services.gallery.add(
        Kept(
            path=path,
            infotext=looked.infotext,
            width=looked.width,
            height=looked.height,
            job_id=None,
            owner=identity.owner,
            made=now,
            is_sheet=False,
        )
    )
    return services.gallery.at(path)


class _Pipe:
    """A file that is written at one end and taken from at the other."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        data = bytes(self._waiting)
        self._waiting.clear()
        return data


def _zipped(files: Sequence[tuple[Picture, Path]]) -> Iterator[bytes]:
    pipe = _Pipe()
    with ZipFile(pipe, "w", ZIP_STORED) as packed:  # type: ignore[arg-type]
        for picture, path in files:
            when = datetime.fromtimestamp(max(picture.made, 4e8)).timetuple()[:6]
            with path.open("rb") as file, packed.open(ZipInfo(picture.path, when), "w") as entry:
                while block := file.read(_BLOCK_BYTES):
                    entry.write(block)
                    yield pipe.taken()
    yield pipe.taken()
