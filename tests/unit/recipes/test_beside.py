"""What inpainting and edit checkpoints see beside the latent."""

from dataclasses import replace

import torch
from tests.fakes.answers import FakeNetworks
from tests.fakes.pictures import half_mask_file, picture_file
from tests.fakes.plans import small_plan
from torch import Tensor

from tintype.core.mask_settings import MaskSettings
from tintype.core.orders import EncodePixels
from tintype.core.requests import Init, Plan
from tintype.recipes import painted

GREEN = (0, 255, 0)
INPAINTING, EDIT = 9, 8


def seen_beside(plan: Plan, channels: int) -> tuple[FakeNetworks, Tensor]:
    """What was asked, and what every question had beside its latent."""
    fake = FakeNetworks()
    fake.play(painted(replace(plan, input_channels=channels)))
    seen = [q.guidance.concat for q in fake.questions if q.guidance is not None]
    assert len(seen) == len(fake.questions) > 0
    first = seen[0]
    assert first is not None
    assert all(other is first for other in seen)
    return fake, first


def from_picture(mask_weight: float = 1.0, *, masked: bool = True) -> Plan:
    masking = MaskSettings(blur_x=0, blur_y=0)
    mask = half_mask_file() if masked else None
    init = Init(picture_file(GREEN), mask=mask, masking=masking, mask_weight=mask_weight)
    return replace(small_plan(steps=4), init=init)


def test_others_see_nothing() -> None:
    """Checkpoints of four channels have their latent alone."""
    fake = FakeNetworks()
    fake.play(painted(small_plan()))
    assert {q.guidance and q.guidance.concat for q in fake.questions} == {None}


def test_inpainting_from_noise() -> None:
    """All is masked, and the picture is grey."""
    fake, beside = seen_beside(small_plan(width=72), INPAINTING)
    assert fake.asked == "P T×2 D×2 d"
    assert tuple(beside.shape) == (5, 8, 9)
    assert (beside[0] == 1).all()
    assert not fake.of(EncodePixels)[0].pixels.any()


def test_inpainting_a_picture() -> None:
    """The mask in the latent's size, and the latent of the picture, grey where it is masked."""
    fake, beside = seen_beside(from_picture(), INPAINTING)
    assert beside[0, 0].tolist() == [1.0] * 4 + [0.0] * 4
    _, kept = fake.of(EncodePixels)
    assert kept.pixels[:, 0, 0].tolist() == [0.0, 0.0, 0.0]
    assert kept.pixels[:, 0, 63].tolist() == [-1.0, 1.0, -1.0]
    assert torch.equal(beside[1:, 0, 7], torch.tensor([-1.0, 1.0, -1.0, -1 / 3]))


def test_mask_weight() -> None:
    """At 0 the picture is seen whole, half way it is half grey."""
    for weight, green in ((0.0, 1.0), (0.5, 0.5), (1.0, 0.0)):
        fake, _ = seen_beside(from_picture(weight), INPAINTING)
        assert fake.of(EncodePixels)[1].pixels[1, 0, 0] == green


def test_inpainting_without_mask() -> None:
    """Then all of it is masked."""
    fake, beside = seen_beside(from_picture(masked=False), INPAINTING)
    assert (beside[0] == 1).all()
    assert not fake.of(EncodePixels)[1].pixels.any()


def test_edit_from_noise() -> None:
    """There is no picture: nothing but zeros."""
    _, beside = seen_beside(small_plan(), EDIT)
    assert tuple(beside.shape) == (4, 8, 8)
    assert not beside.any()


def test_edit_a_picture() -> None:
    """The picture's latent, at the scale the checkpoint wants it."""
    plan = replace(from_picture(masked=False), edit_scale=1 / 0.18215)
    _, beside = seen_beside(plan, EDIT)
    wanted = torch.tensor([-1.0, 1.0, -1.0, -1 / 3]) / 0.18215
    torch.testing.assert_close(beside[:, 3, 3], wanted)
