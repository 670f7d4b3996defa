"""Whether a picture is what its own infotext asks for: how to make it again, and how near it is."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from tintype import INFOTEXT_VERSION
from tintype.core.jobs import Pixels
from tintype.core.models import ModelRecord
from tintype.core.requests import Plan, Request
from tintype.errors import InvalidRequest, UnknownName
from tintype.imaging import infotext_in, picture_from
from tintype.modelstore import ModelStore
from tintype.planning.remaking import Remake, remade
from tintype.prompt.infotext import read_infotext

_SAME = 1  # levels of 255 that processors may differ by


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of remaking a picture.

    Attributes:
        highest: the largest difference of any value, in levels of 255.
        mean: the mean difference.
        share: of pixels that differ by more than a level.
        reasons: what may be behind a difference.
    """

    highest: int
    mean: float
    share: float
    reasons: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Equal as far as two processors are."""
        return self.highest <= _SAME


@dataclass(frozen=True, slots=True)
class Verification:
    """A picture that can be made again.

    Attributes:
        picture: as it is in the file, RGB.
        plan: how to make it again.
        reasons: what may make a difference.
    """

    picture: Image.Image
    plan: Plan
    reasons: tuple[str, ...]


def verification_of(
    data: bytes, name: str, models: ModelStore, plan: Callable[[Request], tuple[Plan, ...]]
) -> Verification:
    """Read a picture and settle how to make it again. Hashes files, so it may take a while.

    Args:
        data: its file.
        name: what errors call it.
        models: where its checkpoint is looked for, by hash.
        plan: settles a request.

    Raises:
        InvalidRequest: it is no picture, or does not tell enough.
        UnknownName: a model it was made with is not here.
        ModelError: a file cannot be read.
    """
    infotext, _ = infotext_in(data)
    if not infotext:
        what = f"{name} does not say how it was made: it holds no infotext"
        raise InvalidRequest("infotext", what)
    remake = remade(read_infotext(infotext))
    record = _checkpoint(models, remake)
    request = replace(remake.request, checkpoint=str(record.name), vae=_vae(models, remake))
    (settled,) = plan(request)
    reasons = (*remake.doubts, *_other_adapters(settled, remake), *_other_program(infotext))
    picture = picture_from(data, "picture").convert("RGB")
    return Verification(picture, settled, (*reasons, *_noise(settled)))


def compared(picture: Image.Image, made: Pixels, reasons: tuple[str, ...]) -> Verdict:
    """How far a picture is from its remake."""
    if picture.size != (made.width, made.height):
        sizes = f"it is {picture.width} × {picture.height}, its remake {made.width} × {made.height}"
        return Verdict(255, 255.0, 1.0, (sizes, *reasons))
    ours = np.frombuffer(made.data, np.uint8).reshape(made.height, made.width, made.channels)
    gap = np.abs(np.asarray(picture).astype(np.int16) - ours[..., :3])
    share = float((gap.max(axis=-1) > _SAME).mean())
    return Verdict(int(gap.max()), float(gap.mean()), share, reasons)


def _checkpoint(store: ModelStore, remake: Remake) -> ModelRecord:
    """The file with the infotext's hash, wherever it is and whatever its name."""
    digits = remake.model_hash
    if digits is None:
        return store.find(remake.request.checkpoint)
    likely = sorted(store.checkpoints(), key=lambda record: record.sha256 is None)
    for record in likely:
        if (store.hashed(record).sha256 or "").startswith(digits):
            return record
    there = [f"{record.stem} [{store.hashed(record).shorthash}]" for record in likely]
    raise UnknownName("checkpoint with hash", digits, there)


def _vae(store: ModelStore, remake: Remake) -> str:
    """The name of the autoencoder with the infotext's hash, whatever it is called there."""
    digits = remake.vae_hash
    if digits is None:
        return remake.request.vae
    for record in store.vaes():
        if (store.hashed_vae(record).sha256 or "").startswith(digits):
            return record.name
    there = [f"{record.name} [{store.hashed_vae(record).shorthash}]" for record in store.vaes()]
    raise UnknownName("VAE with hash", digits, there)


def _other_adapters(settled: Plan, remake: Remake) -> list[str]:
    ours = {a.record.name: a.record.hash or "" for a in settled.network.adapters}
    reasons: list[str] = []
    for name, digits in remake.adapter_hashes.items():
        if name not in ours:
            reasons.append(f"LoRA {name!r} is not here")
        elif not ours[name].startswith(digits) and not digits.startswith(ours[name]):
            reasons.append(f"LoRA {name!r} here is another file: {ours[name]}, not {digits}")
    return reasons


def _other_program(infotext: str) -> list[str]:
    version = str(read_infotext(infotext).fields.get("Version", "an unknown one"))
    if version == INFOTEXT_VERSION:
        return []
    return [f"it was made by version {version}; this program calls itself {INFOTEXT_VERSION}"]


def _noise(settled: Plan) -> list[str]:
    if settled.noise.source != "GPU":
        return []
    return ["its noise was drawn on the device it was made on (RNG: GPU); another kind differs"]
