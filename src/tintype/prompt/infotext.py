"""A1111's infotext: how a picture was made, as text that people paste and programs read.

a cat
Negative prompt: blurry
Steps: 8, Sampler: Euler, CFG scale: 7.0, …
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

FieldValue = str | int | float | None

_NEGATIVE = "Negative prompt:"
_LEAST_FIELDS = 3  # a last line with fewer pairs is prompt text

# A run of key characters is taken whole, pair or not, and nothing is tried twice: the text may
# come from a stranger's picture and must not cost more than its length.
_PAIR = re.compile(
    r"""
      (?P<key> \w [\w\ \-/]++ ) : \s*+ (?P<value> "(?:\\.|[^\\"])++" (?=,|\Z) | [^,]*+ ),?
    | \w [\w\ \-/]*+
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Infotext:
    """How a picture was made.

    Attributes:
        prompt: what to show, any number of lines.
        negative_prompt: what to avoid, any number of lines.
        fields: the rest by A1111's labels ("CFG scale"), in the order of writing. Reading gives
            text only, and sizes as written ("512x768").
    """

    prompt: str = ""
    negative_prompt: str = ""
    fields: Mapping[str, FieldValue] = field(default_factory=dict[str, FieldValue])


def write_infotext(infotext: Infotext) -> str:
    """The infotext as A1111 lays it out.

    A field that is None is left out, and one whose value equals its name is written as the name
    alone. A value with a comma, colon or line break is quoted as JSON.
    """
    lines = [infotext.prompt]
    if infotext.negative_prompt:
        lines.append(f"{_NEGATIVE} {infotext.negative_prompt}")
    pairs = [_pair(key, value) for key, value in infotext.fields.items() if value is not None]
    lines.append(", ".join(pairs))
    return "\n".join(lines).strip()


def read_infotext(text: str) -> Infotext:
    """What an infotext says; any text is one, if only a prompt.

    As in A1111 the last line holds the fields if it has at least three, a name without value is
    passed over, a name needs two characters, and of a name that comes twice the last counts.
    """
    *lines, last = text.strip().split("\n")
    fields = _fields(last)
    if len(fields) < _LEAST_FIELDS:
        lines, fields = [*lines, last], []
    prompt, negative_prompt = _prompts([line.strip() for line in lines])
    return Infotext(prompt, negative_prompt, dict(fields))


def _pair(key: str, value: str | float) -> str:
    return key if key == value else f"{key}: {_quoted(str(value))}"


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search("[,:\n]", value) else value


def _fields(line: str) -> list[tuple[str, str]]:
    return [(m["key"], _unquoted(m["value"])) for m in _PAIR.finditer(line) if m["key"]]


def _unquoted(value: str) -> str:
    if not (value.startswith('"') and value.endswith('"')):
        return value
    try:
        return str(json.loads(value))
    except json.JSONDecodeError:
        return value


def _prompts(lines: list[str]) -> tuple[str, str]:
    starts = (k for k, line in enumerate(lines) if line.startswith(_NEGATIVE))
    first = next(starts, len(lines))
    negative = [line.removeprefix(_NEGATIVE).strip() for line in lines[first:]]
    return "\n".join(lines[:first]), "\n".join(negative).lstrip("\n")
