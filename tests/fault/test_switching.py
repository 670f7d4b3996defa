"""The real worker with the demo model: other autoencoders, unloading, loading in advance."""

import shutil
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors import numpy as safetensors_numpy
from tests.api.reading import info_of, pictures_of
from tests.fakes.front import Front, running_front
from tests.fakes.waiting import until

from tintype.settings import DEMO_TREE

WORKER = (sys.executable, "-m", "tintype.worker", "--device", "cpu", "--threads", "1")
PREFIX = "first_stage_model."


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with a real worker, the demo model, its autoencoder in a file, and two others."""
    folder = tmp_path_factory.mktemp("demo")
    checkpoints, vaes = folder / "models" / "Stable-diffusion", folder / "models" / "VAE"
    checkpoints.mkdir(parents=True)
    vaes.mkdir()
    (packaged,) = DEMO_TREE.rglob("*.safetensors")
    shutil.copy(packaged, checkpoints / "demo.safetensors")
    shutil.copy(packaged, checkpoints / "again.safetensors")
    own = own_vae(packaged)
    save(own, vaes / "same.safetensors")
    save(dimmed(own), vaes / "dim.safetensors")
    (vaes / "bad.safetensors").write_bytes(b"no tensors at all")
    with running_front(folder, WORKER) as running:
        running.wait_until_ready()
        yield running


def own_vae(checkpoint: Path) -> dict[str, Any]:
    tensors: dict[str, Any] = safetensors_numpy.load_file(checkpoint)
    return {k.removeprefix(PREFIX): v for k, v in tensors.items() if k.startswith(PREFIX)}


def save(tensors: dict[str, Any], path: Path) -> None:
    safetensors_numpy.save_file(tensors, path)  # pyright: ignore[reportUnknownMemberType]


def dimmed(tensors: dict[str, Any]) -> dict[str, Any]:
    """One whose pictures are darker."""
    last = "decoder.conv_out.bias"
    return tensors | {last: (tensors[last] - 0.5).astype(tensors[last].dtype)}


def picture(front: Front, **options: Any) -> NDArray[np.int64]:
    options = {"sd_model_checkpoint": "demo"} | options
    made = front.txt2img("a red star", steps=3, override_settings=options)
    return np.asarray(pictures_of(made)[0].convert("RGB")).astype(np.int64)


def resident(front: Front) -> tuple[list[str], list[str]]:
    """Names of checkpoints and of autoencoders in the worker's memory."""
    tally = front.http.get("/v1/status").json()["tally"]
    return tally["resident"], tally["resident_vaes"]


def test_autoencoders(front: Front) -> None:
    """Its own in a file gives the same picture, another a darker one, and none the first again."""
    plain = picture(front)
    assert np.array_equal(plain, picture(front, sd_vae="same"))
    dim = picture(front, sd_vae="dim.safetensors")
    assert plain.mean() - dim.mean() > 20
    assert np.array_equal(plain, picture(front, sd_vae="None"))


def test_pictures_to_begin_with(front: Front) -> None:
    """img2img goes both ways through the autoencoder that is asked for."""
    begin = pictures_of(front.txt2img("a red star", steps=3))[0]
    data = front.folder / "begin.png"
    begin.save(data)
    made = [
        np.asarray(
            pictures_of(
                front.img2img(
                    data.read_bytes(), denoising_strength=0, override_settings={"sd_vae": vae}
                )
            )[0]
        ).astype(np.int64)
        for vae in ("None", "same", "dim")
    ]
    assert np.array_equal(made[0], made[1])
    assert made[0].mean() - made[2].mean() > 20


def test_a_bad_autoencoder(front: Front) -> None:
    """It is refused in words, and the next picture is as ever: nothing is half torn down."""
    plain = picture(front)
    refused = front.txt2img(override_settings={"sd_vae": "bad"})
    assert refused.status_code == 400
    assert "VAE bad.safetensors" in refused.json()["detail"]
    assert front.http.post("/sdapi/v1/options", json={"sd_vae": "bad"}).status_code == 200
    assert front.txt2img().status_code == 400
    front.http.post("/sdapi/v1/options", json={"sd_vae": "Automatic"})
    assert np.array_equal(plain, picture(front))


def test_unloading(front: Front) -> None:
    """Unloading empties the memory; the next picture is the same."""
    plain = picture(front, sd_vae="dim")
    assert front.http.post("/sdapi/v1/unload-checkpoint").json() == {}
    assert resident(front) == ([], [])
    assert np.array_equal(plain, picture(front, sd_vae="dim"))
    assert front.http.post("/sdapi/v1/unload-checkpoint").json() == {}
    assert front.http.post("/sdapi/v1/reload-checkpoint").json() == {}
    assert resident(front) == (["again"], [])


def test_switching(front: Front) -> None:
    """The checkpoint that the options name is loaded before the next picture is asked for."""
    front.http.post("/sdapi/v1/unload-checkpoint")
    front.http.post("/sdapi/v1/options", json={"sd_model_checkpoint": "demo"})
    until(lambda: resident(front)[0] == ["demo"])
    assert info_of(front.txt2img(steps=1))["sd_model_name"] == "demo"
    front.http.post("/sdapi/v1/options", json={"sd_model_checkpoint": "again"})
    until(lambda: "again" in resident(front)[0])
