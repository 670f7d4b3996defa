"""Stable Diffusion 1.5 by diffusers, as a process of its own: `python -m bench.diffusers_pipeline`.

`config FOLDER` writes a pipeline without weights; `weights FILE CONFIG FOLDER` one with those of a
file, in float16; `file FILE CONFIG` and `folder FOLDER` load one and make a picture of one step;
`rate FILE CONFIG COUNT STEPS` tells how many pictures a second it makes, one after the other.
"""

import gzip
import json
import sys
import time
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch

PROMPT, SIDE = "a lighthouse at dusk", 64
UNET: Mapping[str, Any] = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
VAE: Mapping[str, Any] = {
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "sample_size": 512,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
}
TEXT: Mapping[str, Any] = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "projection_dim": 768,
}
INDEX: Mapping[str, Any] = {
    "_class_name": "StableDiffusionPipeline",
    "feature_extractor": [None, None],
    "safety_checker": [None, None],
    "requires_safety_checker": False,
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def write_config(folder: str) -> None:
    """Everything but weights."""
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler
    from transformers import CLIPTextConfig

    parts: Any = AutoencoderKL, UNet2DConditionModel, DDIMScheduler, CLIPTextConfig
    vae, unet, levels, text = parts
    root = Path(folder)
    with torch.device("meta"):
        unet(**UNET).save_config(root / "unet")
        vae(**VAE).save_config(root / "vae")
    levels(clip_sample=False, steps_offset=1).save_config(root / "scheduler")
    text(**TEXT).save_pretrained(root / "text_encoder")
    _write_tokenizer(root / "tokenizer")
    (root / "model_index.json").write_text(json.dumps(INDEX), encoding="utf-8")


def write_weights(file: str, config: str, folder: str) -> None:
    """A folder as people download them."""
    _pipeline().from_single_file(file, config=config, torch_dtype=torch.float16).save_pretrained(
        folder
    )


def paint_from_file(file: str, config: str) -> None:
    """Load a single file and make a picture."""
    _paint(_pipeline().from_single_file(file, config=config, torch_dtype=torch.float32))


def paint_from_folder(folder: str) -> None:
    """Load a folder and make a picture."""
    _paint(_pipeline().from_pretrained(folder, torch_dtype=torch.float32))


def tell_rate(file: str, config: str, count: str, steps: str) -> None:
    """Pictures a second, once everything is loaded and warm."""
    pipeline = _pipeline().from_single_file(file, config=config, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    _paint(pipeline)
    began = time.perf_counter()
    for number in range(int(count)):
        _paint(pipeline, f"a red star, number {number}", int(steps))
    print(int(count) / (time.perf_counter() - began))


def _pipeline() -> Any:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import (
        StableDiffusionPipeline,
    )

    return StableDiffusionPipeline


def _paint(pipeline: Any, prompt: str = PROMPT, steps: int = 1) -> None:
    pipeline(prompt, width=SIDE, height=SIDE, num_inference_steps=steps)


def _write_tokenizer(folder: Path) -> None:
    """The files Hugging Face wants, from our own table of merges."""
    table = files("tintype.prompt") / "data" / "bpe_simple_vocab_16e6.txt.gz"
    merges = gzip.decompress(table.read_bytes()).decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    single = [chr(byte) for byte in printable] + [chr(256 + k) for k in range(256 - len(printable))]
    made = [line.replace(" ", "") for line in merges]
    symbols = [*single, *(f"{symbol}</w>" for symbol in single), *made]
    symbols += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {symbol: place for place, symbol in enumerate(symbols)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]), encoding="utf-8")
    settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


COMMANDS: Mapping[str, Callable[..., None]] = {
    "config": write_config,
    "weights": write_weights,
    "file": paint_from_file,
    "folder": paint_from_folder,
    "rate": tell_rate,
}

if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    COMMANDS[command](*arguments)
