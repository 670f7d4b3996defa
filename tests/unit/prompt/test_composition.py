"""Prompts joined by AND."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.prompt import composed


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a AND b", [("a", 1), (" b", 1)]),
        ("a AND b:0.5", [("a", 1), (" b", 0.5)]),
        ("a :1.2 AND b :-0.5", [("a", 1.2), (" b", -0.5)]),
        ("a AND b AND c:2", [("a", 1), (" b", 1), (" c", 2)]),
        ("aANDb", [("aANDb", 1)]),
        ("a and b", [("a and b", 1)]),
        ("a AND", [("a", 1), ("", 1)]),
        ("AND b", [("", 1), (" b", 1)]),
        (" a  AND  b ", [(" a", 1), ("  b", 1)]),
        ("(a:1.2) AND (b:0.8):0.7", [("(a:1.2)", 1), (" (b:0.8)", 0.7)]),
        ("a:1.5", [("a", 1.5)]),
        ("ratio 16:9", [("ratio 16", 9)]),
        ("a:1.5:2", [("a:1.5", 2)]),
        ("a AND b:1e3", [("a", 1), (" b:1e3", 1)]),
        ("cat:3 dogs", [("cat:3 dogs", 1)]),
        ("a : .5 ", [("a", 0.5)]),
        ("a:2.", [("a", 2)]),
        ("a:", [("a:", 1)]),
        ("a:.", [("a:.", 1)]),
        ("2", [("2", 1)]),
        (":2", [("", 2)]),
        ("", [("", 1)]),
        ("a\nAND\nb:2\n", [("a", 1), ("\nb", 2)]),
    ],
)
def test_composed(text: str, parts: list[tuple[str, float]]) -> None:
    """Parts end at the word AND and carry the number behind their last colon."""
    assert composed(text) == parts


@settings(deadline=None, derandomize=True)
@given(st.text(st.sampled_from("AND :.5-+ b\n"), max_size=40))
def test_any_text(text: str) -> None:
    """There is one part more than there are words AND, none ending in a blank."""
    parts = composed(text)
    words = text.replace(":", " ").replace(".", " ").replace("-", " ").replace("+", " ").split()
    assert len(parts) == words.count("AND") + 1
    assert all(part == part.rstrip() for part, _ in parts)


@pytest.mark.parametrize("piece", [" ", ":", ": ", "1", ":1", "AND ", "AND"])
def test_hostile_text(piece: str) -> None:
    """Half a million signs are read, whatever they repeat."""
    composed("a" + piece * (500_000 // len(piece)) + "b")
