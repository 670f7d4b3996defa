"""From a checkpoint on disk to one in memory."""

from collections.abc import Mapping
from math import prod
from pathlib import Path

import torch
from torch import nn

from tintype.core.families import CLIP_PREFIXES, OPEN_CLIP_PREFIXES, UNET_PREFIX, VAE_PREFIX
from tintype.core.settings import Lodging
from tintype.networks.arriving import Arriving
from tintype.networks.autoencoder import Autoencoder
from tintype.networks.clip import ClipConfig
from tintype.networks.filling import Filling, fill, wanted, without_memory
from tintype.networks.identify import CheckpointConfig, identify
from tintype.networks.lending import Part, Parts, stream
from tintype.networks.loaded import LoadedCheckpoint
from tintype.networks.openclip import OpenClipConfig
from tintype.networks.reading import dtype_of
from tintype.networks.text import RefinerText, Sd1Text, Sd2Text, SdxlText, TextEncoder
from tintype.networks.unet import UNet
from tintype.networks.vae import Vae
from tintype.tensorfiles import TensorTable, naming, open_table
from tintype.tensorfiles.ldm_config import read_ldm_yaml
from tintype.tensorfiles.numbers import numbers_of

LATE_BYTES = 2**28  # of a U-Net; with smaller ones, everything is sooner read than waited for
_RAM = torch.device("cpu")
_WHOLE_NUMBERS = ("I64", "I32", "I16", "I8", "U8", "BOOL")  # marks and positions, no weights
_STARTS: Mapping[Part, tuple[str, ...]] = {
    "unet": (UNET_PREFIX,),
    "text": (*CLIP_PREFIXES.values(), *OPEN_CLIP_PREFIXES.values()),
    "vae": (VAE_PREFIX,),
}


def load_checkpoint(
    path: Path,
    config_path: Path | None,
    device: torch.device,
    dtype: torch.dtype,
    lodging: Lodging = "resident",
    threads: int | None = None,
    *,
    at_once: bool | None = None,
) -> LoadedCheckpoint:
    """Load a checkpoint.

    Once it is all there, whatever happens to the file is of no concern; until then it may be
    renamed, replaced and deleted, but not be written to.

    The autoencoder of SDXL overflows in float16 and is kept in float32 then.

    Args:
        path: a safetensors file, a torch file or a diffusers folder.
        config_path: the LDM config beside it, if there is one.
        device: where it computes.
        dtype: what it computes in: float32, float16 or bfloat16.
        lodging: which of the weights stay on the device; the others lie in RAM.
        threads: that read; None for as many as torch computes with, 8 at most.
        at_once: False to let resident weights arrive while they compute, see `arriving`;
            None to do so with large ones on a CPU.

    Raises:
        ModelError: the file or its config is missing, torn, foreign or incomplete.
    """
    with naming(path.name):
        table = open_table(path)
        config = _config(table, config_path)
        with without_memory():
            unet, vae, text = UNet(config.unet), Vae(config.vae), _text_encoder(config)
        loaded, dtypes = LoadedCheckpoint(config, unet, vae, text), _dtypes(config, dtype)
        parts: dict[Part, nn.Module] = {"unet": unet, "text": text}
        if config.has_vae:
            parts["vae"] = vae
        else:
            loaded.autoencoder = Autoencoder(vae.to(dtypes["vae"]), device)
        if lodging != "resident":
            _lodge(loaded, parts, dtypes, table, device, threads, is_streamed=lodging == "streamed")
            return loaded
        fillings = _fillings(parts, config, dtypes, device)
        if at_once is None:
            at_once = device.type != "cpu" or _bytes(unet) < LATE_BYTES
        if not at_once:
            late = [(f.network, wanted(f, table.tensors)) for f in fillings.values()]
            loaded.expect(Arriving(late, dtype, threads))
        else:
            fill(list(fillings.values()), table.tensors, threads)
        return loaded


