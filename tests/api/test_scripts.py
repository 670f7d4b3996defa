"""Scripts as A1111's clients ask for them."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.api.reading import info_of, pictures_of
from tests.fakes.front import Front
from tests.fakes.pictures import picture_file

RECORDED = json.loads((Path(__file__).parent / "recorded" / "scripts.json").read_text())
STEPS, PROMPT_SR, SEED = 4, 7, 1
FLAGS = {"legend": True, "cells": False, "sheets": False, "any_seed": False}


def plot(
    front: Front,
    x: tuple[int, str],
    y: tuple[int, str] = (0, ""),
    z: tuple[int, str] = (0, ""),
    vary: tuple[bool, bool, bool] = (False, False, False),
    margin: int = 0,
    fields: dict[str, Any] | None = None,
    **flags: bool,
) -> httpx.Response:
    """An X/Y/Z plot of small pictures."""
    axes: list[Any] = [value for axis in (x, y, z) for value in (*axis, None)]
    arguments: list[Any] = [*axes, *(FLAGS | flags).values(), *vary, margin, False]
    return front.txt2img(script_name="X/Y/Z plot", script_args=arguments, **(fields or {}))


def seeds_in(sheet: Image.Image, columns: int, rows: int) -> list[list[int]]:
    """What the fake worker's colours say: the seed of each 64-pixel place of a sheet."""

    def seed(column: int, row: int) -> int:
        place = sheet.convert("RGB").crop(
            (column * 64 + 32, row * 64 + 32, column * 64 + 33, row * 64 + 33)
        )
        return int.from_bytes(place.tobytes(), "big")

    return [[seed(column, row) for column in range(columns)] for row in range(rows)]


def test_plot_lays_cells_out_by_their_values(front: Front) -> None:
    """X runs along columns, y along rows, and without a legend the sheet is the cells alone."""
    answer = plot(front, (SEED, "10,20,30"), (STEPS, "1,2"), legend=False)

    (sheet,) = pictures_of(answer)
    assert sheet.size == (192, 128)
    assert seeds_in(sheet, 3, 2) == [[10, 20, 30], [10, 20, 30]]


def test_plot_shows_sheets_and_cells_if_asked(front: Front) -> None:
    """First the sheet of all z, then one for each z, then the cells, x fastest."""
    answer = plot(
        front, (SEED, "10,20"), (0, ""), (STEPS, "1,2"), legend=False, cells=True, sheets=True
    )

    whole, *sheets = pictures_of(answer)[:3]
    assert whole.size == (256, 64)
    assert [one.size for one in sheets] == [(128, 64), (128, 64)]
    cells = pictures_of(answer)[3:]
    assert [seeds_in(cell, 1, 1)[0][0] for cell in cells] == [10, 20, 10, 20]
    assert info_of(answer)["index_of_first_image"] == 1
    assert len(info_of(answer)["infotexts"]) == 7


def test_plot_infotext_names_the_axes(front: Front) -> None:
    """The sheet's infotext has the script, types and values; a cell's has what it was made with."""
    answer = plot(front, (SEED, "5-6"), (PROMPT_SR, "cat,dog"), cells=True)

    sheet, *cells = info_of(answer)["infotexts"]
    assert sheet.index("Script: X/Y/Z plot") < sheet.index("X Type: Seed, X Values: 5-6")
    assert 'Fixed X Values: "5, 6", Y Type: Prompt S/R, Y Values: "cat,dog"' in sheet
    assert [("Script" in cell, cell.split("\n")[0]) for cell in cells] == [
        (False, "a cat"),
        (False, "a cat"),
        (False, "a dog"),
        (False, "a dog"),
    ]
    assert pictures_of(answer)[0].info["parameters"] == sheet


def test_plot_with_a_legend_is_larger(front: Front) -> None:
    """A legend makes room above and at the left, a margin between the pictures."""
    bare = pictures_of(plot(front, (STEPS, "1,2"), (SEED, "1,2"), legend=False))[0]
    written = pictures_of(plot(front, (STEPS, "1,2"), (SEED, "1,2")))[0]
    spread = pictures_of(plot(front, (STEPS, "1,2"), (SEED, "1,2"), margin=10))[0]

    assert written.width > bare.width
    assert written.height > bare.height
    assert spread.size == (written.width + 10, written.height + 10)


