"""The options A1111 keeps for the whole server, as far as they mean something here.

Two can be set. The others say how pictures are made here; a client may send them back, as many do,
but only with a value that is already true. Nothing is written to disk, and an override belongs to
its request alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from tintype.core.models import ModelRecord
from tintype.errors import InvalidRequest, ModelError, UnknownName, shown

CHECKPOINT, CLIP_SKIP = "sd_model_checkpoint", "CLIP_stop_at_last_layers"

_MOST_CLIP_SKIP = 12  # as A1111's slider ends

_FIXED: dict[str, tuple[object, ...]] = {  # the first value is shown, any of them is accepted
    "samples_save": (True,),
    "samples_format": ("png",),
    "grid_save": (False,),
    "return_grid": (False,),
    "do_not_show_images": (False,),
    "enable_pnginfo": (True,),
    "save_txt": (False,),
    "sd_vae": ("Automatic", "None"),
    "sd_unet": ("Automatic", "None"),
    "sd_lora": ("None", ""),
    "sd_hypernetwork": ("None", ""),
    "emphasis": ("Original",),
    "use_old_emphasis_implementation": (False,),
    "comma_padding_backtrack": (20,),
    "enable_prompt_comments": (True,),
    "use_old_scheduling": (False,),
    "pad_cond_uncond": (False,),
    "pad_cond_uncond_v0": (False,),
    "randn_source": ("CPU",),
    "eta_noise_seed_delta": (0,),
    "eta_ancestral": (1.0,),
    "eta_ddim": (0.0,),
    "s_churn": (0,),
    "s_tmin": (0,),
    "s_tmax": (0,),
    "s_noise": (1.0,),
    "s_min_uncond": (0,),
    "sigma_min": (0,),
    "sigma_max": (0,),
    "rho": (0,),
    "k_sched_type": ("Automatic",),
    "always_discard_next_to_last_sigma": (False,),
    "sgm_noise_multiplier": (False,),
    "sd_noise_schedule": ("Default",),
    "skip_early_cond": (0,),
    "use_old_karras_scheduler_sigmas": (False,),
    "use_downcasted_alpha_bar": (False,),
    "enable_quantization": (False,),
    "token_merging_ratio": (0,),
    "tiling": (False,),
    "face_restoration": (False,),
    "sd_vae_decode_method": ("Full",),
    "fp8_storage": ("Disable",),
    "add_model_name_to_info": (True,),
    "add_model_hash_to_info": (True,),
    "add_version_to_infotext": (True,),
    "disable_weights_auto_swap": (True,),
}

_WITHOUT_EFFECT = frozenset(  # they speak of A1111's page, previews, speed or memory
    {
        "auto_vae_precision",
        "batch_cond_uncond",
        "cross_attention_optimization",
        "enable_batch_seeds",
        "live_previews_enable",
        "live_previews_image_format",
        "live_preview_content",
        "no_dpmpp_sde_batch_determinism",
        "persistent_cond_cache",
        "sd_checkpoint_cache",
        "sd_checkpoint_hash",
        "sd_checkpoints_keep_in_cpu",
        "sd_checkpoints_limit",
        "sd_vae_checkpoint_cache",
        "show_progress_every_n_steps",
        "show_progress_grid",
        "show_progress_type",
    }
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The options that decide about a request.

    Attributes:
        checkpoint: some name of it, or None for the server's first.
        clip_skip: as in `Request`.
    """

    checkpoint: str | None = None
    clip_skip: int = 1


class Options:
    """The server's own values, for requests that bring none."""

    def __init__(self, find_checkpoint: Callable[[str | None], ModelRecord]) -> None:
        """All at their defaults.

        Args:
            find_checkpoint: the file a name means, or the server's first for None; raises
                `UnknownName` or `ModelError`.
        """
        self._find_checkpoint = find_checkpoint
        self._chosen = Chosen()

    def values(self) -> dict[str, object]:
        """Every option with its value, as A1111 shows them."""
        checkpoint = self._checkpoint()
        return {
            CHECKPOINT: None if checkpoint is None else checkpoint.title,
            "sd_checkpoint_hash": (checkpoint and checkpoint.sha256) or "",
            CLIP_SKIP: self._chosen.clip_skip,
            **{name: accepted[0] for name, accepted in _FIXED.items()},
        }

    def set(self, changes: Mapping[str, object]) -> None:
        """Change the server's values, all of them or none.

        Raises:
            UnknownName: no such option, or no such checkpoint.
            InvalidRequest: the option cannot have that value.
        """
        chosen = self.with_overrides(changes)
        if changes.get(CHECKPOINT):
            self._find_checkpoint(chosen.checkpoint)
        self._chosen = chosen

    def with_overrides(self, overrides: Mapping[str, object]) -> Chosen:
        """What decides about a request that brings these overrides; raises as `set`."""
        for name, value in overrides.items():
            _check(name, value)
        return Chosen(
            checkpoint=_name(overrides.get(CHECKPOINT)) or self._chosen.checkpoint,
            clip_skip=_clip_skip(overrides.get(CLIP_SKIP)) or self._chosen.clip_skip,
        )

    def _checkpoint(self) -> ModelRecord | None:
        try:
            return self._find_checkpoint(self._chosen.checkpoint)
        except (ModelError, UnknownName):
            return None


def _check(name: str, value: object) -> None:
    if name in (CHECKPOINT, CLIP_SKIP) or name in _WITHOUT_EFFECT:
        return
    accepted = _FIXED.get(name)
    if accepted is None:
        raise UnknownName("option", name, [CHECKPOINT, CLIP_SKIP, *_FIXED])
    if value is not None and value not in accepted:
        raise InvalidRequest(
            name, f"{shown(value)} is not supported yet; it is {accepted[0]!r} here"
        )


def _name(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise InvalidRequest(CHECKPOINT, f"{shown(value)} is not the name of a checkpoint")


def _clip_skip(value: object) -> int | None:
    if value is None:
        return None
    try:
        layers = int(cast("int", value))
    except (TypeError, ValueError, OverflowError):
        layers = 0
    if not 1 <= layers <= _MOST_CLIP_SKIP:
        expected = f"a whole number from 1 to {_MOST_CLIP_SKIP}"
        raise InvalidRequest(CLIP_SKIP, f"{shown(value)} is not {expected}")
    return layers
