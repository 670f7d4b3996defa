"""Networks that restore faces, from files and ready to be asked."""

from pathlib import Path

import torch
from torch import Tensor

from tintype.core.faces import FACE_SIDE, FaceRestorerName
from tintype.core.restorer_files import GfpganSizes, restorer_sizes
from tintype.errors import ModelError
from tintype.networks.faces.codeformer import CodeFormer, under_our_names
from tintype.networks.faces.gfpgan import Gfpgan
from tintype.networks.filling import Filling, fill, without_memory
from tintype.tensorfiles import naming, open_upscaler


class Restorer:
    """A network on its device.

    Attributes:
        name: which kind it is.
        bytes: memory that its weights take.
    """

    def __init__(self, network: Gfpgan | CodeFormer) -> None:
        """Ready, on the device where the network is."""
        self._network = network
        self.name: FaceRestorerName = "GFPGAN" if isinstance(network, Gfpgan) else "CodeFormer"
        self.bytes = sum(one.nbytes for one in (*network.parameters(), *network.buffers()))

    def restore(self, faces: Tensor, weight: float) -> Tensor:
        """Restore faces, each alone; the same faces give the same answer.

        Args:
            faces: (B, 3, 512, 512) RGB, −1 … 1, upright and in the middle.
            weight: of CodeFormer: 0 for most effect, 1 for most likeness to what was given.
                GFPGAN does not look at it.

        Returns:
            (B, 3, 512, 512) float32 RGB, −1 … 1, on the CPU.

        Raises:
            ModelError: the answer is no numbers.
        """
        like = next(self._network.parameters())
        given = faces.to(like.device, like.dtype).contiguous(memory_format=torch.channels_last)
        answer = self._network(given, weight).float()
        if not answer.isfinite().all():
            raise ModelError(f"{self.name} answers with what are no numbers: its file is damaged.")
        return answer.clamp(-1, 1).cpu()


def load_restorer(path: Path, device: torch.device | None = None) -> Restorer:
    """Load GFPGAN or CodeFormer, which its tensors tell apart, in float32.

    StyleGAN2's features grow beyond what float16 can say; CodeFormer chooses codes by the highest
    of a thousand scores, and rounding would choose others. A face is one pass, so both stay exact.

    Args:
        path: a file of tensors.
        device: where it computes; None for the CPU.

    Raises:
        ModelError: the file is missing, torn, incomplete, or another kind's, and whose.
    """
    with naming(f"face restorer {path.name}"):
        tensors = open_upscaler(path)
        sizes = restorer_sizes({name: tensor.shape for name, tensor in tensors.items()})
        if sizes.side != FACE_SIDE:
            raise ModelError(
                f"It restores faces of {sizes.side} pixels; those for {FACE_SIDE} can be used."
            )
        with without_memory():
            network = Gfpgan(sizes) if isinstance(sizes, GfpganSizes) else CodeFormer(sizes)
        filling = Filling(network, {"": ""}, torch.float32, device or torch.device("cpu"))
        fill([filling], under_our_names(tensors))
        return Restorer(network)
