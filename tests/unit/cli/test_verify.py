"""`tintype verify`: a picture made again from its own infotext."""

import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tests.fakes.checkpoints import write_tiny_checkpoint

from tintype.cli import main
from tintype.cli.generate import Errand, generate
from tintype.cli.generate import prepare as settle
from tintype.cli.verify import prepare
from tintype.core.requests import Request
from tintype.errors import UnknownName
from tintype.imaging import infotext_in
from tintype.settings import Settings, read_settings

Verify = Callable[[Path], tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny checkpoint, and a picture it made."""
    folder = tmp_path_factory.mktemp("verify")
    checkpoints = folder / "models" / "Stable-diffusion"
    checkpoints.mkdir(parents=True)
    write_tiny_checkpoint(checkpoints / "tiny.safetensors")
    request = Request("a cat", seed=3, steps=2, sampler="Euler a", random_source="CPU")
    errand = Errand(request, "64", folder / "own.png")
    generate(settle(settings_of(folder), errand), errand.out, "cpu", lambda event: None)
    return folder


def settings_of(folder: Path) -> Settings:
    return read_settings({"models": [folder], "data": folder / "data", "device": "cpu"}, {})


@pytest.fixture
def verify(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Verify:
    """The command on a picture: its exit code, and what it said on both streams."""

    def run(picture: Path) -> tuple[int, str, str]:
        places = ["--models", str(folder), "--data", str(folder / "data"), "--device", "cpu"]
        monkeypatch.setattr(sys, "argv", ["tintype", "verify", str(picture), *places])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


def repainted(folder: Path, out: Path, change: Callable[[Image.Image], None]) -> Path:
    """The picture with another look and the same infotext."""
    with Image.open(folder / "own.png") as picture:
        text = infotext_in((folder / "own.png").read_bytes())[0]
        changed = picture.copy()
    change(changed)
    return with_infotext(changed, out, text or "")


def with_infotext(picture: Image.Image, out: Path, text: str) -> Path:
    """A PNG that says it was made so."""
    told = PngInfo()
    told.add_text("parameters", text)
    picture.save(out, pnginfo=told)
    return out


def infotext_of(folder: Path) -> str:
    return infotext_in((folder / "own.png").read_bytes())[0] or ""


def complaint(said: tuple[int, str, str]) -> str:
    """The one line of a refusal."""
    code, out, err = said
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("tintype: ")
    return line


def test_our_own_picture_is_the_same(folder: Path, verify: Verify) -> None:
    """Exit code 0, and how near both are."""
    code, out, _ = verify(folder / "own.png")
    assert (code, out.startswith("same: ")) == (0, True)


def test_a_changed_picture_differs(folder: Path, tmp_path: Path, verify: Verify) -> None:
    """Exit code 1, how far both are apart, and where."""

    def darken(picture: Image.Image) -> None:
        picture.paste((0, 0, 0), (0, 0, 32, 64))

    code, out, _ = verify(repainted(folder, tmp_path / "changed.png", darken))
    assert code == 1
    assert out.startswith("differs: by up to ")


def test_reasons_for_a_difference(folder: Path, tmp_path: Path, verify: Verify) -> None:
    """What may be behind it is told: another program, a network that is not here."""

    def darken(picture: Image.Image) -> None:
        picture.paste((0, 0, 0), (0, 0, 64, 64))

    changed = repainted(folder, tmp_path / "changed.png", darken)
    text = infotext_of(folder).replace("Version: ", "Lora hashes: ink: 123, Version: v1.6.0, X: ")
    with Image.open(changed) as picture:
        with_infotext(picture.copy(), changed, text)
    code, out, _ = verify(changed)
    assert code == 1
    assert "made by version v1.6.0" in out
    assert "LoRA 'ink' is not here" in out


def test_a_picture_without_infotext(tmp_path: Path, verify: Verify) -> None:
    """There is nothing to make it from, which one line says."""
    Image.new("RGB", (64, 64)).save(tmp_path / "mute.png")
    assert "holds no infotext" in complaint(verify(tmp_path / "mute.png"))


def test_an_infotext_that_does_not_tell_enough(tmp_path: Path, verify: Verify) -> None:
    """The first thing missing is named."""
    path = with_infotext(Image.new("RGB", (64, 64)), tmp_path / "short.png", "a cat")
    assert "does not tell Steps" in complaint(verify(path))


def test_a_checkpoint_that_is_not_here(folder: Path, tmp_path: Path, verify: Verify) -> None:
    """A hash no file has is named, with those there are."""
    text = infotext_of(folder)
    digits = text.partition("Model hash: ")[2][:10]
    assert len(digits) == 10
    path = tmp_path / "foreign.png"
    with_infotext(Image.new("RGB", (64, 64)), path, text.replace(digits, "0123456789"))
    line = complaint(verify(path))
    assert "'0123456789' is not known" in line
    assert f"tiny [{digits}]" in line


def test_files_that_are_no_pictures(tmp_path: Path, verify: Verify) -> None:
    """A missing file and a foreign one end in one line each."""
    (tmp_path / "text.png").write_text("Steps: 1")
    assert "cannot be read" in complaint(verify(tmp_path / "missing.png"))
    assert "this is no picture" in complaint(verify(tmp_path / "text.png"))


@pytest.mark.parametrize(("source", "reasons"), [("CPU", 0), ("NV", 0), ("GPU", 1)])
def test_noise_of_another_device_is_a_reason(
    source: str, reasons: int, folder: Path, tmp_path: Path
) -> None:
    """A picture whose noise came from its device may differ on another one."""
    told = "" if source == "GPU" else f"RNG: {source}, "
    text = infotext_of(folder).replace("RNG: CPU, ", told)
    path = with_infotext(Image.new("RGB", (64, 64)), tmp_path / "picture.png", text)
    verification = prepare(settings_of(folder), path)
    assert verification.plan.noise.source == source
    assert len(verification.reasons) == reasons


def test_the_autoencoder_it_was_made_with(folder: Path, tmp_path: Path) -> None:
    """It goes by its hash, whatever it is called here; one that is not here is refused."""
    vae = folder / "models" / "VAE" / "here.pt"
    vae.parent.mkdir(exist_ok=True)
    vae.write_bytes(b"an autoencoder")
    digits = sha256(b"an autoencoder").hexdigest()[:10]
    told = f"Model: tiny, VAE hash: {digits}, VAE: there.pt,"
    text = infotext_of(folder).replace("Model: tiny,", told)
    path = with_infotext(Image.new("RGB", (64, 64)), tmp_path / "picture.png", text)
    found = prepare(settings_of(folder), path).plan.network.vae
    assert found is not None
    assert (found.name, found.shorthash) == ("here.pt", digits)
    other = with_infotext(
        Image.new("RGB", (64, 64)), tmp_path / "other.png", text.replace(digits, "0123456789")
    )
    with pytest.raises(UnknownName, match=r"0123456789.*here\.pt"):
        prepare(settings_of(folder), other)
    assert prepare(settings_of(folder), folder / "own.png").plan.network.vae is None
