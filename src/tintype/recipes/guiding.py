"""From prompts to guidance: which words are followed at which call of the network."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import cache
from typing import cast

import torch
from torch import Tensor

from tintype.core.models import EmbeddingRecord
from tintype.core.noise_levels import NoiseLevels
from tintype.core.orders import (
    Answer,
    Conditioning,
    Denoise,
    Encode,
    Frame,
    Guidance,
    Network,
    Order,
    Sampler,
    Steps,
    Stopped,
)
from tintype.core.requests import GuidanceSettings, Refiner
from tintype.core.sampler_settings import SamplerSettings
from tintype.core.samplers import evaluations, find_sampler
from tintype.core.text_settings import TextSettings
from tintype.prompt.chunks import EMPTY
from tintype.prompt.networks import split_networks
from tintype.prompt.program import Part, Program, Variant, negative_program, positive_program
from tintype.prompt.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Words:
    """The prompts of one pass, cut into chunks.

    Attributes:
        positive: the prompt.
        negative: the negative prompt.
        evaluations: calls of the network the schedules in them were made for.
        is_blank_negative: there is no negative prompt, not even a blank.
    """

    positive: Program
    negative: Program
    evaluations: int
    is_blank_negative: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Encoded:
    """A part of a prompt, and the encodings of its variants."""

    part: Part
    variants: tuple[Conditioning, ...]

    def at(self, call: int) -> Conditioning:
        return self.variants[self.part.variant_at(call)]


@dataclass(frozen=True, slots=True, eq=False)
class Guide:
    """Encoded prompts, and how strongly they are followed.

    Attributes:
        network: what they were encoded for.
        positive: the prompt's parts.
        negative: the negative prompt.
        settings: how strongly the prompt is followed.
        total: calls that the whole pass makes.
        size: width and height of the picture, in pixels.
        concat: (C', h, w) what inpainting and edit networks see beside the latent, or None.
    """

    network: Network
    positive: tuple[_Encoded, ...]
    negative: _Encoded
    settings: GuidanceSettings
    total: int
    size: tuple[int, int]
    concat: Tensor | None = None

    @property
    def device(self) -> str:
        """Where the encodings are, and with them all the work ("cpu", "cuda:0")."""
        return str(self.negative.variants[0].context.device)

    def at(self, call: int, question: Denoise) -> Guidance:
        """What to follow at call number `call`, from 0."""
        conds = tuple((side.at(call), side.part.weight) for side in self.positive)
        goes_alone = self._goes_alone(call, question.sigma) and not question.wants_uncond
        uncond = None if goes_alone else self.negative.at(call)
        return Guidance(
            conds, uncond, self.settings.cfg_scale, self.concat, self.settings.image_cfg_scale
        )

    def _goes_alone(self, call: int, sigma: float) -> bool:
        settings = self.settings
        follows_one = len(self.positive) == 1 and self.positive[0].part.weight == 1
        if settings.cfg_scale == 1 and settings.image_cfg_scale is None and follows_one:
            return True
        if settings.skip_early_cond > 0 and call / self.total <= settings.skip_early_cond:
            return True
        may_skip = call % 2 == 1 or settings.s_min_uncond_all
        return may_skip and sigma < settings.s_min_uncond


def calls(settings: SamplerSettings, steps: int) -> int:
    """Calls of the network in so many steps, as A1111 counts them."""
    return evaluations(find_sampler(settings.sampler)[0], steps)


def words_for(
    prompt: str,
    negative_prompt: str,
    text: TextSettings,
    evaluations: int,
    embeddings: tuple[EmbeddingRecord, ...],
    hires_base: int | None = None,
) -> Words:
    """Read both prompts; see `prompt.program` for what is in them."""
    vocabulary = _vocabulary(embeddings)
    words, _ = split_networks(prompt)
    positive = positive_program(words, text, evaluations, vocabulary, hires_base)
    negative = negative_program(negative_prompt, text, evaluations, vocabulary, hires_base)
    return Words(positive, negative, evaluations, negative_prompt == "")


def encoded(
    words: Words,
    network: Network,
    text: TextSettings,
    settings: GuidanceSettings,
    total: int,
    size: tuple[int, int],
    concat: Tensor | None = None,
) -> Generator[Order, Answer, Guide]:
    """Ask for the encodings of both prompts of a picture of `size`, width and height in pixels."""
    frame = Frame(*size, text.crop_top, text.crop_left, text.high_score)
    positive = yield from _sides(words.positive, network, text, frame)
    against = replace(frame, score=text.low_score, is_blank=words.is_blank_negative)
    (negative,) = yield from _sides(words.negative, network, text, against)
    if text.pads_uncond:
        empty = yield from _encode(network, ((EMPTY,),), text, frame)
        positive, negative = _padded(positive, negative, empty[0])
    elif text.pads_uncond_v0:
        negative = _cut_to(negative, _longest(positive))
    return Guide(network, positive, negative, settings, total, size, concat)


def guided(
    sampler: Sampler,
    guide: Guide,
    words: Words,
    text: TextSettings,
    levels: NoiseLevels,
    refiner: Refiner | None = None,
) -> Steps:
    """Turn a sampler's questions into orders: towards the words that are active at each call.

    With a refiner, the questions after its share of the way go to its network, with the same words
    in its own encoding.

    Returns:
        what the sampler returns, a latent (C, h, w).

    Raises:
        Stopped: it was thrown in here; carries the last answer, as A1111's samplers end.
    """
    call = 0
    last: Tensor | None = None
    try:
        question = next(sampler)
        while True:
            if refiner is not None and _gone(refiner, guide, levels, call, question.sigma):
                guide = yield from encoded(
                    words,
                    refiner.network,
                    text,
                    guide.settings,
                    guide.total,
                    guide.size,
                    guide.concat,
                )
                refiner = None
            guidance = guide.at(call, question)
            answer = yield replace(question, guidance=guidance, network=guide.network)
            question, last = sampler.send(cast(Tensor, answer)), _shown(question, answer)
            call += 1
    except StopIteration as end:
        return end.value
    except Stopped:
        raise Stopped(last) from None


def _shown(question: Denoise, answer: Answer) -> Tensor:
    """The guided estimate in an answer."""
    denoised = cast(Tensor, answer)
    return denoised[0] if question.wants_uncond else denoised


def _gone(refiner: Refiner, guide: Guide, levels: NoiseLevels, call: int, sigma: float) -> bool:
    if refiner.by_steps:
        return call / guide.total >= refiner.switch_at
    last = len(levels.sigmas) - 1
    return (last - levels.nearest_timestep(sigma)) / len(levels.sigmas) >= refiner.switch_at


def _sides(
    program: Program, network: Network, text: TextSettings, frame: Frame
) -> Generator[Order, Answer, tuple[_Encoded, ...]]:
    parts: list[_Encoded] = []
    for part in program.parts:
        variants = yield from _encode(network, part.variants, text, frame)
        parts.append(_Encoded(part, variants))
    return tuple(parts)


def _encode(
    network: Network, texts: tuple[Variant, ...], text: TextSettings, frame: Frame
) -> Generator[Order, Answer, tuple[Conditioning, ...]]:
    answer = yield Encode(network, texts, text.clip_skip, text.emphasis, frame)
    return cast("tuple[Conditioning, ...]", answer)


def _longest(parts: tuple[_Encoded, ...]) -> int:
    return max(v.context.shape[0] for part in parts for v in part.variants)


def _padded(
    positive: tuple[_Encoded, ...], negative: _Encoded, empty: Conditioning
) -> tuple[tuple[_Encoded, ...], _Encoded]:
    """Lengthen the shorter of both sides by empty chunks."""
    length = max(_longest(positive), _longest((negative,)))

    def lengthened(part: _Encoded) -> _Encoded:
        return replace(part, variants=tuple(_with_chunks(v, length, empty) for v in part.variants))

    return tuple(lengthened(part) for part in positive), lengthened(negative)


def _with_chunks(conditioning: Conditioning, length: int, empty: Conditioning) -> Conditioning:
    missing = (length - conditioning.context.shape[0]) // empty.context.shape[0]
    return replace(
        conditioning, context=torch.cat([conditioning.context, *[empty.context] * missing])
    )


def _cut_to(part: _Encoded, length: int) -> _Encoded:
    """Cut to a length in tokens, or repeat the last token up to it."""

    def fitted(conditioning: Conditioning) -> Conditioning:
        context = conditioning.context[:length]
        last = context[-1:].expand(length - context.shape[0], -1)
        return replace(conditioning, context=torch.cat([context, last]))

    return replace(part, variants=tuple(fitted(v) for v in part.variants))


@cache
def _vocabulary(embeddings: tuple[EmbeddingRecord, ...]) -> Vocabulary:
    return Vocabulary(embeddings)
