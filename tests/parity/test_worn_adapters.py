"""What is worn in a pass against weights with the same changes merged into them, in float64.

Nothing but sums in another order is between the two, so they agree to many digits; a single
change left out, or put on another row, is seen in the first.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Literal, cast

import pytest
import torch
from tests.fakes.adapters import KINDS, kind_parts, noise
from tests.fakes.checkpoints import TINY_CLIP, TINY_OPEN_CLIP, tiny_unet
from torch import Tensor, nn

from tintype.networks.adapters import AdapterFile, Fitting, Use, text_layers, unet_layers
from tintype.networks.adapters.changes import change_of
from tintype.networks.adapters.layers import Layer, Layers
from tintype.networks.clip import ClipConfig
from tintype.networks.layers import set_tiling
from tintype.networks.openclip import OpenClipConfig
from tintype.networks.text import Sd1Text, Sd2Text, SdxlText, TextEncoder
from tintype.networks.unet import UNet
from tintype.networks.wearing import NOTHING, Outfit, wearing

BOUND = 1e-10  # of float64, through a whole network
VISIBLE = 1e-3  # the least a change does to a network's answer

Family = Literal["sd1", "sd2", "sdxl"]
FAMILIES: tuple[Family, ...] = ("sd1", "sd2", "sdxl")


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


def small_weights(network: nn.Module) -> None:
    """Random weights under which activations neither grow nor die out."""
    generator = torch.Generator().manual_seed(7)
    for parameter in network.parameters():
        fan_in = parameter[0].numel() if parameter.ndim > 1 else 25
        values = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        parameter.copy_(values * fan_in**-0.5 + (parameter.ndim == 1))


def unet_of(family: Family) -> UNet:
    unet = UNet(tiny_unet(family)).double().eval()
    small_weights(unet)
    return unet


def text_of(family: Family) -> TextEncoder:
    clip, open_clip = TINY_CLIP, TINY_OPEN_CLIP
    made: dict[Family, Callable[[ClipConfig, OpenClipConfig], TextEncoder]] = {
        "sd1": lambda clip, _: Sd1Text(clip),
        "sd2": lambda _, open_clip: Sd2Text(open_clip),
        "sdxl": SdxlText,
    }
    text = made[family](clip, open_clip).double().eval()
    small_weights(text)
    return text


def file_of(kind: str, network: nn.Module, layers: Layers, seed: int = 1) -> AdapterFile:
    """A file of that kind for every layer of a network that can have it."""
    found: dict[str, dict[str, Tensor]] = {}
    for number, (layer, name) in enumerate({v: k for k, v in layers.items()}.items()):
        parts = kind_parts(kind, part_in(network, layer, layer.weight).shape, 100 * seed + number)
        if parts is not None:
            found[name] = parts
    return AdapterFile(Path(f"{kind} {seed}.safetensors"), seed, found)


def part_in(network: nn.Module, layer: Layer, name: str) -> Tensor:
    module = network.get_submodule(layer.module)
    return layer.part_of(cast(Tensor, getattr(module, name)))


def merged(network: nn.Module, layers: Layers, uses: Sequence[Use]) -> nn.Module:
    """A copy of a network with every change added to its weights, in float64."""
    copy = deepcopy(network)
    for use in uses:
        for name, parts in use.file.layers.items():
            weight = part_in(copy, layers[name], layers[name].weight)
            change = change_of(parts, weight, use.rank)
            weight += use.scale * change.weight
            module = copy.get_submodule(layers[name].module)
            if change.bias is not None and getattr(module, layers[name].bias, None) is not None:
                part_in(copy, layers[name], layers[name].bias).add_(use.scale * change.bias)
    return copy


def predicted(unet: nn.Module, rows: int = 2) -> Tensor:
    """The answer of a U-Net to so many unlike rows."""
    unet = cast(UNet, unet)
    width = unet.config.vector_width
    return unet(
        noise(rows, 4, 8, 8).double(),
        torch.linspace(900, 20, rows).double(),
        noise(rows, 77, unet.config.context_width, seed=2).double(),
        None if width is None else noise(rows, width, seed=3).double(),
    )


def encoded(text: nn.Module) -> Tensor:
    """The answer of text encoders to two texts; the pooled text counts as a token more."""
    tokens = torch.randint(0, 49000, (2, 77), generator=torch.Generator().manual_seed(1))
    tokens[:, 40:] = 49407
    context, pooled = cast(TextEncoder, text).encode(tokens, 1)
    return torch.cat([context.flatten(1), *([] if pooled is None else [pooled])], dim=1)


def outfit_of(network: nn.Module, layers: Layers, uses: Sequence[Use]) -> Outfit:
    pieces, misfits = Fitting(network, layers).pieces(uses)
    assert not misfits
    return Outfit("a set", pieces)


def agree(a: Tensor, b: Tensor) -> bool:
    return (a - b).abs().max().item() <= BOUND * max(1.0, b.abs().max().item())


def check(
    network: nn.Module,
    layers: Layers,
    uses: Sequence[Use],
    answer: Callable[[nn.Module], Tensor],
) -> None:
    """Worn and merged are the same, something was changed, and nothing is left of it."""
    plain = answer(network)
    with wearing([outfit_of(network, layers, uses)]):
        worn = answer(network)
    assert agree(worn, answer(merged(network, layers, uses)))
    assert (worn - plain).abs().max().item() > VISIBLE
    assert torch.equal(answer(network), plain)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", KINDS)
def test_unet(kind: str, family: Family) -> None:
    """Every kind on every layer of a U-Net does what its weights merged would do."""
    unet = unet_of(family)
    layers = unet_layers(unet)
    check(unet, layers, [Use(file_of(kind, unet, layers), 0.7)], predicted)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", KINDS)
def test_text_encoders(kind: str, family: Family) -> None:
    """So it is with text encoders, stacked queries, keys and values among their layers."""
    text = text_of(family)
    layers = text_layers(text)
    check(text, layers, [Use(file_of(kind, text, layers), 0.7)], encoded)


@pytest.mark.parametrize("kinds", [("lora", "lora"), ("lora", "dora"), ("ia3", "lora", "loha")])
def test_sets(kinds: Sequence[str]) -> None:
    """Several adapters add up in their order, also where one depends on what is there already."""
    unet = unet_of("sd1")
    layers = unet_layers(unet)
    files = [file_of(kind, unet, layers, seed) for seed, kind in enumerate(kinds, 1)]
    check(unet, layers, [Use(file, 0.5 - n) for n, file in enumerate(files)], predicted)


def test_the_same_file_twice_and_fewer_dimensions() -> None:
    """A file put on twice counts twice, each time with its own rank and scale."""
    unet = unet_of("sd1")
    layers = unet_layers(unet)
    file = file_of("lora", unet, layers)
    check(unet, layers, [Use(file, 1.0, 2), Use(file, -0.3)], predicted)


def test_tiling() -> None:
    """What is added by a convolution sees a torus where the convolution itself does."""
    unet = unet_of("sd1")
    set_tiling(unet, tiling=True)
    layers = unet_layers(unet)
    check(unet, layers, [Use(file_of("lora", unet, layers), 1.0)], predicted)


def test_rows_in_unlike_clothes() -> None:
    """Rows that wear different sets, one of them nothing, are answered as those who are alone."""
    unet = unet_of("sdxl")
    layers = unet_layers(unet)
    sets = [
        [Use(file_of("lora", unet, layers, 1), 1.0)],
        [Use(file_of("loha", unet, layers, 2), 0.8), Use(file_of("norm", unet, layers, 3), 1.0)],
        [Use(file_of("lora", unet, layers, 4), -0.6)],
    ]
    outfits = [NOTHING, *(outfit_of(unet, layers, uses) for uses in sets)]
    alone = [unet, *(merged(unet, layers, uses) for uses in sets)]
    rows = [1, 0, 0, 2, 1, 1, 3]
    with wearing([outfits[row] for row in rows]):
        together = predicted(unet, len(rows))
    for place, row in enumerate(rows):
        assert agree(together[place], predicted(alone[row], len(rows))[place])
