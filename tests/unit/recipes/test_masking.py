"""Wrappers that repaint only where a mask says so."""

from collections.abc import Callable

import torch
from tests.fakes.plans import NOWHERE
from torch import Tensor

from tintype.core.mask_settings import SoftInpainting
from tintype.core.orders import Decode, Denoise, Network, Order, Steps
from tintype.recipes.masking import kept, kept_before, softly_kept

ORIGINAL = torch.full((4, 2, 2), 3.0)
PAINT = torch.tensor([[1.0, 0.0], [0.5, 0.0]])
SIGMA = 2.0


def asking(x: Tensor, heard: list[Tensor]) -> Steps:
    """Asks twice about `x` and once for something else; returns the last answer."""
    for sigma in (SIGMA, SIGMA / 2):
        answer = yield Denoise(x, sigma)
        assert isinstance(answer, Tensor)
        heard.append(answer)
    other = yield Decode(Network(NOWHERE), x)
    assert isinstance(other, Tensor)
    return other


def play(steps: Steps, answer: Callable[[Order], Tensor]) -> tuple[list[Order], Tensor]:
    """Run to the end; what was asked, and the result."""
    asked: list[Order] = []
    try:
        order = next(steps)
        while True:
            asked.append(order)
            order = steps.send(answer(order))
    except StopIteration as end:
        return asked, end.value


def zeros(_: Order) -> Tensor:
    return torch.zeros(4, 2, 2)


def test_kept_answers() -> None:
    """The sampler hears the original where nothing is painted, and half of it at half."""
    heard: list[Tensor] = []
    x = torch.ones(4, 2, 2)
    asked, result = play(kept(asking(x, heard), ORIGINAL, PAINT), zeros)
    wanted = torch.tensor([[0.0, 3.0], [1.5, 3.0]]).expand(4, 2, 2)
    assert all(torch.equal(answer, wanted) for answer in heard)
    assert len(heard) == 2
    assert all(order.x is x for order in asked if isinstance(order, Denoise))
    assert torch.equal(result, zeros(asked[-1]))  # orders of other kinds pass as they are


def test_kept_questions() -> None:
    """The network sees the clean original where nothing is painted, scaled as latents are here.

    And the sampler hears the noise that the network saw: (x − denoised) / sigma is the same on
    both sides.
    """
    heard: list[Tensor] = []
    x = torch.randn(4, 2, 2, generator=torch.Generator().manual_seed(1))

    def half(order: Order) -> Tensor:
        return order.x / 2 if isinstance(order, Denoise) else zeros(order)

    asked, _ = play(kept_before(asking(x, heard), ORIGINAL, PAINT), half)
    questions = [order for order in asked if isinstance(order, Denoise)]
    for question, answer in zip(questions, heard, strict=True):
        scale = (question.sigma**2 + 1) ** 0.5
        torch.testing.assert_close(question.x[:, 0, 0], x[:, 0, 0])
        torch.testing.assert_close(question.x[:, :, 1], 3.0 * scale * torch.ones(4, 2))
        seen = (question.x - question.x / 2) / question.sigma
        torch.testing.assert_close((x - answer) / question.sigma, seen)
    assert [question.sigma for question in questions] == [SIGMA, SIGMA / 2]


def test_softly_kept_answers() -> None:
    """Where all is painted the answer stands, where nothing is the original, and the half between
    leans to the answer less as the noise falls.
    """
    heard: list[Tensor] = []
    steps = asking(torch.ones(4, 2, 2), heard)
    play(softly_kept(steps, ORIGINAL, PAINT, SoftInpainting()), lambda _: torch.ones(4, 2, 2))
    early, late = heard
    for answer in heard:
        torch.testing.assert_close(answer[:, 0, 0], torch.ones(4), atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(answer[:, :, 1], torch.full((4, 2), 3.0), atol=1e-3, rtol=1e-3)
    assert (early[:, 1, 0] > 1).all()
    assert (early[:, 1, 0] > late[:, 1, 0]).all()
