"""Prompts that change from step to step."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.prompt import active, scheduled
from tintype.prompt.schedule import active_end

FIRST_PASS = [
    ("a [b:c:0.5] d", 10, [(5, "a b d"), (10, "a c d")]),
    ("a [b:c:5] d", 10, [(5, "a b d"), (10, "a c d")]),
    ("[a:b:.25]", 20, [(5, "a"), (20, "b")]),
    ("[a::0.5]", 10, [(5, "a"), (10, "")]),
    ("[:b:0.5]", 10, [(5, ""), (10, "b")]),
    ("[b:0.5]", 10, [(5, ""), (10, "b")]),
    ("[b:5]", 10, [(5, ""), (10, "b")]),
    ("[a:b:1.0]", 10, [(10, "a")]),
    ("[a:b:1]", 10, [(1, "a"), (10, "b")]),
    ("[a:b:0]", 10, [(10, "b")]),
    ("[a:b:0.0]", 10, [(10, "b")]),
    ("[a:b:0.01]", 10, [(10, "b")]),
    ("[a:b:-1]", 10, [(10, "b")]),
    ("[a:b:2.0]", 10, [(10, "a")]),
    ("[a:b:99]", 10, [(10, "a")]),
    ("[a:b:1e1]", 10, [(10, "a")]),
    ("[a:b:1e999]", 10, [(10, "a")]),
    ("[a:b:-1e999]", 10, [(10, "b")]),
    ("[a:b:0.55]", 10, [(5, "a"), (10, "b")]),
    ("[a|b]", 4, [(1, "a"), (2, "b"), (3, "a"), (4, "b")]),
    ("[a|b|c]", 5, [(1, "a"), (2, "b"), (3, "c"), (4, "a"), (5, "b")]),
    ("[a|]", 4, [(1, "a"), (2, ""), (3, "a"), (4, "")]),
    ("[|a]", 4, [(1, ""), (2, "a"), (3, ""), (4, "a")]),
    ("[a||b]", 4, [(1, "a"), (2, ""), (3, "b"), (4, "a")]),
    ("[fe|]male", 4, [(1, "female"), (2, "male"), (3, "female"), (4, "male")]),
    ("[(a:1.2)|b]", 3, [(1, "(a:1.2)"), (2, "b"), (3, "(a:1.2)")]),
    ("x [a|b] y [c:d:0.5]", 4, [(1, "x a y c"), (2, "x b y c"), (3, "x a y d"), (4, "x b y d")]),
    ("[[a|b]:c:2]", 4, [(1, "a"), (2, "b"), (3, "c"), (4, "c")]),
    ("[a:[b:c:4]:2]", 6, [(2, "a"), (4, "b"), (6, "c")]),
    ("[to:2] [from::2]", 5, [(2, " from"), (5, "to ")]),
    ("[a : b : 0.5 ]", 10, [(5, "a "), (10, " b ")]),
    ("[a:b: 0.5]", 10, [(5, "a"), (10, "b")]),
    ("(a [b:c:0.5]:1.2)", 10, [(5, "(a b:1.2)"), (10, "(a c:1.2)")]),
    ("[a, b:c, d:0.5]", 10, [(5, "a, b"), (10, "c, d")]),
    ("[a(x:1.2):b:0.5]", 10, [(5, "a(x:1.2)"), (10, "b")]),
    ("[[a]:3]", 10, [(3, ""), (10, "[a]")]),
    ("((a][:b:c [d:3]", 10, [(3, "((a][:b:c "), (10, "((a][:b:c d")]),
    ("[::0.5]", 10, [(5, ""), (10, "")]),
    ("[[a:b:5]", 10, [(5, "[a"), (10, "[b")]),
    ("[a:b:5]]", 10, [(5, "a]"), (10, "b]")]),
    ("[(a:b:5)] [c:d:5]", 10, [(5, "[(a:b:5)] c"), (10, "[(a:b:5)] d")]),
]
LITERAL = [
    "",
    " a, b ",
    r"\[a:b:0.5\]",
    "[a:b:0.5",
    "a:b:0.5]",
    "[a b]",
    "[a:b]",
    "[a]",
    "[a:b:[c]]",
    "[a:b:c:0.5]",
    "a [unbalanced",
    "[a:b:0.5x]",
    r"[a:b\:0.5]",
    "[(a:b:0.5]",
    "[a:b:(0.5)]",
    "(a:b:c)",
]
UNREADABLE = ["a | b [c:d:5]", "(a|b) [c:d:5]", "[c:d:5] [a:b|c]", "[c:d:5] [a|b", "[c:d:5] \\"]
HIRES = [
    ("a [b:c:0.5]", [(20, "a c")]),
    ("a [b:c:5]", [(20, "a c")]),
    ("a [b:c:1.5]", [(10, "a b"), (20, "a c")]),
    ("a [b:c:15]", [(5, "a b"), (20, "a c")]),
    ("a [b:c:30]", [(20, "a b")]),
    ("[a:b:2.0]", [(20, "a")]),
]

texts = st.text(st.sampled_from("()[]:|\\ab 0.5"), max_size=40)


@pytest.mark.parametrize(("text", "steps", "segments"), FIRST_PASS)
def test_first_pass(text: str, steps: int, segments: list[tuple[int, str]]) -> None:
    """Each text of a schedule comes with the last step it is meant for."""
    assert scheduled(text, steps) == segments


@pytest.mark.parametrize("text", LITERAL)
def test_literal(text: str) -> None:
    """What is not well formed is one text for all steps, as written."""
    assert scheduled(text, 10) == [(10, text)]


@pytest.mark.parametrize("text", UNREADABLE)
def test_unreadable(text: str) -> None:
    """A stray bar or a backslash at the end makes everything literal, good schedules too."""
    assert scheduled(text, 10) == [(10, text)]


@pytest.mark.parametrize(("text", "segments"), HIRES)
def test_hires_pass(text: str, segments: list[tuple[int, str]]) -> None:
    """The hires pass counts on from the first pass: shares from 1, steps from its end."""
    assert scheduled(text, 20, hires_base=10) == segments


@pytest.mark.parametrize("text", ["[a:b:1.0]", "[a:b:1.5]", "[a:b:1]", "[a:b:.1]"])
@pytest.mark.parametrize("hires_base", [None, 7])
def test_old_rule(text: str, hires_base: int | None) -> None:
    """By the old rule numbers from 1 are steps, whether or not they have a point."""
    segments = scheduled(text, 10, hires_base=hires_base, old_rule=True)
    assert segments == [(1, "a"), (10, "b")]


@pytest.mark.parametrize(
    ("call", "index"), [(0, 0), (4, 0), (5, 0), (6, 1), (10, 1), (11, 0), (99, 0)]
)
def test_active(call: int, index: int) -> None:
    """Calls count from 0 and ends from 1, so the first text lasts one more, and returns at last."""
    assert active([(5, "a"), (10, "b")], call) == index
    assert active_end((5, 10), call) == index


@settings(deadline=None, derandomize=True)
@given(text=texts, steps=st.integers(1, 12), hires_base=st.none() | st.integers(1, 20))
def test_any_text(text: str, steps: int, hires_base: int | None) -> None:
    """Ends rise to the number of steps, and no text is longer than what was written."""
    segments = scheduled(text, steps, hires_base=hires_base)
    ends = [end for end, _ in segments]
    assert ends == sorted(set(ends))
    assert ends[0] >= 1
    assert ends[-1] == steps
    assert all(len(part) <= len(text) for _, part in segments)


@settings(deadline=None, derandomize=True)
@given(before=texts, after=texts)
def test_plain_text_in_schedules(before: str, after: str) -> None:
    """With every sign escaped, any text comes through a schedule as it was."""
    before, after = (
        "".join(f"\\{sign}" if sign in "()[]:|\\" else sign for sign in text)
        for text in (before, after)
    )
    assert scheduled(f"[{before}:{after}:3]", 9) == [(3, before), (9, after)]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + ")" * 10_000,
        "[" * 5_000 + "a" + ":b:3]" * 5_000,
        "[" * 5_000 + "a" + "|b]" * 5_000,
        "[a|" * 5_000,
        "[" * 20_000,
        "]" * 20_000,
        "(]" * 10_000,
        "\\" * 20_001,
        "[a:b:3]" * 3_000,
        "[a:b:" + "1" * 20_000 + "]",
        "[a:b:" + " " * 20_000 + "]",
    ],
)
def test_deep_text(text: str) -> None:
    """Prompts may nest as deep as they are long."""
    assert scheduled(text, 20)[-1][0] == 20


def test_deep_values() -> None:
    """The innermost of 5,000 nested changes has its say up to its step."""
    assert scheduled("[" * 5_000 + "a" + ":b:3]" * 5_000, 9) == [(3, "a"), (9, "b")]
