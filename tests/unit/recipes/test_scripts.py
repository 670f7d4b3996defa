"""Recipes of several turns: what each turn is asked, and what becomes of the pictures."""

from dataclasses import replace
from math import cos, pi, sin
from typing import Any

import pytest
import torch
from tests.fakes.answers import FakeNetworks
from tests.fakes.pictures import half_mask_file, picture_file, striped_file
from tests.fakes.plans import small_plan

from tintype.core.mask_settings import MaskSettings
from tintype.core.orders import Denoise, EncodePixels
from tintype.core.requests import Init, Plan
from tintype.core.scripts import (
    Curve,
    Loopback,
    OutpaintingMk2,
    PoorMansOutpainting,
    Script,
    SdUpscale,
)
from tintype.core.turns import loop_plan
from tintype.imaging import picture_from
from tintype.recipes import expected_calls, painted
from tintype.recipes.scripts import turn_count

TILES = SdUpscale(overlap=16, upscaler="Lanczos", scale=2)
OUTSIDE = MaskSettings(blur_x=0, blur_y=0, fill=0)


class StillNetworks(FakeNetworks):
    """A network that takes every latent for clean, so that noise stays out of the picture."""

    def _answer(self, order: Any) -> Any:
        if isinstance(order, Denoise):
            return order.x * 0 + torch.tensor([200, 100, 50, 117]).view(4, 1, 1) / 127.5 - 1
        return super()._answer(order)


def script_plan(script: Script, picture: bytes | None = None, **init: Any) -> Plan:
    """A plan of a script that begins with a picture."""
    init = {"denoising_strength": 0.5, "masking": OUTSIDE} | init
    plan = small_plan(steps=4, width=32, height=32)
    file = picture or picture_file(size=(32, 32))
    return replace(plan, script=script, init=Init(file, **init))


def first_noises(networks: FakeNetworks, turns: int) -> list[float]:
    """The first question of every turn, as a number that differs from seed to seed."""
    questions = networks.questions
    each = len(questions) // turns
    return [float(question.x[3, 0, 0]) for question in questions[::each]]


def played(plan: Plan) -> tuple[FakeNetworks, tuple[torch.Tensor, ...]]:
    """The plan's pictures, and what was asked for them."""
    networks = FakeNetworks()
    return networks, networks.play(painted(plan))


@pytest.mark.parametrize(
    ("curve", "middle"),
    [("Linear", 0.5), ("Aggressive", sin(pi / 4)), ("Lazy", 1 - cos(pi / 4))],
)
def test_loopback_strength_follows_its_curve(curve: Curve, middle: float) -> None:
    """The first turn has the plan's strength, the last the final one, between them the curve."""
    script = Loopback(3, 0.9, curve)

    strengths = [script.strength(0.4, turn) for turn in range(3)]

    assert strengths == pytest.approx([0.4, 0.4 + 0.5 * middle, 0.9])


def test_loopback_of_one_turn_keeps_its_strength() -> None:
    """With one loop there is no way to the final strength."""
    assert Loopback(1, 0.9).strength(0.4, 0) == 0.4


def test_loopback_feeds_each_picture_to_the_next_turn() -> None:
    """Every turn encodes what the turn before painted, and all pictures are the answer."""
    networks, pictures = played(script_plan(Loopback(3, 0.5)))

    encoded = networks.of(EncodePixels)
    assert len(pictures) == len(encoded) == 3
    for picture, order in zip(pictures, encoded[1:], strict=False):
        seen = torch.round((order.pixels + 1) * 127.5).byte().permute(1, 2, 0)
        assert torch.equal(seen, picture)


def test_loopback_turns_have_the_next_seed_and_strength() -> None:
    """A turn is the img2img plan one would ask for with its seed and strength."""
    plan = script_plan(Loopback(2, 0.75))
    assert plan.init is not None

    turn = loop_plan(plan, Loopback(2, 0.75), plan.init, 1)

    assert turn.script is None
    assert turn.init is not None
    assert (turn.seed, turn.init.denoising_strength) == (plan.seed + 1, 0.75)


def test_loopback_fills_a_mask_once() -> None:
    """Under a mask only the first turn begins with a fill, later ones go on from what is there."""
    plan = script_plan(Loopback(2, 0.5), mask=half_mask_file((32, 32)))
    assert plan.init is not None

    turns = [loop_plan(plan, Loopback(2, 0.5), plan.init, turn) for turn in (0, 1)]

    assert [turn.init.masking.fill for turn in turns if turn.init] == [0, 1]


def test_sd_upscale_repaints_every_tile_with_its_own_seed() -> None:
    """64 pixels in tiles of 32 that overlap by 16 are nine tiles, no two with the same noise."""
    networks, pictures = played(script_plan(TILES))

    assert [tuple(picture.shape) for picture in pictures] == [(64, 64, 3)]
    assert len(networks.of(EncodePixels)) == 9
    assert len(set(first_noises(networks, 9))) == 9


def test_sd_upscale_seeds_go_by_batches() -> None:
    """Batches begin one seed apart and count up within, so tiles of two batches share seeds."""
    script = replace(TILES, batch_size=2)

    assert [script.seed_offset(tile) for tile in range(6)] == [0, 1, 1, 2, 2, 3]


def test_sd_upscale_of_no_change_is_the_enlarged_picture() -> None:
    """Without denoising, tiles that come back as they went make the picture without seams."""
    plan = script_plan(TILES, picture_file((200, 100, 50), (32, 32)), denoising_strength=0.0)

    (picture,) = StillNetworks().play(painted(plan))

    assert (picture.float() - torch.tensor([200.0, 100, 50])).abs().max() <= 1


def test_poor_mans_outpainting_keeps_the_picture() -> None:
    """The sheet grows to the next 64 pixels, and what was the picture has its bytes."""
    file = striped_file((64, 64))
    script = PoorMansOutpainting(pixels=16, mask_blur=0, directions=("left", "down"))

    networks, (picture,) = played(script_plan(script, file))

    assert tuple(picture.shape) == (128, 128, 3)
    original = picture_from(file).tobytes()
    kept = picture[:64, 64:].contiguous().numpy().tobytes()
    assert kept == original
    assert turn_count(script_plan(script, file)) == 49
    assert len(networks.of(EncodePixels)) == 49 - 9  # nine lie in the picture alone


def test_mk2_grows_side_by_side_with_one_seed() -> None:
    """Every side is one turn, and all turns begin with the same noise."""
    script = OutpaintingMk2(pixels=16, mask_blur=4, directions=("down", "left"))
    file = striped_file((64, 64))

    networks, (picture,) = played(script_plan(script, file))

    assert tuple(picture.shape) == (128, 128, 3)
    widths = [order.pixels.shape[1:] for order in networks.of(EncodePixels)]
    assert [tuple(size) for size in widths] == [(64, 32), (32, 128)]


@pytest.mark.parametrize("script", [Loopback(3, 0.5), TILES])
def test_progress_counts_all_turns(script: Script) -> None:
    """A script is expected to ask the network as often as it does."""
    plan = script_plan(script)

    networks, _ = played(plan)

    assert expected_calls(plan) == len(networks.questions)


def test_later_turns_draw_their_latents_from_the_seed_before() -> None:
    """The first latent is the distribution's mean, later ones are drawn, as A1111's are."""
    networks, _ = played(script_plan(Loopback(2, 0.5)))

    first, second = networks.of(EncodePixels)
    expected = torch.randn((4, 4, 4), generator=torch.Generator().manual_seed(1))
    assert first.noise is None
    assert torch.equal(second.noise, expected)
