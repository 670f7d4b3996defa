"""Prompt matrix: all combinations of the parts of a prompt that stand behind `|`."""

from collections.abc import Sequence
from dataclasses import replace

from tintype.server.sdapi.asking.fields import GenerationBody
from tintype.server.sdapi.asking.work import Label, Legend, Matrix, Work
from tintype.server.sdapi.scripts.base import Tools, check_count, with_fixed_seeds
from tintype.server.sdapi.scripts.catalogue import PROMPT_MATRIX, read_arguments


def prompt_matrix(body: GenerationBody, tools: Tools) -> Work:
    """One picture for each combination, and a sheet of them all.

    The first half of the optional parts varies along the columns, the second along the rows.
    Raises `InvalidRequest`.
    """
    at_start, different_seeds, which, joint, margin = read_arguments(
        PROMPT_MATRIX, body.script_args
    )
    body = with_fixed_seeds(body, tools.draw_seed)
    field = "prompt" if which == "positive" else "negative_prompt"
    base, *optional = getattr(body, field).split("|")
    parts = [part.strip().strip(",") for part in optional]
    if len(parts) < 16:  # beyond it the count alone would be long to read
        check_count(1 << len(parts))
    else:
        check_count(1 << 16)
    first = replace(tools.ask(body), images=1)
    requests = [
        replace(
            first,
            **{field: _combined(base, parts, number, joint, at_start=at_start)},
            seed=body.seed + (number if different_seeds else 0),
            subseed=body.subseed + number,
        )
        for number in range(1 << len(parts))
    ]
    across = (len(parts) + 1) // 2
    sheet = Matrix(_legend(parts[:across]), _legend(parts[across:]), margin)
    return Work(tuple(requests), sheet, batch_size=body.batch_size)


def _combined(base: str, parts: Sequence[str], number: int, joint: str, *, at_start: bool) -> str:
    """The base with the parts whose bit is set in `number`."""
    chosen = [part for bit, part in enumerate(parts) if number & (1 << bit)]
    pieces = [*chosen, base] if at_start else [base, *chosen]
    return (", " if joint == "comma" else " ").join(pieces)


def _legend(parts: Sequence[str]) -> Legend:
    return tuple(
        tuple(Label(part, bool(number & (1 << bit))) for bit, part in enumerate(parts))
        for number in range(1 << len(parts))
    )
