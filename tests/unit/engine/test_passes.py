"""Passes over a tiny checkpoint: encodings, guidance and latents, against sums written out here."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch
from diffusers.models.embeddings import get_timestep_embedding
from tests.fakes.adapters import (
    lora_parts,
    noise,
    tiny_adapter,
    write_adapter,
    write_embedding,
)
from tests.fakes.checkpoints import write_tiny_checkpoint
from torch import Tensor

from tintype.core.models import ModelRecord
from tintype.core.orders import (
    Adapter,
    Chunk,
    Conditioning,
    Decode,
    Denoise,
    Emphasis,
    Encode,
    EncodePixels,
    Frame,
    Guidance,
    Network,
    Order,
)
from tintype.engine import Budgets, Checkpoints, Passes, Residency
from tintype.networks import Family, LoadedCheckpoint, load_checkpoint

START, END = 49406, 49407
BOUND = 1e-5


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


def load(record: ModelRecord) -> LoadedCheckpoint:
    return load_checkpoint(record.path, None, torch.device("cpu"), torch.float32)


def network_in(path: Path, family: Family = "sd1", in_channels: int = 4) -> Network:
    write_tiny_checkpoint(path, family=family, in_channels=in_channels)
    status = path.stat()
    return Network(ModelRecord(path.name, path, status.st_size, status.st_mtime_ns))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """A tiny SD 1.x checkpoint."""
    return network_in(tmp_path_factory.mktemp("models") / "tiny.safetensors")


@pytest.fixture(scope="module")
def residency() -> Residency:
    """Room for everything these tests use."""
    return Residency(Checkpoints(load, 10**10))


@pytest.fixture
def passes(residency: Residency) -> Passes:
    """Passes that remember no prompt yet."""
    return Passes(residency)


def chunk(*words: int, weight: float = 1.0) -> Chunk:
    padding = 76 - len(words)
    weights = (1.0, *[weight] * len(words), *[1.0] * padding)
    return Chunk((START, *words, *[END] * padding), weights)


def encode(passes: Passes, order: Encode) -> tuple[Conditioning, ...]:
    return cast("tuple[Conditioning, ...]", passes.run([order])[0])


def answers(passes: Passes, *orders: Order) -> list[Tensor]:
    return cast("list[Tensor]", passes.run(orders))


def close(a: Tensor, b: Tensor) -> bool:
    return (a - b).abs().max().item() <= BOUND * max(1.0, b.abs().max().item())


def raw(residency: Residency, network: Network, chunks: tuple[Chunk, ...]) -> Tensor:
    tokens = torch.tensor([c.tokens for c in chunks])
    return residency.get(network).encode_text(tokens, 1)[0]


# Encodings


def test_chunks_stand_in_a_row(passes: Passes, residency: Residency, network: Network) -> None:
    """Each variant's chunks follow one another along the tokens."""
    texts = ((chunk(320), chunk(1125)), (chunk(5), chunk(6, 7)))
    found = encode(passes, Encode(network, texts, emphasis="Ignore"))
    assert [c.context.shape for c in found] == [(154, 32)] * 2
    for conditioning, chunks in zip(found, texts, strict=True):
        assert close(conditioning.context, raw(residency, network, chunks).flatten(0, 1))


@pytest.mark.parametrize("emphasis", ["Original", "No norm", "Ignore", "None"])
def test_emphasis(
    passes: Passes, residency: Residency, network: Network, emphasis: Emphasis
) -> None:
    """Weights multiply; "Original" brings back the mean over all variants of a chunk number."""
    columns = [(chunk(320, weight=1.5), chunk(5)), (chunk(8, 9), chunk(1125, weight=-0.5))]
    found = encode(passes, Encode(network, tuple(zip(*columns, strict=True)), 1, emphasis))
    for number, column in enumerate(columns):
        expected = raw(residency, network, column)
        if emphasis in ("Original", "No norm"):
            weighed = expected * torch.tensor([c.weights for c in column])[:, :, None]
            ratio = expected.mean() / weighed.mean() if emphasis == "Original" else 1
            expected = weighed * ratio
        place = slice(77 * number, 77 * number + 77)
        assert close(torch.stack([c.context[place] for c in found]), expected)


def test_sdxl_s_encoders_keep_a_mean_each(tmp_path: Path, passes: Passes) -> None:
    """SDXL's two encodings are weighed apart; the pooled text is the first chunk's, unweighed."""
    network = network_in(tmp_path / "xl.safetensors", "sdxl")
    text = (chunk(320, weight=2.0), chunk(5))
    heavy, plain = (
        encode(passes, Encode(network, (text,), emphasis=e))[0] for e in ("Original", "Ignore")
    )
    assert plain.vector is not None
    assert heavy.vector is not None
    assert torch.equal(heavy.vector, plain.vector)
    for half in (slice(0, 32), slice(32, 64)):
        before, after = plain.context[:77, half], heavy.context[:77, half]
        weighed = before * torch.tensor(text[0].weights)[:, None]
        assert close(after, weighed * (before.mean() / weighed.mean()))