def test_plot_has_one_drawn_seed_unless_asked_otherwise(front: Front) -> None:
    """A seed of -1 is drawn once for all cells; "keep -1" draws one for each."""
    same = plot(front, (STEPS, "1,2,3"), cells=True, fields={"seed": -1})
    each = plot(front, (STEPS, "1,2,3"), cells=True, any_seed=True, fields={"seed": -1})

    assert len(set(info_of(same)["all_seeds"])) == 1
    assert len(set(info_of(each)["all_seeds"][1:])) == 3


def test_plot_may_vary_seeds_along_axes(front: Front) -> None:
    """Cells are counted along the axes that vary the seed, x before y."""
    answer = plot(front, (STEPS, "1,2"), (PROMPT_SR, "cat,dog"), vary=(True, True, False))

    assert info_of(answer)["all_seeds"] == [7, 7, 8, 9, 10]


WRONG_PLOTS: list[tuple[list[Any], str]] = [
    ([77, "1", []], "77 is no axis of txt2img; there are: 0 Nothing"),
    ([STEPS, "few", []], "neither a whole number nor a range"),
    ([PROMPT_SR, "bird,dog", []], "did not find 'bird'"),
    ([9, "", ["Fast"]], "sampler 'Fast' is not known"),
    ([STEPS, "1-2", [], SEED, "1-900", []], "1800 pictures are too many"),
    ([SEED, "1-60", []], "megapixels"),
    ([0] * 19, "x/y/z plot takes 18, not 19"),
    ([26, "0.5", []], "initial_noise_multiplier has no effect"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG_PLOTS)
def test_plot_without_sense_is_refused(front: Front, arguments: list[Any], said: str) -> None:
    """Wrong axes, values and sizes are a 4xx that says what is wrong."""
    answer = front.txt2img(
        script_name="x/y/z plot",
        script_args=arguments,
        width=2048 if said == "megapixels" else 64,
        height=2048 if said == "megapixels" else 64,
    )

    assert answer.status_code in (404, 422)
    assert said in answer.json()["detail"]


def test_matrix_makes_every_combination(front: Front) -> None:
    """Parts behind `|` are in or out; the sheet comes first, then pictures of one seed."""
    answer = front.txt2img(
        "a cat|red|fat", script_name="Prompt matrix", script_args=[False, False, "positive"]
    )

    info = info_of(answer)
    assert info["all_prompts"] == ["a cat", "a cat, red", "a cat, fat", "a cat, red, fat"]
    assert (info["all_seeds"], info["index_of_first_image"]) == ([7] * 4, 1)
    assert len(pictures_of(answer)) == len(info["infotexts"]) == 5


def test_matrix_obeys_its_arguments(front: Front) -> None:
    """Parts first, joined by spaces, in the negative prompt, each with the next seed."""
    answer = front.txt2img(
        "a cat",
        negative_prompt="blurry|dark",
        script_name="prompt matrix",
        script_args=[True, True, "negative", "space", 0],
    )

    info = info_of(answer)
    assert info["all_negative_prompts"] == ["blurry", "dark blurry"]
    assert (info["all_seeds"], set(info["all_prompts"])) == ([7, 8], {"a cat"})


def test_lines_are_requests_of_their_own(front: Front) -> None:
    """A plain line joins the prompt, one with options sets them; what is not said stays."""
    text = 'blue\n\n--prompt "a dog" --seed 40 --steps 3 --width 128 --batch_size 2'
    answer = front.txt2img(
        "sky", script_name="prompts from file or textbox", script_args=[False, False, "end", text]
    )

    info = info_of(answer)
    assert info["all_prompts"] == ["sky blue", "sky a dog", "sky a dog"]
    assert [picture.size for picture in pictures_of(answer)] == [(64, 64), (128, 64), (128, 64)]
    assert ["Seed: 7," in info["infotexts"][0], "Seed: 41," in info["infotexts"][2]] == [True, True]
    assert "Steps: 3," in info["infotexts"][1]


@pytest.mark.parametrize(
    ("counts_up", "same", "seeds"), [(True, False, 2), (False, True, 1), (False, False, 2)]
)
def test_lines_have_the_seeds_that_are_asked_for(
    front: Front, *, counts_up: bool, same: bool, seeds: int
) -> None:
    """Lines may count seeds up, share a drawn one, or draw their own."""
    answer = front.txt2img(
        "",
        seed=-1,
        script_name="prompts from file or textbox",
        script_args=[counts_up, same, "start", "a\nb"],
    )

    texts = info_of(answer)["infotexts"]
    found = [int(text.split("Seed: ")[1].split(",")[0]) for text in texts]
    assert len(set(found)) == seeds
    if counts_up:
        assert found[1] == found[0] + 1


def test_a_wrong_line_is_named(front: Front) -> None:
    """An option nobody knows is refused with its line and the choices."""
    answer = front.txt2img(
        script_name="prompts from file or textbox",
        script_args=[False, False, "start", "a\n--promp b"],
    )

    assert answer.status_code == 422
    assert "line 2: --promp is not known; there are: --sd_model" in answer.json()["detail"]


def test_loopback_tells_of_its_first_turn(front: Front) -> None:
    """Notes come first among the extra parameters; lists tell of the last turn."""
    answer = front.img2img(
        picture_file(),
        script_name="Loopback",
        script_args=[3, 0.8, "Lazy", "None"],
        denoising_strength=0.4,
    )

    info = info_of(answer)
    (text,) = info["infotexts"]
    assert "Denoising strength: 0.4, Final denoising strength: 0.8, Denoising curve: Lazy" in text
    assert (info["seed"], info["all_seeds"]) == (7, [9])


WRONG_SCRIPTS: list[tuple[str, list[Any], str]] = [
    ("sd upscale", [None, 64, "None", 2], "cannot overlap by 64 pixels"),
    ("sd upscale", [None, 16, "ESRGAN_4x", 2], "is not one of None, Lanczos, Nearest"),
    ("loopback", [0], "number 1 (Loops): 0 is not a whole number from 1 to 32"),
    ("loopback", [2, 0.5, "Linear", "CLIP"], "not supported yet"),
    ("poor man's outpainting", [32, 4, 0, []], "no direction"),
    ("poor man's outpainting", [32, 4, 0, ["north"]], "some of left, right, up, down"),
    ("img2img alternative test", [], "not supported yet"),
    ("dreams", [], "Script 'dreams' not found; img2img has: loopback"),
]


@pytest.mark.parametrize(("name", "arguments", "said"), WRONG_SCRIPTS)
def test_scripts_without_sense_are_refused(
    front: Front, name: str, arguments: list[Any], said: str
) -> None:
    """Unknown scripts and arguments are 422, with the choices."""
    answer = front.img2img(picture_file(), script_name=name, script_args=arguments)

    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_fill_by_name_is_a1111s_and_warned_of(front: Front) -> None:
    """Poor man's outpainting takes every name for "fill", as A1111 does, and says so."""
    answer = front.img2img(
        picture_file(),
        script_name="poor man's outpainting",
        script_args=[32, 4, "original", ["left"]],
    )

    assert "send the number 1" in answer.json()["warnings"][0]


@pytest.mark.parametrize(
    ("scripts", "said"),
    [
        ({"Loopback": {"args": []}}, "is a selectable script"),
        ({"dreams": {"args": []}}, "Script 'dreams' not found; txt2img has: extra options"),
        ({"ControlNet": {"args": [{"enabled": True, "model": "canny"}]}}, "not supported yet"),
    ],
)
def test_always_on_scripts_without_sense_are_refused(
    front: Front, scripts: dict[str, Any], said: str
) -> None:
    """Selectable and unknown titles, and those of extensions that are not there."""
    answer = front.txt2img(alwayson_scripts=scripts)

    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_always_on_scripts_of_the_page_are_let_be(front: Front) -> None:
    """What clients send in every request, and A1111 ignores, is ignored."""
    scripts: dict[str, Any] = {
        "Seed": {"args": [1, 2]},
        "refiner": {"args": [True]},
        "ControlNet": {"args": []},
    }

    assert front.txt2img(alwayson_scripts=scripts).status_code == 200


def test_script_lists_look_as_a1111_shows_them(front: Front) -> None:
    """Names by tab, and arguments with their bounds, as recorded."""
    names = front.http.get("/sdapi/v1/scripts").json()
    infos = front.http.get("/sdapi/v1/script-info").json()

    assert names["txt2img"][:3] == ["prompt matrix", "prompts from file or textbox", "x/y/z plot"]
    assert {"loopback", "sd upscale", "soft inpainting"} <= set(names["img2img"])
    for recorded in RECORDED["script_info"]:
        assert recorded in infos
    plots = [info for info in infos if info["name"] == "x/y/z plot"]
    assert [len(info["args"]) for info in plots] == [18, 18]
