"""The answers of one image as tensors: logged for a later attempt, and read from an earlier one."""

import logging
from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor

from tintype.core.enlarging import AnyPlan
from tintype.core.orders import Answer
from tintype.jobs import AnswerLog, JobFolder, LoggedAnswer, digest_of

_log = logging.getLogger("tintype.worker")


class Journal:
    """What an image was answered, every byte of it, so that a resumed picture is the same."""

    def __init__(self, folder: JobFolder, image: int, plan: AnyPlan, most_bytes: int) -> None:
        """Open the log of an image, and keep what is good of it.

        A log that cannot be written costs the image nothing but its second chance.
        """
        self._log: AnswerLog | None = None
        try:
            self._log = folder.log(image, digest_of(plan), most_bytes)
        except OSError as error:
            _log.warning("image %d has no log: %s", image, error)

    def answers(self) -> Iterator[Tensor]:
        """What earlier attempts were answered, in order."""
        if self._log is not None:
            yield from map(_tensor, self._log.answers())

    def append(self, answer: Answer) -> None:
        """Log the next answer."""
        if self._log is None or not isinstance(answer, Tensor):
            return
        try:
            has_room = self._log.append(_logged(answer))
        except OSError as error:
            _log.warning("a log goes no further: %s", error)
            has_room = False
        if not has_room:
            self.close()

    def close(self) -> None:
        """Log no more."""
        if self._log is not None:
            self._log.close()
            self._log = None


def _logged(tensor: Tensor) -> LoggedAnswer:
    here = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    dtype = str(tensor.dtype).removeprefix("torch.")
    return LoggedAnswer(dtype, tuple(tensor.shape), here.numpy().tobytes(), tensor.device.type)


def _tensor(logged: LoggedAnswer) -> Tensor:
    dtype = cast("torch.dtype", getattr(torch, logged.dtype))
    tensor = torch.frombuffer(bytearray(logged.data), dtype=dtype).reshape(logged.shape)
    has_device = logged.device == "cpu" or torch.cuda.is_available()
    return tensor.to(logged.device) if has_device else tensor
