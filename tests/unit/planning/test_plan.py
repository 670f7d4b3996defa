from contextlib import suppress
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.core.models import ModelRecord
from tintype.core.requests import Plan, Request
from tintype.core.settings import Limits
from tintype.errors import InvalidRequest, RequestError, UnknownName
from tintype.planning import plan, random_seed

RECORD = ModelRecord("a.safetensors", Path("/m/a.safetensors"), 1, 1, "c2c01196e8" + "0" * 54)
LIMITS = Limits()


def found(name: str | None) -> ModelRecord:
    if name in (None, "a"):
        return RECORD
    raise UnknownName("checkpoint", name, ["a"])


def planned(request: Request, limits: Limits = LIMITS) -> Plan:
    return plan(request, find_checkpoint=found, draw_seed=lambda: 1234, limits=limits)


def test_a_plain_request() -> None:
    """What a request leaves open is settled: its checkpoint, its seed, its schedule."""
    assert planned(Request(prompt="a cat")) == Plan(
        prompt="a cat",
        negative_prompt="",
        seeds=(1234,),
        steps=20,
        cfg_scale=7.0,
        width=512,
        height=512,
        sampler="DPM++ 2M",
        schedule="Karras",
        clip_skip=1,
        checkpoint=RECORD,
    )


def test_seeds_count_up() -> None:
    """Each further image has the next seed, be the first drawn or given."""
    assert planned(Request(images=3)).seeds == (1234, 1235, 1236)
    assert planned(Request(images=2, seed=0)).seeds == (0, 1)


def test_a_given_seed_is_not_drawn() -> None:
    """A request with a seed never asks for another, so its plan is the same every time."""

    def draw_seed() -> int:
        raise AssertionError

    request = Request(seed=4294967294)
    result = plan(request, find_checkpoint=found, draw_seed=draw_seed, limits=LIMITS)
    assert result.seeds == (4294967294,)


def test_random_seed() -> None:
    """Drawn seeds lie where A1111 draws them."""
    assert all(0 <= random_seed() <= 4294967293 for _ in range(100))


@pytest.mark.parametrize(
    ("sampler", "schedule", "expected"),
    [
        ("DPM++ 2M", None, ("DPM++ 2M", "Karras")),
        ("DPM++ 2M", "", ("DPM++ 2M", "Karras")),
        ("DPM++ 2M", "Uniform", ("DPM++ 2M", "Uniform")),
        ("Euler Karras", None, ("Euler", "Karras")),
        ("euler karras", "uniform", ("Euler", "Uniform")),
        ("Euler Karras", "Automatic", ("Euler", "Automatic")),
        ("k_euler_a", None, ("Euler a", "Automatic")),
    ],
)
def test_sampler_and_schedule(
    sampler: str, schedule: str | None, expected: tuple[str, str]
) -> None:
    """A schedule that is asked for wins over the sampler's name, which wins over its default."""
    result = planned(Request(sampler=sampler, schedule=schedule))
    assert (result.sampler, result.schedule) == expected


@pytest.mark.parametrize(
    "request_",
    [Request(sampler="Eular"), Request(schedule="Karass"), Request(checkpoint="b")],
    ids=["sampler", "schedule", "checkpoint"],
)
def test_unknown_names(request_: Request) -> None:
    """A name in no list is refused, and the list shown."""
    with pytest.raises(UnknownName, match="there are: "):
        planned(request_)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request(width=513), "width: 513 is not a multiple of 8; 512 or 520 would do"),
        (Request(height=4095), "height: 4095 is not a multiple of 8; 4088 or 4096 would do"),
        (Request(width=0), "width: 0 is too small; 64 is the smallest"),
        (Request(height=4104), "height: 4104 is too large; 4096 is the largest"),
        (
            Request(width=4096, height=2048),
            "width: 4096 × 2048 is 8388608 pixels, "
            "more than the 4194304 allowed; 2896 × 1448 would do",
        ),
        (Request(steps=0), "steps: 0 is not a whole number from 1 to 150"),
        (Request(steps=151), "steps: 151 is not a whole number from 1 to 150"),
        (Request(images=0), "images: 0 is not a whole number from 1 to 64"),
        (Request(clip_skip=13), "clip_skip: 13 is not a whole number from 1 to 12"),
        (Request(cfg_scale=nan), "cfg_scale: nan is not a number from 0 to 100"),
        (Request(cfg_scale=inf), "cfg_scale: inf is not a number from 0 to 100"),
        (Request(cfg_scale=-0.5), "cfg_scale: -0.5 is not a number from 0 to 100"),
        (
            Request(seed=-2),
            "seed: -2 is not -1 for any, nor a number from 0 to 9223372036854775807",
        ),
        (
            Request(seed=2**63 - 1, images=2),
            "seed: 9223372036854775807 is not -1 for any, "
            "nor a number from 0 to 9223372036854775806",
        ),
        (
            Request(prompt="x" * 20_001),
            "prompt: 20001 characters are too many; 20000 are allowed",
        ),
        (Request(prompt="a\0"), "prompt: character 2 is U+0000, which is not text"),
        (
            Request(negative_prompt="\ud83d"),
            "negative_prompt: character 1 is U+D83D, which is not text",
        ),
    ],
    ids=lambda value: value.split(";")[0][:40] if isinstance(value, str) else "",
)
def test_refusals(request_: Request, message: str) -> None:
    """A value that is out of bounds is refused with its field, itself and what would do."""
    with pytest.raises(InvalidRequest) as refusal:
        planned(request_)
    assert str(refusal.value) == message
    assert refusal.value.field == message.split(":")[0]


def test_suggested_side_is_within_the_limits() -> None:
    """A size that is itself out of bounds is never suggested."""
    limits = Limits(max_side=510)
    with pytest.raises(InvalidRequest, match="; 504 would do"):
        planned(Request(width=509), limits)


def test_suggested_area_is_accepted() -> None:
    """Whoever follows the advice about too many pixels gets the picture."""
    limits = replace(LIMITS, max_pixels=512 * 512)
    with pytest.raises(InvalidRequest, match="720 × 360 would do"):
        planned(Request(width=1024, height=512), limits)
    assert planned(Request(width=720, height=360), limits).width == 720


def test_a_refused_request_finds_no_checkpoint() -> None:
    """A checkpoint, which may cost minutes of hashing, is not looked for in vain."""

    def find_checkpoint(name: str | None) -> ModelRecord:
        raise AssertionError(name)

    with pytest.raises(RequestError):
        plan(
            Request(steps=0, checkpoint="a"),
            find_checkpoint=find_checkpoint,
            draw_seed=lambda: 0,
            limits=LIMITS,
        )


@given(
    width=st.integers(-8, 5000),
    height=st.integers(-8, 5000),
    steps=st.integers(-1, 200),
    cfg_scale=st.floats(),
    seed=st.integers(-2, 2**64),
)
def test_any_numbers(width: int, height: int, steps: int, cfg_scale: float, seed: int) -> None:
    """Whatever the numbers, the answer is a plan within the limits or a refusal."""
    request = Request(width=width, height=height, steps=steps, cfg_scale=cfg_scale, seed=seed)
    with suppress(InvalidRequest):
        result = planned(request)
        assert result.width % 8 == result.height % 8 == 0
        assert result.width * result.height <= LIMITS.max_pixels
