"""Small networks that restore faces, under the names and at the sizes of the public files."""

from pathlib import Path

import torch
from torch import Tensor, nn

from tintype.core.restorer_files import CodeFormerSizes, GfpganSizes
from tintype.networks.faces.codeformer import CodeFormer
from tintype.networks.faces.gfpgan import Gfpgan

GFPGAN = GfpganSizes((4,) * 8, (8,) * 8, 8)
CODEFORMER = CodeFormerSizes((32,) * 6, 16, 32, 256, 16, 32, 1, (1, 2, 3, 4))


def learnt(network: nn.Module, seed: int = 0) -> dict[str, Tensor]:
    """Random weights of a network's shapes, under which its features keep their size."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(weight.shape, generator=generator) * _spread(name, weight)
        + _is_gain(name)
        for name, weight in network.state_dict().items()
    }


def gfpgan_state(sizes: GfpganSizes = GFPGAN, seed: int = 0) -> dict[str, Tensor]:
    """A GFPGAN under its file's names."""
    return learnt(Gfpgan(sizes), seed)


def codeformer_state(sizes: CodeFormerSizes = CODEFORMER, seed: int = 0) -> dict[str, Tensor]:
    """A CodeFormer under its file's names."""
    state = learnt(CodeFormer(sizes), seed)
    return {name.replace(".nin_shortcut.", ".conv_out."): one for name, one in state.items()}


def write_gfpgan(path: Path, seed: int = 0) -> Path:
    """A torch file as GFPGAN's are."""
    return _written(gfpgan_state(seed=seed), path)


def write_codeformer(path: Path, seed: int = 0) -> Path:
    """A torch file as CodeFormer's are."""
    return _written(codeformer_state(seed=seed), path)


def _written(state: dict[str, Tensor], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"params_ema": state}, path)
    return path


def _spread(name: str, weight: Tensor) -> float:
    """About 1 / √inputs; less where networks multiply features by features."""
    if ".noise" in name or name.startswith(("quantize.", "position_emb")):
        return 1.0
    if weight.dim() < 2 or weight.shape[0] == 1 == weight[0, 0].numel():
        return 0.1
    inputs = weight[0, 0].numel() if weight.dim() > 4 else weight[0].numel()
    is_product = name.startswith(("condition", "fuse")) and ".2." in name
    return (0.3 if is_product else 1.0) / inputs**0.5


def _is_gain(name: str) -> bool:
    """Whether weights lie around 1: those of normalisations, and the styles of StyleGAN2."""
    is_norm = "norm" in name or name.startswith("idx_pred_layer.0")
    return (is_norm and name.endswith("weight")) or name.endswith("modulation.bias")
