"""Moving in from other programs: what is found, what is written, and what is said of the rest."""

import json
import os
import shlex
import stat
from pathlib import Path

import pytest

from tintype.cli import main
from tintype.cli.importing import Moving, move, moved_from
from tintype.errors import SetupError

SHELL = """#!/bin/bash
# export COMMANDLINE_ARGS="--lowvram"
export COMMANDLINE_ARGS="--listen --port 7861 --xformers --medvram \\
  --api-auth 'me:p#w' --ckpt-dir 'my models' --share --no-such" # mine
"""
BATCH = """@echo off
set PYTHON=
set COMMANDLINE_ARGS=--api --vae-path "C:\\vaes\\a b.pt"
set COMMANDLINE_ARGS=%COMMANDLINE_ARGS% --lowvram --device-id 1
call webui.bat
"""
CONFIG = {
    "samples_format": "jpg",
    "CLIP_stop_at_last_layers": 2.0,
    "eta_noise_seed_delta": 31337,
    "jpeg_quality": "many",
    "sd_model_checkpoint": "good.safetensors [6ce0161689]",
    "a_stranger": [1, 2],
    "civitai_api_key": "s3cret",
    "disabled_extensions": ["off"],
}
DEFAULTS = {
    "txt2img/Width/value": 768,
    "txt2img/Width/maximum": 2048,
    "txt2img/Height/value": 512,
    "txt2img/CFG Scale/value": 5.5,
    "txt2img/Batch count/value": 2,
    "txt2img/Batch size/value": 3,
    "txt2img/Prompt/value": "",
    "img2img/Width/value": 640,
}
OLD_STEPS = {"txt2img/Sampling Steps/value": 33, "txt2img/Sampling method/value": "Euler a"}
NEW_STEPS = {
    "customscript/sampler.py/txt2img/Sampling steps/value": 33,
    "customscript/sampler.py/txt2img/Sampling method/value": "Euler a",
    "customscript/sampler.py/txt2img/Schedule type/value": "Karras",
}


def write(path: Path, content: object) -> None:
    """A file with its folder; anything but text becomes JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.fixture
def webui(tmp_path: Path) -> Path:
    """An install of A1111 1.10 as somebody has used it."""
    root = tmp_path / "stable-diffusion-webui"
    write(root / "webui.py", "")
    write(root / "webui-user.sh", SHELL)
    write(root / "config.json", CONFIG)
    write(root / "ui-config.json", DEFAULTS | NEW_STEPS)
    write(root / "styles.csv", "name,prompt,negative_prompt\nnoir,grey,colour\n")
    write(root / "params.txt", "a cat\nSteps: 20")
    for name in ("models/Stable-diffusion/good.safetensors", "my models/b.ckpt"):
        write(root / name, "x")
    write(root / "models" / "Lora" / "ink.safetensors", "x")
    write(root / "models" / "GFPGAN" / "GFPGANv1.4.pth", "x")
    write(root / "extensions" / "sd-dynamic-prompts" / "wildcards" / "a.txt", "x")
    for name in ("adetailer", "off", "somebodys"):
        (root / "extensions" / name).mkdir()
    write(root / "outputs" / "txt2img-images" / "2024-01-01" / "00000-7.png", "x")
    return root


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Our data folder, which is not there yet."""
    return tmp_path / "data"


def told(moving: Moving, what: str) -> tuple[str, str]:
    """State and words of the row whose subject begins so."""
    return next((row.state, row.how) for row in moving.rows if row.what.startswith(what))


def test_everything_has_a_row(webui: Path, data: Path) -> None:
    """Each thing of an install is told of: what comes along, what does not, and why."""
    moving = moved_from(webui, data)
    assert told(moving, "2 checkpoints")[0] == "comes"
    assert told(moving, "1 LoRA")[0] == "comes"
    assert told(moving, "1 style")[0] == "comes"
    assert told(moving, "wildcards")[0] == "comes"
    assert told(moving, "1 file for faces")[0] == "comes"
    assert told(moving, "adetailer")[0] == "stays"
    assert "somebodys" in told(moving, "1 further extension")[1]
    assert told(moving, "1 picture of outputs")[0] == "partly"
    assert told(moving, "params.txt")[0] == "stays"
    assert told(moving, "--xformers")[0] == "needless"
    assert told(moving, "--share")[0] == "stays"
    assert told(moving, "--no-such") == ("stays", "is not known here")
    assert not any(row.what == "off" for row in moving.rows)


