"""BLIP: what is in a picture, in words (Li et al. 2022, arXiv:2201.12086)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tintype.errors import ModelError
from tintype.networks.blip_text import BlipText, KeysValues, TextConfig
from tintype.networks.blip_vision import BlipVision, VisionConfig

_MEAN = (0.48145466, 0.4578275, 0.40821073)  # of red, green and blue: CLIP's, as BLIP has them
_DEVIATION = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True, slots=True)
class BlipConfig:
    """Everything needed to build a captioner."""

    vision: VisionConfig
    text: TextConfig


class Blip(nn.Module):
    """A captioner."""

    def __init__(self, config: BlipConfig) -> None:
        super().__init__()
        self.config = config
        self.visual_encoder = BlipVision(config.vision)
        self.text_decoder = BlipText(config.text)

    @property
    def bytes(self) -> int:
        """Memory that its weights take."""
        return sum(weight.nbytes for weight in self.parameters())


class Telling:
    """One picture being described by some sequences of words at once."""

    def __init__(self, network: Blip, pixels: Tensor) -> None:
        """Look at the picture: one pass.

        Args:
            network: a captioner.
            pixels: (side, side, 3) uint8.
        """
        self._text = network.text_decoder
        self._like = network.visual_encoder.cls_token
        self._looked = self._text.looked(network.visual_encoder(self._normalised(pixels)))
        self._said: list[KeysValues] | None = None

    def logits(self, tokens: Sequence[Sequence[int]], parents: Sequence[int]) -> Tensor:
        """Which words may follow: one pass.

        Args:
            tokens: of each sequence, the ids that were not told before; all of one length, which
                is 1 but for the first call.
            parents: of each sequence, which of the last call's it goes on from; the first call
                has none before it, and does not look at them.

        Returns:
            (B, V) float32 on the CPU.

        Raises:
            ModelError: they are no numbers.
        """
        device = self._like.device
        if self._said is not None:
            rows = torch.tensor(parents, device=device)
            self._said = [(keys[rows], values[rows]) for keys, values in self._said]
        ids = torch.tensor(tokens, device=device)
        logits, self._said = self._text(ids, self._said, self._looked)
        if not logits.isfinite().all():
            raise ModelError("the captioner answers with what are no numbers: its file is damaged")
        return logits.float().cpu()

    def _normalised(self, pixels: Tensor) -> Tensor:
        light = pixels.permute(2, 0, 1)[None].float() / 255
        mean, deviation = (torch.tensor(each)[:, None, None] for each in (_MEAN, _DEVIATION))
        return ((light - mean) / deviation).to(self._like)
