"""Weights in prompts."""

from itertools import groupby
from math import isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.errors import InvalidRequest
from tintype.prompt import weighted, written

WEAK = 0.9090909090909091
BREAK = ("BREAK", -1.0)
ROWS: list[tuple[str, list[tuple[str, float]]]] = [
    ("normal text", [("normal text", 1)]),
    ("(a)", [("a", 1.1)]),
    ("((a))", [("a", 1.2100000000000002)]),
    ("(((a)))", [("a", 1.3310000000000004)]),
    ("[a]", [("a", WEAK)]),
    ("[[a]]", [("a", 0.8264462809917354)]),
    ("(a:1.3)", [("a", 1.3)]),
    ("(a:1.3) b", [("a", 1.3), (" b", 1)]),
    ("[a:1.3]", [("a:1.3", WEAK)]),
    ("(a:0)", [("a", 0)]),
    ("(a:-1)", [("a", -1)]),
    ("(a:1.)", [("a", 1)]),
    ("(a:.5)", [("a", 0.5)]),
    ("(a:+1.5)", [("a", 1.5)]),
    ("(a: 1.2 )", [("a", 1.2)]),
    ("(a :1.2)", [("a ", 1.2)]),
    ("(a,b:1.2, c)", [("a,b:1.2, c", 1.1)]),
    ("((a:1.2))", [("a", 1.32)]),
    ("((a:1.2):1.5)", [("a", 1.7999999999999998)]),
    ("(a(b:2)c)", [("a", 1.1), ("b", 2.2), ("c", 1.1)]),
    ("[(a:1.5)]", [("a", 1.3636363636363635)]),
    ("([a])", [("a", 1.0)]),
    ("(a", [("a", 1.1)]),
    ("a)", [("a)", 1)]),
    ("(a))", [("a", 1.1), (")", 1)]),
    ("[a", [("a", WEAK)]),
    ("a:1.2", [("a:1.2", 1)]),
    ("a:1.2)", [("a:1.2)", 1)]),
    ("(a:1.2", [("a:1.2", 1.1)]),
    ("(a:b:1.3)", [("a:b", 1.3)]),
    ("(a:1.2:1.3)", [("a:1.2", 1.3)]),
    (r"\(a\)", [("(a)", 1)]),
    (r"\[a\]", [("[a]", 1)]),
    (r"a\\b", [(r"a\b", 1)]),
    (r"(a\):1.2)", [("a)", 1.2)]),
    (r"\a", [("a", 1)]),
    ("a BREAK b", [("a", 1), BREAK, ("b", 1)]),
    ("a\nBREAK\n b", [("a", 1), BREAK, ("b", 1)]),
    ("a BREAK BREAK b", [("a", 1), BREAK, ("", 1), BREAK, ("b", 1)]),
    ("BREAK", [("", 1), BREAK, ("", 1)]),
    ("a BREAKb", [("a BREAKb", 1)]),
    ("(a BREAK b:1.2)", [("a", 1.2), ("BREAK", -1.2), ("b", 1.2)]),
    ("(a)(b)", [("ab", 1.1)]),
    ("(a:1.1)(b)", [("ab", 1.1)]),
    ("(a) (b)", [("a", 1.1), (" ", 1), ("b", 1.1)]),
    ("(a:1e3)", [("a:1e3", 1.1)]),
    ("()", [("", 1)]),
    ("(:1.2)", [("", 1)]),
    ("[]", [("", 1)]),
    ("", [("", 1)]),
    ("a AND b", [("a AND b", 1)]),
    ("[a:b:0.5]", [("a:b:0.5", WEAK)]),
    ("[a|b]", [("a|b", WEAK)]),
    ("(a:1.3), [b], {c}", [("a", 1.3), (", ", 1), ("b", WEAK), (", {c}", 1)]),
    ("(a]", [("a]", 1.1)]),
    ("[a)", [("a)", WEAK)]),
    (
        "(masterpiece, best quality:1.4), 1girl",
        [("masterpiece, best quality", 1.4), (", 1girl", 1)],
    ),
    (
        "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
        [
            ("a ", 1),
            ("house", 1.5730000000000004),
            (" ", 1.1),
            ("on", 1),
            (" a ", 1.1),
            ("hill", 0.55),
            (", sun, ", 1.1),
            ("sky", 1.4641000000000006),
            (".", 1.1),
        ],
    ),
    ("(a:0.5)[b:0.5](c", [("a", 0.5), ("b:0.5", WEAK), ("c", 1.1)]),
    ("([a)b]", [("a", 1.0), ("b", WEAK)]),
]
PROMPT_SIGNS = st.sampled_from([*"()[]:\\ab 1.2-\n", ":1.2)", " BREAK ", "BREAK", "\\(", "\\)"])
prompts = st.lists(PROMPT_SIGNS, max_size=40).map("".join)


