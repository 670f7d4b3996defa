"""The names that programs write into LoRA files, and what they mean."""

from pathlib import Path

import pytest
import torch
from tests.fakes.adapters import noise, write_adapter

from tintype.networks.adapters import read_adapter
from tintype.networks.adapters.names import place_of

BLOCK = "down_blocks_0_attentions_0_transformer_blocks_0"
PATH = "down_blocks.0.attentions.0.transformer_blocks.0"
TE = "text_model.encoder.layers.0"
FLAT_TE = "text_model_encoder_layers_0"


@pytest.mark.parametrize(
    ("key", "layer", "part"),
    [
        # kohya
        (f"lora_unet_{BLOCK}_attn1_to_q.lora_up.weight", f"unet_{BLOCK}_attn1_to_q", "up"),
        (f"lora_unet_{BLOCK}_attn1_to_q.lora_A.weight", f"unet_{BLOCK}_attn1_to_q", "down"),
        ("lora_unet_input_blocks_3_0_op.lora_mid.weight", "unet_input_blocks_3_0_op", "mid"),
        (f"lora_te_{FLAT_TE}_mlp_fc1.lora_down.weight", f"te_{FLAT_TE}_mlp_fc1", "down"),
        (f"lora_te2_{FLAT_TE}_mlp_fc1.lora_down.weight", f"te2_{FLAT_TE}_mlp_fc1", "down"),
        # diffusers, now and before
        (f"unet.{PATH}.attn1.to_q.lora_A.weight", f"unet_{BLOCK}_attn1_to_q", "down"),
        (f"unet.{PATH}.attn1.to_out.0.lora_B.weight", f"unet_{BLOCK}_attn1_to_out_0", "up"),
        (f"unet.{PATH}.attn1.to_k.lora.down.weight", f"unet_{BLOCK}_attn1_to_k", "down"),
        (f"unet.{PATH}.attn1.processor.to_q_lora.up.weight", f"unet_{BLOCK}_attn1_to_q", "up"),
        (f"{PATH}.attn2.processor.to_out_lora.down.weight", f"unet_{BLOCK}_attn2_to_out_0", "down"),
        (f"{PATH}.attn2.to_v.lora_linear_layer.up.weight", f"unet_{BLOCK}_attn2_to_v", "up"),
        (f"text_encoder.{TE}.mlp.fc1.lora_A.weight", f"te1_{FLAT_TE}_mlp_fc1", "down"),
        (f"text_encoder_2.{TE}.mlp.fc1.lora_B.weight", f"te2_{FLAT_TE}_mlp_fc1", "up"),
        (
            f"text_encoder.{TE}.self_attn.to_out_lora.up.weight",
            f"te1_{FLAT_TE}_self_attn_out_proj",
            "up",
        ),
        (
            f"text_encoder.{TE}.self_attn.q_proj.lora_linear_layer.down.weight",
            f"te1_{FLAT_TE}_self_attn_q_proj",
            "down",
        ),
        # PEFT
        (
            f"base_model.model.{PATH}.attn1.to_q.lora_A.default.weight",
            f"unet_{BLOCK}_attn1_to_q",
            "down",
        ),
        (f"base_model.model.{TE}.mlp.fc2.lora_B.weight", f"te1_{FLAT_TE}_mlp_fc2", "up"),
        (
            "base_model.model.unet.conv_in.lora_B.default.weight",
            "unet_conv_in",
            "up",
        ),
        # ComfyUI, LyCORIS, OneTrainer
        (
            "diffusion_model.middle_block.1.proj_in.lora_up.weight",
            "unet_middle_block_1_proj_in",
            "up",
        ),
        (
            f"text_encoders.clip_g.transformer.{TE}.mlp.fc1.lora_up.weight",
            f"te2_{FLAT_TE}_mlp_fc1",
            "up",
        ),
        (f"lycoris_{BLOCK}_attn1_to_q.lora_down.weight", f"unet_{BLOCK}_attn1_to_q", "down"),
        (f"lycoris_unet_{BLOCK}_attn1_to_q.lora_up.weight", f"unet_{BLOCK}_attn1_to_q", "up"),
        (f"lycoris_{FLAT_TE}_mlp_fc1.lora_up.weight", f"te1_{FLAT_TE}_mlp_fc1", "up"),
        (f"unet.{PATH}.ff.net.0.proj.lora_down.weight", f"unet_{BLOCK}_ff_net_0_proj", "down"),
    ],
)
def test_every_way_to_name_a_matrix(key: str, layer: str, part: str) -> None:
    """Layer and half of a LoRA are told whatever program wrote the file."""
    assert place_of(key) == (f"lora_{layer}", f"lora_{part}.weight")


@pytest.mark.parametrize(
    ("end", "part"),
    [
        ("alpha", "alpha"),
        ("lora.alpha", "alpha"),
        ("dora_scale", "dora_scale"),
        ("lora_magnitude_vector", "dora_scale"),
        ("lora_magnitude_vector.default.weight", "dora_scale"),
        ("hada_w1_a", "hada_w1_a"),
        ("hada_t2", "hada_t2"),
        ("lokr_w2_b.default", "lokr_w2_b"),
        ("diff_b", "diff_b"),
        ("w_norm", "w_norm"),
        ("b2.weight", "b2.weight"),
        ("oft_blocks", "oft_blocks"),
    ],
)
def test_other_parts(end: str, part: str) -> None:
    """So are the other kinds' tensors, behind names with underscores or with dots."""
    layer = f"lora_unet_{BLOCK}_attn1_to_q"
    assert place_of(f"unet.{PATH}.attn1.to_q.{end}") == (layer, part)
    assert place_of(f"{layer}.{end}") == (layer, part)


def test_what_is_kept_as_it_is() -> None:
    """Parts we do not know stay in files that name layers flatly, and other files' go."""
    assert place_of("lora_unet_x.on_input") == ("lora_unet_x", "on_input")
    assert place_of("oft_unet_x.oft_diag") == ("lora_unet_x", "oft_diag")
    assert place_of("model.diffusion_model.input_blocks.0.0.weight") is None
    assert place_of("emb_params") is None


def test_lengths_of_peft_s_dora_are_by_outputs(tmp_path: Path) -> None:
    """PEFT's lengths are read as those of outputs, of convolutions as well."""
    path = "unet.conv_in"
    record = write_adapter(
        tmp_path / "dora.safetensors",
        {
            f"{path}.lora_A.weight": noise(4, 4, 3, 3),
            f"{path}.lora_B.weight": noise(32, 4, 1, 1),
            f"{path}.lora_magnitude_vector.weight": noise(1, 32, 1, 1),
        },
    )
    parts = read_adapter(record.path).layers["lora_unet_conv_in"]
    assert torch.equal(parts["dora_scale"], noise(1, 32, 1, 1).flatten())
