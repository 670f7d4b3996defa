"""What a checkpoint was trained to predict, on which noise, and on latents of which scale.

Its config, its marks and its metadata say so; the front needs it for the noise levels of a
picture, the worker for the meaning of an answer, and both ask here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import stdev

from tintype.core.families import (
    DATA_SPREADS,
    UNET_PREFIX,
    Family,
    Prediction,
    Shapes,
    latent_scale,
)
from tintype.core.noise_levels import NoiseSchedule
from tintype.errors import ModelError
from tintype.tensorfiles.diffusers_config import folder_config, is_from_folder
from tintype.tensorfiles.ldm_config import LdmConfig, parse_ldm_config

Numbers = Callable[[str], tuple[float, ...]]
"""The numbers of a small tensor, by name."""

_EDM_MEAN, _EDM_SPREAD = "edm_mean", "edm_std"
_EDM_V_LOWEST, _EDM_V_HIGHEST = "edm_vpred.sigma_min", "edm_vpred.sigma_max"
_LOWEST_LEVEL = 0.002
_HIGHEST_LEVELS: Mapping[Prediction, float] = {"edm": 80.0, "edm_v": 120.0}  # Playground, CosXL
_SPREAD_SIGN = f"{UNET_PREFIX}output_blocks.11.1.transformer_blocks.0.norm1.bias"
_LEAST_SPREAD_OF_V = 0.09
_NORMALISED_SCALE = DATA_SPREADS["edm"]  # Playground's latents, as its preconditioning wants them
_STATED_PREDICTIONS = ("modelspec.prediction_type", "modelspec.predict_key")
_STATED_ZERO_SNR = "ss_zero_terminal_snr"


@dataclass(frozen=True, slots=True)
class Training:
    """What the shapes of a checkpoint's networks cannot tell.

    Attributes:
        prediction: what the U-Net answers with.
        noise: the noise it knows.
        scale: factor from the autoencoder's latents to those the U-Net works on.
        mean: of the autoencoder's latents, for each channel; it is taken away before they are
            scaled. Empty for none.
        spread: their standard deviation, for each channel; they are divided by it. Empty for none.
    """

    prediction: Prediction
    noise: NoiseSchedule
    scale: float
    mean: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()


def no_numbers(_name: str) -> tuple[float, ...]:
    """Stands in for a file that is not there to be read."""
    return ()


def stated_config(
    config: Mapping[str, object] | None, metadata: Mapping[str, object]
) -> LdmConfig | None:
    """What is written beside the weights: the LDM config, or those of a diffusers folder.

    Raises:
        ModelError: it makes no sense.
    """
    if config is not None:
        return parse_ldm_config(config)
    return folder_config(metadata) if is_from_folder(metadata) else None


def training_of(
    family: Family,
    shapes: Shapes,
    metadata: Mapping[str, object],
    config: LdmConfig | None = None,
    numbers: Numbers = no_numbers,
) -> Training:
    """Work out how a checkpoint was trained.

    The config beside the file wins over every guess. Without one, tensors that were put into the
    file as a mark are believed before its metadata (`modelspec.prediction_type`), and an SD 2.x
    file that says nothing is judged by how far a bias of its last block is spread, as Forge does.
    A1111 runs the U-Net once and looks at the answer; the bias is known without loading anything,
    so the front can tell as well, and long before there is a network to run.

    Raises:
        ModelError: what is stated makes no sense.
    """
    prediction = _guess(family, shapes, metadata, numbers) if config is None else config.prediction
    config = config or LdmConfig(prediction)
    mean, spread = _normalisation(shapes, numbers, config)
    usual = latent_scale(family) if not spread else _NORMALISED_SCALE
    return Training(
        prediction=prediction,
        noise=_noise(prediction, shapes, metadata, config, numbers),
        scale=config.scale or usual,
        mean=mean,
        spread=spread,
    )


def _guess(
    family: Family, shapes: Shapes, metadata: Mapping[str, object], numbers: Numbers
) -> Prediction:
    if _EDM_MEAN in shapes and _EDM_SPREAD in shapes:
        return "edm"
    if _EDM_V_HIGHEST in shapes:
        return "edm_v"
    if "v_pred" in shapes:
        return "v"
    stated = next((v for name in _STATED_PREDICTIONS if (v := metadata.get(name))), None)
    if stated is not None:
        return _stated(stated)
    if family == "sd2" and len(biases := _if_there(_SPREAD_SIGN, shapes, numbers)) > 1:
        return "v" if stdev(biases) > _LEAST_SPREAD_OF_V else "eps"
    return "eps"


def _stated(value: object) -> Prediction:
    """Programs write `v`, `v_prediction`, `eps` or `epsilon`."""
    words = str(value).strip('"').lower()
    if words.startswith("v"):
        return "v"
    if words.startswith("eps"):
        return "eps"
    raise ModelError(
        f"The file's metadata says that it predicts {str(value)[:40]!r}; served are epsilon and v."
    )


def _noise(
    prediction: Prediction,
    shapes: Shapes,
    metadata: Mapping[str, object],
    config: LdmConfig,
    numbers: Numbers,
) -> NoiseSchedule:
    if prediction in _HIGHEST_LEVELS:
        lowest, highest = config.continuous or (_LOWEST_LEVEL, _HIGHEST_LEVELS[prediction])
        lowest = _one_of(_EDM_V_LOWEST, shapes, numbers) or lowest
        highest = _one_of(_EDM_V_HIGHEST, shapes, numbers) or highest
        return NoiseSchedule(continuous=_range(lowest, highest))
    stated = config.zero_terminal_snr
    is_marked = "ztsnr" in shapes or str(metadata.get(_STATED_ZERO_SNR)).lower() == "true"
    shifts = is_marked if stated is None else stated
    return NoiseSchedule(config.schedule_start, config.schedule_end, zero_terminal_snr=shifts)


def _range(lowest: float, highest: float) -> tuple[float, float]:
    if 0 < lowest < highest < 1e6:
        return lowest, highest
    raise ModelError(
        f"The file says that its noise goes from {lowest:g} to {highest:g}: that is no range."
    )


def _normalisation(
    shapes: Shapes, numbers: Numbers, config: LdmConfig
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    mean, spread = config.mean, config.spread
    if _EDM_MEAN in shapes and _EDM_SPREAD in shapes:
        mean, spread = numbers(_EDM_MEAN), numbers(_EDM_SPREAD)
    if not mean and not spread:
        return (), ()
    if len(mean) == len(spread) == 4 and all(s > 0 for s in spread):
        return mean, spread
    raise ModelError(
        f"Mean and spread of its latents ({_EDM_MEAN}, {_EDM_SPREAD}) are {len(mean)} and"
        f" {len(spread)} numbers; expected were four each, and the second four above 0."
    )


def _one_of(name: str, shapes: Shapes, numbers: Numbers) -> float | None:
    """The first number of a tensor, if there is one."""
    return next(iter(_if_there(name, shapes, numbers)), None)


def _if_there(name: str, shapes: Shapes, numbers: Numbers) -> tuple[float, ...]:
    return numbers(name) if name in shapes else ()
