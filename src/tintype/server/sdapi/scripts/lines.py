"""Prompts from file or textbox: one request for each line."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tintype.errors import InvalidRequest, shown
from tintype.server.sdapi.asking.fields import GenerationBody
from tintype.server.sdapi.asking.work import Lines, Work
from tintype.server.sdapi.options.table import CHECKPOINT
from tintype.server.sdapi.scripts.base import Tools, check_count, with_pictures_of
from tintype.server.sdapi.scripts.catalogue import PROMPTS_FROM_FILE, read_arguments

_JOINED = ("prompt", "negative_prompt")
_IGNORED = ("outpath_samples", "outpath_grids", "prompt_for_display")  # folders, and the page


def _truth(text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.casefold() not in words:
        raise ValueError
    return words[text.casefold()]


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


_KINDS: dict[str, Callable[[str], Any]] = {
    "sd_model": str,
    "prompt": str,
    "negative_prompt": str,
    "styles": _names,
    "seed": int,
    "subseed": int,
    "subseed_strength": float,
    "seed_resize_from_h": int,
    "seed_resize_from_w": int,
    "sampler_name": str,
    "sampler_index": str,
    "batch_size": int,
    "n_iter": int,
    "steps": int,
    "cfg_scale": float,
    "width": int,
    "height": int,
    "restore_faces": _truth,
    "tiling": _truth,
    "do_not_save_samples": _truth,
    "do_not_save_grid": _truth,
    "outpath_samples": str,
    "outpath_grids": str,
    "prompt_for_display": str,
}


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str


def prompts_from_file(body: GenerationBody, tools: Tools) -> Work:
    """A line is a prompt, put before or behind the body's; or, with `--` in it, options.

    Raises `InvalidRequest`, naming the line.
    """
    counts_up, same_seed, position, text = read_arguments(PROMPTS_FROM_FILE, body.script_args)
    lines = [_Line(n, line.strip()) for n, line in enumerate(text.splitlines(), 1)]
    lines = [line for line in lines if line.text]
    if not lines:
        raise InvalidRequest("script_args", "there is no line with a prompt")
    if (counts_up or same_seed) and body.seed == -1:
        body = body.model_copy(update={"seed": tools.draw_seed()})
    step = body.batch_size * body.n_iter if counts_up else 0
    asked = [
        _with_line(
            body.model_copy(update={"seed": body.seed + index * step}),
            line,
            at_start=position == "start",
        )
        for index, line in enumerate(lines)
    ]
    requests = [tools.ask(one) for one in asked]
    check_count(sum(request.images for request in requests))
    sheet = Lines(None if body.seed == -1 else body.seed + len(lines) * step)
    return Work(tuple(with_pictures_of(r, requests[0]) for r in requests), sheet)


def _with_line(body: GenerationBody, line: _Line, *, at_start: bool) -> GenerationBody:
    asked = _options(line) if "--" in line.text else {"prompt": line.text}
    if name := asked.pop("sd_model", None):
        overrides = {**(body.override_settings or {}), CHECKPOINT: name}
        body = body.model_copy(update={"override_settings": overrides})
    for field in _JOINED:
        ours, theirs = asked.get(field), getattr(body, field)
        if ours and theirs:
            asked[field] = f"{ours} {theirs}" if at_start else f"{theirs} {ours}"
    if "sampler_index" in asked:
        asked.setdefault("sampler_name", asked.pop("sampler_index"))
    return body.model_copy(update={k: v for k, v in asked.items() if k not in _IGNORED})


def _options(line: _Line) -> dict[str, Any]:
    """What a line asks for, written as on a command line: `--prompt "a dog" --steps 4`."""
    found: dict[str, str] = {}
    name = ""
    for word in _words(line):
        if word.startswith("--"):
            name = word[2:]
            _check_name(line, name)
            found[name] = ""
        elif not name:
            raise _wrong(line, f"{shown(word)} stands before the first --option")
        else:
            found[name] = f"{found[name]} {word}".strip()
    return {name: _value(line, name, text) for name, text in found.items()}


def _words(line: _Line) -> list[str]:
    try:
        return shlex.split(line.text)
    except ValueError as error:
        raise _wrong(line, "a quotation mark is not closed") from error


def _check_name(line: _Line, name: str) -> None:
    if name not in _KINDS:
        known = ", ".join(f"--{known}" for known in _KINDS)
        raise _wrong(line, f"--{name[:40]} is not known; there are: {known}")


def _value(line: _Line, name: str, text: str) -> Any:
    try:
        return _KINDS[name](text)
    except ValueError as error:
        raise _wrong(line, f"--{name} cannot be {shown(text)}") from error


def _wrong(line: _Line, text: str) -> InvalidRequest:
    return InvalidRequest("script_args", f"line {line.number}: {text}")
