"""Calls about finished pictures, the field `infotext`, and pictures that are kept."""

import json
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, picture_file

GOLDEN = Path(__file__).parents[1] / "golden" / "a1111"
RECORDED = Path(__file__).parent / "recorded"
CASES: dict[str, dict[str, Any]] = {
    case["name"]: case
    for case in json.loads((GOLDEN / "cases.json").read_text(encoding="utf-8"))["cases"]
}
EXTRAS = ["extras-lanczos", "extras-none", "extras-to-size-no-crop", "extras-two", "extras-batch"]
NEWER = {"Hires schedule type", "Refiner switch by sampling steps"}  # than the recorded 1.8
MADE = (
    "a dog\nNegative prompt: ugly\nSteps: 3, Sampler: Heun, Schedule type: Karras, CFG scale: 5, "
    "Seed: 77, Size: 72x64, Model hash: 1234567890, Model: other, Clip skip: 2, Version: v1.10.1"
)


def with_files(value: Any) -> Any:
    """A recorded body with the files its "@…" texts name."""
    if isinstance(value, str) and "@" in value:
        prefix, _, name = value.partition("@")
        return prefix + b64encode((GOLDEN / name).read_bytes()).decode("ascii")
    if isinstance(value, list):
        return [with_files(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        return {key: with_files(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return value


def picture_in(text: str) -> Image.Image:
    return Image.open(BytesIO(b64decode(text)))


def info_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return json.loads(answer.json()["info"])


@pytest.mark.parametrize("name", EXTRAS)
def test_enlarged_pictures_are_a1111s(front: Front, name: str) -> None:
    """Pixels and words of every recorded answer."""
    case = CASES[name]

    answer = front.http.post(case["path"], json=with_files(case["request"])).json()

    assert answer["html_info"] == case["response"]["html_info"]
    images = answer["images"] if "images" in answer else [answer["image"]]
    for image, recorded in zip(images, case["images"], strict=True):
        ours = np.asarray(picture_in(image).convert("RGB")).astype(int)
        theirs = np.asarray(
            Image.open(BytesIO((GOLDEN / recorded).read_bytes())).convert("RGB")
        ).astype(int)
        assert np.abs(ours - theirs).max() <= 1


def test_an_enlarged_picture_keeps_its_texts(front: Front) -> None:
    """What the file said stays, and how it was enlarged is added."""
    made = front.txt2img("a door").json()["images"][0]

    body = {"image": made, "upscaler_1": "Nearest", "upscaling_resize": 2}
    answer = front.http.post("/sdapi/v1/extra-single-image", json=body).json()

    picture = picture_in(answer["image"])
    assert picture.size == (128, 128)
    assert picture.info["parameters"].startswith("a door")
    assert picture.info["postprocessing"] == (
        "Postprocess upscale by: 2.0, Postprocess upscaler: Nearest"
    )


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"upscaler_1": "ESRGAN_4x"}, 404),
        ({"gfpgan_visibility": 1}, 400),
        ({"codeformer_visibility": 0.5}, 400),
        ({"resize_mode": 2}, 422),
        ({"upscaling_resize": 0}, 422),
        ({"upscaling_resize_w": 0}, 422),
        ({"resize_mode": 1, "upscaling_resize_w": 60000}, 422),
        ({"image": "%%%"}, 422),
        ({"image": ""}, 422),
    ],
)
def test_extras_without_sense_are_refused(
    front: Front, fields: dict[str, Any], status: int
) -> None:
    """Unknown upscalers, faces, sizes and pictures are a 4xx."""
    body = {"image": as_text(picture_file()), "upscaler_1": "Lanczos"} | fields

    assert front.http.post("/sdapi/v1/extra-single-image", json=body).status_code == status


def test_png_info_is_a1111s(front: Front) -> None:
    """Infotext, other texts, and all parameters with their defaults, as recorded."""
    case = CASES["png-info-data-uri"]

    answer = front.http.post(case["path"], json=with_files(case["request"])).json()

    parameters = json.loads((RECORDED / "png-info-parameters.json").read_text())
    made = Image.open(BytesIO((GOLDEN / "images" / "hires-prompts-0.png").read_bytes()))
    assert (answer["info"], answer["items"]) == (made.info["parameters"], {})
    assert parameters.pop("Emphasis") == "Original"  # 1.8 says so of every prompt
    assert parameters.items() <= answer["parameters"].items()
    assert answer["parameters"].keys() - parameters.keys() <= NEWER


