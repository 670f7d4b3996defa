"""What each kind of adapter adds to a weight, against sums written out here."""

import math
from collections.abc import Mapping
from typing import cast

import pytest
import torch
from tests.fakes.adapters import noise
from torch import Tensor

from tintype.networks.adapters.changes import DoesNotFit, change_of

OUT, IN, RANK = 12, 8, 4
BOUND = 1e-5  # of values around 10: some roundings of float32
HALF = torch.tensor(RANK / 2)


def weight(*kernel: int) -> Tensor:
    return noise(OUT, IN, *kernel, seed=99)


def found(parts: Mapping[str, Tensor], kernel: tuple[int, ...] = (), rank: int | None = None):
    return change_of(parts, weight(*kernel), rank).weight


def close(a: Tensor, b: Tensor) -> bool:
    assert a.shape == b.shape
    return (a - b).abs().max().item() <= BOUND * max(1.0, b.abs().max().item())


def tucker(core: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Σ core[i, j, k, l] · first[i, out] · second[j, in], by loops."""
    total = torch.zeros(first.shape[1], second.shape[1], *core.shape[2:])
    for i in range(core.shape[0]):
        for j in range(core.shape[1]):
            total += first[i][:, None, None, None] * second[j][None, :, None, None] * core[i, j]
    return total


def test_lora() -> None:
    """A LoRA adds up · down · alpha / rank."""
    up, down = noise(OUT, RANK), noise(RANK, IN, seed=2)
    parts = {"lora_up.weight": up, "lora_down.weight": down, "alpha": HALF}
    assert close(found(parts), 0.5 * torch.einsum("or,ri->oi", up, down))


def test_scale_wins_over_alpha_and_no_alpha_is_one() -> None:
    """A stored scale is taken as it is; without alpha nothing is divided."""
    parts = {"lora_up.weight": noise(OUT, RANK), "lora_down.weight": noise(RANK, IN, seed=2)}
    plain = found(parts)
    assert close(found(parts | {"alpha": HALF, "scale": torch.tensor(3.0)}), 3 * plain)


def test_lora_of_fewer_dimensions() -> None:
    """A rank given in the prompt cuts both matrices, while alpha is divided by the whole rank."""
    up, down = noise(OUT, RANK), noise(RANK, IN, seed=2)
    parts = {"lora_up.weight": up, "lora_down.weight": down, "alpha": HALF}
    expected = 0.5 * (up[:, :1] * down[0] + up[:, 1:2] * down[1])
    assert close(found(parts, rank=2), expected)


def test_lora_of_a_convolution() -> None:
    """The down half of a LoCon has the kernel, the up half mixes its outputs."""
    up, down = noise(OUT, RANK, 1, 1), noise(RANK, IN, 3, 3, seed=2)
    parts = {"lora_up.weight": up, "lora_down.weight": down}
    expected = torch.zeros(OUT, IN, 3, 3)
    for r in range(RANK):
        expected += up[:, r, :, :, None] * down[r]
    assert close(found(parts, (3, 3)), expected)


def test_matrices_serve_small_convolutions() -> None:
    """A LoRA of a linear layer fits the 1 × 1 convolution that other checkpoints have there."""
    parts = {"lora_up.weight": noise(OUT, RANK), "lora_down.weight": noise(RANK, IN, seed=2)}
    assert close(found(parts, (1, 1))[:, :, 0, 0], found(parts))


def test_locon_with_a_core() -> None:
    """A LoCon with a middle part is a Tucker decomposition."""
    up, down = noise(OUT, RANK, 1, 1), noise(RANK, IN, 1, 1, seed=2)
    core = noise(RANK, RANK, 3, 3, seed=3)
    parts = {"lora_up.weight": up, "lora_down.weight": down, "lora_mid.weight": core}
    assert close(found(parts, (3, 3)), tucker(core, up[:, :, 0, 0].T, down[:, :, 0, 0]))


def test_loha() -> None:
    """LoHa multiplies two products of low rank, element by element."""
    a1, b1, a2, b2 = (
        noise(OUT, RANK),
        noise(RANK, IN, seed=2),
        noise(OUT, RANK, seed=3),
        noise(RANK, IN, seed=4),
    )
    parts = {"hada_w1_a": a1, "hada_w1_b": b1, "hada_w2_a": a2, "hada_w2_b": b2, "alpha": HALF}
    assert close(found(parts), 0.5 * (a1 @ b1) * (a2 @ b2))


def test_loha_with_cores() -> None:
    """LoHa of a convolution may have a core in each factor."""
    first = [noise(RANK, OUT, seed=s) for s in (1, 2)]
    second = [noise(RANK, IN, seed=s) for s in (3, 4)]
    cores = [noise(RANK, RANK, 3, 3, seed=s) for s in (5, 6)]
    parts: dict[str, Tensor] = {}
    for n in (1, 2):
        parts[f"hada_w{n}_a"], parts[f"hada_w{n}_b"] = first[n - 1], second[n - 1]
        parts[f"hada_t{n}"] = cores[n - 1]
    expected = tucker(cores[0], first[0], second[0]) * tucker(cores[1], first[1], second[1])
    assert close(found(parts, (3, 3)), expected)


@pytest.mark.parametrize("on_input", [True, False])
def test_ia3(*, on_input: bool) -> None:
    """IA³ scales input channels or output channels of what is there."""
    factors = noise(IN if on_input else OUT)
    parts = {"weight": factors, "on_input": torch.tensor(on_input)}
    expected = weight() * (factors[None, :] if on_input else factors[:, None])
    assert close(found(parts), expected)


def test_lokr_of_whole_factors() -> None:
    """LoKr adds the Kronecker product of its factors; alpha means nothing without a rank."""
    left, right = noise(3, 2), noise(4, 4, seed=2)
    expected = torch.zeros(OUT, IN)
    for i in range(3):
        for j in range(2):
            expected[4 * i : 4 * i + 4, 4 * j : 4 * j + 4] = left[i, j] * right
    parts = {"lokr_w1": left, "lokr_w2": right, "alpha": HALF}
    assert close(found(parts), expected)


def test_lokr_of_low_rank_factors() -> None:
    """Either factor may be a product; the second one's rank divides alpha."""
    a1, b1, a2, b2 = noise(3, 1), noise(1, 2), noise(4, RANK), noise(RANK, 4, seed=3)
    parts = {"lokr_w1_a": a1, "lokr_w1_b": b1, "lokr_w2_a": a2, "lokr_w2_b": b2, "alpha": HALF}
    assert close(found(parts), 0.5 * found({"lokr_w1": a1 @ b1, "lokr_w2": a2 @ b2}))


@pytest.mark.parametrize("with_core", [True, False])
def test_lokr_of_a_convolution(*, with_core: bool) -> None:
    """The second factor holds the kernel: whole, as a matrix, or with a core."""
    left = noise(3, 2)
    if with_core:
        core, a, b = noise(RANK, RANK, 3, 3), noise(RANK, 4, seed=2), noise(RANK, 4, seed=3)
        parts = {"lokr_w1": left, "lokr_t2": core, "lokr_w2_a": a, "lokr_w2_b": b}
        right = tucker(core, a, b)
    else:
        a, b = noise(4, RANK), noise(RANK, 4 * 9, seed=2)
        parts, right = {"lokr_w1": left, "lokr_w2_a": a, "lokr_w2_b": b}, (a @ b).view(4, 4, 3, 3)
    expected = torch.zeros(OUT, IN, 3, 3)
    for i in range(3):
        for j in range(2):
            expected[4 * i : 4 * i + 4, 4 * j : 4 * j + 4] = left[i, j] * right
    assert close(found(parts, (3, 3)), expected)


def test_whole_differences() -> None:
    """A full difference is added with that of the bias, a norm's likewise."""
    delta, bias = noise(OUT, IN), noise(OUT, seed=2)
    change = change_of({"diff": delta, "diff_b": bias}, weight())
    assert torch.equal(change.weight, delta)
    assert change.bias is bias
    norm = change_of({"w_norm": bias, "b_norm": bias}, noise(OUT))
    assert torch.equal(norm.weight, bias)
    assert norm.bias is bias


@pytest.mark.parametrize("swapped", [False, True])
def test_glora(*, swapped: bool) -> None:
    """GLoRA adds W·A + B, whichever of its factors is called the first."""
    a_in, a_out = noise(RANK, IN), noise(IN, RANK, seed=2)
    b_in, b_out = noise(RANK, IN, seed=3), noise(OUT, RANK, seed=4)
    first, second = ("2", "1") if swapped else ("1", "2")
    parts = {
        f"a{first}.weight": a_in,
        f"a{second}.weight": a_out,
        f"b{first}.weight": b_in,
        f"b{second}.weight": b_out,
        "alpha": HALF,
    }
    assert close(found(parts), 0.5 * (weight() @ (a_out @ a_in) + b_out @ b_in))


def turned_by(blocks: Tensor, bound: float = math.inf) -> Tensor:
    """The matrix (OUT, OUT) of blockwise rotations, by solving rather than inverting."""
    whole = torch.zeros(OUT, OUT)
    skews = blocks - blocks.transpose(1, 2)
    skews = skews * min(1.0, bound / skews.square().sum().sqrt().item())
    size = blocks.shape[1]
    for n, skew in enumerate(skews):
        identity = torch.eye(size)
        place = slice(n * size, (n + 1) * size)
        # R = (I + Q)(I − Q)⁻¹ acts by its transpose, which is (I + Q)⁻¹(I − Q)
        whole[place, place] = torch.linalg.solve(identity + skew, identity - skew)
    return whole


@pytest.mark.parametrize("kernel", [(), (3, 3)])
def test_oft(kernel: tuple[int, ...]) -> None:
    """OFT turns blocks of outputs and may rescale them."""
    blocks, rescale = 0.3 * noise(3, 4, 4), noise(OUT, *[1] * (1 + len(kernel)), seed=2)
    before = weight(*kernel)
    after = (turned_by(blocks) @ before.flatten(1)).reshape(before.shape)
    assert close(found({"oft_blocks": blocks}, kernel), after - before)
    assert close(
        found({"oft_blocks": blocks, "rescale": rescale}, kernel), after * rescale - before
    )


def test_oft_is_bounded() -> None:
    """Alpha bounds the size of the rotation, for all outputs together."""
    parts = {"oft_blocks": noise(3, 4, 4), "alpha": torch.tensor(0.05)}
    expected = turned_by(noise(3, 4, 4), bound=0.05 * OUT) @ weight() - weight()
    assert close(found(parts), expected)


def test_oldest_oft() -> None:
    """The oldest files hold the orthogonal matrices themselves."""
    matrices: Tensor = torch.stack([torch.linalg.qr(m).Q for m in noise(3, 4, 4)])
    whole = cast(Tensor, torch.block_diag(*matrices.transpose(1, 2)))
    expected = whole @ weight() - weight()
    assert close(found({"oft_diag": matrices}), expected)


def test_boft() -> None:
    """BOFT's second stage turns outputs that lie twice as far apart."""
    stages = 0.3 * noise(2, 2, 4, 4)
    before = noise(8, 5, seed=7)
    after = before
    for stage, skews in enumerate(stages - stages.transpose(2, 3)):
        apart = 2 * 2**stage
        order = [
            first + side * apart + group * 2 * apart
            for group in range(8 // (2 * apart))
            for first in range(apart)
            for side in (0, 1)
        ]
        mixed = torch.zeros_like(after)
        for n, skew in enumerate(skews):
            rows = order[4 * n : 4 * n + 4]
            identity = torch.eye(4)
            rotation = (identity - skew).inverse() @ (identity + skew)  # the factors commute
            mixed[rows] = rotation @ after[rows]
        after = mixed
    assert close(change_of({"oft_blocks": stages}, before).weight, after - before)


@pytest.mark.parametrize("kernel", [(), (3, 3)])
def test_dora(kernel: tuple[int, ...]) -> None:
    """DoRA gives each input channel of the changed weight a length of its own."""
    lengths = noise(1, IN, *[1] * len(kernel), seed=5).abs()
    lora = {"lora_up.weight": noise(OUT, RANK), "lora_down.weight": noise(RANK, IN, *kernel)}
    merged = weight(*kernel) + found(lora, kernel)
    expected = torch.stack(
        [lengths[0, i] * merged[:, i] / merged[:, i].norm() for i in range(IN)], dim=1
    )
    change = found(lora | {"dora_scale": lengths}, kernel)
    assert close(change, expected - weight(*kernel))


def test_dora_by_outputs() -> None:
    """Newer files have a length for each output channel."""
    lengths = noise(OUT, 1, seed=5).abs()
    lora = {"lora_up.weight": noise(OUT, RANK), "lora_down.weight": noise(RANK, IN)}
    merged = weight() + found(lora)
    expected = merged / merged.square().sum(dim=1, keepdim=True).sqrt() * lengths
    assert close(found(lora | {"dora_scale": lengths}), expected - weight())


def test_inpainting_gets_the_channels_it_shares() -> None:
    """A change to the first convolution of a plain U-Net leaves an inpainting one's mask alone."""
    parts = {"lora_up.weight": noise(OUT, RANK, 1, 1), "lora_down.weight": noise(RANK, 4, 3, 3)}
    change = change_of(parts, noise(OUT, 9, 3, 3)).weight
    assert close(change[:, :4], change_of(parts, noise(OUT, 4, 3, 3)).weight)
    assert not change[:, 4:].any()


def test_sparse_remainders_are_added() -> None:
    """Old LyCORIS files keep what the product misses as a sparse matrix."""
    lora = {"lora_up.weight": noise(OUT, RANK), "lora_down.weight": noise(RANK, IN)}
    sparse = {
        "bias_indices": torch.tensor([[0, 3], [1, 7]]),
        "bias_values": torch.tensor([5.0, -2.0]),
        "bias_size": torch.tensor([OUT, IN]),
    }
    expected = found(lora)
    expected[0, 1] += 5
    expected[3, 7] -= 2
    assert close(found(lora | sparse), expected)


def test_precision_is_the_weight_s() -> None:
    """Matrices are brought to the weight's precision before they are multiplied."""
    up, down = noise(OUT, RANK), noise(RANK, IN, seed=2)
    parts = {"lora_up.weight": up, "lora_down.weight": down}
    change = change_of(parts, weight().half()).weight
    assert torch.equal(change, up.half() @ down.half())


@pytest.mark.parametrize(
    "parts",
    [
        {"lora_up.weight": noise(OUT, RANK)},
        {"lora_up.weight": noise(OUT, RANK), "lora_down.weight": noise(RANK, IN + 1)},
        {"lora_up.weight": noise(OUT, 3), "lora_down.weight": noise(RANK, IN)},
        {"diff": noise(IN, OUT)},
        {"oft_blocks": noise(5, 4, 4)},
        {"what": noise(1)},
    ],
)
def test_what_does_not_fit_says_so(parts: dict[str, Tensor]) -> None:
    """Foreign parts and other shapes are refused, not bent until they fit."""
    with pytest.raises(DoesNotFit):
        found(parts)
