"""Small captioners with random weights, as transformers writes them and as BLIP's own files do."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

SIDE = 32
_WORDS = 30524
_OWN: tuple[tuple[str, str], ...] = (
    (r"^vision_model\.embeddings\.class_embedding$", "visual_encoder.cls_token"),
    (r"^vision_model\.embeddings\.position_embedding$", "visual_encoder.pos_embed"),
    (r"^vision_model\.embeddings\.patch_embedding\.", "visual_encoder.patch_embed.proj."),
    (r"^vision_model\.encoder\.layers\.", "visual_encoder.blocks."),
    (r"^vision_model\.post_layernorm\.", "visual_encoder.norm."),
    (r"\.self_attn\.qkv\.", ".attn.qkv."),
    (r"\.self_attn\.projection\.", ".attn.proj."),
    (r"\.layer_norm([12])\.", r".norm\1."),
)


TRUE_TONGUE: Mapping[str, int] = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": 512,
}


def oracle(
    *,
    epsilon: float = 1e-5,
    words: int = _WORDS,
    seed: int = 0,
    spread: float = 0.15,
    tongue: Mapping[str, int] | None = None,
    **vision: int,
) -> Any:
    """transformers' network, its weights random and large enough to say different things.

    Args:
        epsilon: of the eye's normalisations.
        words: in the vocabulary.
        seed: of the weights.
        spread: of the weights.
        tongue: sizes of the tongue other than the smallest.
        vision: sizes of the eye other than the smallest.
    """
    from transformers import BlipConfig, BlipForConditionalGeneration

    eye = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2}
    eye |= {"num_attention_heads": 2, "image_size": SIDE, "patch_size": 16} | vision
    text = {"vocab_size": words, "hidden_size": 64, "encoder_hidden_size": eye["hidden_size"]}
    text |= {"intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 1}
    text |= {"max_position_embeddings": 256, "sep_token_id": 102, "bos_token_id": words - 2}
    text |= {"eos_token_id": 102, "pad_token_id": 0, **(tongue or {})}
    config = BlipConfig(text_config=text, vision_config=eye | {"layer_norm_eps": epsilon})
    network = BlipForConditionalGeneration(config).eval()
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            is_gain = "norm" in name.lower() and name.endswith("weight")
            weight.copy_(torch.randn(weight.shape, generator=draw) * spread + float(is_gain))
    return network


def own_names(network: Any) -> dict[str, Tensor]:
    """Its weights by the names of BLIP's own files."""
    return {_own_name(name): weight.clone() for name, weight in network.state_dict().items()}


def write_own(path: Path, network: Any) -> Path:
    """Write a file as `model_base_caption_capfilt_large.pth` is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": own_names(network), "epoch": 4}, path)
    return path


def _own_name(name: str) -> str:
    for theirs, own in _OWN:
        name = re.sub(theirs, own, name)
    return name
