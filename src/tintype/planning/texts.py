"""The texts of a request: styles and comments settled, then drawn anew for each seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from tintype.core.requests import Request
from tintype.core.settings import Limits
from tintype.core.text_settings import TextSettings
from tintype.core.wildcards import Entry, WildcardMode
from tintype.errors import UnknownName
from tintype.planning.library import Library
from tintype.planning.prompts import settled_text, style_texts
from tintype.prompt.drawing import Bounds, Dice, Wildcards, draw_text

PROMPT, NEGATIVE = "prompt", "negative_prompt"
_HIRES = ("hr_prompt", "hr_negative_prompt")


@dataclass(frozen=True, slots=True)
class Texts:
    """What a picture is told, or the templates of that.

    Attributes:
        prompt: of the first or only pass.
        negative_prompt: likewise.
        hires_prompt: of the hires pass; as the first one's where it has none of its own.
        hires_negative_prompt: likewise.
    """

    prompt: str
    negative_prompt: str
    hires_prompt: str
    hires_negative_prompt: str


def settled_texts(request: Request, library: Library) -> Texts:
    """The texts of a request with styles and without comments, nothing drawn yet."""
    styles, negative_styles = style_texts(request.styles, library)
    prompt = settled_text(request.prompt, styles, request.text)
    negative = settled_text(request.negative_prompt, negative_styles, request.text)
    hires, hires_negative = prompt, negative
    if request.hires is not None and request.hires.prompt:
        hires = settled_text(request.hires.prompt, styles, request.text)
    if request.hires is not None and request.hires.negative_prompt:
        hires_negative = settled_text(request.hires.negative_prompt, negative_styles, request.text)
    return Texts(prompt, negative, hires, hires_negative)


def drawer(
    templates: Texts, text: TextSettings, library: Library, limits: Limits
) -> Callable[[int], Texts]:
    """What draws texts by the seed of a picture.

    Prompts and negative prompts have draws of their own. A hires prompt is drawn with those of
    the prompt, so that what is written alike in both comes out alike.
    """
    mode = text.wildcards
    if mode == "off":
        return lambda _: templates
    wildcards = _wildcards(mode, library)
    bounds = limits.max_prompt_chars

    def drawn(template: str, seed: int, stream: str, field: str) -> str:
        dice = Dice(seed, stream)
        return draw_text(
            template, dice, wildcards, Bounds(field, bounds), has_variants=mode == "on"
        )

    def texts(seed: int) -> Texts:
        return Texts(
            drawn(templates.prompt, seed, PROMPT, PROMPT),
            drawn(templates.negative_prompt, seed, NEGATIVE, NEGATIVE),
            drawn(templates.hires_prompt, seed, PROMPT, _HIRES[0]),
            drawn(templates.hires_negative_prompt, seed, NEGATIVE, _HIRES[1]),
        )

    return texts


def _wildcards(mode: WildcardMode, library: Library) -> Wildcards:
    """The wildcards of this moment, looked for with the first that is named."""
    listing = cache(library.wildcards)

    def entries(name: str) -> Sequence[Entry] | None:
        return listing().entries(name)

    def refuse(name: str) -> Exception:
        return UnknownName("wildcard", name, listing().names)

    return Wildcards(entries, refuse if mode == "on" else None)
