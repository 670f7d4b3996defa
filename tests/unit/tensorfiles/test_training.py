"""What a checkpoint was trained for, from its marks, its metadata and its config."""

from collections.abc import Mapping
from typing import Any

import pytest

from tintype.core.families import Family
from tintype.core.noise_levels import NoiseSchedule
from tintype.errors import ModelError
from tintype.tensorfiles.training import Training, stated_config, training_of

PLAYGROUND = {"edm_mean": (-1.66, 1.89, -1.38, 2.52), "edm_std": (8.5, 5.9, 6.5, 5.2)}
COSXL = {"edm_vpred.sigma_max": (120.0,), "edm_vpred.sigma_min": (0.002,)}


def trained(
    marks: Mapping[str, tuple[float, ...]] | None = None,
    metadata: Mapping[str, object] | None = None,
    config: Any = None,
    family: Family = "sdxl",
) -> Training:
    marks = marks or {}
    shapes = {name: (len(numbers),) for name, numbers in marks.items()}
    stated = stated_config(config, metadata or {})
    return training_of(family, shapes, metadata or {}, stated, marks.__getitem__)


def ldm(**params: Any) -> dict[str, Any]:
    return {"model": {"params": {"unet_config": {"params": {}}, **params}}}


def sgm(scaling: str) -> dict[str, Any]:
    target = f"sgm.modules.diffusionmodules.denoiser_scaling.{scaling}"
    denoiser = {"params": {"scaling_config": {"target": target}}}
    return ldm(denoiser_config=denoiser)


def test_plain() -> None:
    """A file that says nothing predicts noise, on the noise all families were trained on."""
    assert trained() == Training("eps", NoiseSchedule(), 0.13025)
    assert trained(family="sd1").scale == 0.18215


def test_marks_of_noobai() -> None:
    """Two empty tensors say v-prediction and zero terminal SNR."""
    found = trained({"v_pred": (), "ztsnr": ()})
    assert (found.prediction, found.noise) == ("v", NoiseSchedule(zero_terminal_snr=True))


def test_playground() -> None:
    """Mean and spread of the latents make it EDM, normalised, from 0.002 to 80."""
    found = trained(PLAYGROUND)
    assert found.prediction == "edm"
    assert found.noise == NoiseSchedule(continuous=(0.002, 80.0))
    assert (found.scale, found.mean, found.spread) == (0.5, *PLAYGROUND.values())


def test_cosxl() -> None:
    """The highest level in the file makes it EDM with v-prediction, up to there."""
    found = trained(COSXL)
    assert found.prediction == "edm_v"
    assert found.noise == NoiseSchedule(continuous=(0.002, 120.0))
    assert (found.scale, found.mean) == (0.13025, ())


@pytest.mark.parametrize(
    ("scaling", "prediction"),
    [
        ("EpsScaling", "eps"),
        ("VScaling", "v"),
        ("EDMScaling", "edm"),
        ("VScalingWithEDMcNoise", "edm_v"),
    ],
)
def test_configs_of_sdxls_own_program(scaling: str, prediction: str) -> None:
    """The class that scales answers says what they are."""
    assert trained(config=sgm(scaling)).prediction == prediction


def test_the_config_wins_over_marks() -> None:
    """A config that says noise prediction without zero SNR is believed."""
    marks = {"v_pred": (), "ztsnr": ()}
    found = trained(marks, config=ldm(parameterization="eps", zero_terminal_snr=False))
    assert (found.prediction, found.noise.zero_terminal_snr) == ("eps", False)


@pytest.mark.parametrize("name", ["zero_terminal_snr", "ztsnr", "zsnr", "rescale_betas_zero_snr"])
def test_zero_snr_in_configs(name: str) -> None:
    """Trainers' names for it are all understood."""
    assert trained(config=ldm(**{name: True})).noise.zero_terminal_snr
    with pytest.raises(ModelError, match="not true or false"):
        trained(config=ldm(**{name: "maybe"}))


def test_zero_snr_in_metadata() -> None:
    """Trainers' metadata says it, too."""
    assert trained(metadata={"ss_zero_terminal_snr": "True"}).noise.zero_terminal_snr
    assert not trained(metadata={"ss_zero_terminal_snr": "False"}).noise.zero_terminal_snr


