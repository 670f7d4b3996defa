"""Prompts that change on the way: `[before:after:when]` and `[one|other]`.

A group counts only if everything in it is well formed; any other bracket and any colon is text.
Since each bracket has at most one partner, a stack settles that in one pass: whatever cannot be
closed makes everything still open text as well. Nothing here recurses, for a prompt may nest as
deep as it is long.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

_PIECE = re.compile(r"[\[\]():|]|(?:[^\\\[\]():|]|\\.)++|\\", re.DOTALL)
_WHEN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_OPENERS = {")": "(", "]": "["}


@dataclass(frozen=True, slots=True)
class _Change:
    """`before` up to and with step `end`, `after` from then on."""

    before: "list[_Node]"
    after: "list[_Node]"
    end: int


@dataclass(frozen=True, slots=True)
class _Turns:
    """One option after the other, each for a step."""

    options: "list[list[_Node]]"


_Node: TypeAlias = "str | list[_Node] | _Change | _Turns"


def scheduled(
    text: str, steps: int, *, hires_base: int | None = None, old_rule: bool = False
) -> list[tuple[int, str]]:
    """The texts of a prompt in turn, each with the last step (from 1) that it is meant for.

    A text that is not well formed at all (a stray `|`, a `\\` at its end) is taken literally.

    Args:
        steps: model calls of this pass, at least 1; the end of the last text.
        hires_base: model calls of the first pass where this is the hires pass, whose steps count
            on from there.
        old_rule: a number below 1 is a share of the steps and any other a step, in both passes.
    """
    parser = _Parser(_end_rule(steps, hires_base, old_rule=old_rule))
    nodes = parser.parsed(text)
    if nodes is None:
        return [(steps, text)]
    ends = set(range(1, steps + 1)) if parser.takes_turns else parser.ends
    return [(end, _text_at(nodes, end)) for end in sorted({e for e in ends if e > 0} | {steps})]


def active(segments: Sequence[tuple[int, str]], call: int) -> int:
    """Index of the segment for a model call, counted from 0.

    A1111 compares its count of calls, from 0, with ends counted from 1; so the first segment lasts
    a call longer than written, and a sampler that runs past the last end gets the first again.
    """
    return active_end([end for end, _ in segments], call)


def active_end(ends: Sequence[int], call: int) -> int:
    """The same as `active` where only the ends are at hand."""
    return next((k for k, end in enumerate(ends) if end >= call), 0)


class _Group:
    """What stands behind an opening bracket, cut at colons and bars."""

    __slots__ = ("fields", "marks", "opener")

    def __init__(self, opener: str) -> None:
        self.opener = opener
        self.fields: list[list[_Node]] = [[]]
        self.marks: list[str] = []

    def add(self, node: _Node) -> None:
        self.fields[-1].append(node)

    def mark(self, sign: str) -> None:
        self.marks.append(sign)
        self.fields.append([])

    def take_as_text(self, group: "_Group") -> None:
        """Take over a group that turned out to be none."""
        self.add(group.opener)
        self.fields[-1] += group.fields[0]
        for sign, field in zip(group.marks, group.fields[1:], strict=True):
            self.mark(sign)
            self.fields[-1] += field

    def literal(self, closer: str) -> _Node:
        """The group with its brackets and colons as text."""
        nodes: list[_Node] = [self.opener, self.fields[0]]
        for sign, field in zip(self.marks, self.fields[1:], strict=True):
            nodes += [sign, field]
        return [*nodes, closer]


class _Parser:
    """Reads one prompt; afterwards `ends` and `takes_turns` say at which steps it changes."""

    def __init__(self, end_of: Callable[[str], int]) -> None:
        self._end_of = end_of
        self._open = [_Group("")]
        self.ends: set[int] = set()
        self.takes_turns = False

    def parsed(self, text: str) -> "list[_Node] | None":
        """The prompt as a tree, or None if it cannot be read."""
        for match in _PIECE.finditer(text):
            piece = match[0]
            if piece in ("(", "["):
                self._open.append(_Group(piece))
            elif piece in (")", "]"):
                self._close(piece)
            elif piece in (":", "|"):
                self._open[-1].mark(piece)
            else:
                self._open[-1].add(piece)
        self._give_up()
        whole = self._open[0]
        if "|" in whole.marks or whole.fields[-1][-1:] == ["\\"]:
            return None
        return [whole.literal("")]

    def _close(self, closer: str) -> None:
        group = self._open[-1]
        node = self._node(group, closer) if group.opener == _OPENERS[closer] else None
        if node is None:
            self._give_up()
            self._open[0].add(closer)
        else:
            self._open.pop()
            self._open[-1].add(node)

    def _give_up(self) -> None:
        """Nothing open can be closed any more: all of it is text."""
        whole, *groups = self._open
        for group in groups:
            whole.take_as_text(group)
        self._open = [whole]

    def _node(self, group: _Group, closer: str) -> "_Node | None":
        colons, bars = group.marks.count(":"), group.marks.count("|")
        if not group.marks or (closer == ")" and (colons, bars) == (1, 0)):
            return group.literal(closer)
        if closer == "]" and not colons:
            self.takes_turns = True
            return _Turns(group.fields)
        if closer == "]" and not bars and colons <= 2:
            return self._change(group.fields)
        return None

    def _change(self, fields: list[list[_Node]]) -> _Change | None:
        match fields[-1]:
            case [str(when)] if _WHEN.fullmatch(when.strip()):
                before = fields[0] if len(fields) == 3 else []
                end = self._end_of(when.strip())
                self.ends.add(end)
                return _Change(before, fields[-2], end)
            case _:
                return None


def _end_rule(steps: int, hires_base: int | None, *, old_rule: bool) -> Callable[[str], int]:
    def end_of(when: str) -> int:
        number, is_share = float(when), "." in when
        if old_rule:
            end = number * steps if number < 1 else number
        elif hires_base is None:
            end = number * steps if is_share else number
        else:
            end = (number - 1.0) * steps if is_share else number - hires_base
        return int(max(-1.0, min(end, float(steps))))  # infinity has no int

    return end_of


def _text_at(nodes: list[_Node], step: int) -> str:
    pieces: list[str] = []
    waiting: list[_Node] = [nodes]
    while waiting:
        match waiting.pop():
            case str(piece):
                pieces.append(piece)
            case _Change(before, after, end):
                waiting.append(before if step <= end else after)
            case _Turns(options):
                waiting.append(options[(step - 1) % len(options)])
            case group:
                waiting.extend(reversed(group))
    return "".join(pieces)
