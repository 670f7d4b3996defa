"""Trees of other programs, read where they are."""

from pathlib import Path

import pytest
from tests.fakes.model_files import CHECKPOINT, LORA, write_model, write_pipeline

from tintype.core.settings import StoreConfig
from tintype.errors import SetupError
from tintype.modelstore import ModelStore, Places, checkpoint_folder, open_models

LISTS = "extra_model_paths.yaml"


def test_a_tree_of_comfyui(tmp_path: Path) -> None:
    """All of ComfyUI's folders are read, be the root its folder or the models folder in it."""
    models = tmp_path / "models"
    write_model(models / "checkpoints" / "sub" / "a.safetensors", CHECKPOINT)
    write_model(models / "loras" / "l.safetensors", LORA)
    write_model(models / "vae" / "v.safetensors", {})
    write_model(models / "embeddings" / "e.safetensors", {"emb_params": (2, 768)})
    decoders = ("taesd_decoder.safetensors", "taesdxl_decoder.pth")
    for name in (*decoders, "taesd_decoder.pth", "taesd_encoder.safetensors"):
        write_model(models / "vae_approx" / name, {})
    write_model(models / "controlnet" / "c.safetensors", {})
    write_model(models / "upscale_models" / "u.pth", {})
    for root in (tmp_path, models):
        store = ModelStore([root])
        assert [record.name for record in store.checkpoints()] == ["sub/a.safetensors"]
        assert [record.name for record in store.adapters()] == ["l"]
        assert [record.name for record in store.vaes()] == ["v.safetensors"]
        assert [record.name for record in store.embeddings()] == ["e"]
        assert [path.name for path in store.small_decoder_paths()] == list(decoders)
        others = store.listing().others
        assert (list(others["controlnet"]), list(others["upscaler"])) == (["c"], ["u"])


def test_one_models_folder_for_two_programs(tmp_path: Path) -> None:
    """Where A1111's folders and ComfyUI's lie side by side, both are read, A1111's first."""
    write_model(tmp_path / "checkpoints" / "a.safetensors", CHECKPOINT)
    write_model(tmp_path / "Stable-diffusion" / "b.safetensors", CHECKPOINT)
    names = [record.name for record in ModelStore([tmp_path]).checkpoints()]
    assert names == ["b.safetensors", "a.safetensors"]
    assert checkpoint_folder(tmp_path) == tmp_path / "Stable-diffusion"


def test_further_folders_come_first(tmp_path: Path) -> None:
    """A folder given by kind is asked before the roots, whatever lies in it."""
    root, more = tmp_path / "root", tmp_path / "more"
    write_model(root / "models" / "Stable-diffusion" / "a.safetensors", CHECKPOINT)
    hidden = write_model(root / "models" / "Lora" / "l.safetensors", LORA)
    write_model(more / "deep" / "z.safetensors", CHECKPOINT)
    write_model(more / "l.safetensors", LORA)
    store = ModelStore(Places((root,), (("checkpoint", more / "deep"), ("lora", more))))
    assert [r.name for r in store.checkpoints()] == ["z.safetensors", "a.safetensors"]
    assert store.default_path() == more / "deep" / "z.safetensors"
    found = store.find_adapter("l")
    assert found is not None
    assert found.path != hidden


LISTED = """
a111:
    base_path: webui
    checkpoints: models/Stable-diffusion
    loras: |
         models/Lora
         models/LyCORIS
comfyui:
    base_path: {comfy}
    is_default: true
    checkpoints: models/checkpoints/
nothing: here
"""


def test_a_list_of_folders(tmp_path: Path) -> None:
    """ComfyUI's list in a root is read: several lines for a kind, the default section first."""
    root, comfy = tmp_path / "root", tmp_path / "comfy"
    write_model(root / "models" / "checkpoints" / "own.safetensors", CHECKPOINT)
    write_model(root / "webui/models/Stable-diffusion" / "a1111.safetensors", CHECKPOINT)
    write_model(root / "webui/models/Lora" / "l.safetensors", LORA)
    write_model(root / "webui/models/LyCORIS" / "y.safetensors", LORA)
    write_model(comfy / "models/checkpoints" / "comfy.safetensors", CHECKPOINT)
    (root / LISTS).write_text(LISTED.format(comfy=comfy))
    store = ModelStore([root])
    names = [record.stem for record in store.checkpoints()]
    assert names == ["comfy", "own", "a1111"]
    assert [record.name for record in store.adapters()] == ["l", "y"]


def test_a_list_that_was_asked_for(tmp_path: Path) -> None:
    """A list can lie anywhere, if it is named."""
    write_model(tmp_path / "x" / "a.safetensors", CHECKPOINT)
    listed = tmp_path / "some.yaml"
    listed.write_text("mine:\n  checkpoints: x\n")
    store = open_models(StoreConfig((), tmp_path / "data", folder_lists=(listed,)))
    assert [record.name for record in store.checkpoints()] == ["a.safetensors"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [("a: [", "is no YAML"), ("- a\n- b", "expected sections"), ("x" * (2 << 20), "too long")],
)
def test_a_list_that_is_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str, reason: str
) -> None:
    """Asked for, it is refused with the reason; only found, it costs a warning."""
    write_model(tmp_path / "models" / "checkpoints" / "a.safetensors", CHECKPOINT)
    (tmp_path / LISTS).write_text(content)
    with pytest.raises(SetupError, match=reason):
        ModelStore(Places((), lists=(tmp_path / LISTS,))).default_path()
    assert len(ModelStore([tmp_path]).checkpoints()) == 1
    assert reason in caplog.text


def test_strange_values_in_a_list(tmp_path: Path) -> None:
    """What is no section and no folder says nothing."""
    (tmp_path / LISTS).write_text(
        "a: 5\nb: {checkpoints: [x], loras: 7}\nc: {base_path: 3}\n"
        'd: {checkpoints: "\\0", base_path: "\\ud800"}\n'
    )
    write_model(tmp_path / "models" / "checkpoints" / "a.safetensors", CHECKPOINT)
    assert len(ModelStore([tmp_path]).checkpoints()) == 1


def test_folders_in_the_layout_of_diffusers(tmp_path: Path) -> None:
    """Such a folder is one checkpoint, its name the relative path; its files are none."""
    models = tmp_path / "models"
    write_model(models / "Stable-diffusion" / "a.safetensors", CHECKPOINT)
    write_pipeline(models / "Stable-diffusion" / "photo" / "real-v1.5")
    write_pipeline(models / "diffusers" / "other")
    write_model(models / "diffusers" / "no checkpoint.safetensors", LORA)
    store = ModelStore([tmp_path])
    names = [record.name for record in store.checkpoints()]
    assert names == ["a.safetensors", "photo/real-v1.5", "other"]
    found = store.find("real-v1.5")
    assert (found.stem, found.model_name) == ("real-v1.5", "photo_real-v1.5")
    assert found.path == models / "Stable-diffusion" / "photo" / "real-v1.5"
    files = [path for path in found.path.rglob("*") if path.is_file()]
    assert found.bytes == sum(path.stat().st_size for path in files)
    assert found.modified == max(path.stat().st_mtime_ns for path in files)
