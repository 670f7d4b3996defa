"""Restorers of faces as files bring them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.fakes.checkpoints import save_tensors, write_lora
from tests.fakes.faces import (
    CODEFORMER,
    GFPGAN,
    codeformer_state,
    gfpgan_state,
    write_codeformer,
    write_gfpgan,
)
from torch import Tensor, nn

from tintype.core.families import other_kind
from tintype.core.restorer_files import CodeFormerSizes, GfpganSizes, restorer_sizes
from tintype.errors import ModelError
from tintype.networks.faces.codeformer import CodeFormer, under_our_names
from tintype.networks.faces.gfpgan import Gfpgan
from tintype.networks.faces.restorers import load_restorer
from tintype.networks.filling import without_memory
from tintype.tensorfiles import open_table

SMALL = replace(CODEFORMER, cells=4)  # of 64 pixels
PUBLIC_CODEFORMER = CodeFormerSizes(
    (64, 128, 128, 256, 256, 512), 1024, 256, 256, 512, 1024, 9, (1, 2, 3, 4)
)
PUBLIC_GFPGAN = GfpganSizes(
    (32, 64, 128, 256, 256, 256, 256, 256), (64, 128, 256, 512, 512, 512, 512, 512), 512
)
UNUSED_IN_GFPGAN = 8 * (512 * 512 + 512) + 3 * (
    256 * 4 + 128 + 64 + 32 + 7
)  # of `style_mlp`, `toRGB`


def faces(count: int = 1, side: int = 512) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(count, 3, 8, 8, generator=generator) * 2 - 1
    return nn.functional.interpolate(coarse, size=side, mode="bilinear")


def small(state: dict[str, Tensor] | None = None) -> CodeFormer:
    network = CodeFormer(SMALL)
    network.load_state_dict(under_our_names(state or codeformer_state(SMALL)))
    return network.eval().requires_grad_(requires_grad=False)


def _standard(x: Tensor) -> Tensor:
    return (x - x.mean(0)) / x.std(0)


def shapes_of(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(weight.shape) for name, weight in network.state_dict().items()}


def test_gfpgan_from_its_file(tmp_path: Path) -> None:
    """A torch file is told to be GFPGAN's and restores faces within −1 … 1, whatever the weight."""
    restorer = load_restorer(write_gfpgan(tmp_path / "GFPGANv1.4.pth"))
    given = faces(2)
    with torch.inference_mode():
        found = restorer.restore(given, 0.0)
        torch.testing.assert_close(restorer.restore(given, 1.0), found, rtol=0, atol=0)
        alone = torch.cat([restorer.restore(face[None], 0.5) for face in given])
    assert (restorer.name, found.shape, found.dtype) == ("GFPGAN", (2, 3, 512, 512), torch.float32)
    assert found.abs().max() <= 1
    assert (found[0] - found[1]).abs().max() > 0.01
    torch.testing.assert_close(alone, found, rtol=0, atol=1e-4)


def test_codeformer_from_its_file(tmp_path: Path) -> None:
    """A torch file is told to be CodeFormer's, and the weight has a say."""
    restorer = load_restorer(write_codeformer(tmp_path / "codeformer-v0.1.0.pth"))
    with torch.inference_mode():
        most = restorer.restore(faces(), 0.0)
        least = restorer.restore(faces(), 1.0)
    assert (restorer.name, most.shape) == ("CodeFormer", (1, 3, 512, 512))
    assert most.abs().max() <= 1
    assert (most - least).abs().max() > 0.01


def test_safetensors_hold_the_same(tmp_path: Path) -> None:
    """A converted file without its branch gives the same bits."""
    converted = save_tensors(gfpgan_state(), tmp_path / "x.safetensors")
    with torch.inference_mode():
        found = load_restorer(converted).restore(faces(), 0.5)
        expected = load_restorer(write_gfpgan(tmp_path / "x.pth")).restore(faces(), 0.5)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_public_gfpgan_is_of_our_shapes() -> None:
    """At 1.4's sizes every tensor of the network is in the file, and few of the file's are left."""
    with without_memory():
        network = Gfpgan(PUBLIC_GFPGAN)
    shapes = shapes_of(network)
    assert restorer_sizes(shapes) == PUBLIC_GFPGAN
    assert sum(torch.Size(shape).numel() for shape in shapes.values()) == (
        87_143_276 - UNUSED_IN_GFPGAN
    )


def test_public_codeformer_is_of_our_shapes() -> None:
    """At 0.1.0's sizes the network has the 515 tensors of the file."""
    with without_memory():
        network = CodeFormer(PUBLIC_CODEFORMER)
    shapes = shapes_of(network)
    assert restorer_sizes(shapes) == PUBLIC_CODEFORMER
    assert len(shapes) == 515
    assert sum(torch.Size(shape).numel() for shape in shapes.values()) == 94_112_707
    assert shapes["generator.blocks.18.conv1.weight"] == (128, 128, 3, 3)
    assert shapes["fuse_convs_dict.32.encode_enc.nin_shortcut.weight"] == (256, 512, 1, 1)


def test_weight_of_zero_paints_from_codes_alone() -> None:
    """With a weight of 0 the fusions' weights do not matter; with any other they do."""
    state = codeformer_state(SMALL)
    other = {n: one * 2 if n.startswith("fuse_convs_dict") else one for n, one in state.items()}
    first, second, given = small(state), small(other), faces(side=64)
    torch.testing.assert_close(first(given, 0.0), second(given, 0.0), rtol=0, atol=0)
    assert (first(given, 0.5) - second(given, 0.5)).abs().max() > 0.01


