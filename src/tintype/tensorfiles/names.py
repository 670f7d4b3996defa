"""The names tensors have in the reference single files, whatever a file's age and origin."""

import re
from collections.abc import Mapping

from tintype.core.families import UNET_PREFIX
from tintype.tensorfiles.pieces import OLD_CLIP, vae_tensors
from tintype.tensorfiles.table import StoredTensor, TensorTable

_DIFFUSERS_VAE = ("encoder.down_blocks.", "decoder.up_blocks.")
_EMA, _EMA_UNET = "model_ema.", "model_ema.diffusion_model"
_OLD_TEXT = "cond_stage_model.transformer."
_TURBO_TEXT = "conditioner.embedders.0."
_EMA_WORDS = re.compile(
    r"(?:input|output)_blocks|middle_block|transformer_blocks|time_embed|label_emb"
    r"|in_layers|emb_layers|out_layers|skip_connection|proj_in|proj_out|proj|attn[12]"
    r"|to_(?:q|k|v|out)|norm[123]?|ff|net|op|conv|out|weight|bias|\d+"
)


def under_reference_names(table: TensorTable) -> TensorTable:
    """The same tensors; of a file with averaged (EMA) weights alone, those for the U-Net's own.

    An autoencoder alone is named `encoder.…`, `decoder.…` as in files of its own, also if it comes
    from diffusers. Names that mean nothing to us stay as they are.
    """
    tensors = _with_averages(table.tensors)
    if any(name.startswith(_DIFFUSERS_VAE) for name in tensors):
        return TensorTable(vae_tensors(tensors, prefix=""), table.metadata)
    is_turbo = _is_turbo(tensors)
    named = {_reference_name(name, is_turbo=is_turbo): t for name, t in tensors.items()}
    return TensorTable(named, table.metadata)


def _is_turbo(tensors: Mapping[str, StoredTensor]) -> bool:
    """SD 2 Turbo, which keeps its text encoder where SDXL's refiner does."""
    sign = tensors.get(f"{_TURBO_TEXT}model.ln_final.weight")
    return sign is not None and sign.shape == (1024,)


def _reference_name(name: str, *, is_turbo: bool) -> str:
    if is_turbo and name.startswith(_TURBO_TEXT):
        return f"cond_stage_model.{name.removeprefix(_TURBO_TEXT)}"
    if name.startswith(tuple(_OLD_TEXT + part for part in OLD_CLIP)):
        return f"{_OLD_TEXT}text_model.{name.removeprefix(_OLD_TEXT)}"
    return name


def _with_averages(tensors: Mapping[str, StoredTensor]) -> Mapping[str, StoredTensor]:
    if any(name.startswith(UNET_PREFIX) for name in tensors):
        return tensors
    return {_averaged_name(name): tensor for name, tensor in tensors.items()}


def _averaged_name(name: str) -> str:
    """A weight's own name from that of its average, which is written without its dots."""
    if not name.startswith(_EMA_UNET):
        return name
    run_together = name.removeprefix(_EMA_UNET)
    words = _EMA_WORDS.findall(run_together)
    if "".join(words) != run_together:
        return name
    return UNET_PREFIX + ".".join(_apart(word) for word in words)


def _apart(word: str) -> str:
    """Numbers of blocks stand side by side, the last of one digit: "110" is block 11, part 0."""
    return f"{word[:-1]}.{word[-1]}" if word.isdecimal() and len(word) > 1 else word
