"""The LDM config that may lie beside a checkpoint (`<stem>.yaml`), as far as we need it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tintype.core.families import Prediction
from tintype.errors import ModelError

_LONGEST_CONFIG_BYTES = 1 << 20
_DEFAULT_START, _DEFAULT_END = 0.00085, 0.012
_PREDICTIONS: Mapping[str, Prediction] = {"eps": "eps", "v": "v"}
_SCALINGS: Mapping[str, Prediction] = {  # classes of `sgm`
    "EpsScaling": "eps",
    "VScaling": "v",
    "EDMScaling": "edm",
    "VScalingWithEDMcNoise": "edm_v",
}
_ZERO_SNR_NAMES = ("zero_terminal_snr", "ztsnr", "zsnr", "rescale_betas_zero_snr")


@dataclass(frozen=True, slots=True)
class LdmConfig:
    """What shapes cannot tell.

    Attributes:
        prediction: what the U-Net answers with.
        num_heads: attention heads in every block, if their number is fixed.
        head_channels: channels of a head, if their width is fixed.
        schedule_start: first beta of the noise schedule.
        schedule_end: last beta.
        scale: factor from the autoencoder's latents to the U-Net's, if stated.
        zero_terminal_snr: the last level of the schedule is pure noise, if stated.
        continuous: lowest and highest level where a network knows all between them, if stated.
        mean: of the autoencoder's latents, for each channel; empty if not stated.
        spread: their standard deviation, for each channel; empty if not stated.
        norm_groups: groups of every normalisation, if stated.
    """

    prediction: Prediction
    num_heads: int | None = None
    head_channels: int | None = None
    schedule_start: float = _DEFAULT_START
    schedule_end: float = _DEFAULT_END
    scale: float | None = None
    zero_terminal_snr: bool | None = None
    continuous: tuple[float, float] | None = None
    mean: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    norm_groups: int | None = None


def read_ldm_yaml(path: Path) -> Mapping[str, object]:
    """Read an LDM config.

    Raises:
        ModelError: the file is missing, too long, no YAML or no mapping.
    """
    import yaml  # most checkpoints have no config: their start need not pay for the parser

    try:
        if not path.is_file():  # nor a pipe, which would wait for ever
            raise ModelError(f"{path.name} is no file.")
        if path.stat().st_size > _LONGEST_CONFIG_BYTES:
            raise ModelError(f"{path.name} is too long for a checkpoint's config (1 MiB).")
        content: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, OSError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path.name} cannot be read: {reason}") from error
    if not isinstance(content, Mapping):
        raise ModelError(f"{path.name} is no LDM config: it has no `model` section.")
    return cast(Mapping[str, object], content)


def parse_ldm_config(config: Mapping[str, object]) -> LdmConfig:
    """Pick from an LDM config (or one of `sgm`, as SDXL has it) what we need.

    Raises:
        ModelError: a section or value is missing or of the wrong kind.
    """
    params = _section(_section(config, "model"), "params")
    unet = _section(_section(params, "unet_config", "network_config"), "params")
    head_channels = _whole(unet, "num_head_channels")
    return LdmConfig(
        prediction=_prediction(params),
        num_heads=None if head_channels else _whole(unet, "num_heads"),
        head_channels=head_channels,
        schedule_start=_number(params, "linear_start", below=1) or _DEFAULT_START,
        schedule_end=_number(params, "linear_end", below=1) or _DEFAULT_END,
        scale=_number(params, "scale_factor", below=100),
        zero_terminal_snr=_zero_terminal_snr(params),
    )


def _section(parent: Mapping[str, object], *names: str) -> Mapping[str, object]:
    for name in names:
        if isinstance(section := parent.get(name), Mapping):
            return cast(Mapping[str, object], section)
    raise ModelError(f"The checkpoint's config has no `{'` or `'.join(names)}` section.")


def _prediction(params: Mapping[str, object]) -> Prediction:
    if "denoiser_config" in params:
        denoiser = _section(_section(params, "denoiser_config"), "params")
        target = str(_section(denoiser, "scaling_config").get("target")).rpartition(".")[2]
        return _known("scaling_config", target, _SCALINGS)
    return _known("parameterization", params.get("parameterization", "eps"), _PREDICTIONS)


def _known(name: str, value: object, choices: Mapping[str, Prediction]) -> Prediction:
    if isinstance(value, str) and value in choices:
        return choices[value]
    served = ", ".join(choices)
    raise ModelError(f"The checkpoint's config has {name} {_short(value)}; served are {served}.")


def _zero_terminal_snr(params: Mapping[str, object]) -> bool | None:
    """Trainers have not agreed on the name."""
    stated = [params[name] for name in _ZERO_SNR_NAMES if name in params]
    if not stated:
        return None
    if isinstance(stated[0], bool):
        return stated[0]
    raise ModelError(
        f"The checkpoint's config has zero_terminal_snr {_short(stated[0])}, not true or false."
    )


def _short(value: object) -> str:
    """A value as a message may show it; a list may be one that holds itself a million times."""
    return repr(value)[:40] if isinstance(value, str | int | float) else type(value).__name__


def _whole(section: Mapping[str, object], name: str) -> int | None:
    """A positive whole number; None where it is absent or -1, LDM's "not this one"."""
    value = section.get(name, -1)
    if value == -1:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 4096:
        return value
    raise ModelError(f"The checkpoint's config has {name} {_short(value)}, not a whole number.")


def _number(section: Mapping[str, object], name: str, below: float) -> float | None:
    """A number above 0 and under a bound, or None where it is absent."""
    value = section.get(name)
    if value is None:
        return None
    if isinstance(value, int | float) and 0 < value < below:
        return float(value)
    raise ModelError(
        f"The checkpoint's config has {name} {_short(value)}; expected a number in 0 … {below:g}."
    )