@pytest.mark.parametrize(
    ("metadata", "prediction"),
    [
        ({"modelspec.prediction_type": "v"}, "v"),
        ({"modelspec.prediction_type": "epsilon"}, "eps"),
        ({"modelspec.predict_key": "v"}, "v"),
    ],
)
def test_prediction_in_metadata(metadata: Mapping[str, object], prediction: str) -> None:
    """Metadata says what is predicted, in several programs' words."""
    assert trained(metadata=metadata).prediction == prediction


def test_predictions_nobody_serves() -> None:
    """A file that says it predicts something else is not taken for one of ours."""
    with pytest.raises(ModelError, match="'sample'; served are epsilon and v"):
        trained(metadata={"modelspec.prediction_type": "sample"})


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ({"edm_mean": (1.0,), "edm_std": (1.0,)}, "are 1 and 1 numbers"),
        (PLAYGROUND | {"edm_std": (1.0, 1.0, 0.0, 1.0)}, "above 0"),
        ({"edm_vpred.sigma_max": (float("nan"),)}, "no range"),
        ({"edm_vpred.sigma_max": (-1.0,)}, "no range"),
    ],
)
def test_marks_that_make_no_sense(marks: Mapping[str, tuple[float, ...]], words: str) -> None:
    """Numbers that cannot be are refused in words."""
    with pytest.raises(ModelError, match=words):
        trained(marks)


def folder(**settings: Any) -> dict[str, object]:
    """Metadata of a diffusers folder."""
    return {f"diffusers.{name.replace('__', '.')}": value for name, value in settings.items()}


def test_folders() -> None:
    """A diffusers folder's configurations are believed as an LDM config is."""
    said = folder(**{"class": "StableDiffusionPipeline"}, prediction_type="v_prediction")
    said |= folder(rescale_betas_zero_snr=True, beta_start=0.001, vae__scaling_factor=0.13)
    found = trained(metadata=said)
    noise = NoiseSchedule(0.001, 0.012, zero_terminal_snr=True)
    assert found == Training("v", noise, 0.13)


PLAYGROUND_FOLDER = folder(
    **{"class": "StableDiffusionXLPipeline", "_class_name": "EDMDPMSolverMultistepScheduler"},
    prediction_type="epsilon",
    sigma_data=0.5,
    sigma_min=0.002,
    sigma_max=80.0,
    vae__scaling_factor=0.5,
    vae__latents_mean=[-1.66, 1.89, -1.38, 2.52],
    vae__latents_std=[8.5, 5.9, 6.5, 5.2],
)


def test_a_folder_of_playground() -> None:
    """EDM's schedule in a folder means the same as the marks in a file."""
    assert trained(metadata=PLAYGROUND_FOLDER) == trained(PLAYGROUND)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (folder(prediction_type="sample"), "predict 'sample'"),
        (folder(sigma_data=0.7), "sigma_data"),
        (folder(sigma_max="far"), "sigma_max 'far'"),
        (folder(vae__latents_mean=[1]), "four numbers"),
        (folder(unet__attention_head_dim=[1, 2]), "attention_head_dim"),
        (folder(unet__attention_head_dim=0), "attention_head_dim"),
    ],
)
def test_folders_that_make_no_sense(setting: dict[str, object], words: str) -> None:
    """What a folder states wrongly, or nobody serves, is refused in words."""
    with pytest.raises(ModelError, match=words):
        trained(metadata=PLAYGROUND_FOLDER | setting)


@pytest.mark.parametrize(
    ("settings", "heads"),
    [
        (folder(unet__attention_head_dim=8), (8, None)),
        (
            folder(unet__attention_head_dim=[5, 10, 20], unet__block_out_channels=[320, 640, 1280]),
            (None, 64),
        ),
        (folder(unet__attention_head_dim=8, unet__num_attention_heads=4), (4, None)),
    ],
)
def test_heads_in_folders(
    settings: dict[str, object], heads: tuple[int | None, int | None]
) -> None:
    """A folder says how many heads each level has, which makes them all of one width."""
    found = stated_config(None, folder(**{"class": "any"}) | settings)
    assert found is not None
    assert (found.num_heads, found.head_channels) == heads
