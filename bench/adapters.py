"""Eight clients with eight LoRAs together, against eight without any, and against one at a time.

The demo model at 128², 20 steps; random LoRAs of rank 16 on every attention and feed-forward layer
of its U-Net and text encoder. Its layers are so narrow that such a LoRA weighs far more there than
in SD 1.5. Arms take turns within a round.
"""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import cast

import torch
from safetensors import torch as safetensors_torch
from torch import Tensor

from bench.server import Server, serving
from tintype.demo.checkpoint import CHECKPOINT
from tintype.networks import load_checkpoint
from tintype.networks.adapters import text_layers, unet_layers
from tintype.networks.adapters.layers import Layers
from tintype.networks.wearing import Wearable

CLIENTS, RANK = 8, 16
ALONE, WITHOUT, WITH = "LoRAs, one at a time", "together, no LoRAs", "together, a LoRA each"
BODY: dict[str, object] = {"steps": 20, "width": 128, "height": 128, "sampler_name": "Euler"}
_WARM = 3  # bursts before the clock runs: row budgets are learnt
_TRAINED = ("_attn1_", "_attn2_", "_ff_", "_self_attn_", "_mlp_")


def adapters(rounds: int) -> dict[str, object]:
    """Pictures per second in each arm, and their ratios within the rounds."""
    rates: dict[str, list[float]] = {ALONE: [], WITHOUT: [], WITH: []}
    with TemporaryDirectory() as folder:
        models = Path(folder)
        _write_models(models)
        with serving(models, TINTYPE_IMAGES_AT_ONCE="1") as alone, serving(models) as together:
            servers = {ALONE: alone, WITHOUT: together, WITH: together}
            for arm, server in servers.items():
                server.seconds_until("/readyz")
                for _ in range(_WARM):
                    _burst(server, 0, has_loras=arm != WITHOUT)
            for number in range(rounds):
                for arm, server in servers.items():
                    seconds = _burst(server, 1000 * (number + 1), has_loras=arm != WITHOUT)
                    rates[arm].append(CLIENTS / seconds)
    summary: dict[str, object] = {
        f"{arm}: pictures/s": round(median(found), 3) for arm, found in rates.items()
    }
    summary["a LoRA each: × no LoRAs"] = _ratio(rates, WITHOUT)
    summary["a LoRA each: × one at a time"] = _ratio(rates, ALONE)
    return {"pictures_per_second": rates, "summary": summary}


def _ratio(rates: dict[str, list[float]], against: str) -> float:
    pairs = zip(rates[against], rates[WITH], strict=True)
    return round(median(worn / other for other, worn in pairs), 2)


def _burst(server: Server, seed: int, *, has_loras: bool) -> float:
    """Seconds until all clients, who ask at once, have their pictures."""
    bodies = [
        BODY
        | {
            "seed": seed + i,
            "prompt": f"a red star, number {seed + i}" + f" <lora:style{i}:1>" * has_loras,
        }
        for i in range(CLIENTS)
    ]
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(server.paint, bodies))
    return time.perf_counter() - began


def _write_models(folder: Path) -> None:
    """The demo model, and a LoRA for each client."""
    for name in ("Stable-diffusion", "Lora"):
        (folder / name).mkdir()
    shutil.copy(CHECKPOINT, folder / "Stable-diffusion")
    loaded = load_checkpoint(CHECKPOINT, None, torch.device("cpu"), torch.float32)
    sides = ((loaded.unet, unet_layers(loaded.unet)), (loaded.text, text_layers(loaded.text)))
    save = cast("object", safetensors_torch.save_file)
    assert callable(save)
    for number in range(CLIENTS):
        generator = torch.Generator().manual_seed(number)
        tensors: dict[str, Tensor] = {}
        for network, layers in sides:
            for name, path in _trained(layers):
                weight = cast(Wearable, network.get_submodule(path)).own()[0]
                tensors |= _factors(name, weight, generator)
        save(tensors, folder / "Lora" / f"style{number}.safetensors")


def _trained(layers: Layers) -> Iterator[tuple[str, str]]:
    """One name and the path of every layer that such files change."""
    names = {layer.module: name for name, layer in layers.items()}
    for path, name in names.items():
        if any(part in name for part in _TRAINED):
            yield name, path


def _factors(name: str, weight: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
    """A random LoRA of a linear layer, a tenth as strong as the layer itself."""
    outputs, inputs = weight.shape
    up = torch.randn(outputs, RANK, generator=generator) * (0.1 / RANK**0.5)
    down = torch.randn(RANK, inputs, generator=generator) * inputs**-0.5
    return {f"{name}.lora_up.weight": up, f"{name}.lora_down.weight": down}