def test_options(webui: Path, data: Path) -> None:
    """Options come along as calls would set them; bad ones and secrets stay behind."""
    moving = moved_from(webui, data)
    assert moving.options == {
        "samples_format": "jpg",
        "CLIP_stop_at_last_layers": 2,
        "eta_noise_seed_delta": 31337,
        "sd_model_checkpoint": "good.safetensors",
        "a_stranger": [1, 2],
        "disabled_extensions": ["off"],
        "wildcards": "on",
    }
    assert "jpeg_quality: 'many'" in told(moving, "an option")[1]
    assert not any("s3cret" in row.how for row in moving.rows)


@pytest.mark.parametrize("steps", [OLD_STEPS, NEW_STEPS])
def test_defaults_of_the_page(webui: Path, data: Path, steps: dict[str, object]) -> None:
    """What the page began with is a preset, from files of old and new versions."""
    write(webui / "ui-config.json", DEFAULTS | steps)
    expected = {"width": 768, "cfg_scale": 5.5, "images": 6, "steps": 33, "sampler": "Euler a"}
    if steps is NEW_STEPS:
        expected["schedule"] = "Karras"
    assert moved_from(webui, data).preset == expected


def test_command(webui: Path, data: Path) -> None:
    """The old command line in our words, paths made whole, passwords in a file of their own."""
    moving = moved_from(webui, data)
    assert shlex.split(moving.command) == [
        "tintype", "serve", "--models", str(webui), "--data", str(data),
        "--host", "0.0.0.0", "--port", "7861", "--medvram",
        "--ckpt-dir", str(webui / "my models"), "--auth-file", str(data / "logins"),
    ]  # fmt: skip
    assert moving.logins == ("me:p#w",)


def test_command_of_windows(webui: Path, data: Path) -> None:
    """A batch file that adds to its own variable is read, and paths of another machine are told."""
    (webui / "webui-user.sh").unlink()
    write(webui / "webui-user.bat", BATCH.replace("\n", "\r\n"))
    moving = moved_from(webui, data)
    assert "--lowvram --device cuda:1" in moving.command
    state, how = told(moving, "--vae-path C:\\vaes\\a b.pt")
    assert (state, how.partition(";")[0]) == ("stays", "is not on this machine")


def test_what_is_written(webui: Path, data: Path) -> None:
    """Three files in our data folder, passwords in one for its owner alone; none elsewhere."""
    before = {path: path.stat().st_mtime_ns for path in sorted(webui.rglob("*"))}
    written = move(moved_from(webui, data), data)
    assert [path.name for path in written] == ["options.json", "presets.json", "logins"]
    assert stat.S_IMODE((data / "logins").stat().st_mode) == 0o600
    assert json.loads((data / "presets.json").read_text())["ui"]["steps"] == 33
    assert {path: path.stat().st_mtime_ns for path in sorted(webui.rglob("*"))} == before


def test_settings_of_ours_stay(webui: Path, data: Path) -> None:
    """Options and presets that are there already stay where the old install says nothing."""
    write(data / "options.json", {"webp_lossless": True, "samples_format": "webp"})
    write(data / "presets.json", {"mine": {"steps": 5}})
    move(moved_from(webui, data), data)
    options = json.loads((data / "options.json").read_text())
    assert (options["webp_lossless"], options["samples_format"]) == (True, "jpg")
    assert set(json.loads((data / "presets.json").read_text())) == {"mine", "ui"}