def test_png_info_of_a_picture_without_words(front: Front) -> None:
    """There is nothing to tell, and that is no mistake."""
    body = {"image": as_text(picture_file())}

    answer = front.http.post("/sdapi/v1/png-info", json=body)

    assert answer.json() == {"info": "", "items": {}, "parameters": {}}


def test_png_info_of_no_picture_is_refused(front: Front) -> None:
    """Text that is no base64, and base64 that is no picture."""
    for text in ("%%%", as_text(b"no picture")):
        assert front.http.post("/sdapi/v1/png-info", json={"image": text}).status_code == 422


def test_infotext_fills_what_the_body_leaves_out(front: Front) -> None:
    """Fields that are sent win; the rest, options included, is as the infotext says."""
    body = {"prompt": "a cat", "infotext": MADE}

    answer = front.http.post("/sdapi/v1/txt2img", json=body)

    info = info_of(answer)
    assert (info["prompt"], info["negative_prompt"], info["seed"]) == ("a cat", "ugly", 77)
    assert (info["steps"], info["cfg_scale"], info["sampler_name"]) == (3, 5.0, "Heun")
    assert (info["width"], info["height"], info["clip_skip"]) == (72, 64, 2)
    assert "Schedule type: Karras" in info["infotexts"][0]
    assert answer.json()["parameters"]["steps"] == 3
    assert answer.json()["parameters"]["override_settings"] == {"CLIP_stop_at_last_layers": 2}


def test_infotext_without_a1111s_mistakes(front: Front) -> None:
    """Resize sides keep their order, and hires without a sampler of its own has the first's."""
    text = MADE.replace(
        "Clip skip: 2",
        "Variation seed: 3, Variation seed strength: 0.1, Seed resize from: 48x32, "
        "Denoising strength: 0.5, Hires upscale: 1.5, Hires upscaler: Latent",
    )

    info = info_of(front.http.post("/sdapi/v1/txt2img", json={"infotext": text}))

    assert (info["seed_resize_from_w"], info["seed_resize_from_h"]) == (48, 32)
    assert "Hires upscale: 1.5" in info["infotexts"][0]
    assert "Hires sampler" not in info["infotexts"][0]


def test_infotext_of_img2img_asks_for_no_hires_pass(front: Front) -> None:
    """A denoising strength alone was img2img's."""
    text = MADE.replace("Clip skip: 2", "Denoising strength: 0.5")

    info = info_of(front.http.post("/sdapi/v1/txt2img", json={"infotext": text}))

    assert "Hires" not in info["infotexts"][0]


def test_infotext_that_cannot_be_had_here_is_warned_of(front: Front) -> None:
    """An autoencoder that is not there is left out, and the answer says so."""
    text = MADE.replace("Clip skip: 2", "VAE: fine.safetensors")

    answer = front.http.post("/sdapi/v1/txt2img", json={"infotext": text})

    assert "VAE was left out" in answer.json()["warnings"][0]


def test_what_infotext_tells_of_the_model_can_be_hidden(front: Front) -> None:
    """Three options say whether name, hash and version are told."""
    options = ("add_model_name_to_info", "add_model_hash_to_info", "add_version_to_infotext")

    hidden = info_of(front.txt2img(override_settings=dict.fromkeys(options, False)))

    assert "Model: " in info_of(front.txt2img())["infotexts"][0]
    for label in ("Model: ", "Model hash: ", "Version: "):
        assert label not in hidden["infotexts"][0]


