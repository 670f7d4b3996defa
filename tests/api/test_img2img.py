"""POST /sdapi/v1/img2img as A1111's clients know it."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.reading import info_of, pictures_of
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, half_mask_file, picture_file

RECORDED = json.loads((Path(__file__).parent / "recorded" / "img2img-keys.json").read_text())
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def colours(answer: httpx.Response) -> list[Any]:
    return [picture.convert("RGB").getpixel((0, 0)) for picture in pictures_of(answer)]


def told(answer: httpx.Response) -> dict[str, Any]:
    return info_of(answer)["extra_generation_params"]


def test_picture_from_a_picture(front: Front) -> None:
    """The worker is given the picture, the answer has the size asked for and its infotext."""
    answer = front.img2img(picture_file(GREEN), prompt="a door", denoising_strength=0.4, width=72)

    assert colours(answer) == [GREEN]
    (picture,) = pictures_of(answer)
    assert (picture.format, picture.size) == ("PNG", (72, 64))
    assert "Denoising strength: 0.4" in picture.info["parameters"]
    assert info_of(answer)["denoising_strength"] == 0.4


def test_parameters_hold_no_pictures_unless_asked(front: Front) -> None:
    """`init_images` and `mask` are null, or as they came; all keys are A1111's in order."""
    file, mask = picture_file(), as_text(half_mask_file())

    without = front.img2img(file, mask=mask).json()["parameters"]
    with_them = front.img2img(file, mask=mask, include_init_images=True).json()["parameters"]

    assert (without["init_images"], without["mask"]) == (None, None)
    assert (with_them["init_images"], with_them["mask"]) == ([as_text(file)], mask)
    assert list(without) == list(with_them) == RECORDED["parameters"]


def test_defaults_are_those_of_the_api(front: Front) -> None:
    """Strength 0.75; under a mask a fill of the masked part alone, blurred by 4."""
    answer = front.img2img(picture_file(), mask=as_text(half_mask_file()))

    assert info_of(answer)["denoising_strength"] == 0.75
    assert told(answer) == {
        "Mask blur": 4,
        "Inpaint area": "Only masked",
        "Masked area padding": 0,
        "Masked content": "fill",
    }


def test_inpaint_fields(front: Front) -> None:
    """What a mask means can be said in every way A1111 knows."""
    answer = front.img2img(
        picture_file(),
        mask=as_text(half_mask_file()),
        mask_blur=0,
        inpainting_fill=2,
        inpaint_full_res=False,
        inpainting_mask_invert=1,
    )

    assert told(answer) == {"Mask mode": "Inpaint not masked", "Masked content": "latent noise"}


def test_mask_blur_by_sides(front: Front) -> None:
    """`mask_blur` sets both; two that differ are not told, as in A1111."""
    mask = as_text(half_mask_file())

    both = front.img2img(picture_file(), mask=mask, mask_blur=2, mask_blur_x=9)
    apart = front.img2img(picture_file(), mask=mask, mask_blur_x=2, mask_blur_y=3)

    assert (told(both).get("Mask blur"), told(apart).get("Mask blur")) == (2, None)


def test_mask_and_composite_come_after_their_picture(front: Front) -> None:
    """Options return them: RGB and RGBA, without infotexts of their own."""
    answer = front.img2img(
        picture_file(BLUE),
        mask=as_text(half_mask_file()),
        n_iter=2,
        override_settings={"return_mask": True, "return_mask_composite": True},
    )

    pictures = pictures_of(answer)
    assert [picture.mode for picture in pictures] == ["RGB", "RGB", "RGBA"] * 2
    assert colours(answer)[:2] == [BLUE, (255, 255, 255)]
    assert len(info_of(answer)["infotexts"]) == 2


def test_nothing_comes_beside_a_picture_without_mask(front: Front) -> None:
    """There is no mask to return."""
    answer = front.img2img(picture_file(), override_settings={"return_mask": True})

    assert len(pictures_of(answer)) == 1


def test_one_picture_for_a_whole_batch(front: Front) -> None:
    """It is where every image of the batch begins."""
    answer = front.img2img(picture_file(GREEN), batch_size=2, n_iter=2, seed=3)

    assert colours(answer) == [GREEN] * 4
    assert info_of(answer)["all_seeds"] == [3, 4, 5, 6]