def _lodge(
    loaded: LoadedCheckpoint,
    parts: Mapping[Part, nn.Module],
    dtypes: Mapping[Part, torch.dtype],
    table: TensorTable,
    device: torch.device,
    threads: int | None,
    *,
    is_streamed: bool,
) -> None:
    """Have weights lie in RAM, and come to the device by parts, or the U-Net's by stages."""
    pins = device.type != "cpu"
    kept = dtypes if pins else _stored_dtypes(table, dtypes)
    fillings = _fillings(parts, loaded.config, kept, _RAM, pins=pins)
    fill(list(fillings.values()), table.tensors, threads)
    by_part: dict[Part, tuple[nn.Module, torch.dtype]] = {
        part: (module, dtypes[part]) for part, module in parts.items()
    }
    if is_streamed:
        stream(loaded.unet, dtypes["unet"], device)
        del by_part["unet"]
    loaded.lodge(Parts(by_part, device))


def bytes_by_part(path: Path, dtype: torch.dtype) -> dict[Part, int]:
    """About what each part of a checkpoint takes in memory. Raises as `load_checkpoint` does."""
    with naming(path.name):
        shapes = open_table(path).shapes
    return {
        part: sum(
            prod(shape) * dtype.itemsize
            for name, shape in shapes.items()
            if name.startswith(starts)
        )
        for part, starts in _STARTS.items()
    }


def _fillings(
    parts: Mapping[Part, nn.Module],
    config: CheckpointConfig,
    dtypes: Mapping[Part, torch.dtype],
    device: torch.device,
    *,
    pins: bool = False,
) -> dict[Part, Filling]:
    prefixes = _prefixes(config)
    return {
        part: Filling(module, prefixes[part], dtypes[part], device, pins)
        for part, module in parts.items()
    }


def _bytes(network: nn.Module) -> int:
    return sum(weight.nbytes for weight in network.parameters())


def _dtypes(config: CheckpointConfig, dtype: torch.dtype) -> dict[Part, torch.dtype]:
    """What each part computes in."""
    is_sdxl = config.family in ("sdxl", "sdxl_refiner")
    overflows = is_sdxl and dtype == torch.float16
    return {"unet": dtype, "text": dtype, "vae": torch.float32 if overflows else dtype}


def _stored_dtypes(
    table: TensorTable, computed: Mapping[Part, torch.dtype]
) -> dict[Part, torch.dtype]:
    """What each part can be kept in without loss: the type of its file, if that is one."""
    return {part: _stored_dtype(table, _STARTS[part], dtype) for part, dtype in computed.items()}


def _stored_dtype(
    table: TensorTable, starts: tuple[str, ...], otherwise: torch.dtype
) -> torch.dtype:
    tensors = (tensor for name, tensor in table.tensors.items() if name.startswith(starts))
    found = {dtype_of(tensor) for tensor in tensors if tensor.dtype not in _WHOLE_NUMBERS}
    return found.pop() if len(found) == 1 else otherwise


def _prefixes(config: CheckpointConfig) -> dict[Part, Mapping[str, str]]:
    """Prefix in our modules → prefix in the file."""
    text = {
        "clip.": CLIP_PREFIXES.get(config.family),
        "open_clip.": OPEN_CLIP_PREFIXES.get(config.family),
    }
    return {
        "unet": {"": UNET_PREFIX},
        "text": {ours: theirs for ours, theirs in text.items() if theirs is not None},
        "vae": {"": VAE_PREFIX},
    }


def _config(table: TensorTable, config_path: Path | None) -> CheckpointConfig:
    ldm = None if config_path is None else read_ldm_yaml(config_path)
    return identify(table.shapes, ldm, table.metadata, lambda name: numbers_of(table.tensors[name]))


def _text_encoder(config: CheckpointConfig) -> TextEncoder:
    match config.clip, config.open_clip:
        case ClipConfig() as clip, None:
            return Sd1Text(clip)
        case ClipConfig() as clip, OpenClipConfig() as open_clip:
            return SdxlText(clip, open_clip)
        case None, OpenClipConfig() as open_clip:
            return Sd2Text(open_clip) if config.family == "sd2" else RefinerText(open_clip)
        case _:
            raise ValueError("a checkpoint without text encoder was identified: this is a bug")
