import json
from pathlib import Path

import pytest

from tintype.core.models import ModelRecord
from tintype.modelstore.native_size import USUAL_SIZE, native_size


def size_of(header: bytes, folder: Path) -> tuple[int, int]:
    path = folder / "a.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    return native_size(ModelRecord(path.name, path, path.stat().st_size, 1))


def test_what_the_file_says(tmp_path: Path) -> None:
    """The resolution of its metadata is the checkpoint's size."""
    header = {"__metadata__": {"modelspec.resolution": "256x320"}}
    assert size_of(json.dumps(header).encode(), tmp_path) == (256, 320)


@pytest.mark.parametrize(
    "header",
    [b"", b"{", b"5", b"[1]", b"{}", b'{"__metadata__": []}', b"\xff", b"[" * 100_000],
    ids=["none", "torn", "number", "list", "empty", "no text", "bytes", "deep"],
)
def test_what_foreign_files_do_not_say(header: bytes, tmp_path: Path) -> None:
    """Whatever the header is, a file without a size has the usual one."""
    assert size_of(header, tmp_path) == USUAL_SIZE
