"""What the configurations in a diffusers folder say of its networks, as far as we need it."""

from collections.abc import Mapping
from typing import cast

from tintype.core.families import DATA_SPREADS, Prediction
from tintype.errors import ModelError, shown
from tintype.tensorfiles.ldm_config import LdmConfig

_PREFIX = "diffusers."
_PREDICTIONS: Mapping[object, Prediction] = {"epsilon": "eps", "v_prediction": "v"}
_EDM_PREDICTIONS: Mapping[object, Prediction] = {"epsilon": "edm", "v_prediction": "edm_v"}

Metadata = Mapping[str, object]


def is_from_folder(metadata: Metadata) -> bool:
    """Whether a table was made of a diffusers folder."""
    return f"{_PREFIX}class" in metadata


def folder_config(metadata: Metadata) -> LdmConfig:
    """The same as an LDM config would say of a folder's networks; see `open_folder`.

    Where a folder is silent, diffusers' own defaults hold.

    Raises:
        ModelError: something stated is of the wrong kind or not served.
    """
    continuous = str(metadata.get(f"{_PREFIX}_class_name")).startswith("EDM")
    prediction = _prediction(metadata, _EDM_PREDICTIONS if continuous else _PREDICTIONS)
    num_heads, head_channels = _heads(metadata)
    return LdmConfig(
        prediction=prediction,
        num_heads=num_heads,
        head_channels=head_channels,
        schedule_start=_number(metadata, "beta_start", 0.00085),
        schedule_end=_number(metadata, "beta_end", 0.012),
        scale=_number(metadata, "vae.scaling_factor", 0.18215),
        zero_terminal_snr=metadata.get(f"{_PREFIX}rescale_betas_zero_snr") is True,
        continuous=_levels(metadata, prediction) if continuous else None,
        mean=_numbers(metadata, "vae.latents_mean"),
        spread=_numbers(metadata, "vae.latents_std"),
        norm_groups=_whole(metadata, "unet.norm_num_groups"),
    )


def _prediction(metadata: Metadata, known: Mapping[object, Prediction]) -> Prediction:
    value = metadata.get(f"{_PREFIX}prediction_type", "epsilon")
    if isinstance(value, str) and value in known:
        return known[value]
    raise ModelError(
        f"The folder's networks predict {shown(value)}; served are epsilon and v_prediction."
    )


def _levels(metadata: Metadata, prediction: Prediction) -> tuple[float, float]:
    data = _number(metadata, "sigma_data", 0.5)
    if data != DATA_SPREADS[prediction]:
        raise ModelError(
            f"The folder's networks know latents of spread {data:g} (sigma_data); served is"
            f" {DATA_SPREADS[prediction]:g} for what they predict."
        )
    return _number(metadata, "sigma_min", 0.002), _number(metadata, "sigma_max", 80.0)


def _heads(metadata: Metadata) -> tuple[int | None, int | None]:
    """How many heads, or how wide they are; what diffusers calls their width is their number."""
    number = metadata.get(f"{_PREFIX}unet.num_attention_heads")
    heads = number or metadata.get(f"{_PREFIX}unet.attention_head_dim", 8)
    channels = metadata.get(f"{_PREFIX}unet.block_out_channels")
    if _is_count(heads):
        return cast(int, heads), None
    if isinstance(heads, list) and isinstance(channels, list):
        widths = _widths(cast("list[object]", heads), cast("list[object]", channels))
        if len(widths) == 1:
            return None, widths.pop()
    heads = cast(object, heads)
    raise ModelError(
        f"The folder's U-Net has attention_head_dim {shown(heads)}; served are one number, or as"
        " many as there are levels, which give heads of one width."
    )


def _widths(heads: list[object], channels: list[object]) -> set[int]:
    if len(heads) != len(channels) or not all(map(_is_count, [*heads, *channels])):
        return set()
    pairs = zip(cast("list[int]", channels), cast("list[int]", heads), strict=True)
    return {wide // number if wide % number == 0 else 0 for wide, number in pairs} - {0}


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 16


def _whole(metadata: Metadata, name: str) -> int | None:
    value = metadata.get(_PREFIX + name)
    return cast(int, value) if _is_count(value) else None


def _number(metadata: Metadata, name: str, usual: float) -> float:
    value = metadata.get(_PREFIX + name, usual)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6:
        return float(value)
    raise ModelError(f"The folder says {name} {shown(value)}; expected was a number above 0.")


def _numbers(metadata: Metadata, name: str) -> tuple[float, ...]:
    value = metadata.get(_PREFIX + name)
    if not isinstance(value, list):
        return ()
    items = cast("list[object]", value)
    if len(items) == 4 and all(isinstance(item, int | float) for item in items):
        return tuple(cast("list[float]", items))
    raise ModelError(f"The folder says {name} {shown(items)}; expected were four numbers.")
