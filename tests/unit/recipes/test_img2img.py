"""Pictures from pictures, with a fake in the place of every network."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.fakes.answers import FakeNetworks, networks_of
from tests.fakes.library import make_library, planned
from tests.fakes.pictures import half_mask_file, picture_file, striped_file
from tests.fakes.plans import small_plan
from torch import Tensor

from tintype.core.mask_settings import MaskSettings, SoftInpainting
from tintype.core.orders import EncodePixels
from tintype.core.requests import Init, Plan, Request
from tintype.errors import InvalidRequest
from tintype.recipes import expected_calls, img2img, painted

MASKED = MaskSettings(blur_x=0, blur_y=0)


def plan_from(picture: bytes, steps: int = 4, sampler: str = "Euler", **init: Any) -> Plan:
    """A plan that begins with a picture."""
    init = {"denoising_strength": 0.5} | init
    return replace(small_plan(steps=steps, sampler=sampler), init=Init(picture, **init))


def masked_plan(sampler: str = "Euler", fill: int = 1, **init: Any) -> Plan:
    """A plan that repaints the left half."""
    masking = replace(MASKED, fill=fill)
    init = {"mask": half_mask_file(), "masking": masking} | init
    return plan_from(striped_file(), sampler=sampler, **init)


def pixels(file: bytes) -> Tensor:
    """The file's pixels (H, W, 3)."""
    return torch.from_numpy(np.array(Image.open(BytesIO(file)).convert("RGB")))


def noise(seed: int) -> Tensor:
    """The seed's first noise by torch's generator."""
    return torch.randn((4, 8, 8), generator=torch.Generator().manual_seed(seed))


def latent_of(file: bytes) -> Tensor:
    """What `FakeNetworks` makes of a file."""
    cells = pixels(file).permute(2, 0, 1).float() / 127.5 - 1
    colours = cells.reshape(3, 8, 8, 8, 8).mean(dim=(2, 4))
    return torch.cat([colours, colours.mean(dim=0, keepdim=True)])


def test_orders_of_a_picture() -> None:
    """The picture is encoded, then the prompts; part of the steps is made; one picture comes."""
    fake, plan = FakeNetworks(), plan_from(picture_file(), steps=4)
    (picture,) = fake.play(painted(plan))
    assert fake.asked == "P T×2 D×3 d"
    assert networks_of(fake.orders) == [plan.network] * 7
    assert tuple(picture.shape) == (64, 64, 3)


@pytest.mark.parametrize(
    ("strength", "fixes_steps", "questions"),
    [
        (0.0, False, 1),
        (0.25, False, 3),
        (0.75, False, 7),
        (1.0, False, 8),
        (0.0, True, 0),
        (0.25, True, 8),
        (1.0, True, 8),
    ],
)
def test_how_far_back(strength: float, questions: int, *, fixes_steps: bool) -> None:
    """int(strength · steps) + 1 steps of eight, or all of them where the option asks for it."""
    plan = plan_from(picture_file(), 8, denoising_strength=strength, fixes_steps=fixes_steps)
    fake = FakeNetworks()
    fake.play(img2img(plan))
    assert len(fake.questions) == questions
    assert expected_calls(plan) == (questions or 8)


def test_the_first_latent_is_the_picture_under_noise() -> None:
    """The picture's latent plus the seed's noise at the first level, with factor and extra."""
    file = striped_file()
    plan = plan_from(file, noise_multiplier=0.5, extra_noise=0.1)
    fake = FakeNetworks()
    fake.play(img2img(plan))
    first, ours = fake.questions[0], 0.5 * noise(1)
    wanted = latent_of(file) + ours * first.sigma + ours * 0.1
    torch.testing.assert_close(first.x, wanted, atol=1e-3, rtol=1e-3)


def test_the_picture_is_brought_to_size() -> None:
    """Pixels −1 … 1 of the size asked for; transparency shows the background."""
    file = picture_file((0, 255, 0, 0), size=(32, 48))
    fake = FakeNetworks()
    fake.play(img2img(plan_from(file, background="#ff0000")))
    (encode,) = fake.of(EncodePixels)
    assert (tuple(encode.pixels.shape), encode.pixels.dtype) == ((3, 64, 64), torch.float32)
    assert encode.pixels[:, 32, 32].tolist() == [1.0, -1.0, -1.0]
    assert encode.noise is None


def test_latents_can_be_resized_instead() -> None:
    """Mode 3 encodes the picture as large as it is and stretches its latent."""
    fake = FakeNetworks()
    (picture,) = fake.play(img2img(plan_from(picture_file(size=(100, 48)), resize_mode=3)))
    (encode,) = fake.of(EncodePixels)
    assert tuple(encode.pixels.shape) == (3, 48, 96)
    assert tuple(fake.questions[0].x.shape) == (4, 8, 8)
    assert tuple(picture.shape) == (64, 64, 3)


