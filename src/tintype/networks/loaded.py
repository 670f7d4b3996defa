"""A checkpoint in memory: texts to conditioning, noise to clean latents, latents to pixels."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from tintype.core.models import AdapterRecord
from tintype.core.noise_levels import NoiseLevels, scaled_linear_levels
from tintype.core.orders import Adapter, Frame
from tintype.errors import ModelError
from tintype.networks.adapters import AdapterFile
from tintype.networks.autoencoder import Autoencoder
from tintype.networks.checkpoint_file import CheckpointFile, open_checkpoint
from tintype.networks.clip import ClipConfig
from tintype.networks.company import TextKeys, Texts, Times, TimeShifts
from tintype.networks.embeddings import PlacedEmbedding
from tintype.networks.filling import filled, without_memory
from tintype.networks.identify import (
    CLIP_PREFIXES,
    OPEN_CLIP_PREFIXES,
    UNET_PREFIX,
    VAE_PREFIX,
    CheckpointConfig,
    Family,
    identify,
)
from tintype.networks.layers import set_tiling, sinusoidal_embedding
from tintype.networks.ldm_config import read_ldm_yaml
from tintype.networks.openclip import OpenClipConfig
from tintype.networks.text import Encoded, RefinerText, Sd1Text, Sd2Text, SdxlText, TextEncoder
from tintype.networks.unet import UNet
from tintype.networks.vae import Vae
from tintype.networks.wardrobe import Wardrobe

_FAMILY_WORDS: Mapping[Family, str] = {
    "sd1": "Stable Diffusion 1",
    "sd2": "Stable Diffusion 2",
    "sdxl": "SDXL",
    "sdxl_refiner": "SDXL's refiner",
}


SIZE_WAVES = 256  # numbers that tell SDXL one size
SHIFTS_REMEMBERED = 512  # timesteps; each takes as many numbers as the U-Net's blocks channels


class LoadedCheckpoint:
    """A checkpoint's networks, ready for inference on one device.

    All methods work on whole batches, expect their tensors on `device`, and are to be called in
    inference mode.

    Attributes:
        config: what was found in the file.
        levels: the noise levels it was trained on.
        unet, text: the networks; parameters are named as in single files.
        autoencoder: the one in the file.
    """

    def __init__(self, config: CheckpointConfig, unet: UNet, vae: Vae, text: TextEncoder) -> None:
        self.config = config
        self.levels: NoiseLevels = scaled_linear_levels(config.schedule_start, config.schedule_end)
        self.unet, self.text = unet, text
        self.autoencoder = Autoencoder(vae)
        self._wardrobe = Wardrobe(unet, text, _FAMILY_WORDS[config.family])
        self._is_tiling = False
        self._token_merging = 0.0
        self._shifts: dict[tuple[float, tuple[Adapter, ...]], TimeShifts] = {}

    @classmethod
    def load(
        cls, path: Path, config_path: Path | None, device: torch.device, dtype: torch.dtype
    ) -> "LoadedCheckpoint":
        """Load a single-file checkpoint.

        On a CPU, tensors already of `dtype` stay mapped from the file: it may be replaced by
        renaming while the checkpoint is in use, but not be cut short in place. The autoencoder of
        SDXL overflows in float16 and is kept in float32 then.

        Args:
            path: a `.safetensors` file.
            config_path: the LDM config beside it, if there is one.
            device: where the weights go.
            dtype: float32, float16 or bfloat16.

        Raises:
            ModelError: the file or its config is missing, torn, foreign or incomplete.
        """
        with _naming(path), open_checkpoint(path) as file:
            ldm = None if config_path is None else read_ldm_yaml(config_path)
            config = identify(file.shapes, ldm, file.metadata, partial(_spread, file))
            with without_memory():
                unet, vae, text = UNet(config.unet), Vae(config.vae), _text_encoder(config)
            vae_dtype = _vae_dtype(config, dtype)
            return cls(
                config,
                filled(unet, file, {"": UNET_PREFIX}, device, dtype),
                filled(vae, file, {"": VAE_PREFIX}, device, vae_dtype),
                filled(text, file, _text_prefixes(config), device, dtype),
            )

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        networks = (self.unet, self.text)
        own = sum(p.nbytes for network in networks for p in network.parameters())
        return own + self.autoencoder.bytes

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.unet.parameters()).device

    def set_tiling(self, *, tiling: bool) -> None:
        """Let the U-Net's convolutions see pictures as tori from now on, or not."""
        if tiling != self._is_tiling:
            set_tiling(self.unet, tiling=tiling)
            self._is_tiling = tiling

    def merge_tokens(self, share: float) -> None:
        """Merge so many tokens before the U-Net's largest attentions from now on, 0 … 0.9."""
        if share != self._token_merging:
            self.unet.merge_tokens(share)
            self._token_merging = share

    def wear_on_unet(
        self, adapters: tuple[Adapter, ...], read: Callable[[AdapterRecord], AdapterFile]
    ) -> None:
        """Have exactly these adapters on the U-Net, each at its `unet_scale`.

        Args:
            adapters: in the order in which they are added.
            read: their files; asked only where something changes.

        Raises:
            ModelError: a file cannot be read or fits nothing here; then no adapter is on.
        """
        self._wardrobe.wear_on_unet(adapters, read)

    def wears_on_unet(self, adapters: tuple[Adapter, ...]) -> bool:
        """Whether exactly these adapters are on the U-Net."""
        return adapters == self._wardrobe.on_unet

    def wear_on_text(
        self, adapters: tuple[Adapter, ...], read: Callable[[AdapterRecord], AdapterFile]
    ) -> None:
        """Have exactly these adapters on the text encoders, as `wear_on_unet` at `text_scale`."""
        self._wardrobe.wear_on_text(adapters, read)

    def encode_text(
        self, chunks: Tensor, clip_skip: int, own_words: Sequence[PlacedEmbedding] = ()
    ) -> Encoded:
        """Encode chunks of tokens.

        Args:
            chunks: (B, 77) int64 token ids including start, end and padding of any kind.
            clip_skip: layers from the end, 1 meaning the last; heeded by SD 1.x only.
            own_words: textual inversions, in place of the tokens there.

        Returns:
            context (B, 77, C) and pooled text (B, P), or None where the family has none.

        Raises:
            ModelError: a textual inversion is made for another text encoder.
        """
        return self.text.encode(chunks, clip_skip, own_words)

    def vector(self, pooled: Tensor, frame: Frame) -> Tensor:
        """SDXL's pooled conditioning (V,): pooled text (P,), and the picture's sizes.

        Source: Podell et al. 2023, arXiv:2307.01952, section 2.2; the refiner takes a score in the
        place of a second size.
        """
        sizes = [frame.height, frame.width, frame.crop_top, frame.crop_left]
        is_refiner = self.config.family == "sdxl_refiner"
        sizes += [frame.score] if is_refiner else [frame.height, frame.width]
        numbers = torch.tensor(sizes, dtype=torch.float32, device=pooled.device)
        waves = sinusoidal_embedding(numbers, SIZE_WAVES).flatten()
        return torch.cat([pooled, waves.to(pooled)])

    def text_keys(self, context: Tensor) -> TextKeys:
        """What the U-Net's attentions see of a text conditioning (T, C), for all its steps."""
        return self.unet.text_keys(context.to(_dtype_of(self.unet)))

    def denoise(
        self,
        x: Tensor,
        sigmas: Sequence[float],
        context: Tensor | Sequence[TextKeys],
        vector: Tensor | None = None,
        concat: Tensor | None = None,
        timesteps: Sequence[float | None] | None = None,
    ) -> Tensor:
        """Estimate the clean latent in each row at the row's own noise level.

        Args:
            x: (B, 4, h, w) float32 noisy latents, any h and w.
            sigmas: B noise levels above 0.
            context: (B, T, C) text conditioning, or what `text_keys` made of each row's; these may
                be of any lengths.
            vector: (B, V) pooled conditioning where `config.unet.vector_width` is V.
            concat: (B, in_channels - 4, h, w) what inpainting and edit networks see beside `x`.
            timesteps: what the network's clock shows in each row, None for what belongs to sigma.

        Returns:
            (B, 4, h, w) float32.
        """
        sigma = torch.tensor(sigmas, dtype=torch.float32, device=x.device)[:, None, None, None]
        variance = sigma**2 + 1
        seen = x * (1 / variance.sqrt())
        if concat is not None:
            seen = torch.cat([seen, concat], dim=1)
        asked = timesteps or [None] * len(sigmas)
        clock = [
            self.levels.timestep(sigma) if time is None else time
            for sigma, time in zip(sigmas, asked, strict=True)
        ]
        answer = self._predict(seen, clock, context, vector)
        if self.config.prediction == "v":
            return x * (1 / variance) - answer * (sigma * (1 / variance.sqrt()))
        return x - answer * sigma

    def least_rows(self, h: int, w: int) -> int:
        """Rows from which on passes over latents (h, w) usually round alike, for exact answers.

        A single row is laid out in memory in a way of its own; and matrix products of less than
        four rows are rounded otherwise, where the U-Net's coarsest level has but a cell or two.
        """
        halvings = len(self.config.unet.channels) - 1
        coarsest = -(-h // 2**halvings) * -(-w // 2**halvings)
        return 4 if coarsest < 2 else 2

    def _predict(
        self,
        seen: Tensor,
        clock: Sequence[float],
        context: Tensor | Sequence[TextKeys],
        vector: Tensor | None,
    ) -> Tensor:
        dtype = _dtype_of(self.unet)
        pooled = None if vector is None else vector.to(dtype)
        if isinstance(context, Tensor):
            timesteps = torch.tensor(clock, dtype=torch.float32, device=seen.device)
            return self.unet(seen.to(dtype), timesteps, context.to(dtype), pooled).float()
        rows: Sequence[Tensor | None] = [None] * len(clock) if pooled is None else list(pooled)
        shifts = [self._time_shifts(time, row) for time, row in zip(clock, rows, strict=True)]
        return self.unet(seen.to(dtype), Times(shifts), Texts(context)).float()

    def _time_shifts(self, time: float, vector: Tensor | None) -> TimeShifts:
        """Those of a timestep alone are remembered: strangers' steps often fall on the same."""
        if vector is not None:
            return self.unet.time_shifts(torch.tensor(time, device=self.device), vector)
        key = (time, self._wardrobe.on_unet)
        if key not in self._shifts:
            while len(self._shifts) >= SHIFTS_REMEMBERED:
                del self._shifts[next(iter(self._shifts))]
            self._shifts[key] = self.unet.time_shifts(torch.tensor(time, device=self.device))
        return self._shifts[key]


def _dtype_of(network: nn.Module) -> torch.dtype:
    return next(network.parameters()).dtype


def _vae_dtype(config: CheckpointConfig, dtype: torch.dtype) -> torch.dtype:
    overflows = config.family in ("sdxl", "sdxl_refiner") and dtype == torch.float16
    return torch.float32 if overflows else dtype


def _text_encoder(config: CheckpointConfig) -> TextEncoder:
    match config.clip, config.open_clip:
        case ClipConfig() as clip, None:
            return Sd1Text(clip)
        case ClipConfig() as clip, OpenClipConfig() as open_clip:
            return SdxlText(clip, open_clip)
        case None, OpenClipConfig() as open_clip:
            return Sd2Text(open_clip) if config.family == "sd2" else RefinerText(open_clip)
        case _:
            raise ValueError("a checkpoint without text encoder was identified: this is a bug")


def _text_prefixes(config: CheckpointConfig) -> dict[str, str]:
    """Prefix in our module → prefix in the file."""
    prefixes = {
        "clip.": CLIP_PREFIXES.get(config.family),
        "open_clip.": OPEN_CLIP_PREFIXES.get(config.family),
    }
    return {ours: theirs for ours, theirs in prefixes.items() if theirs is not None}


def _spread(file: CheckpointFile, name: str) -> float:
    return file.tensor(name).float().std().item()


@contextmanager
def _naming(path: Path) -> Generator[None]:
    """Put the file's name before every complaint about its content."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"{path.name}: {error}") from error
