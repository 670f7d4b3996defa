"""One side of a request, read whole: what to encode, and when which of it counts."""

from collections.abc import Callable
from dataclasses import dataclass

from tintype.core.models import EmbeddingRecord
from tintype.core.orders import Chunk
from tintype.core.text_settings import TextSettings
from tintype.prompt.chunks import EMPTY, chunked
from tintype.prompt.composition import composed
from tintype.prompt.old_emphasis import chunked_old
from tintype.prompt.schedule import active_end, scheduled
from tintype.prompt.vocabulary import Vocabulary

Variant = tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What stands between two ANDs.

    Attributes:
        weight: its share in guidance.
        ends: the model call, counted from 1, that each variant is meant to last to; rising.
        variants: its texts in turn, one for each end and all of one length in chunks. Texts that
            come again come again here, since they count again in the mean that emphasis keeps.
    """

    weight: float
    ends: tuple[int, ...]
    variants: tuple[Variant, ...]

    def variant_at(self, call: int) -> int:
        """Index of the variant for a model call, counted from 0; see `schedule.active`."""
        return active_end(self.ends, call)


@dataclass(frozen=True, slots=True)
class Program:
    """A prompt or a negative prompt.

    Attributes:
        parts: at least one. Parts of one text have the same `variants`, to be encoded once.
        is_empty: no part has any text at any time, not even a blank. SDXL then encodes a negative
            prompt as zeros.
    """

    parts: tuple[Part, ...]
    is_empty: bool


def positive_program(
    text: str,
    settings: TextSettings,
    steps: int,
    vocabulary: Vocabulary | None,
    hires_base: int | None = None,
) -> Program:
    """A prompt without its network tags.

    Args:
        steps: model calls of this pass.
        hires_base: model calls of the first pass where this is the hires pass.

    Raises:
        InvalidRequest: a weight that is not a number.
    """
    return _program(composed(text), settings, steps, vocabulary, hires_base)


def negative_program(
    text: str,
    settings: TextSettings,
    steps: int,
    vocabulary: Vocabulary | None,
    hires_base: int | None = None,
) -> Program:
    """A negative prompt, in which AND is a word like others; otherwise as `positive_program`."""
    return _program([(text, 1.0)], settings, steps, vocabulary, hires_base)


def prompt_uses(program: Program) -> tuple[EmbeddingRecord, ...]:
    """The textual inversions of a program, each once, in the order of their first use."""
    return tuple(
        dict.fromkeys(
            record
            for part in program.parts
            for variant in part.variants
            for chunk in variant
            for _, record in chunk.embeddings
        )
    )


def _program(
    texts: list[tuple[str, float]],
    settings: TextSettings,
    steps: int,
    vocabulary: Vocabulary | None,
    hires_base: int | None,
) -> Program:
    old_rule = settings.old_schedule_rule
    schedules = {
        text: scheduled(text, steps, hires_base=hires_base, old_rule=old_rule) for text, _ in texts
    }
    cut = _cutting(settings, vocabulary)
    read = {text: _ends_and_variants(segments, cut) for text, segments in schedules.items()}
    is_empty = not any(text for segments in schedules.values() for _, text in segments)
    return Program(tuple(Part(weight, *read[text]) for text, weight in texts), is_empty)


def _cutting(settings: TextSettings, vocabulary: Vocabulary | None) -> Callable[[str], Variant]:
    def cut(text: str) -> Variant:
        if settings.old_emphasis:
            return chunked_old(text, embeddings=vocabulary)
        return chunked(
            text,
            emphasis=settings.emphasis,
            comma_backtrack=settings.comma_backtrack,
            embeddings=vocabulary,
        )

    return cut


def _ends_and_variants(
    segments: list[tuple[int, str]], cut: Callable[[str], Variant]
) -> tuple[tuple[int, ...], tuple[Variant, ...]]:
    variants = {text: cut(text) for text in dict.fromkeys(text for _, text in segments)}
    length = max(len(variant) for variant in variants.values())
    filled = {
        text: (*variant, *[EMPTY] * (length - len(variant))) for text, variant in variants.items()
    }
    return tuple(end for end, _ in segments), tuple(filled[text] for _, text in segments)
