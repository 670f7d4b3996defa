"""Texts drawn from templates: what is drawn, what stays text, and what is refused."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.core.wildcards import Entry, read_entry
from tintype.errors import InvalidRequest, UnknownName
from tintype.prompt.drawing import Bounds, Dice, Wildcards, draw_text

FILES: Mapping[str, Sequence[str]] = {
    "colour": ["red", "green"],
    "animals/cats": ["lion"],
    "nested": ["a __animals/cats__ in {rain|rain}"],
    "with_season": ["${season:any} leaves"],
    "empty": [],
    "loop": ["__loop__"],
    "heavy": ["9::often", "1::seldom", "0::never"],
    "twins": ["${x=!{1|2|3|4|5}}${x} ${x}"],
}


def entries(name: str) -> Sequence[Entry] | None:
    """What stands in a file of `FILES`."""
    lines = FILES.get(name)
    return None if lines is None else [read_entry(line) for line in lines]


STRICT = Wildcards(entries, lambda name: UnknownName("wildcard", name, list(FILES)))
LENIENT = Wildcards(entries)


def drawn(template: str, seed: int = 1, most_chars: int = 20_000) -> str:
    """A text with everything the language has."""
    return draw_text(template, Dice(seed, "prompt"), STRICT, Bounds("prompt", most_chars))


def all_drawn(template: str) -> set[str]:
    """Every text of two hundred seeds."""
    return {drawn(template, seed) for seed in range(200)}


@pytest.mark.parametrize(
    ("template", "texts"),
    [
        ("a __colour__ rose", {"a red rose", "a green rose"}),
        ("{a|b}", {"a", "b"}),
        ("{a|}x", {"ax", "x"}),
        ("{{a|b}c|d}", {"ac", "bc", "d"}),
        ("{~a|b}", {"a", "b"}),
        ("{0::a|b}", {"b"}),
        ("{2$$a|b}", {"a, b", "b, a"}),
        ("{2$$ and $$a|b}", {"a and b", "b and a"}),
        ("{1-2$$+$$a|b}", {"a", "b", "a+b", "b+a"}),
        ("{-2$$a|b}", {"a", "b", "a, b", "b, a"}),
        ("{2-$$a|b}", {"a, b", "b, a"}),
        ("{0-1$$a|b}", {"", "a", "b"}),
        ("{3$$a|b}", {"a, b, a", "a, b, b", "b, a, a", "b, a, b"}),
        ("{2$$__colour__}", {"red, green", "green, red"}),
        ("__nested__", {"a lion in rain"}),
        ("__heavy__", {"often", "seldom"}),
        ("__with_season__", {"any leaves"}),
        ("__with_season(season=brown)__", {"brown leaves"}),
        ("${a={x|y}}${a}${a}", {"xx", "xy", "yx", "yy"}),
        ("${a=!{x|y}}${a}${a}", {"xx", "yy"}),
        ("__twins__", {"1 1", "2 2", "3 3", "4 4", "5 5"}),
        ("{[a|b]|c}", {"[a|b]", "c"}),
        ("<lora:ink:{0.5|0.8}>", {"<lora:ink:0.5>", "<lora:ink:0.8>"}),
        ("<lora:__colour__:1>", {"<lora:red:1>", "<lora:green:1>"}),
    ],
)
def test_what_a_template_becomes(template: str, texts: set[str]) -> None:
    """Over many seeds a template becomes each text it can become, and no other."""
    assert all_drawn(template) == texts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a cat, (red:1.2), [a|b], [a:b:0.5]",
        "{masterpiece}, {{best quality}}",  # NovelAI's emphasis
        "{ a } } {",
        "snake_case __ and __",
        "<lora:my__model__v2:1>",
        "costs 5$ ${",
    ],
)
def test_what_is_no_template_stays(text: str) -> None:
    """Braces without a choice, lonely underscores and names of files are plain text."""
    assert drawn(text) == text


def test_escaped_letters() -> None:
    """A backslash makes braces and bars into text, and goes."""
    assert drawn(r"\{a|b\} {c\|d|c\|d} \(e\)") == r"{a|b} c|d \(e\)"


def test_only_known_names() -> None:
    """Without variants only wildcards that are there are drawn; all else stays to the letter."""
    text = r"{a|b} __nobody__ \{ __animals/cats__"
    bounds = Bounds("prompt", 1000)
    result = draw_text(text, Dice(1, "prompt"), LENIENT, bounds, has_variants=False)
    assert result == r"{a|b} __nobody__ \{ lion"


def test_draws_are_the_same_everywhere() -> None:
    """These very texts were drawn when the feature was made; a change would change old pictures."""
    texts = [drawn("{a|b|c|d|e|f|g|h} __colour__ {2$$1|2|3}", seed) for seed in (0, 7, 2**32 - 1)]
    assert texts == RECORDED


RECORDED = ["c green 1, 2", "b green 1, 3", "d green 3, 2"]


def test_weights() -> None:
    """Nine times as heavy is drawn nine times as often."""
    texts = [drawn("__heavy__", seed) for seed in range(2000)]
    assert 0.87 < texts.count("often") / len(texts) < 0.93


def test_streams_differ() -> None:
    """Prompt and negative prompt of one picture have draws of their own."""
    pairs = {
        tuple(
            draw_text("{a|b}", Dice(seed, stream), STRICT, Bounds(stream, 10))
            for stream in ("prompt", "negative_prompt")
        )
        for seed in range(50)
    }
    assert len(pairs) == 4


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("__loop__", "deep into one another"),
        ("${x=${x}}${x}", "deep into one another"),
        ("{" * 50 + "a|b" + "}" * 50, "more than 40 braces"),
        ("{9999$$a|b}", "more than 5000 draws"),
        ("{900$$" + "s" * 100 + "$$a|b}", "more than the 20000 characters"),
        ("${a=x}" + "${a=!${a}${a}}" * 30 + "${a}", "more than the 20000 characters"),
        ("__empty__", "no entries"),
        ("${nobody}", "has no value"),
        ("__@colour__", "cannot be cycled"),
        ("{@a|b}", "cannot be cycled"),
    ],
)
def test_refusals(template: str, words: str) -> None:
    """What never ends, or is too much, or not supported, is refused in words."""
    with pytest.raises(InvalidRequest, match=words) as caught:
        drawn(template)
    assert caught.value.field == "prompt"


def test_unknown_names() -> None:
    """A name that is not there is refused with the nearest one."""
    with pytest.raises(UnknownName, match="did you mean 'colour'"):
        drawn("a __color__ rose")


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text(alphabet="ab{}|[]$_\\:=!-12,<>()~", max_size=60), st.integers(0, 9))
def test_any_text_is_drawn_or_refused(text: str, seed: int) -> None:
    """Whatever somebody writes, there is a text or a refusal, the same each time."""

    def result() -> str:
        try:
            return drawn(text, seed, 500)
        except (InvalidRequest, UnknownName) as error:
            return f"refused: {error}"

    assert result() == result()
