"""A1111's patterns for names."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.imagestore import Naming, filled

NOW = datetime(2025, 3, 9, 21, 4, 5, 678)
ONE = Naming(
    prompt="a red cat, (sitting:1.2) on <a> mat, oil",
    plain_prompt="a red cat",
    negative_prompt="ugly",
    styles=(),
    seed=7,
    first_seed=7,
    last_seed=7,
    steps=20,
    cfg_scale=7.0,
    width=64,
    height=72,
    sampler="DPM++ 2M",
    schedule="Karras",
    clip_skip=2,
    denoising_strength=None,
    model_name="anime v1/2",
    model_hash="0123456789",
    vae_name=None,
    place=0,
    batch_size=1,
    images=1,
    user="ana",
    began=datetime(2025, 3, 9, 21, 4),
    now=NOW,
    prompt_words=4,
    image_hash=lambda: "ab" * 32,
)
FOUR = replace(ONE, batch_size=2, images=4, place=3, seed=10, last_seed=10, styles=("oil", "ink"))


def digits(text: str, count: int) -> str:
    return sha256(text.encode()).hexdigest()[:count]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("[seed]", "7"),
        ("[steps]-[cfg]-[width]x[height]", "20-7-64x72"),
        ("[sampler] [sampler_name] [scheduler]", "DPM++ 2M DPM++ 2M Karras"),
        ("[sampler_scheduler]", "DPM++ 2M Karras"),
        ("[prompt]", "a_red_cat,_(sitting_1.2)_on__a__mat,_oil"),
        ("[prompt_spaces]", "a red cat, (sitting_1.2) on _a_ mat, oil"),
        ("[prompt_no_styles]", "a red cat"),
        ("[prompt_words]", "a red cat sitting"),
        ("[prompt_hash]", digits(ONE.prompt, 8)),
        ("[prompt_hash<12>]", digits(ONE.prompt, 12)),
        ("[negative_prompt_hash]", digits("ugly", 8)),
        ("[full_prompt_hash<4>]", digits(f"{ONE.prompt} ugly", 4)),
        ("[image_hash]", "ab" * 32),
        ("[image_hash<6>]", "ababab"),
        ("[date] [datetime]", "2025-03-09 20250309210405"),
        ("[datetime<%d.%m._%f>]", "09.03._000678"),
        ("[datetime<>]", "20250309210405"),
        ("[job_timestamp]", "20250309210400"),
        ("[styles]", "None"),
        ("[model_name] [model_hash]", "anime v1_2 0123456789"),
        ("[vae_filename]", "None"),
        ("[hasprompt<cat><dog>]", "cat"),
        ("[hasprompt<cat|no cat><dog|no dog>]", "catno dog"),
        ("[clip_skip]", "2"),
        ("[user]", "ana"),
        ("[none]", ""),
        ("[SEED]", "7"),
        ("[[seed]]", "[7]"),
        ("[nothing known]-[mine]", "[nothing known]-[mine]"),
        ("a/[seed]", "a/7"),
        ("[seed", "[seed"),
        ("", ""),
    ],
)
def test_patterns(pattern: str, name: str) -> None:
    """Each says what A1111's documentation says it does; unknown ones stay as they are."""
    assert filled(pattern, ONE) == name


@pytest.mark.parametrize(
    ("pattern", "alone", "one_of_four"),
    [
        ("x-[batch_number]", "", "x-2"),
        ("x-[batch_size]", "", "x-2"),
        ("x-[generation_number]", "", "x-4"),
        ("[seed_first]-[seed_last]", "7", "7-10"),
        ("[seed]-[batch_number]-[steps]", "7-20", "10-2-20"),
        ("[styles]", "None", "oil, ink"),
        ("[seed]_[denoising]", "7", "10"),
    ],
)
def test_what_does_not_apply_goes_with_the_text_before_it(
    pattern: str, alone: str, one_of_four: str
) -> None:
    """Numbers within a batch are told where there are several pictures."""
    assert filled(pattern, ONE) == alone
    assert filled(pattern, FOUR) == one_of_four


def test_a_sheet_has_no_number_in_its_batch() -> None:
    """It stands for all of them."""
    sheet = replace(FOUR, place=None)

    assert filled("[seed]-[batch_number]-[generation_number]", sheet) == "10"


def test_time_zones() -> None:
    """An hour in a zone of one's own; an unknown one is the local one."""
    naming = replace(ONE, now=datetime(2025, 3, 9, 21, 4, tzinfo=UTC))

    assert filled("[datetime<%d %H><Asia/Tokyo>]", naming) == "10 06"
    assert filled("[datetime<%d %H><../../etc/passwd>]", naming) == "09 21"
    assert filled("[datetime<%d %H><Nowhere/None>]", naming) == "09 21"


@given(st.text(st.sampled_from("[]<>%Y/._adeinopmrstu0")))
def test_any_pattern(pattern: str) -> None:
    """No pattern fails."""
    filled(pattern, ONE)
    filled(f"[datetime<{pattern}><{pattern}>]", ONE)


def test_values_hold_no_slashes() -> None:
    """What a caller sends cannot name folders; what the pattern itself says can."""
    naming = replace(ONE, prompt="../../etc/passwd", user="/root")

    assert filled("[prompt_spaces]/[user]", naming) == ".._.._etc_passwd/_root"
