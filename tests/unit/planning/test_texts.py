"""Wildcards in plans: each picture draws its own words from its seed, and infotext tells both."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.library import make_library, planned

from tintype.core.requests import HiresRequest, Plan, Request
from tintype.core.text_settings import TextSettings
from tintype.errors import InvalidRequest, UnknownName
from tintype.planning import Library, infotext_for
from tintype.prompt import parse_parameters

ON = TextSettings(wildcards="on")
KNOWN = TextSettings(wildcards="known")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A model folder whose wildcards are colours and LoRAs."""
    found = make_library(tmp_path)
    (tmp_path / "wildcards").mkdir()
    (tmp_path / "wildcards" / "colour.txt").write_text("red\ngreen\nblue\n")
    (tmp_path / "wildcards" / "look.txt").write_text("<lora:ink:0.5> ink\n<lora:wool:1> wool\n")
    return found


def plans(library: Library, prompt: str, **fields: object) -> tuple[Plan, ...]:
    """What is planned with the whole language on."""
    request = Request(prompt, seed=40, text=ON)
    return planned(replace(request, **fields), library)  # type: ignore[arg-type]


def test_each_picture_draws_its_own(library: Library) -> None:
    """A picture of a job has the words it has alone with its seed."""
    several = plans(library, "a __colour__ {cat|dog}", images=16)
    alone = [plans(library, "a __colour__ {cat|dog}", seed=40 + i)[0] for i in range(16)]
    assert [plan.prompt for plan in several] == [plan.prompt for plan in alone]
    assert len({plan.prompt for plan in several}) > 3


def test_variations_share_their_words(library: Library) -> None:
    """Pictures of one seed and several subseeds are variations of one text."""
    several = plans(library, "{a|b|c|d|e|f|g|h}", images=8, subseed_strength=0.5)
    assert len({plan.prompt for plan in several}) == 1


def test_loras_are_found_in_what_is_drawn(library: Library) -> None:
    """Each picture wears the LoRA that its own words name."""
    for plan in plans(library, "__look__", images=12):
        names = [adapter.record.name for adapter in plan.network.adapters]
        assert names == [plan.prompt.rpartition(" ")[2]]


def test_styles_are_templates_too(library: Library, tmp_path: Path) -> None:
    """Wildcards in a style are drawn, for styles come first."""
    (tmp_path / "styles.csv").write_text("name,prompt,negative_prompt\ns,{prompt} in __colour__,\n")
    (plan,) = plans(library, "a cat", styles=("s",))
    assert plan.prompt in {f"a cat in {colour}" for colour in ("red", "green", "blue")}


def test_hires_prompts_draw_alike(library: Library) -> None:
    """A hires prompt that is written as the prompt comes out as the prompt."""
    hires = HiresRequest(0.5, prompt="{a|b|c|d|e|f|g|h}")
    for plan in plans(library, "{a|b|c|d|e|f|g|h}", hires=hires, images=8):
        assert plan.hires is not None
        assert plan.hires.prompt == plan.prompt


def test_infotext_tells_text_and_template(library: Library) -> None:
    """Infotext begins with what was drawn, and names what it was drawn from; both come back."""
    (plan,) = plans(library, 'a {cat|cat}, "so"', negative_prompt="{dull|dull}")
    text = infotext_for(plan, "v1")
    assert text.startswith('a cat, "so"\nNegative prompt: dull\n')
    found = parse_parameters(text)
    assert found["Template"] == 'a {cat|cat}, "so"'
    assert found["Negative Template"] == "{dull|dull}"


def test_nothing_drawn_no_template(library: Library) -> None:
    """A prompt that came out as it went in is told once."""
    (plan,) = plans(library, "a {cat}")
    assert plan.template == ""
    assert "Template" not in infotext_for(plan, "v1")


def test_known_names_only(library: Library) -> None:
    """In A1111's requests only wildcards that are there are drawn; braces are text."""
    (plan,) = plans(library, "{a|b} __nobody__ __colour__", text=KNOWN)
    assert plan.prompt.rpartition(" ")[0] == "{a|b} __nobody__"
    assert plan.prompt.rpartition(" ")[2] in ("red", "green", "blue")


def test_off(library: Library) -> None:
    """Where they are off everything is text."""
    (plan,) = plans(library, "{a|b} __colour__", text=TextSettings())
    assert plan.prompt == "{a|b} __colour__"


def test_unknown_names(library: Library) -> None:
    """A name that is not there is refused with a near one."""
    with pytest.raises(UnknownName, match="wildcard 'color' is not known; did you mean 'colour'"):
        plans(library, "__color__")


def test_length(library: Library) -> None:
    """What is drawn may be as long as what is written."""
    with pytest.raises(InvalidRequest, match="more than the 20000 characters"):
        plans(library, "{500$$" + "x" * 60 + "|" + "y" * 60 + "}")


def test_comments_go_first(library: Library) -> None:
    """A wildcard in a comment is not asked for."""
    assert plans(library, "a cat # __nobody__")[0].prompt.strip() == "a cat"
