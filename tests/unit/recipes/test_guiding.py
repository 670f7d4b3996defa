"""Which words are followed at which call of the network."""

from dataclasses import replace

import pytest
from tests.fakes.answers import FakeNetworks
from tests.fakes.plans import small_plan

from tintype.core.orders import Denoise, Encode, Guidance
from tintype.core.requests import GuidanceSettings, Plan
from tintype.core.text_settings import TextSettings
from tintype.recipes import txt2img

LONG = "a very long prompt, " * 30  # two chunks


def played(plan: Plan) -> FakeNetworks:
    fake = FakeNetworks()
    fake.play(txt2img(plan))
    return fake


def guidance_of(question: Denoise) -> Guidance:
    assert question.guidance is not None
    return question.guidance


def goes_alone(fake: FakeNetworks) -> list[bool]:
    """For each question, whether the negative prompt is left out."""
    return [guidance_of(q).uncond is None for q in fake.questions]


def guided_by(**settings: float) -> Plan:
    return replace(small_plan(steps=6), guidance=GuidanceSettings(**settings))  # type: ignore[arg-type]


def test_both_prompts_are_followed() -> None:
    """Every question has the prompt, the negative prompt and the scale."""
    fake = played(small_plan(negative_prompt="a dog", cfg_scale=5.0))
    (cond,), (uncond,) = fake.texts
    for question in fake.questions:
        guidance = guidance_of(question)
        assert guidance.conds == ((cond, 1.0),)
        assert (guidance.uncond, guidance.cfg_scale) == (uncond, 5.0)


def test_how_text_is_encoded() -> None:
    """Clip skip and emphasis go with every text."""
    plan = replace(small_plan(), text=TextSettings("No norm", clip_skip=2))
    assert {(e.clip_skip, e.emphasis) for e in played(plan).of(Encode)} == {(2, "No norm")}


def test_tags_of_networks_are_no_words() -> None:
    """`<lora:…>` is taken out of what is encoded."""
    plain, tagged = (played(small_plan(prompt=p)) for p in ("a cat", "a cat<lora:ink:1>"))
    assert plain.of(Encode)[0].texts == tagged.of(Encode)[0].texts


@pytest.mark.parametrize(
    ("sampler", "prompt", "followed"),
    [
        ("Euler", "a [cat:dog:0.5]", [0, 0, 0, 1]),
        ("Euler", "a [cat:dog:1]", [0, 0, 1, 1]),
        ("Euler", "[cat|dog]", [0, 0, 1, 2]),
        ("Heun", "a [cat:dog:0.5]", [0, 0, 0, 0, 0, 1, 1]),
    ],
)
def test_scheduled_words(sampler: str, prompt: str, followed: list[int]) -> None:
    """A schedule counts calls from 0, so a variant meant to end at call n is followed in it too."""
    fake = played(small_plan(sampler=sampler, prompt=prompt, steps=4))
    assert [fake.followed(question) for question in fake.questions] == followed


def test_scheduled_words_of_the_negative_prompt() -> None:
    """It has its schedule too, and all variants are encoded together."""
    fake = played(small_plan(negative_prompt="[rain:snow:0.5]", steps=4))
    _, variants = fake.texts
    assert len(variants) == 2
    assert [variants.index(guidance_of(q).uncond) for q in fake.questions] == [0, 0, 0, 1]  # type: ignore[arg-type]


def test_parts_with_weights() -> None:
    """What stands between ANDs is weighted by itself; in a negative prompt AND is a word."""
    fake = played(small_plan(prompt="a cat AND a dog :0.5", negative_prompt="rain AND snow"))
    assert len(fake.of(Encode)) == 3
    for question in fake.questions:
        assert [weight for _, weight in guidance_of(question).conds] == [1.0, 0.5]


@pytest.mark.parametrize(
    ("prompt", "cfg_scale", "alone"),
    [
        ("a cat", 1.0, True),
        ("a cat", 1.5, False),
        ("a cat AND a dog", 1.0, False),
        ("a cat :0.5", 1.0, False),
    ],
)
def test_scale_one(prompt: str, cfg_scale: float, *, alone: bool) -> None:
    """At scale 1 the negative prompt cancels out and is not asked, if there is one whole part."""
    assert goes_alone(played(small_plan(prompt=prompt, cfg_scale=cfg_scale))) == [alone] * 2


def test_negative_guidance_minimum_sigma() -> None:
    """Below that noise level every other call leaves the negative prompt out, the odd ones."""
    fake = played(guided_by(s_min_uncond=3.0))
    low = [question.sigma < 3.0 for question in fake.questions]
    assert True in low
    assert False in low
    assert goes_alone(fake) == [is_low and call % 2 == 1 for call, is_low in enumerate(low)]


def test_negative_guidance_minimum_sigma_at_all_steps() -> None:
    """With its option every call below that noise level leaves it out."""
    fake = played(guided_by(s_min_uncond=3.0, s_min_uncond_all=True))
    assert goes_alone(fake) == [question.sigma < 3.0 for question in fake.questions]


@pytest.mark.parametrize(
    ("share", "alone"),
    [
        (0.0, [False] * 6),
        (0.2, [True, True, False, False, False, False]),
        (0.5, [True, True, True, True, False, False]),
        (1.0, [True] * 6),
    ],
)
def test_early_calls_without_negative_prompt(share: float, alone: list[bool]) -> None:
    """The calls up to that share of all leave it out, the share itself included."""
    assert goes_alone(played(guided_by(skip_early_cond=share))) == alone


def test_early_calls_of_second_order() -> None:
    """The share is of calls, two to a step: of three steps the first three calls to 0.4."""
    plan = replace(
        small_plan(sampler="Heun", steps=3), guidance=GuidanceSettings(skip_early_cond=0.4)
    )
    assert goes_alone(played(plan)) == [True, True, True, False, False]


@pytest.mark.parametrize(("prompt", "negative"), [(LONG, "a"), ("a", LONG)])
def test_padding_with_empty_chunks(prompt: str, negative: str) -> None:
    """With `pads_uncond` the shorter side gets empty chunks, encoded apart."""
    plan = replace(small_plan(prompt=prompt, negative_prompt=negative))
    before = played(plan)
    fake = played(replace(plan, text=TextSettings(pads_uncond=True)))
    lengths = {len(side.context) for (side,) in before.texts}
    assert len(lengths) == 2
    assert fake.asked.startswith("T×3 D")
    guidance = guidance_of(fake.questions[0])
    assert guidance.uncond is not None
    cond, uncond = guidance.conds[0][0].context, guidance.uncond.context
    assert len(cond) == len(uncond) == max(lengths)
    ((empty,),) = fake.texts[2:]
    shorter = cond if prompt == "a" else uncond
    assert (shorter[-77:] == empty.context).all()


@pytest.mark.parametrize(("prompt", "negative"), [(LONG, "a"), ("a", LONG)])
def test_padding_of_old(prompt: str, negative: str) -> None:
    """With `pads_uncond_v0` the negative prompt is cut, or filled with its own last vector."""
    plan = small_plan(prompt=prompt, negative_prompt=negative)
    fake = played(replace(plan, text=TextSettings(pads_uncond_v0=True)))
    guidance = guidance_of(fake.questions[0])
    (cond,), (original,) = fake.texts
    assert guidance.uncond is not None
    padded, same = guidance.uncond.context, min(len(cond.context), len(original.context))
    assert len(padded) == len(cond.context)
    assert (padded[:same] == original.context[:same]).all()
    assert (padded[same:] == original.context[-1]).all()