def merged(segments: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """The segments that have text, neighbours of one weight in one."""
    runs = groupby((s for s in segments if s[0]), key=lambda segment: segment[1])
    return [("".join(text for text, _ in run), weight) for weight, run in runs]


@pytest.mark.parametrize(("text", "segments"), ROWS)
def test_weighted(text: str, segments: list[tuple[str, float]]) -> None:
    """Each text has A1111's pieces and weights, to the last digit."""
    assert weighted(text) == segments


@pytest.mark.parametrize(("text", "segments"), ROWS)
def test_modes(text: str, segments: list[tuple[str, float]]) -> None:
    """ "Ignore" and "No norm" read alike; "None" takes everything literally."""
    assert weighted(text, "Ignore") == weighted(text, "No norm") == segments
    assert weighted(text, "None") == [(text, 1.0)]


@pytest.mark.parametrize("text", ["(a:1.2.3)", "(a:-)", "(a:.)", "(a:1-2)"])
def test_refused_weights(text: str) -> None:
    """A weight that is no number is refused, with a hint how to write one."""
    with pytest.raises(InvalidRequest, match=r"^prompt: the weight .* write weights like"):
        weighted(text)


def test_closed_weights_alone_are_read() -> None:
    """Without an opening bracket before it, a false weight is text."""
    assert weighted("a:1.2.3)") == [("a:1.2.3)", 1.0)]


@settings(deadline=None, derandomize=True, max_examples=200)
@given(prompts)
def test_written(text: str) -> None:
    """What is written from the pieces is read as the same pieces, empty ones aside."""
    try:
        segments = weighted(text)
    except InvalidRequest:
        return
    if segments[0] == ("", 1.0) or not any(isnan(weight) for _, weight in segments):
        assert merged(weighted(written(segments))) == merged(segments)


@settings(deadline=None, derandomize=True)
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    """Any text without brackets, backslashes and BREAK has weight 1 and stays as it is."""
    plain = "".join(sign for sign in text if sign not in "()[]\\")
    assert weighted(plain) == [(plain, 1.0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ([("a", 1.0), BREAK, ("b", 1.0)], "a BREAK b"),
        ([("a b", 1.25), (", c", 1.0)], "(a b:1.25), c"),
        ([("(a)", 1e-7)], r"(\(a\):0.0000001)"),
        ([("BREAK", 1.0)], r"BRE\AK"),
    ],
)
def test_writing(text: list[tuple[str, float]], expected: str) -> None:
    """Weights are explicit, brackets escaped, and a BREAK stands by itself."""
    assert written(text) == expected
    assert weighted(expected) == text


def test_wide_groups() -> None:
    """Groups around thousands of pieces multiply every one of them, wherever it stands."""
    text = "((" + "a (b:2) " * 2000 + ":1.5) c [d]"
    segments = weighted(text)
    inner = [weight for text, weight in segments if text == "b"]
    outer = [weight for text, weight in segments if text.strip() == "a"]
    assert inner == [pytest.approx(3.3, rel=1e-15)] * 2000
    assert outer == [pytest.approx(1.65, rel=1e-15)] * 2000
    assert segments[-1] == ("d", 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "a" + ")" * 10_000,
        "(a" * 6_600 + ")" * 6_600,
        "(a" * 10_000,
        "[a(" * 6_600,
        "(a:" * 6_600,
        ":1" * 10_000,
        ":" + " " * 20_000,
        " " * 20_000 + "b",
        "BREAK " * 3_000,
        "\\" * 20_000,
    ],
)
def test_deep_text(text: str) -> None:
    """Prompts may nest as deep as they are long."""
    assert weighted(text)


def test_deep_weights() -> None:
    """A hundred nested brackets multiply a hundred times, one after the other."""
    expected = 1.0
    for _ in range(100):
        expected *= 1.1
    assert weighted("(" * 100 + "a" + ")" * 100) == [("a", expected)]
