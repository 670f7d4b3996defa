"""What a checkpoint holds, recognised by the names and shapes of its tensors."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tintype.core.families import (
    CLIP_PREFIXES,
    OPEN_CLIP_PREFIXES,
    UNET_PREFIX,
    VAE_PREFIX,
    Family,
    Prediction,
    Shapes,
    family_of,
    other_kind,
)
from tintype.core.noise_levels import NoiseSchedule
from tintype.errors import ModelError
from tintype.networks.clip import ClipConfig
from tintype.networks.layers import NORM_GROUPS
from tintype.networks.openclip import OpenClipConfig
from tintype.networks.sizes import (
    Part,
    clip_config,
    open_clip_config,
    unet_config,
    vae_config,
)
from tintype.networks.unet import UNetConfig
from tintype.networks.vae import VaeConfig
from tintype.tensorfiles.ldm_config import LdmConfig
from tintype.tensorfiles.training import (
    Numbers,
    Training,
    no_numbers,
    stated_config,
    training_of,
)

_USUAL_VAE = ((128, 256, 512, 512), 2)  # channels of its levels, and blocks in each


@dataclass(frozen=True, slots=True)
class CheckpointConfig:
    """Everything needed to build a checkpoint's networks and to use them.

    Attributes:
        family: decides how texts are encoded.
        clip: the text encoder in CLIP's layout (SD 1.x, SDXL).
        open_clip: the text encoder in OpenCLIP's layout (SD 2.x, SDXL, the SDXL refiner).
        prediction: what the U-Net answers with.
        noise: the noise it was trained on.
        has_vae: there is an autoencoder in it; otherwise `vae` is the usual one's.
    """

    family: Family
    unet: UNetConfig
    vae: VaeConfig
    clip: ClipConfig | None
    open_clip: OpenClipConfig | None
    prediction: Prediction
    noise: NoiseSchedule
    has_vae: bool = True

    @property
    def scale_factor(self) -> float:
        """Factor from the autoencoder's latents to those the U-Net works on."""
        return self.vae.scale


def identify(
    shapes: Shapes,
    config: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
    numbers: Numbers = no_numbers,
) -> CheckpointConfig:
    """Recognise a checkpoint and work out the sizes of its networks.

    Args:
        shapes: shape of every tensor, by reference name.
        config: the LDM config beside the file, if there is one; it wins over every guess.
        metadata: free text of the file's header; see `training_of` for what of it is heeded.
            Besides, small networks state there what shapes cannot tell: `tintype.num_heads` and
            `tintype.norm_groups`.
        numbers: those of a small tensor, by name; asked only for what shapes leave open.

    Raises:
        ModelError: the file is no checkpoint we serve, incomplete, or contradicts itself.
    """
    family, metadata = _family(shapes), metadata or {}
    stated = stated_config(config, metadata)
    training = training_of(family, shapes, metadata, stated, numbers)
    ldm = stated or LdmConfig(training.prediction, num_heads=_stated(metadata, "num_heads"))
    groups = _stated(metadata, "norm_groups") or ldm.norm_groups or NORM_GROUPS
    clip, open_clip = CLIP_PREFIXES.get(family), OPEN_CLIP_PREFIXES.get(family)
    return CheckpointConfig(
        family=family,
        unet=unet_config(Part(shapes, UNET_PREFIX), ldm.num_heads, ldm.head_channels, groups),
        vae=_vae_config(shapes, training, groups),
        clip=clip_config(Part(shapes, clip)) if clip else None,
        open_clip=open_clip_config(Part(shapes, open_clip)) if open_clip else None,
        prediction=training.prediction,
        noise=training.noise,
        has_vae=_has_vae(shapes),
    )


def _family(shapes: Shapes) -> Family:
    family = family_of(shapes)
    if family is not None:
        return family
    some = ", ".join(sorted(shapes)[:3]) or "none at all"
    raise ModelError(
        f"This is no Stable Diffusion checkpoint we serve; it looks like {other_kind(shapes)}."
        f" Expected were tensors named {UNET_PREFIX}…, {VAE_PREFIX}… and cond_stage_model.… or"
        f" conditioner.…; it has, for instance, {some}."
    )


def _has_vae(shapes: Shapes) -> bool:
    return any(name.startswith(VAE_PREFIX) for name in shapes)


def _vae_config(shapes: Shapes, training: Training, groups: int) -> VaeConfig:
    """That of the usual autoencoder where there is none: one from another file takes its place."""
    if _has_vae(shapes):
        config = vae_config(Part(shapes, VAE_PREFIX), training.scale, groups)
    else:
        config = VaeConfig(*_USUAL_VAE, scale=training.scale, norm_groups=groups)
    return replace(config, mean=training.mean, spread=training.spread)


def _stated(metadata: Mapping[str, object], name: str) -> int | None:
    """A positive whole number in our own part of the metadata, or None."""
    text = metadata.get(f"tintype.{name}")
    if text is None:
        return None
    if isinstance(text, str) and text.isdecimal() and len(text) < 5 and int(text) > 0:
        return int(text)
    said = str(text)[:40]
    raise ModelError(f"The file's metadata has tintype.{name} {said!r}, not a whole number.")