def test_encodings_are_remembered_by_what_they_depend_on(
    tmp_path: Path, passes: Passes, network: Network
) -> None:
    """The same prompt is encoded once; a LoRA on the text encoder, skip or emphasis are others."""
    layer = "lora_te_text_model_encoder_layers_0_mlp_fc1"
    record = write_adapter(tmp_path / "a.safetensors", lora_parts(layer, 64, 32))
    order = Encode(network, ((chunk(320, weight=1.3),),))
    first = encode(passes, order)
    unet_only = replace(network, adapters=(Adapter(record, 0.0, 1.0),), tiling=True)
    assert encode(passes, replace(order)) is first
    assert encode(passes, replace(order, network=unet_only)) is first
    others = (
        replace(order, network=replace(network, adapters=(Adapter(record),))),
        replace(order, network=replace(network, adapters=(Adapter(record, 0.5),))),
        replace(order, clip_skip=2),
        replace(order, emphasis="No norm"),
    )
    contexts = [encode(passes, other)[0].context for other in others]
    for number, context in enumerate(contexts):
        rest = [first[0].context, *contexts[:number]]
        assert not any(torch.equal(context, other) for other in rest)


def test_embeddings_are_read_and_placed(tmp_path: Path, passes: Passes, network: Network) -> None:
    """A textual inversion's vectors count in the variant that names it, with its weight."""
    record = write_embedding(tmp_path / "mine.safetensors", text=noise(2, 32))
    plain, own = chunk(320, 0, 0, 5, weight=1.2), replace(chunk(320, 0, 0, 5, weight=1.2))
    own = replace(own, embeddings=((2, record),))
    first, second = encode(passes, Encode(network, ((plain,), (own,)), emphasis="No norm"))
    assert torch.equal(first.context[:2], second.context[:2])
    assert (first.context[2:5] - second.context[2:5]).abs().amax(dim=1).min() > 0


# Guidance


def conditioning(seed: int, length: int = 77) -> Conditioning:
    return Conditioning(noise(length, 32, seed=seed))


def question(network: Network, guidance: Guidance, sigma: float = 2.0, seed: int = 1) -> Denoise:
    return Denoise(noise(4, 4, 6, seed=seed), sigma, guidance=guidance, network=network)


def alone(
    residency: Residency, order: Denoise, context: Tensor, concat: Tensor | None = None
) -> Tensor:
    """One side of a question in a pass of its own."""
    beside = None if concat is None else concat[None]
    loaded = residency.get(cast(Network, order.network))
    times = [order.timestep]
    return loaded.denoise(order.x[None], [order.sigma], context[None], None, beside, times)[0]


def test_guidance_of_several_parts(passes: Passes, residency: Residency, network: Network) -> None:
    """Each part pushes away from uncond by its weight times the scale."""
    parts, uncond = ((conditioning(1), 1.0), (conditioning(2), -0.5)), conditioning(3)
    order = question(network, Guidance(parts, uncond, 6.0))
    sides = [alone(residency, order, c.context) for c in (parts[0][0], parts[1][0], uncond)]
    expected = sides[2] + 6 * (sides[0] - sides[2]) - 3 * (sides[1] - sides[2])
    assert close(answers(passes, order)[0], expected)


def test_without_uncond(passes: Passes, residency: Residency, network: Network) -> None:
    """The first part stands in for uncond at scale 1, whatever the scale and its own weight."""
    first, second = conditioning(1), conditioning(2)
    both = question(network, Guidance(((first, 0.3), (second, 0.7)), None, 6.0))
    sides = [alone(residency, both, c.context) for c in (first, second)]
    assert close(answers(passes, both)[0], sides[0] + 0.7 * (sides[1] - sides[0]))
    one = question(network, Guidance(((first, 0.3),), None, 6.0))
    assert close(answers(passes, one)[0], sides[0])


def test_shorter_parts_repeat_their_last_token(
    passes: Passes, residency: Residency, network: Network
) -> None:
    """Parts of one prompt become as long as the longest; the negative prompt keeps its length."""
    short, long, uncond = conditioning(1), conditioning(2, 154), conditioning(3)
    order = question(network, Guidance(((short, 1.0), (long, 1.0)), uncond, 5.0))
    padded = torch.cat([short.context, short.context[-1:].repeat(77, 1)])
    sides = [alone(residency, order, c) for c in (padded, long.context, uncond.context)]
    expected = sides[2] + 5 * (sides[0] - sides[2]) + 5 * (sides[1] - sides[2])
    assert close(answers(passes, order)[0], expected)


