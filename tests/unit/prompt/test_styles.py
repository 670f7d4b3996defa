"""Styles put around prompts and taken off again, and comments."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.errors import SetupError
from tintype.prompt import Style, apply_style, extract_styles, read_styles, without_comments

STYLES = [
    Style("art", "pixel, art", "noise"),
    Style("ink", "a drawing of {prompt}, ink"),
    Style("clean", "", "blurry"),
    Style("nothing"),
]


@pytest.mark.parametrize(
    ("prompt", "style", "result"),
    [
        ("a cat", "masterpiece", "a cat, masterpiece"),
        ("a cat", "photo of {prompt}, 8k", "photo of a cat, 8k"),
        ("", "masterpiece", "masterpiece"),
        (" a ", "", "a"),
        ("a", "{prompt} and {prompt}", "a and a"),
        (" a ", "<{prompt}>", "< a >"),
        ("a cat", " b ", "a cat, b"),
    ],
)
def test_apply(prompt: str, style: str, result: str) -> None:
    """A style takes the prompt into its midst or follows it."""
    assert apply_style(prompt, style) == result


@pytest.mark.parametrize(
    ("text", "styles"),
    [
        ("name,prompt,negative_prompt\na,b,c\n", [Style("a", "b", "c")]),
        ("\ufeffname,prompt,negative_prompt\r\na,b,c\r\n", [Style("a", "b", "c")]),
        ("name,text\na,b\n", [Style("a", "b")]),
        ("name,prompt,negative_prompt\n#a,b,c\n# ---,,\n,x,y\nd,e,f\n", [Style("d", "e", "f")]),
        ('name,prompt,negative_prompt\na,"b, ""c""\nd",\n', [Style("a", 'b, "c"\nd')]),
        ("name,prompt,negative_prompt\na\nb,c,d,e,f\n", [Style("a"), Style("b", "c", "d")]),
        ("prompt,name\nb,a\n", [Style("a", "b")]),
        ("", []),
    ],
)
def test_read(text: str, styles: list[Style]) -> None:
    """Styles come from A1111's file, old and new, with or without a byte order mark."""
    assert read_styles(text) == styles


def test_read_rubbish() -> None:
    """A field of a megabyte is refused as the file's fault."""
    with pytest.raises(SetupError, match="styles cannot be read"):
        read_styles("name,prompt\na," + "b" * 1_000_000)


EXTRACTED: list[tuple[str, str, tuple[list[str], str, str]]] = [
    ("a cat, pixel, art", "dull, noise", (["art"], "a cat", "dull")),
    ("a cat, pixel, art", "dull", ([], "a cat, pixel, art", "dull")),
    ("pixel, art", "noise", (["art"], "", "")),
    ("a drawing of a cat, ink", "", (["ink"], "a cat", "")),
    ("a drawing of a cat", "", ([], "a drawing of a cat", "")),
    ("a drawing of, ink", "", ([], "a drawing of, ink", "")),
    ("a cat", "blurry", (["clean"], "a cat", "")),
    ("a drawing of a cat, pixel, art, ink", "noise", (["art", "ink"], "a cat", "")),
    ("a cat", "dull", ([], "a cat", "dull")),
]


@pytest.mark.parametrize(("prompt", "negative", "expected"), EXTRACTED)
def test_extract(prompt: str, negative: str, expected: tuple[list[str], str, str]) -> None:
    """Styles that both prompts bear are taken off, the last applied first."""
    assert extract_styles(prompt, negative, STYLES) == expected


@settings(deadline=None, derandomize=True)
@given(
    prompt=st.text("abc ,").map(lambda text: text.strip(" ,")),
    styles=st.lists(st.sampled_from(STYLES[:3]), unique=True),
)
def test_there_and_back(prompt: str, styles: list[Style]) -> None:
    """What was applied is found again, in as many styles, and the prompt is left."""
    whole, negative = prompt, ""
    for style in styles:
        whole = apply_style(whole, style.prompt)
        negative = apply_style(negative, style.negative_prompt)
    names, rest, rest_negative = extract_styles(whole, negative, STYLES)
    assert (sorted(names), rest, rest_negative) == (sorted(s.name for s in styles), prompt, "")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a cat", "a cat"),
        ("a cat # or two", "a cat \n"),
        ("a cat # or two\nb", "a cat \nb"),
        ("a\n# note\nb", "a\nb"),
        ("# note\nb", "\nb"),
        ("a\n# note", "a\n"),
        ("# note", "\n"),
        ("a\n # note\nb", "a\n \nb"),
        ("", ""),
    ],
)
def test_comments(text: str, result: str) -> None:
    """Comments go, and a line break stands in for them."""
    assert without_comments(text) == result


@settings(deadline=None, derandomize=True)
@given(st.text(st.sampled_from("a#\n "), max_size=40))
def test_no_comment_is_left(text: str) -> None:
    """Nothing that is left begins a comment, and text without one is not touched."""
    result = without_comments(text)
    assert "#" not in result
    assert "#" in text or result == text
