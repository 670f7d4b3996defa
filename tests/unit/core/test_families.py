"""Telling families apart, and what else a file may be, by the names of its tensors."""

import pytest

from tintype.core.families import Family, family_of, other_kind

UNET = "model.diffusion_model."
FIRST = f"{UNET}input_blocks.0.0.weight"
SIGNS: dict[Family, str] = {
    "sd1": "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight",
    "sd2": "cond_stage_model.model.transformer.resblocks.0.attn.in_proj_weight",
    "sdxl": "conditioner.embedders.1.model.ln_final.weight",
    "sdxl_refiner": "conditioner.embedders.0.model.ln_final.weight",
}


@pytest.mark.parametrize(("family", "sign"), SIGNS.items())
def test_families_by_their_text_encoders(family: Family, sign: str) -> None:
    """A U-Net and a text encoder make a checkpoint of a family."""
    assert family_of([FIRST, sign]) == family


def test_no_family_without_both() -> None:
    """A U-Net alone is none, and neither is a text encoder."""
    assert family_of([FIRST]) is None
    assert family_of([SIGNS["sd1"]]) is None


@pytest.mark.parametrize(
    "name",
    [
        "depth_model.model.pretrained.bias",
        "embedder.model.ln_final.weight",
        "low_scale_model.model.weight",
        "cc_projection.weight",
        f"{UNET}input_blocks.1.0.time_stack.in_layers.0.weight",
    ],
)
def test_relatives_that_want_more_than_a_text(name: str) -> None:
    """A checkpoint with parts we do not serve is of no family, whatever else is in it."""
    assert family_of([FIRST, SIGNS["sd2"], name]) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lora_unet_mid_block.lora_up.weight", "a LoRA, which belongs in models/Lora"),
        ("unet.down_blocks.0.to_q.lora_A.weight", "a LoRA, which belongs in models/Lora"),
        ("lora_te_text_model.hada_w1_a", "a LoRA, which belongs in models/Lora"),
        ("controlnet_cond_embedding.conv_in.weight", "a ControlNet, which belongs in"),
        ("lora_controlnet", "a Control-LoRA, which belongs in models/ControlNet"),
        ("adapter.body.0.resnets.0.block1.weight", "a T2I-Adapter"),
        ("ip_adapter.1.to_k_ip.weight", "an IP-Adapter"),
        ("emb_params", "a textual inversion embedding, which belongs in embeddings"),
        ("decoder.conv_in.weight", "an autoencoder (VAE) alone, which belongs in models/VAE"),
        ("encoder.down_blocks.0.resnets.0.conv1.weight", "an autoencoder (VAE) in diffusers"),
        ("model.1.sub.0.RDB1.conv1.0.weight", "an upscaler, which belongs in models/ESRGAN"),
        (f"{UNET}joint_blocks.0.x_block.attn.qkv.weight", "Stable Diffusion 3"),
        (f"{UNET}double_blocks.0.img_attn.qkv.weight", "Flux"),
        ("distilled_guidance_layer.in_proj.weight", "Chroma"),
        (f"{UNET}clip_txt_mapper.weight", "a stage of Stable Cascade"),
        ("cond_stage_model.roberta.embeddings.weight", "AltDiffusion"),
        ("down_blocks.0.motion_modules.0.weight", "a motion module (AnimateDiff)"),
        ("encoder.block.0.layer.0.SelfAttention.q.weight", "a text encoder alone"),
        (FIRST, "a U-Net without its text encoder"),
        ("alpha", "nothing we know"),
    ],
)
def test_other_kinds(name: str, words: str) -> None:
    """What people put into the wrong folder is named, with where it belongs."""
    assert str(other_kind([name, "some.other.weight"])).startswith(words)