def test_strangers_share_a_pass(passes: Passes, network: Network) -> None:
    """Questions of any length, scale, level and clock are answered as they are alone."""
    orders = [
        question(network, Guidance(((conditioning(1), 1.0),), conditioning(2), 7.0), 9.0, 1),
        question(network, Guidance(((conditioning(3, 154), 1.0),), None, 7.0), 0.5, 2),
        replace(
            question(network, Guidance(((conditioning(4), 1.0),), conditioning(5, 154), 2.0)),
            timestep=12.0,
        ),
    ]
    for together, order in zip(answers(passes, *orders), orders, strict=True):
        assert close(together, answers(passes, order)[0])


def test_the_question_s_own_clock(passes: Passes, residency: Residency, network: Network) -> None:
    """A timestep in the question is what the network is shown."""
    cond = conditioning(1)
    order = replace(question(network, Guidance(((cond, 1.0),), None, 1.0)), timestep=3.0)
    assert close(answers(passes, order)[0], alone(residency, order, cond.context))
    told = replace(order, timestep=None)
    assert not close(answers(passes, order)[0], answers(passes, told)[0])


def test_edit_networks(tmp_path: Path, passes: Passes, residency: Residency) -> None:
    """The text moves from the picture without text, that from neither, each by its scale."""
    network = network_in(tmp_path / "edit.safetensors", in_channels=8)
    cond, uncond, picture = conditioning(1), conditioning(2), noise(4, 4, 6, seed=9)
    order = question(network, Guidance(((cond, 1.0),), uncond, 7.0, picture, 1.5))
    text = alone(residency, order, cond.context, picture)
    image = alone(residency, order, uncond.context, picture)
    bare = alone(residency, order, uncond.context, torch.zeros_like(picture))
    assert close(answers(passes, order)[0], bare + 7 * (text - image) + 1.5 * (image - bare))


def test_inpainting_networks(tmp_path: Path, passes: Passes, residency: Residency) -> None:
    """Each question's mask and picture go with its own rows, in company too."""
    network = network_in(tmp_path / "inpaint.safetensors", in_channels=9)
    cond, uncond = conditioning(1), conditioning(2)
    masks = [noise(5, 4, 6, seed=seed) for seed in (8, 9)]
    orders = [question(network, Guidance(((cond, 1.0),), uncond, 7.0, mask)) for mask in masks]
    for found, order, mask in zip(answers(passes, *orders), orders, masks, strict=True):
        sides = [alone(residency, order, c.context, mask) for c in (cond, uncond)]
        assert close(found, sides[1] + 7 * (sides[0] - sides[1]))


# Pictures


def test_pictures_become_latents(passes: Passes, residency: Residency, network: Network) -> None:
    """Pictures with and without noise share a pass; each gets what it would get alone."""
    pixels = noise(2, 3, 16, 24).clamp(-1, 1)
    drawn = noise(4, 2, 3, seed=4)
    found = answers(
        passes, EncodePixels(network, pixels[0], drawn), EncodePixels(network, pixels[1])
    )
    loaded = residency.get(network)
    assert close(found[0], loaded.autoencoder.encode_pixels(pixels[:1], drawn[None])[0])
    assert close(found[1], loaded.autoencoder.encode_pixels(pixels[1:])[0])


def test_tiling_belongs_to_the_network(passes: Passes, network: Network) -> None:
    """Tiling changes latents, answers and pictures, and is off again for whoever comes next."""
    tiled = replace(network, tiling=True)
    guidance = Guidance(((conditioning(1), 1.0),), None, 1.0)
    orders: tuple[Denoise | Decode | EncodePixels, ...] = (
        question(network, guidance),
        Decode(network, noise(4, 4, 6)),
        EncodePixels(network, noise(3, 32, 48).clamp(-1, 1)),
    )
    for order in orders:
        plain, other, again = (
            answers(passes, replace(order, network=n))[0] for n in (network, tiled, network)
        )
        assert not torch.equal(plain, other)
        assert torch.equal(plain, again)


def test_token_merging_belongs_to_the_network(passes: Passes, network: Network) -> None:
    """Merged tokens change an answer, and are apart again for whoever comes next."""
    guidance = Guidance(((conditioning(1), 1.0),), None, 1.0)
    merging = replace(network, token_merging=0.5)
    plain, other, again = (
        answers(passes, question(n, guidance))[0] for n in (network, merging, network)
    )
    assert not torch.equal(plain, other)
    assert torch.equal(plain, again)


# Budgets and measures