def test_kept_pictures_and_their_sheet(front: Front) -> None:
    """Several pictures are kept with a sheet, which comes first in the answer."""
    answer = front.txt2img(seed=9100, batch_size=3, save_images=True)

    assert picture_in(answer.json()["images"][0]).size == (128, 128)
    assert info_of(answer)["index_of_first_image"] == 1
    kept = [path for seed in (9100, 9101, 9102) for path in saved(front, f"*-{seed}.png")]
    assert [path.read_bytes() for path in kept] == [
        b64decode(image) for image in answer.json()["images"][1:]
    ]
    sheets = saved(front, "txt2img-grids/*/grid-*.png")
    assert b64decode(answer.json()["images"][0]) in [path.read_bytes() for path in sheets]


def test_sheets_follow_their_options(front: Front) -> None:
    """Rows, colour, and whether there is one at all."""
    two_rows = {"n_rows": 2, "grid_background_color": "#010203", "grid_save": False}
    answer = front.txt2img(batch_size=3, save_images=True, override_settings=two_rows)
    none = front.txt2img(batch_size=3, save_images=True, override_settings={"return_grid": False})

    sheet = picture_in(answer.json()["images"][0])
    assert (sheet.size, sheet.getpixel((127, 127))) == ((128, 128), (1, 2, 3))
    assert len(none.json()["images"]) == 3


def test_a_single_picture_may_have_a_sheet_too(front: Front) -> None:
    """With `grid_only_if_multiple` off one picture is enough for a sheet."""
    options = {"grid_only_if_multiple": False}

    answer = front.txt2img(save_images=True, override_settings=options)

    assert len(answer.json()["images"]) == 2


def test_kept_pictures_of_other_kinds(front: Front) -> None:
    """Format, text beside the file, and the folder of the call."""
    options = {"samples_format": "webp", "save_txt": True}

    answer = front.img2img(picture_file(), seed=9200, save_images=True, override_settings=options)

    (path,) = saved(front, "img2img-images/*/*-9200.webp")
    assert path.with_suffix(".txt").read_text() == info_of(answer)["infotexts"][0] + "\n"


def test_the_answer_has_the_servers_own_format(front: Front) -> None:
    """A format among overrides decides about kept files alone, as in A1111; the answer says so."""
    answer = front.txt2img(override_settings={"samples_format": "jpg"})

    assert picture_in(answer.json()["images"][0]).format == "PNG"
    assert "samples_format" in answer.json()["warnings"][0]


def test_pictures_are_not_kept_against_the_server_option(front: Front) -> None:
    """`samples_save` off keeps single pictures off the disk."""
    options = {"samples_save": False}

    front.txt2img(seed=9300, save_images=True, override_settings=options)

    assert saved(front, "*-9300.png") == []


def test_noise_multiplier_among_overrides_has_no_effect(front: Front) -> None:
    """As in A1111; the answer warns of it. The field of that name counts."""
    file = picture_file()

    unheard = front.img2img(file, override_settings={"initial_noise_multiplier": 0.8})
    heard = front.img2img(file, initial_noise_multiplier=0.8)

    assert "Noise multiplier" not in info_of(unheard)["infotexts"][0]
    assert "initial_noise_multiplier" in unheard.json()["warnings"][0]
    assert "Noise multiplier: 0.8" in info_of(heard)["infotexts"][0]
    assert "warnings" not in heard.json()


def test_skip_of_nothing_is_nothing(front: Front) -> None:
    """As A1111 answers: null."""
    answer = front.http.post("/sdapi/v1/skip")

    assert (answer.status_code, answer.json()) == (200, None)


def test_lists_of_ways_to_enlarge(front: Front) -> None:
    """Upscalers and latent modes as A1111 shows them."""
    recorded = json.loads((RECORDED / "scripts.json").read_text())

    upscalers = front.http.get("/sdapi/v1/upscalers").json()

    assert [one["name"] for one in upscalers] == ["None", "Lanczos", "Nearest"]
    assert list(upscalers[0]) == ["name", "model_name", "model_path", "model_url", "scale"]
    modes = front.http.get("/sdapi/v1/latent-upscale-modes").json()
    assert modes == recorded["latent_upscale_modes"]


def saved(front: Front, pattern: str) -> list[Path]:
    """Kept files, by a pattern below the folder of all outputs."""
    return sorted((front.folder / "data").rglob(pattern))
