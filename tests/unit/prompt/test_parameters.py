"""Infotext as a program should act on it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.prompt import Style, parse_parameters

RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "recorded" / "png_info.json").read_text(encoding="utf-8")
)
HEAD = "Steps: 8, Sampler: Euler, CFG scale: 7.0"


@pytest.mark.parametrize("case", RECORDED)
def test_recorded(case: dict[str, Any]) -> None:
    """A1111's answers, but for two changes since 1.8.

    1.10 has a schedule for the hires pass, and names the emphasis only where there is some.
    """
    expected = case["parameters"] | {"Hires schedule type": "Use same scheduler"}
    del expected["Emphasis"]
    assert parse_parameters(case["info"]) == expected


def test_recorded_order() -> None:
    """What is written comes first and in its order, then what is not."""
    keys = list(parse_parameters("a\nSteps: 8, Size: 64x96, Seed: 1"))
    assert keys[:6] == ["Prompt", "Negative prompt", "Steps", "Size-1", "Size-2", "Seed"]
    assert keys[6] == "Clip skip"


@pytest.mark.parametrize(
    ("text", "some"),
    [
        (f"a\n{HEAD}, Size: 64x96", {"Size-1": "64", "Size-2": "96"}),
        (f"a\n{HEAD}, Hires resize: 96x0", {"Hires resize-1": "96", "Hires resize-2": "0"}),
        (f"a\n{HEAD}, Size: 64 x 96", {"Size": "64 x 96"}),
        (f"a (b)\n{HEAD}", {"Emphasis": "Original"}),
        (f"a\nNegative prompt: [b]\n{HEAD}", {"Emphasis": "Original"}),
        (f"(a)\n{HEAD}, Emphasis: No norm", {"Emphasis": "No norm"}),
        (f"a\n{HEAD}, Hypernet: h", {"Prompt": "a<hypernet:h:1.0>"}),
        (f"a\n{HEAD}, Hypernet: h, Hypernet strength: 0.5", {"Prompt": "a<hypernet:h:0.5>"}),
        ("just words", {"Prompt": "just words", "RNG": "GPU", "Masked area padding": 32}),
        ("", {"Prompt": "", "Negative prompt": "", "Clip skip": "1"}),
        (
            f"a\nNegative prompt: b\nNegative prompt: c\n{HEAD}",
            {"Prompt": "a", "Negative prompt": "b\nc"},
        ),
    ],
)
def test_values(text: str, some: dict[str, Any]) -> None:
    """Values are as written, sizes in two parts, and what is missing has its default."""
    found = parse_parameters(text)
    assert {key: found.get(key) for key in some} == some


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("384x256", ("384", "256", "768", "512")),
        ("0x0", ("640", "448", "768", "512")),
        ("384x0", ("640", "448", "768", "512")),
    ],
)
def test_first_pass_size(first: str, expected: tuple[str, ...]) -> None:
    """The old first pass size becomes the size, and the old size that of the hires pass."""
    found = parse_parameters(f"a\n{HEAD}, Size: 768x512, First pass size: {first}")
    keys = ("Size-1", "Size-2", "Hires resize-1", "Hires resize-2")
    assert tuple(found[key] for key in keys) == expected


OLD_TIMELINES, PAD, DOWNCAST, REFINER = (
    "Old prompt editing timelines",
    "Pad conds v0",
    "Downcast alphas_cumprod",
    "Refiner switch by sampling steps",
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("Sampler: DDIM, Refiner: r, Version: v1.5.2", {OLD_TIMELINES, PAD, DOWNCAST, REFINER}),
        ("Sampler: Euler, Version: v1.5.2", {OLD_TIMELINES, DOWNCAST}),
        ("Sampler: PLMS, Version: 1.6.0", {DOWNCAST}),
        ("Sampler: PLMS, Version: v1.6.0-12-gabcdef0", {DOWNCAST}),
        ("Sampler: Euler, Refiner: r, Version: v1.7.0-224-gabcdef0", {DOWNCAST, REFINER}),
        ("Sampler: Euler, Refiner: r, Version: v1.7.0-225-gabcdef0", {REFINER}),
        ("Sampler: Euler, Refiner: r, Version: 1.8.0-RC", {REFINER}),
        ("Sampler: DDIM, Refiner: r, Version: 1.8.0", set[str]()),
        ("Sampler: DDIM, Refiner: r, Version: v1.10.1", set[str]()),
        ("Sampler: DDIM, Refiner: r, Version: f2.0.1v1.10.1-previous-1", set[str]()),
        ("Sampler: DDIM, Refiner: r, Version: 1.5", set[str]()),
        ("Sampler: DDIM, Refiner: r, Model: m", set[str]()),
    ],
)
def test_old_versions(fields: str, expected: set[str]) -> None:
    """Texts of old versions ask for the old ways, those of no known version for none."""
    found = parse_parameters(f"[a:b:2]\nSteps: 8, {fields}")
    asked = {key for key in (OLD_TIMELINES, PAD, DOWNCAST, REFINER) if found.get(key) is True}
    assert asked == expected


def test_old_timelines_need_brackets() -> None:
    """A prompt without a bracket has no timelines."""
    found = parse_parameters("a\nSteps: 8, Seed: 1, Version: 1.5.0")
    assert OLD_TIMELINES not in found


def test_styles() -> None:
    """Styles that are found are taken off and named; skipped names are left out."""
    text = f"a cat, pixel\nNegative prompt: noise\n{HEAD}"
    found = parse_parameters(text, styles=[Style("art", "pixel", "noise")], skipped=["RNG"])
    assert found["Prompt"] == "a cat"
    assert found["Negative prompt"] == ""
    assert found["Styles array"] == ["art"]
    assert "RNG" not in found
    assert "Styles array" not in parse_parameters(text)


FIELDS = [
    "Size: ",
    "First pass size: ",
    "Version: ",
    "Hypernet: ",
    "9x9",
    "9" * 5000,
    "1.5.0",
    ", ",
]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.sampled_from([*FIELDS, "\n", "a", "Negative prompt:", "x", '"']), max_size=20))
def test_any_text(pieces: list[str]) -> None:
    """Any text has parameters, defaults included."""
    found = parse_parameters("".join(pieces))
    assert {"Prompt", "Negative prompt", "RNG", "Mask mode"} <= found.keys()
