"""Values along an axis, and axes, as A1111's users write them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.errors import InvalidRequest
from tintype.server.sdapi.asking.fields import Img2ImgBody, Txt2ImgBody
from tintype.server.sdapi.scripts.axes import axes_of, find_axis
from tintype.server.sdapi.scripts.catalogue import Tab
from tintype.server.sdapi.scripts.values import numbers_in, texts_in, wholes_in

TESTS = Path(__file__).parents[4]
RECORDED = json.loads((TESTS / "api" / "recorded" / "scripts.json").read_text())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1, 2,5", [1, 2, 5]),
        ("1-5", [1, 2, 3, 4, 5]),
        ("1-9 (+4)", [1, 5, 9]),
        ("1-8(+4)", [1, 5]),
        ("10-4(-3)", [10, 7, 4]),
        ("1-10[4]", [1, 4, 7, 10]),
        ("1-10 [5]", [1, 3, 5, 7, 10]),
        ("-1", [-1]),
        ("-3--1", [-3, -2, -1]),
        ("7, 1-2", [7, 1, 2]),
        ("3-3[1]", [3]),
    ],
)
def test_whole_numbers_and_their_ranges(text: str, expected: list[int]) -> None:
    """Ranges hold both ends; a counted range is spread evenly and cut to whole numbers."""
    assert wholes_in(text, "Steps") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0-1(+0.25)", [0, 0.25, 0.5, 0.75, 1]),
        ("0.1-0.5 (+0.1)", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("0-1[3]", [0, 0.5, 1]),
        ("7", [7]),
        ("5-7", [5, 6, 7]),
        ("1e-3", [0.001]),
    ],
)
def test_fractions_and_their_ranges(text: str, expected: list[float]) -> None:
    """Fractions are written like whole numbers; dust of adding them costs no value."""
    assert numbers_in(text, "CFG Scale") == pytest.approx(expected)


@given(st.integers(-50, 50), st.integers(1, 60), st.integers(2, 12))
def test_counted_ranges_are_those_of_numpy(first: int, length: int, count: int) -> None:
    """`a-b[n]` is NumPy's linspace."""
    found = numbers_in(f"{first}-{first + length}[{count}]", "x")

    assert found == pytest.approx(np.linspace(first, first + length, count))


def test_quoted_values_keep_their_commas() -> None:
    """Values are separated as in CSV."""
    assert texts_in('a, "b, c" ,d') == ["a", "b, c", "d"]


@pytest.mark.parametrize("text", ["x", "1-", "1-2(3", "", "1-100000", "1-2[99999]"])
def test_values_without_sense_are_refused(text: str) -> None:
    """What is no number, nothing, or more than anybody looks at."""
    axis = find_axis("Steps", "txt2img")

    with pytest.raises(InvalidRequest):
        axis.values(text, ())


@pytest.mark.parametrize("tab", ["txt2img", "img2img"])
def test_axes_stand_where_a1111_has_them(tab: Tab) -> None:
    """Clients send places in A1111's list; 1.10 has three axes more than the recorded 1.8."""
    newer = ("Beta schedule alpha", "Beta schedule beta", "Size")

    labels = [axis.label for axis in axes_of(tab)]

    assert [label for label in labels if label not in newer] == RECORDED["axes"][tab]
    rho = labels.index("Schedule rho")
    assert labels[rho + 1 : rho + 3] == list(newer[:2])
    assert labels[-1] == "Size"


def test_an_axis_without_sense_names_the_choices() -> None:
    """Neither a number of the list nor a name in it."""
    with pytest.raises(InvalidRequest, match=r"99 is no axis of txt2img; .*4 Steps"):
        find_axis(99, "txt2img")


@pytest.mark.parametrize(
    ("label", "value", "field", "expected"),
    [
        ("Steps", 3, "steps", 3),
        ("CFG Scale", 2.5, "cfg_scale", 2.5),
        ("Var. strength", 0.5, "subseed_strength", 0.5),
        ("Size", "48x64", "width", 48),
        ("Styles", "ink, pen", "styles", ["ink", "pen"]),
        ("Sampler", "Heun", "sampler_name", "Heun"),
        ("Refiner checkpoint", "None", "refiner_checkpoint", None),
        ("Clip skip", 2, "override_settings", {"CLIP_stop_at_last_layers": 2}),
        ("SGM noise multiplier", "Yes", "override_settings", {"sgm_noise_multiplier": True}),
        ("RNG source", "NV", "override_settings", {"randn_source": "NV"}),
    ],
)
def test_an_axis_changes_its_field(label: str, value: Any, field: str, expected: Any) -> None:
    """A value goes where the request's own would go."""
    axis = find_axis(label, "txt2img")

    changed = axis.apply(Txt2ImgBody(), value, [value])

    assert getattr(changed, field) == expected


def test_prompt_search_and_replace() -> None:
    """The first value is what is searched for, in both prompts; it must be there."""
    axis = find_axis("Prompt S/R", "img2img")
    body = Img2ImgBody(prompt="a cat, a cat", negative_prompt="no cat")

    changed = axis.apply(body, "dog", ["cat", "dog"])

    assert (changed.prompt, changed.negative_prompt) == ("a dog, a dog", "no dog")
    with pytest.raises(InvalidRequest, match="did not find 'bird'"):
        axis.apply(body, "dog", ["bird", "dog"])


def test_prompt_order() -> None:
    """Words change places, what stands between them stays; all orders are tried."""
    axis = find_axis("Prompt order", "txt2img")
    values = axis.values("sun, sea, sky", ())
    body = Txt2ImgBody(prompt="a sky of (sea), sun!")

    prompts = {axis.apply(body, value, values).prompt for value in values}

    assert len(values) == 6
    assert axis.apply(body, ("sun", "sea", "sky"), values).prompt == "a sun of (sea), sky!"
    assert len(prompts) == 6


def test_legends_name_what_a_number_means() -> None:
    """Numbers stand behind their label, names for themselves, nothing for nothing."""
    assert find_axis("Steps", "txt2img").legend(4) == "Steps: 4"
    assert find_axis("CFG Scale", "txt2img").legend(0.1 + 0.2) == "CFG Scale: 0.3"
    assert find_axis("Sampler", "txt2img").legend("Euler") == "Euler"
    assert find_axis("Nothing", "txt2img").legend(0) == ""
