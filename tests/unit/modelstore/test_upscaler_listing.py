"""Upscalers: where they are found, their names and scales."""

import json
import os
from pathlib import Path

import pytest
from tests.fakes.small_models import LORA, RANDOM, safetensors

from tintype.core.models import UpscalerRecord
from tintype.core.upscalers import (
    TileSettings,
    find_upscaler,
    network_of,
    sizes_on_the_way,
    upscaled_size,
)
from tintype.errors import InvalidRequest, UnknownName
from tintype.modelstore import ModelStore

X4 = {
    "conv_first.weight": (4, 3, 3, 3),
    "body.0.rdb1.conv1.weight": (2, 4, 3, 3),
    "conv_up1.weight": (4, 4, 3, 3),
    "conv_up2.weight": (4, 4, 3, 3),
    "conv_last.weight": (3, 4, 3, 3),
}
X2 = X4 | {"conv_first.weight": (4, 12, 3, 3)}


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def listed(root: Path) -> dict[str, int]:
    return {record.name: record.scale for record in ModelStore([root]).upscalers()}


def test_names_and_scales(tmp_path: Path) -> None:
    """By name in any case: A1111's own by its words for them, others by stem; scales as told."""
    models = tmp_path / "models"
    write(models / "ESRGAN" / "b.safetensors", safetensors(X4))
    write(models / "upscale_models" / "A.safetensors", safetensors(X2))
    write(models / "RealESRGAN" / "RealESRGAN_x2plus.safetensors", safetensors(X2))
    write(models / "DAT" / "DAT_x4.safetensors", safetensors(RANDOM))
    write(models / "SwinIR" / "torn.pth", b"torn")
    assert list(listed(tmp_path).items()) == [
        ("A", 2),
        ("b", 4),
        ("DAT x4", 4),
        ("R-ESRGAN 2x+", 2),
        ("torn", 4),
    ]


def test_headers_are_read_once(tmp_path: Path) -> None:
    """What a file says is remembered as long as the file is what it was."""
    path = write(tmp_path / "models" / "ESRGAN" / "x.safetensors", safetensors(X2))
    index = tmp_path / "models.sqlite"
    assert [one.scale for one in ModelStore([tmp_path], index).upscalers()] == [2]
    status = path.stat()
    path.write_bytes(b"\0" * status.st_size)

    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert [one.scale for one in ModelStore([tmp_path], index).upscalers()] == [2]


def test_refresh_finds_new_ones(tmp_path: Path) -> None:
    """A file that comes is there after `refresh`."""
    store = ModelStore([tmp_path])
    assert store.upscalers() == ()
    write(tmp_path / "models" / "ESRGAN" / "x.safetensors", safetensors(X4))
    store.refresh()
    assert [one.name for one in store.upscalers()] == ["x"]


@pytest.mark.parametrize(
    "shapes",
    [
        {"conv_first.weight": (4,), "conv_last.weight": (), "body.0.rdb1.conv1.weight": (2,)},
        X4 | {"conv_last.weight": (0, 4, 3, 3)},
        X4 | {f"conv_up{n}.weight": (4, 4, 3, 3) for n in range(3, 9)},
        {"body.0.weight": (0, 0, 0, 0), "body.1.weight": (1,), "body.2.weight": (1, 1, 1, 1)},
        {"body.0.weight": (8, 3, 3, 3), "body.1.weight": (8,), "body.2.weight": (9,)},
        LORA,
    ],
)
def test_spoilt_files_spoil_no_list(shapes: dict[str, tuple[int, ...]], tmp_path: Path) -> None:
    """Whatever shapes a file claims, it is listed, and told of when it is asked for."""
    header = {
        name: {"dtype": "F16", "shape": list(shape), "data_offsets": [0, 0]}
        for name, shape in shapes.items()
        if 0 in shape
    }
    content = safetensors({n: s for n, s in shapes.items() if 0 not in s})
    if header:
        text = json.dumps(header).encode()
        content = len(text).to_bytes(8, "little") + text
    write(tmp_path / "models" / "ESRGAN" / "x.safetensors", content)
    assert listed(tmp_path) == {"x": 4}


def record(name: str, folder: str = "ESRGAN") -> UpscalerRecord:
    return UpscalerRecord(name, Path(f"/m/{folder}/{name}_file.pth"), 1, 1)


def test_who_is_meant() -> None:
    """By A1111's name first, then by stem and file name, in any case; latent ones if wanted."""
    records = (record("4x-Sharp"), UpscalerRecord("other", Path("/m/4x-Sharp.pth"), 1, 1))
    assert find_upscaler("latent (NEAREST)") == "Latent (nearest)"
    assert find_upscaler(" lanczos ") == "Lanczos"
    assert find_upscaler("4X-SHARP", records) is records[0]
    assert find_upscaler("4x-sharp_file", records) is records[0]
    assert find_upscaler("4x-Sharp.pth", records) is records[1]
    for name in ("Latent", "sharp"):
        with pytest.raises(UnknownName, match="None, Lanczos, Nearest, 4x-Sharp, other"):
            find_upscaler(name, records, latent=False)


def test_tiles_by_folder() -> None:
    """Networks in a folder DAT have options of their own."""
    tiles = TileSettings(192, 8, 64, 4)
    assert (network_of(record("a"), tiles).tile, network_of(record("a"), tiles).overlap) == (192, 8)
    assert network_of(record("a", "DAT"), tiles).tile == 64


@pytest.mark.parametrize(
    ("tiles", "field"),
    [
        (TileSettings(side=15), "ESRGAN_tile"),
        (TileSettings(side=16, overlap=9), "ESRGAN_tile_overlap"),
        (TileSettings(side=16, overlap=-1), "ESRGAN_tile_overlap"),
    ],
)
def test_tiles_without_sense(tiles: TileSettings, field: str) -> None:
    """Refused by the option's name."""
    with pytest.raises(InvalidRequest) as refused:
        network_of(record("a"), tiles)
    assert refused.value.field == field


def test_the_whole_picture_at_once() -> None:
    """A tile of 0 has no overlap to be checked."""
    assert network_of(record("a"), TileSettings(side=0, overlap=500)).tile == 0


def test_sizes() -> None:
    """Multiples of 8 rounded down, never 0; a network that enlarges by 1 is not asked twice."""
    assert upscaled_size((100, 3), 1.5) == (144, 1)
    assert sizes_on_the_way((10, 10), 3, 2) == [(10, 10), (20, 20), (40, 40)]
    assert sizes_on_the_way((10, 10), 100, 2)[-1] == (80, 80)
    assert sizes_on_the_way((10, 10), 2, 1) == [(10, 10), (10, 10)]
    assert sizes_on_the_way((10, 10), 0.5, 4) == [(10, 10)]