def test_dry_run(
    webui: Path, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run prints all of it and writes nothing."""
    monkeypatch.setattr(
        "sys.argv", ["tintype", "import", str(webui), "--data", str(data), "--dry-run"]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (None, 0)
    out = capsys.readouterr().out
    assert "comes along" in out
    assert "nothing was written" in out
    assert "tintype serve --models" in out
    assert not data.exists()


def test_forge(webui: Path, data: Path) -> None:
    """Forge is told from A1111, its flags are known, and the tree it borrows is a root."""
    (webui / "modules_forge").mkdir()
    other = webui.parent / "other"
    write(other / "models" / "Stable-diffusion" / "c.safetensors", "x")
    args = f'export COMMANDLINE_ARGS="--forge-ref-a1111-home {other} --cuda-malloc"'
    write(webui / "webui-user.sh", args)
    moving = moved_from(webui, data)
    assert moving.tree.program == "Forge"
    assert f"--models {other} --models {webui}" in moving.command
    assert told(moving, "2 checkpoints")[0] == "comes"
    assert told(moving, "--cuda-malloc")[0] == "needless"


def test_one_click_package(webui: Path, data: Path) -> None:
    """The folder around an install will do."""
    package = webui.parent / "package"
    package.mkdir()
    webui.rename(package / "webui")
    assert moved_from(package, data).tree.root == package / "webui"


def test_comfyui(tmp_path: Path, data: Path) -> None:
    """Models and wildcards of ComfyUI are used, nodes and workflows stay behind."""
    root = tmp_path / "package" / "ComfyUI"
    write(root / "models" / "checkpoints" / "a.safetensors", "x")
    write(root / "models" / "loras" / "b.safetensors", "x")
    write(root / "models" / "unet" / "flux.safetensors", "x")
    write(root / "custom_nodes" / "ComfyUI-Impact-Pack" / "wildcards" / "a.txt", "x")
    write(root / "custom_nodes" / "odd" / "__init__.py", "")
    write(root / "user" / "default" / "workflows" / "a.json", {})
    write(root.parent / "run_cpu.bat", "python -s ComfyUI\\main.py --cpu")
    write(
        root.parent / "run_nvidia_gpu.bat",
        ".\\python_embeded\\python.exe -s ComfyUI\\main.py --listen 0.0.0.0 --fast\npause",
    )
    moving = moved_from(root.parent, data)
    assert moving.tree.program == "ComfyUI"
    assert "--host 0.0.0.0" in moving.command
    assert "--device" not in moving.command
    assert told(moving, "1 checkpoint")[0] == told(moving, "wildcards")[0] == "comes"
    assert told(moving, "models/unet")[0] == "stays"
    assert told(moving, "user/default/workflows")[0] == "stays"
    assert "odd" in told(moving, "1 further custom node")[1]
    assert told(moving, "no login")[0] == "partly"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.json", "{", "no JSON:"),
        ("config.json", "[]", "no JSON object"),
        ("config.json", "[" * 100_000, "no JSON"),
        ("ui-config.json", "\x00", "no JSON"),
    ],
)
def test_damaged_files(webui: Path, data: Path, name: str, content: str, words: str) -> None:
    """A file that cannot be read is told of, and all else comes along."""
    write(webui / name, content)
    moving = moved_from(webui, data)
    assert (told(moving, name)[0], words in told(moving, name)[1]) == ("wrong", True)
    assert told(moving, "2 checkpoints")[0] == "comes"


def test_hostile_trees(webui: Path, data: Path) -> None:
    """Pipes in place of files, giants, and links in circles hold nothing up."""
    (webui / "config.json").unlink()
    os.mkfifo(webui / "config.json")
    with (webui / "ui-config.json").open("wb") as file:
        file.truncate(20 << 20)
    os.symlink(webui, webui / "models" / "Lora" / "again")
    os.symlink(webui / "outputs", webui / "outputs" / "again")
    os.symlink("b", webui / "extensions" / "a")
    os.symlink("a", webui / "extensions" / "b")
    moving = moved_from(webui, data)
    assert told(moving, "config.json") == ("wrong", "it is no ordinary file")
    assert "too many" in told(moving, "ui-config.json")[1]
    assert told(moving, "1 picture of outputs")[0] == "partly"


def test_encodings(webui: Path, data: Path) -> None:
    """Files that Windows' editors wrote are read, marks and all."""
    (webui / "config.json").write_bytes(json.dumps({"samples_format": "jpg"}).encode("utf-16"))
    assert moved_from(webui, data).options["samples_format"] == "jpg"


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_other_folders(tmp_path: Path, data: Path, name: str) -> None:
    """A folder that is not there, or is nobody's, is refused in words."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(SetupError, match="expected"):
        moved_from(tmp_path / name, data)


def test_nothing_is_written_into_the_old_folder(webui: Path) -> None:
    """Our data folder cannot be in the old one, be it by a link."""
    link = webui.parent / "link"
    os.symlink(webui, link)
    for place in (webui / "data", link / "data"):
        with pytest.raises(SetupError, match="nothing is written"):
            moved_from(webui, place)
