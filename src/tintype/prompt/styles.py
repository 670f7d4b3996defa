"""Styles: words kept under a name and put around prompts."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

from tintype.errors import SetupError

_HOLE = "{prompt}"


@dataclass(frozen=True, slots=True)
class Style:
    """Words under a name; `{prompt}` in them stands for the prompt they are put around."""

    name: str
    prompt: str = ""
    negative_prompt: str = ""


def apply_style(prompt: str, style_text: str) -> str:
    """The prompt in a style's words: in place of `{prompt}`, or before them with a comma."""
    if _HOLE in style_text:
        return style_text.replace(_HOLE, prompt)
    return ", ".join(part for part in (prompt.strip(), style_text.strip()) if part)


def read_styles(csv_text: str) -> list[Style]:
    """The styles of an A1111 styles file: columns name, prompt (once "text"), negative_prompt.

    Rows without a name and those whose name starts with `#` are passed over.

    Raises:
        SetupError: a file that is no CSV.
    """
    rows = csv.DictReader(StringIO(csv_text.removeprefix("\ufeff"), newline=""), restval="")
    try:
        found = [{key: value for key, value in row.items() if key} for row in rows]
    except csv.Error as error:
        raise SetupError(f"the styles cannot be read: {error}") from error
    styles = [
        Style(
            row.get("name", ""),
            row.get("prompt", row.get("text", "")),
            row.get("negative_prompt", ""),
        )
        for row in found
    ]
    return [style for style in styles if style.name and not style.name.startswith("#")]


def extract_styles(
    prompt: str, negative_prompt: str, styles: Sequence[Style]
) -> tuple[list[str], str, str]:
    """Take styles off a pair of prompts again.

    A style is recognised if both prompts look as if it had been applied to them; of several the
    first in the list counts. It is taken off and the rest searched for others.

    Returns:
        Their names in the order of application, and what is left of both prompts.
    """
    names: list[str] = []
    waiting = [style for style in styles if style.prompt or style.negative_prompt]
    while True:
        for style in waiting:
            inner = _without(style.prompt, prompt)
            inner_negative = _without(style.negative_prompt, negative_prompt)
            if inner is not None and inner_negative is not None:
                break
        else:
            return names[::-1], prompt, negative_prompt
        prompt, negative_prompt = inner, inner_negative
        names.append(style.name)
        waiting.remove(style)


def _without(style_text: str, prompt: str) -> str | None:
    """The prompt before the style was put around it, or None if it was not."""
    words, whole = style_text.strip(), prompt.strip()
    if not words:
        return prompt
    if _HOLE in words:
        before, _, after = words.partition(_HOLE)
        fits = len(whole) >= len(before) + len(after)
        if fits and whole.startswith(before) and whole.endswith(after):
            return whole[len(before) : len(whole) - len(after)]
        return None
    return whole.removesuffix(words).removesuffix(", ") if whole.endswith(words) else None