def test_passes_are_measured(residency: Residency, network: Network) -> None:
    """Every pass of the U-Net leaves how long it took; one that read its weights first does not."""
    budgets = Budgets()
    passes = Passes(Residency(Checkpoints(load, 10**10)), budgets)
    (text,) = encode(passes, Encode(network, ((chunk(5),),)))
    guidance = Guidance(((text, 1.0),), None, 1.0)
    order = Denoise(torch.ones(4, 8, 8), 1.0, guidance=guidance, network=network)
    for _ in range(3):
        passes.run([order, order])
    (measure,) = budgets.measures()
    assert (measure.kind, measure.height, measure.rows) == ("denoise", 8, 2)
    assert measure.passes == 3
    assert measure.seconds > 0


def test_prompts_found_encoded_are_counted(residency: Residency, network: Network) -> None:
    """The second request for a prompt is a hit."""
    passes = Passes(residency)
    for _ in range(2):
        encode(passes, Encode(network, ((chunk(5),),)))
    assert (passes.prompt_hits, passes.prompt_misses) == (1, 1)


def test_a_pass_too_large_gives_back_what_loras_take(
    tmp_path: Path, passes: Passes, residency: Residency, network: Network
) -> None:
    """Where memory ran out, LoRAs that were worn are made anew for whoever still wears them."""
    worn = (tiny_adapter(tmp_path, "lora", 1),)
    guidance = Guidance(((conditioning(1), 1.0),), None, 1.0)
    order = question(replace(network, adapters=worn), guidance)
    before = answers(passes, order)[0]
    outfit = residency.get(network).outfits([worn], residency.adapter)[0]
    passes.too_large(order, 1)
    assert residency.get(network).outfits([worn], residency.adapter)[0] is not outfit
    assert torch.equal(answers(passes, order)[0], before)
    assert not torch.equal(answers(passes, question(network, guidance))[0], before)


def test_pictures_go_alone_where_bits_count(residency: Residency, network: Network) -> None:
    """In exact mode autoencoders work on one picture at a time."""
    order = Decode(network, torch.zeros(4, 8, 8))
    budgets = Budgets()
    for rows in (1, 2, 4):
        for _ in range(3):
            budgets.note(order, rows, 1.0)
    assert Passes(residency, budgets).rows_for(order) > 1
    assert Passes(residency, budgets, exact=True).rows_for(order) == 1


# SDXL's conditioning


def test_sdxl_is_told_of_the_picture(tmp_path: Path) -> None:
    """The vector is the pooled text and the waves of its sizes, as diffusers makes them."""
    xl = network_in(tmp_path / "xl.safetensors", "sdxl")
    residency = Residency(Checkpoints(load, 10**10))
    order = Encode(xl, ((chunk(5),),), frame=Frame(768, 512, crop_top=8, crop_left=16))
    (found,) = encode(Passes(residency), order)
    assert found.vector is not None
    numbers = torch.tensor([512.0, 768.0, 8.0, 16.0, 512.0, 768.0])
    waves = get_timestep_embedding(numbers, 256, flip_sin_to_cos=True, downscale_freq_shift=0)
    pooled = len(found.vector) - 6 * 256
    torch.testing.assert_close(found.vector[pooled:], waves.flatten(), rtol=0, atol=1e-5)
    (bare,) = encode(Passes(residency), Encode(xl, ((chunk(5),),)))
    assert bare.vector is not None
    assert torch.equal(found.vector[:pooled], bare.vector)


def test_the_refiner_is_told_a_score(tmp_path: Path) -> None:
    """In the place of the second size stands the aesthetic score."""
    refiner = network_in(tmp_path / "refiner.safetensors", "sdxl_refiner")
    order = Encode(refiner, ((chunk(5),),), frame=Frame(768, 512, score=2.5))
    (found,) = encode(Passes(Residency(Checkpoints(load, 10**10))), order)
    assert found.vector is not None
    wave = get_timestep_embedding(
        torch.tensor([2.5]), 256, flip_sin_to_cos=True, downscale_freq_shift=0
    )
    torch.testing.assert_close(found.vector[-256:], wave[0], rtol=0, atol=1e-5)


def test_no_words_at_all_count_as_nothing(tmp_path: Path) -> None:
    """A blank negative prompt is zeros for SDXL, its sizes apart; SD 1.x reads it as ever."""
    xl = network_in(tmp_path / "xl.safetensors", "sdxl")
    order = Encode(xl, ((chunk(),),), frame=Frame(64, 64, is_blank=True))
    (found,) = encode(Passes(Residency(Checkpoints(load, 10**10))), order)
    assert found.vector is not None
    assert not found.context.any()
    assert not found.vector[: -6 * 256].any()
    assert found.vector[-6 * 256 :].any()