def test_several_pictures_are_one_batch(front: Front) -> None:
    """Each begins an image of its own, in every batch; there are as many as pictures."""
    files = (picture_file(RED), picture_file(GREEN), picture_file(BLUE))

    answer = front.img2img(*files, batch_size=4, n_iter=2, seed=3)

    assert colours(answer) == [RED, GREEN, BLUE] * 2
    assert info_of(answer)["all_seeds"] == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_kinds_of_files(front: Front, kind: str) -> None:
    """Whatever people have: five kinds of files."""
    answer = front.img2img(picture_file((10, 200, 10), kind=kind))

    (colour,) = colours(answer)
    assert max(abs(ours - sent) for ours, sent in zip(colour, (10, 200, 10), strict=True)) <= 8


def test_data_uris_and_transparency(front: Front) -> None:
    """A browser's data URI of an RGBA picture, and an RGBA mask, are welcome."""
    clear = as_text(picture_file((255, 0, 0, 128)))
    mask = as_text(picture_file((0, 0, 0, 200)))

    answer = front.img2img(init_images=[f"data:image/png;base64,{clear}"], mask=mask)

    assert len(pictures_of(answer)) == 1


def test_soft_inpainting_is_heard(front: Front) -> None:
    """Its always-on script takes a switch and six numbers, and stands in the infotext."""
    args = {"Soft Inpainting": {"args": [True, 1, 0.5, 4, 0, 0.5, 2]}}

    answer = front.img2img(picture_file(), mask=as_text(half_mask_file()), alwayson_scripts=args)

    assert told(answer)["Soft inpainting enabled"] is True
    assert told(answer)["Soft inpainting transition contrast boost"] == 4


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({}, "init_images", "at least one"),
        ({"init_images": []}, "init_images", "at least one"),
        ({"init_images": [""]}, "init_images", "empty"),
        ({"init_images": ["no base64!"]}, "init_images", "base64"),
        ({"init_images": [as_text(b"no picture")]}, "init_images", "no picture"),
        ({"init_images": [as_text(picture_file()[:60])]}, "init_images", "torn"),
        ({"init_images": ["http://127.0.0.1:1/a.png"]}, "init_images", "not fetched"),
        ({"init_images": [as_text(picture_file())] * 2}, "init_images", "batch_size of 1"),
        ({"mask": as_text(b"no picture")}, "mask", "no picture"),
        ({"mask": "https://example.org/a.png"}, "mask", "not fetched"),
        ({"denoising_strength": 1.5}, "denoising_strength", "0 to 1"),
        ({"denoising_strength": -0.1}, "denoising_strength", "0 to 1"),
        ({"resize_mode": 9}, "resize_mode", "0 to 3"),
        ({"inpainting_fill": 4}, "inpainting_fill", "0 to 3"),
        ({"mask_blur": 65}, "mask_blur", "0 to 64"),
        ({"inpaint_full_res_padding": -1}, "inpaint_full_res_padding", "0 to"),
        ({"initial_noise_multiplier": -1}, "initial_noise_multiplier", "0 to"),
        ({"width": 65}, "width", "multiple of 8"),
        (
            {"alwayson_scripts": {"Soft Inpainting": {"args": [True, "much"]}}},
            "alwayson_scripts",
            "six numbers",
        ),
    ],
)
def test_refusals(front: Front, fields: dict[str, Any], field: str, words: str) -> None:
    """422 with the field's name and what would do."""
    pictures = [] if field == "init_images" else [picture_file()]

    answer = front.img2img(*pictures, **fields)

    body = answer.json()
    assert (answer.status_code, body["error"]) == (422, "InvalidRequest")
    assert body["detail"].startswith(f"{field}: ")
    assert words in body["detail"]


def test_a_refused_picture_is_not_repeated(front: Front) -> None:
    """A million letters that are no picture do not come back."""
    answer = front.img2img(init_images=["!" * 1_000_000])

    assert answer.status_code == 422
    assert len(answer.text) < 1000
