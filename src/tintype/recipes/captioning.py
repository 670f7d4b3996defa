"""Searching for a caption: which words are asked for next, and which of all captions is told."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import cast

import torch
from torch import Tensor

from tintype.core.captioners import CaptionSettings
from tintype.prompt.wordpiece import END


@dataclass(frozen=True, slots=True)
class Continue:
    """Which words may follow these? Answered with (B, V) logits, float32 on the CPU.

    Attributes:
        tokens: of each sequence, the ids that were not told before.
        parents: of each sequence, which of the last question's it goes on from.
    """

    tokens: tuple[tuple[int, ...], ...]
    parents: tuple[int, ...]


Captioning = Generator[Continue, Tensor, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class _Caption:
    """A caption under way.

    Attributes:
        tokens: all ids, those it began with included.
        score: sum of the logarithms of their probabilities.
        parent: its place among the captions of the last question.
    """

    tokens: tuple[int, ...]
    score: float = 0.0
    parent: int = 0

    @property
    def is_whole(self) -> bool:
        return self.tokens[-1] == END


@dataclass(frozen=True, slots=True)
class _Ended:
    """A caption that is whole, or as long as it may be.

    Attributes:
        likelihood: its score for each word.
    """

    likelihood: float
    tokens: tuple[int, ...]


def captioned(start: Sequence[int], settings: CaptionSettings) -> Captioning:
    """Look for the most likely caption.

    With one beam the likeliest word is taken each time. With several, as many captions are
    followed at once, and of those that ended the one whose words are the likeliest on average is
    told; it is over once no caption under way can become better than all that are kept.

    Args:
        start: ids that every caption begins with.
        settings: how many are followed, and how long they are; see there.

    Returns:
        ids, without those it began with and without the mark of its end.

    Source: Wu et al. 2016, arXiv:1609.08144, section 7, with a length penalty of 1 and without
    coverage, as transformers counts the words: the mark of the end is one, the start is none.
    """
    running: Sequence[_Caption] = [_Caption(tuple(start))]
    ended: Sequence[_Ended] = []
    for length in range(len(start), settings.max_length):
        logits = yield _question(running, is_first=length == len(start))
        may_end, must_end = length >= settings.min_length, length + 1 == settings.max_length
        found = _followed(running, logits, 2 * settings.beams, may_end=may_end)
        words = length + 1 - len(start)
        ended = _best([*ended, *_ending(found[: settings.beams], words, all_of_them=must_end)])
        ended = ended[: settings.beams]
        running = [one for one in found if not one.is_whole][: settings.beams]
        hope = running[0].score / words if running else -inf
        if len(ended) == settings.beams and hope <= ended[-1].likelihood:
            break
    told = ended[0].tokens[len(start) :] if ended else ()
    return tuple(token for token in told if token != END)


def _question(running: Sequence[_Caption], *, is_first: bool) -> Continue:
    return Continue(
        tuple(one.tokens if is_first else one.tokens[-1:] for one in running),
        tuple(one.parent for one in running),
    )


def _followed(
    running: Sequence[_Caption], logits: Tensor, count: int, *, may_end: bool
) -> list[_Caption]:
    """So many captions that are a word longer, the likeliest first."""
    likely = logits.log_softmax(dim=-1)
    if not may_end:
        likely[:, END] = -inf
    scores = likely + torch.tensor([one.score for one in running])[:, None]
    best = scores.flatten().topk(min(count, scores.numel()))
    values = cast("list[float]", best.values.tolist())
    places = cast("list[int]", best.indices.tolist())
    width = likely.shape[1]
    return [
        _Caption((*running[at // width].tokens, at % width), score, at // width)
        for score, at in zip(values, places, strict=True)
        if score > -inf
    ]


def _ending(found: Sequence[_Caption], words: int, *, all_of_them: bool) -> Iterator[_Ended]:
    for one in found:
        if one.is_whole or all_of_them:
            yield _Ended(one.score / words, one.tokens)


def _best(ended: Sequence[_Ended]) -> list[_Ended]:
    return sorted(ended, key=lambda one: one.likelihood, reverse=True)