def test_codeformer_paints_from_its_codebook_in_the_light_of_the_face() -> None:
    """What is painted are codes, with the mean and deviation of what was seen in each channel."""
    network, given, painted = small(), faces(side=64), list[Tensor]()
    network.generator.register_forward_pre_hook(lambda _, given: painted.append(given[0]))
    network(given, 0.0)
    cells, _ = network.encoder(given)
    found = painted[0].flatten(2)[0].T
    chosen = network.quantize.embedding(network.codes(cells))[0]
    expected, varied = cells.flatten(2)[0].T, chosen.std(0) > 0.1
    assert varied.any()
    torch.testing.assert_close(found.mean(0), expected.mean(0), rtol=0, atol=1e-4)
    found, expected, chosen = found[:, varied], expected[:, varied], chosen[:, varied]
    torch.testing.assert_close(found.std(0), expected.std(0), rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(_standard(found), _standard(chosen), rtol=0, atol=1e-2)


def test_transformer_attends_as_torch_does() -> None:
    """Queries and keys know their places, values do not."""
    attention = small().ft_layers[0].get_submodule("self_attn")
    oracle = nn.MultiheadAttention(SMALL.width, 8, batch_first=True).eval()
    oracle.load_state_dict(attention.state_dict())
    x, places = torch.randn(2, 4, SMALL.width), torch.randn(4, SMALL.width)
    with torch.no_grad():
        expected, _ = oracle(x + places, x + places, x, need_weights=False)
    torch.testing.assert_close(attention(x, places), expected, rtol=1e-4, atol=1e-5)


def test_codeformer_alone_or_in_company() -> None:
    """A face among others is what it is alone."""
    network, given = small(), faces(3, 64)
    alone = torch.cat([network(face[None], 0.5) for face in given])
    torch.testing.assert_close(network(given, 0.5), alone, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        ("conv_body_first.0.weight", "GFPGAN's first architecture"),
        ("module.BboxHead.0.conv1x1.weight", "a detector of faces"),
        ("out_mask_conv.conv2d.weight", "a parser of faces"),
        ("quantize.embedding.weight", "VQGAN"),
        ("ecd0.0.weight", "a GPEN"),
        ("vqvae.encoder.conv_in.weight", "a RestoreFormer"),
        ("conv_first.weight", "an upscaler"),
        ("something", "nothing we know"),
    ],
)
def test_neighbours_are_named(sign: str, words: str, tmp_path: Path) -> None:
    """What lies beside the two in the same folders is told from them."""
    torch.save({"params_ema": {sign: torch.zeros(1)}}, tmp_path / "x.pth")
    with pytest.raises(ModelError, match=rf"x\.pth: It looks like .*{words}.*Expected were GFPGAN"):
        load_restorer(tmp_path / "x.pth")


@pytest.mark.parametrize(
    ("write", "name"), [(write_gfpgan, "GFPGAN"), (write_codeformer, "Codeformer")]
)
def test_in_other_folders_they_are_named(
    write: Callable[[Path], Path], name: str, tmp_path: Path
) -> None:
    """Whoever finds one among checkpoints is told what it is, and where it belongs."""
    kind = other_kind(open_table(write(tmp_path / "x.pth")).tensors)
    assert kind.words.casefold() == f"a restorer of faces ({name.casefold()})"
    assert kind.folder == f"models/{name}"


def test_other_models_are_named(tmp_path: Path) -> None:
    """A LoRA in the wrong folder is refused by its name."""
    with pytest.raises(ModelError, match="a LoRA"):
        load_restorer(write_lora(tmp_path / "x.safetensors"))


@pytest.mark.parametrize(
    "gone",
    [
        "condition_shift.3.2.bias",
        "stylegan_decoder.style_conv1.bias",
        "stylegan_decoder.style_conv1.",
        "stylegan_decoder.style_convs.",
        "conv_body_down.",
    ],
)
def test_incomplete_files_are_refused(gone: str, tmp_path: Path) -> None:
    """A file that lacks tensors is never filled in."""
    state = {name: one for name, one in gfpgan_state().items() if not name.startswith(gone)}
    with pytest.raises(ModelError, match=r"x\.safetensors: "):
        load_restorer(save_tensors(state, tmp_path / "x.safetensors"))


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("quantize.embedding.weight", (5,)),
        ("position_emb", (250, 16)),
        ("position_emb", (256, 15)),
        ("encoder.blocks.4.conv1.weight", (33, 32, 3, 3)),
        ("encoder.blocks.4.conv1.weight", ()),
    ],
)
def test_shapes_that_make_no_sense_are_refused(
    name: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    """Tensors that fit no network are told, not stumbled over."""
    state = codeformer_state() | {name: torch.zeros(shape)}
    with pytest.raises(ModelError, match="CodeFormer's tensors, but too few, or in shapes"):
        load_restorer(save_tensors(state, tmp_path / "x.safetensors"))


def test_faces_of_other_sizes_are_refused(tmp_path: Path) -> None:
    """A network for 256 pixels is refused with what it is for."""
    sizes = replace(GFPGAN, channels=GFPGAN.channels[1:], decoder_channels=(8,) * 7)
    path = save_tensors(gfpgan_state(sizes), tmp_path / "x.safetensors")
    with pytest.raises(ModelError, match="faces of 256 pixels"):
        load_restorer(path)


def test_damaged_numbers_are_told(tmp_path: Path) -> None:
    """A file of no numbers answers with an error in words, not with a black face."""
    state = gfpgan_state()
    state["final_conv.bias"][:] = torch.nan
    restorer = load_restorer(save_tensors(state, tmp_path / "x.safetensors"))
    with torch.inference_mode(), pytest.raises(ModelError, match=r"GFPGAN .* damaged"):
        restorer.restore(faces(), 0.5)
