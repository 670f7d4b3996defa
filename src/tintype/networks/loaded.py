"""A checkpoint in memory: texts to conditioning, noise to clean latents, latents to pixels."""

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor, nn

from tintype.core.families import DATA_SPREADS, FAMILY_WORDS
from tintype.core.noise_levels import NoiseLevels, levels_of
from tintype.core.orders import Adapter, Frame
from tintype.networks.arriving import Arriving
from tintype.networks.autoencoder import Autoencoder
from tintype.networks.company import TextKeys, Texts, Times, TimeShifts
from tintype.networks.embeddings import PlacedEmbedding
from tintype.networks.identify import CheckpointConfig
from tintype.networks.layers import set_tiling, sinusoidal_embedding
from tintype.networks.lending import Part, Parts, move
from tintype.networks.text import Encoded, TextEncoder
from tintype.networks.unet import UNet
from tintype.networks.vae import Vae
from tintype.networks.wardrobe import Read, Wardrobe
from tintype.networks.wearing import NOTHING, Outfit, wearing

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
        self.levels: NoiseLevels = levels_of(config.noise)
        self.unet, self.text = unet, text
        self.autoencoder = Autoencoder(vae)
        self._wardrobe = Wardrobe(unet, text, FAMILY_WORDS[config.family])
        self._is_tiling = False
        self._token_merging = 0.0
        self._parts: Parts | None = None
        self._arriving: Arriving | None = None
        self._shifts: dict[tuple[float, Hashable], TimeShifts] = {}

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        networks = (self.unet, self.text)
        own = sum(p.nbytes for network in networks for p in network.parameters())
        return own + self.autoencoder.bytes

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._parts.device if self._parts else next(self.unet.parameters()).device

    def move_to(self, device: torch.device) -> None:
        """Have all weights elsewhere; those that come and go stay where they are."""
        if self._parts is None:
            vae = [self.autoencoder.vae] if self.autoencoder.is_there else []
            for network in (self.unet, self.text, *vae):
                move(network, device)
        self._shifts.clear()
        self.forget_outfits()

    def expect(self, arriving: Arriving) -> None:
        """Compute with weights that are still on their way."""
        self._arriving = arriving

    @property
    def is_settled(self) -> bool:
        """None of its weights are on their way."""
        return self._arriving is None or self._arriving.is_done

    def settle(self) -> None:
        """Bring a few more of the weights that are on their way.

        Raises:
            ModelError: the file was written to or cut short in the meantime.
        """
        if self._arriving is not None:
            self._arriving.settle()

    def lodge(self, parts: Parts) -> None:
        """Compute with weights that come and go from now on."""
        self._parts = parts

    @property
    def is_lent(self) -> bool:
        """Memory is short: its weights come and go."""
        return self._parts is not None

    def use(self, part: Part) -> None:
        """Have the weights of a part in place; where memory is short, the others leave."""
        if self._parts is not None:
            self._parts.use(part)

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

    def outfits(self, sets: Sequence[tuple[Adapter, ...]], read: Read) -> list[Outfit]:
        """What the rows of a pass of the U-Net wear, each its set, every LoRA at `unet_scale`.

        Args:
            sets: the LoRAs of each row, in the order in which they are put on.
            read: their files; asked only for sets not worn lately.

        Raises:
            ModelError: a file cannot be read, or fits nothing here.
        """
        if any(sets):
            self._settle_all()
        return self._wardrobe.for_unet(sets, read)

    def text_outfit(self, adapters: tuple[Adapter, ...], read: Read) -> Outfit:
        """The same for the text encoders, every LoRA at `text_scale`."""
        if adapters:
            self._settle_all()
        return self._wardrobe.for_text(adapters, read)

    def forget_outfits(self) -> None:
        """Give back what worn LoRAs take; whoever wears them next has them made anew."""
        self._wardrobe.clear()

    def encode_text(
        self,
        chunks: Tensor,
        clip_skip: int,
        own_words: Sequence[PlacedEmbedding] = (),
        outfit: Outfit = NOTHING,
    ) -> Encoded:
        """Encode chunks of tokens.

        Args:
            chunks: (B, 77) int64 token ids including start, end and padding of any kind.
            clip_skip: layers from the end, 1 meaning the last; heeded by SD 1.x only.
            own_words: textual inversions, in place of the tokens there.
            outfit: what the text encoders wear.

        Returns:
            context (B, 77, C) and pooled text (B, P), or None where the family has none.

        Raises:
            ModelError: a textual inversion is made for another text encoder.
        """
        with wearing([outfit]):
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

    def text_keys(self, context: Tensor, outfit: Outfit = NOTHING) -> TextKeys:
        """What the U-Net's attentions see of a text conditioning (T, C), for all its steps."""
        with wearing([outfit]):
            return self.unet.text_keys(context.to(_dtype_of(self.unet)))

    def denoise(
        self,
        x: Tensor,
        sigmas: Sequence[float],
        context: Tensor | Sequence[TextKeys],
        vector: Tensor | None = None,
        concat: Tensor | None = None,
        timesteps: Sequence[float | None] | None = None,
        outfits: Sequence[Outfit] = (),
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
            outfits: what each row wears; none of them anything if it is empty.

        Returns:
            (B, 4, h, w) float32.

        Source of what answers mean: Ho et al. 2020, arXiv:2006.11239 ("eps"); Salimans and Ho
        2022, arXiv:2202.00512, section 4 ("v"); Karras et al. 2022, arXiv:2206.00364, table 1.
        """
        sigma = torch.tensor(sigmas, dtype=torch.float32, device=x.device)[:, None, None, None]
        data = DATA_SPREADS[self.config.prediction]
        variance = sigma**2 + data**2
        seen = x * (1 / variance.sqrt())
        if concat is not None:
            seen = torch.cat([seen, concat], dim=1)
        asked = timesteps or [None] * len(sigmas)
        clock = [self.levels.clock(s, time) for s, time in zip(sigmas, asked, strict=True)]
        answer = self._predict(seen, clock, context, vector, outfits)
        match self.config.prediction:
            case "eps":
                return x - answer * sigma
            case "v" | "edm_v":
                return x * (1 / variance) - answer * (sigma * (1 / variance.sqrt()))
            case "edm":
                return x * (data**2 / variance) + answer * (sigma * data / variance.sqrt())

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
        outfits: Sequence[Outfit],
    ) -> Tensor:
        dtype = _dtype_of(self.unet)
        pooled = None if vector is None else vector.to(dtype)
        if isinstance(context, Tensor):
            timesteps = torch.tensor(clock, dtype=torch.float32, device=seen.device)
            with wearing(outfits):
                return self.unet(seen.to(dtype), timesteps, context.to(dtype), pooled).float()
        rows: Sequence[Tensor | None] = [None] * len(clock) if pooled is None else list(pooled)
        each = zip(clock, rows, outfits or [NOTHING] * len(clock), strict=True)
        shifts = Times([self._time_shifts(*row) for row in each])
        with wearing(outfits):
            return self.unet(seen.to(dtype), shifts, Texts(context)).float()

    def _settle_all(self) -> None:
        """What is worn may be made of the weights."""
        while not self.is_settled:
            self.settle()

    def _time_shifts(self, time: float, vector: Tensor | None, outfit: Outfit) -> TimeShifts:
        """Those of a timestep alone are remembered: strangers' steps often fall on the same."""
        worn = outfit if self.unet.wears_in_time(outfit) else NOTHING
        if vector is not None:
            return self._made_shifts(time, vector, worn)
        key = (time, worn.key)
        if key not in self._shifts:
            while len(self._shifts) >= SHIFTS_REMEMBERED:
                del self._shifts[next(iter(self._shifts))]
            self._shifts[key] = self._made_shifts(time, None, worn)
        return self._shifts[key]

    def _made_shifts(self, time: float, vector: Tensor | None, outfit: Outfit) -> TimeShifts:
        with wearing([outfit]):
            return self.unet.time_shifts(torch.tensor(time, device=self.device), vector)


def _dtype_of(network: nn.Module) -> torch.dtype:
    return next(network.parameters()).dtype
