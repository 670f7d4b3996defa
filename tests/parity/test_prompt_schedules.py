"""Our reading of schedules against a general parser (lark's Earley) for the same grammar."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from tintype.prompt import scheduled

GRAMMAR = r"""
start: (content | STRAY)*
content: (group | change | turns | PLAIN)*
group: "(" content ")" | "(" content ":" content ")" | "[" content "]"
change: "[" [content ":"] content ":" BLANK? NUMBER BLANK? "]"
turns: "[" content ("|" [content])+ "]"
PLAIN: /([^\\\[\]():|]|\\.)+/s
STRAY: /[\[\]():]/
BLANK: /\s+/
NUMBER: /[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?/
"""
STEPS = 6
PIECES = ["(", ")", "[", "]", ":", "|", "a", "b ", "2", ":2]", ":0.5]", "[a:", "|b]", "\\", " "]
texts = st.lists(st.sampled_from(PIECES), max_size=11).map("".join)

Node = Tree[Any] | Token | None


@pytest.fixture(scope="module")
def grammar() -> Lark:
    return Lark(GRAMMAR, keep_all_tokens=True, maybe_placeholders=False)


def end_of(change: Tree[Any]) -> int:
    """The last step with the words before."""
    (number,) = (str(n) for n in change.children if isinstance(n, Token) and n.type == "NUMBER")
    return min(STEPS, int(float(number) * (STEPS if "." in number else 1)))


def options(node: Tree[Any], separator: str) -> list[Node]:
    """What stands between the separators; None where nothing does."""
    found: list[Node] = [None]
    for child in node.children[1:-1]:
        if isinstance(child, Token) and child == separator:
            found.append(None)
        elif isinstance(child, Tree):
            found[-1] = child
    return found


def text_at(node: Node, step: int) -> str:
    """The words of a tree at a step."""
    if node is None or isinstance(node, Token):
        return node or ""
    if node.data == "turns":
        alternatives = options(node, "|")
        return text_at(alternatives[(step - 1) % len(alternatives)], step)
    if node.data == "change":
        *before, after, _ = options(node, ":")
        chosen = (before or [None])[0] if step <= end_of(node) else after
        return text_at(chosen, step)
    return "".join(text_at(child, step) for child in node.children)


def expected(grammar: Lark, text: str) -> list[tuple[int, str]]:
    """The schedule of a text by the general parser."""
    try:
        tree = grammar.parse(text)
    except LarkError:
        return [(STEPS, text)]
    ends = {end_of(change) for change in tree.find_data("change")} | {STEPS}
    if any(tree.find_data("turns")):
        ends = set(range(1, STEPS + 1))
    return [(end, text_at(tree, end)) for end in sorted(ends) if end > 0]


@settings(deadline=None, derandomize=True, max_examples=150)
@given(text=texts)
def test_same_schedule(grammar: Lark, text: str) -> None:
    """Whatever is written, both find the same changes in it."""
    assert scheduled(text, STEPS) == expected(grammar, text)


@pytest.mark.parametrize(
    "text",
    [
        "x [a|b] y [c:d:0.5]",
        "((a][:b:c [d:3]",
        "[a:[b:c:4]:2]",
        "[a(x:1.2):b:0.5]",
        "[[a]:3]",
        "[[a:b:0.5]:c:2]",
        "[a [b:c:2]",
        "(a:b [c:2]:d)",
    ],
)
def test_same_schedule_of_known_texts(grammar: Lark, text: str) -> None:
    """The general parser agrees also where the answer is known."""
    assert scheduled(text, STEPS) == expected(grammar, text)