@pytest.mark.parametrize("sampler", ["Euler", "Euler a", "DPM++ 2M", "DDIM", "UniPC", "PLMS"])
def test_what_is_not_masked_stays(sampler: str) -> None:
    """The right half comes back byte for byte, the left half is new."""
    plan = masked_plan(sampler)
    settings = replace(plan.settings, unipc_order=2)
    (picture,) = FakeNetworks().play(img2img(replace(plan, settings=settings)))
    original = pixels(striped_file())
    assert torch.equal(picture[:, 32:], original[:, 32:])
    assert not torch.equal(picture[:, :32], original[:, :32])


def test_without_overlay_the_latent_stays() -> None:
    """The kept half is what the autoencoder makes of the original's latent."""
    fake = FakeNetworks()
    (picture,) = fake.play(img2img(masked_plan(overlays=False)))
    colours = ((latent_of(striped_file())[:3] + 1) * 127.5).clamp(0, 255)
    wanted = colours.repeat_interleave(8, 1).repeat_interleave(8, 2).permute(1, 2, 0)
    assert (picture[:, 32:].float() - wanted[:, 32:]).abs().max() <= 1


def test_soft_inpainting_keeps_what_is_black() -> None:
    """Where a mask says nothing the original shines through an overlay almost opaque."""
    (picture,) = FakeNetworks().play(img2img(masked_plan(soft=SoftInpainting())))
    gap = picture[:, 48:].int() - pixels(striped_file())[:, 48:].int()
    assert gap.abs().max() <= 2  # premultiplied bytes are rounded twice


@pytest.mark.parametrize("fill", [2, 3])
def test_what_stands_under_the_mask_at_first(fill: int) -> None:
    """Noise or nothing in the repainted half of the latent, before the noise of sampling."""
    fake = FakeNetworks()
    fake.play(img2img(masked_plan(fill=fill)))
    first = fake.questions[0]
    painted_half = first.x[:, :, :4]
    under = noise(1) if fill == 2 else torch.zeros(4, 8, 8)
    wanted = (under + noise(1) * first.sigma)[:, :, :4]
    torch.testing.assert_close(painted_half, wanted, atol=1e-4, rtol=1e-4)


def test_masked_area_alone() -> None:
    """The masked part is worked on at the full size and pasted into a picture of its own size."""
    masking = replace(MASKED, only_masked=True, padding=0)
    file, mask = striped_file((128, 128)), half_mask_file((128, 128))
    fake = FakeNetworks()
    (picture,) = fake.play(img2img(plan_from(file, mask=mask, masking=masking)))
    assert tuple(fake.questions[0].x.shape) == (4, 8, 8)
    assert tuple(picture.shape) == (128, 128, 3)
    assert torch.equal(picture[:, 64:], pixels(file)[:, 64:])


def test_masked_area_alone_without_any() -> None:
    """A black mask then means plain img2img."""
    masking, black = replace(MASKED, only_masked=True), picture_file((0, 0, 0))
    fake, plain = FakeNetworks(), FakeNetworks()
    ours = fake.play(img2img(plan_from(striped_file(), mask=black, masking=masking)))
    wanted = plain.play(img2img(plan_from(striped_file())))
    assert torch.equal(ours[0], wanted[0])


def test_what_is_answered_beside_the_picture() -> None:
    """The mask as RGB and what was repainted alone as RGBA, where they are asked for."""
    plan = masked_plan(returns_mask=True, returns_composite=True)
    _, mask, alone = FakeNetworks().play(img2img(plan))
    assert mask[0, 0].tolist() == [255, 255, 255]
    assert mask[0, 63].tolist() == [0, 0, 0]
    assert alone[..., 3].float().mean(dim=0)[[0, 63]].tolist() == [255.0, 0.0]


def test_colours_come_back() -> None:
    """With its option the picture has the original's colours again."""
    file = picture_file((200, 100, 50))
    (plain,) = FakeNetworks().play(img2img(plan_from(file)))
    (corrected,) = FakeNetworks().play(img2img(plan_from(file, corrects_colours=True)))

    def gap(picture: Tensor) -> float:
        return float((picture.float() - pixels(file).float()).mean(dim=(0, 1)).abs().max())

    assert gap(corrected) < gap(plain)


def test_several_pictures(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each image of a batch begins with its own picture."""
    files = (picture_file((255, 0, 0)), picture_file((0, 0, 255)))
    request = Request(
        steps=2, width=64, height=64, seed=1, images=2, batch_size=2, init=Init(files[0])
    )
    library = make_library(tmp_path_factory.mktemp("library"))
    begun: list[list[float]] = []
    for plan in planned(replace(request, init_pictures=files), library):
        fake = FakeNetworks()
        fake.play(painted(plan))
        begun.append(fake.of(EncodePixels)[0].pixels[:, 0, 0].tolist())
    assert begun == [[1.0, -1.0, -1.0], [-1.0, -1.0, 1.0]]


@pytest.mark.parametrize("field", ["init_images", "mask"])
def test_no_pictures(field: str) -> None:
    """A file that is no picture is refused under the name its sender knows."""
    files = {"init_images": picture_file(), "mask": half_mask_file()} | {field: b"no picture"}
    plan = plan_from(files["init_images"], mask=files["mask"])
    with pytest.raises(InvalidRequest) as refusal:
        FakeNetworks().play(img2img(plan))
    assert refusal.value.field == field
