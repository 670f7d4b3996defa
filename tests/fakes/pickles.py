"""Pickles as torch never writes them: by hand, hostile or spoilt."""

import zipfile
from pathlib import Path

PROTOCOL = b"\x80\x02"
STOP = b"."


def text(value: str) -> bytes:
    """A text, pushed."""
    data = value.encode()
    return b"X" + len(data).to_bytes(4, "little") + data


def name(module: str, attribute: str) -> bytes:
    """Something imported, pushed."""
    return f"c{module}\n{attribute}\n".encode()


def called(maker: bytes, *arguments: bytes) -> bytes:
    """A call's result, pushed."""
    return maker + b"(" + b"".join(arguments) + b"tR"


def whole(value: int) -> bytes:
    """A whole number, pushed."""
    return b"J" + value.to_bytes(4, "little", signed=True)


def storage(key: str = "0", kind: str = "FloatStorage", count: int = 4) -> bytes:
    """A storage of the file, pushed."""
    parts = (text("storage"), name("torch", kind), text(key), text("cpu"), whole(count))
    return b"(" + b"".join(parts) + b"tQ"


def tensor(home: bytes, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> bytes:
    """A tensor, pushed."""
    sizes = [b"(" + b"".join(map(whole, each)) + b"t" for each in (shape, strides)]
    hooks = called(name("collections", "OrderedDict"))
    maker = name("torch._utils", "_rebuild_tensor_v2")
    return called(maker, home, whole(offset), *sizes, b"\x89", hooks)


def mapping(**items: bytes) -> bytes:
    """A mapping, pushed."""
    return b"}(" + b"".join(text(key) + item for key, item in items.items()) + b"u"


def write_torch_file(
    path: Path,
    pushed: bytes,
    storages: dict[str, bytes] | None = None,
    *,
    compression: int = zipfile.ZIP_STORED,
) -> Path:
    """Write a zip file as torch does, around what a pickle pushes."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", PROTOCOL + pushed + STOP)
        for key, data in (storages or {}).items():
            archive.writestr(f"archive/data/{key}", data)
    return path
