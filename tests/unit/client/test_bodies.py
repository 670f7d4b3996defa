"""From keyword arguments to bodies that the server knows."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.fakes.pictures import picture_file

from tintype.client import fields as ours
from tintype.client.bodies import job_body
from tintype.client.files import file_of, kind_of
from tintype.client.where import where
from tintype.server.native.jobs import fields as theirs

PICTURE = picture_file(size=(101, 60))
ELSEWHERE = {"picture", "prompt", "init", "mask", "sdapi"}


@pytest.mark.parametrize(
    ("mine", "their"),
    [
        (ours.Painting, theirs.JobBody),
        (ours.Beginning, theirs.InitFields),
        (ours.Hires, theirs.HiresFields),
        (ours.Lora, theirs.LoraFields),
        (ours.Refiner, theirs.RefinerFields),
        (ours.Sampling, theirs.SamplingFields),
        (ours.Guidance, theirs.GuidanceFields),
        (ours.Text, theirs.TextFields),
        (ours.Soft, theirs.SoftFields),
    ],
)
def test_the_client_knows_every_field_of_the_server(mine: Any, their: Any) -> None:
    """By the same name; pictures and the prompt are arguments of their own."""
    assert set(mine.__annotations__) - ELSEWHERE == set(their.model_fields) - ELSEWHERE


def test_the_client_knows_every_field_of_a_mask() -> None:
    """With `mask_` before it."""
    names = {f"mask_{name}" for name in theirs.MaskFields.model_fields} - {"mask_picture"}

    assert set(ours.Masking.__annotations__) == names


def test_the_server_reads_what_the_client_writes() -> None:
    """A body with everything in it is one of a job."""
    body = job_body(
        "a cat",
        {
            "steps": 4,
            "denoising_strength": 0.5,
            "mask_fill": "latent noise",
            "mask_soft": {"mask_influence": 0.5},
            "loras": [{"name": "ink", "weight": 0.7}],
            "hires": {"scale": 1.5},
            "draft_steps": 2,
        },
        PICTURE,
        PICTURE,
    )
    read = theirs.JobBody.model_validate(body)

    assert read.init is not None
    assert read.init.mask is not None
    assert (read.init.denoising_strength, read.init.mask.fill) == (0.5, "latent noise")
    assert (read.width, read.height) == (96, 56)
    assert (read.steps, read.draft_steps) == (4, 2)


def test_a_size_that_is_given_is_left_alone() -> None:
    """Also if it is one side only."""
    body = job_body("", {"width": 64}, PICTURE, None)

    assert (body["width"], "height" in body) == (64, False)


@pytest.mark.parametrize(
    ("fields", "image", "mask", "words"),
    [
        ({"denoising_strength": 0.5}, None, None, "denoising_strength: there is no image"),
        ({"mask_blur": 4}, PICTURE, None, "mask_blur: there is no mask"),
        ({}, None, PICTURE, "a mask without an image"),
    ],
)
def test_what_is_about_nothing(
    fields: Any, image: bytes | None, mask: bytes | None, words: str
) -> None:
    """Arguments about a picture that is not there are a mistake."""
    with pytest.raises(TypeError, match=words):
        job_body("", fields, image, mask)


def test_pictures_of_every_kind(tmp_path: Path) -> None:
    """A path, its text, bytes, and a picture of Pillow; addresses stay as they are."""
    path = tmp_path / "picture.png"
    path.write_bytes(PICTURE)
    of_pillow = file_of(Image.open(BytesIO(PICTURE)))

    assert file_of(path) == file_of(str(path)) == file_of(PICTURE) == PICTURE
    assert isinstance(of_pillow, bytes)
    assert Image.open(BytesIO(of_pillow)).size == (101, 60)
    for address in ("data:image/png;base64,AA", "https://example.com/a.png"):
        assert file_of(address) == address


def test_what_is_no_picture(tmp_path: Path) -> None:
    """A file that is not there, and a thing that cannot be one."""
    nothing: Any = 7
    with pytest.raises(FileNotFoundError):
        file_of(tmp_path / "none.png")
    with pytest.raises(TypeError, match="got <class 'int'>"):
        file_of(nothing)


def test_kinds_of_file() -> None:
    """By the end of a name, in any case; an unknown one names those there are."""
    assert kind_of(Path("a.JPG")) == "jpeg"
    with pytest.raises(ValueError, match=r"'a.gif': expected .*\.png.*\.avif"):
        kind_of(Path("a.gif"))


def test_which_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument, else the environment, else this machine."""
    monkeypatch.delenv("TINTYPE_URL", raising=False)
    monkeypatch.delenv("TINTYPE_API_KEY", raising=False)
    assert where(None, None).url == "http://127.0.0.1:7860"
    assert "Authorization" not in where(None, None).headers
    monkeypatch.setenv("TINTYPE_URL", "http://studio:1/sd/")
    monkeypatch.setenv("TINTYPE_API_KEY", "tt_1")

    assert where(None, None).url == "http://studio:1/sd"
    assert where(None, None).headers["Authorization"] == "Bearer tt_1"
    assert where("https://other", "tt_2").headers["Authorization"] == "Bearer tt_2"


@pytest.mark.parametrize("url", ["studio:7860", "http://", "ftp://studio", "http://[::bad", "/sd"])
def test_what_is_no_address(url: str) -> None:
    """Is told with an example of one."""
    with pytest.raises(ValueError, match="expected an address such as"):
        where(url, None)


@pytest.mark.parametrize("key", ["tt_1\n", "tt_ä"])
def test_what_is_no_key(key: str) -> None:
    """Is told without repeating it."""
    with pytest.raises(ValueError, match="API key: expected printable ASCII") as caught:
        where(None, key)
    assert key not in str(caught.value)
