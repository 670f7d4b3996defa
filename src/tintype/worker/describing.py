"""Pictures that are to be described, one after the other, a pass at a time between the ticks."""

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait

import torch

from tintype.core.captioners import CaptionerRecord
from tintype.core.jobs import Describe, Described, Event, Pixels
from tintype.engine import FORESEEN, is_out_of_memory
from tintype.errors import ModelError, TintypeError
from tintype.networks.blip import Blip, Telling
from tintype.prompt.wordpiece import START, ids_of, text_of
from tintype.recipes.captioning import captioned

_BEGINNING = "a picture of"  # what BLIP was trained to go on from; it is not told

_PATIENCE_SECONDS = 0.05  # for a file that is read while nobody computes

_Work = Generator[None, None, str]


class Describing:
    """What is to be described, the first under way."""

    def __init__(
        self, captioner: Callable[[CaptionerRecord], Blip], tell: Callable[[Event], None]
    ) -> None:
        """Nothing to describe.

        Args:
            captioner: has one in memory; called in a thread, so that others go on meanwhile.
            tell: is told `Described` of every picture.
        """
        self._captioner, self._tell = captioner, tell
        self._waiting: deque[Describe] = deque()
        self._work: _Work | None = None
        self._is_alone = True
        self._reader = ThreadPoolExecutor(1, "tintype-captioner")

    @property
    def is_idle(self) -> bool:
        """Nothing waits."""
        return not self._waiting

    def note(self, asked: Describe) -> None:
        """Describe a picture when its turn comes."""
        self._waiting.append(asked)

    def forget(self, number: int) -> None:
        """Do not describe a picture any more; nothing is told of it."""
        if self._waiting and self._waiting[0].number == number:
            self._work = None
        self._waiting = deque(asked for asked in self._waiting if asked.number != number)

    def step(self, *, is_alone: bool) -> None:
        """One pass for the first of those that wait.

        Args:
            is_alone: nobody else computes; then a file that is being read is waited for a moment.
        """
        if not self._waiting:
            return
        asked, self._is_alone = self._waiting[0], is_alone
        if self._work is None:
            self._work = self._described(asked)
        try:
            with torch.inference_mode():
                next(self._work)
        except StopIteration as end:
            self._end(Described(asked.number, end.value))
        except FORESEEN as error:
            kind = "model" if isinstance(error, ModelError) else "engine"
            self._end(Described(asked.number, "", kind, _words(error)))

    def _end(self, described: Described) -> None:
        self._work = None
        self._waiting.popleft()
        self._tell(described)

    def _described(self, asked: Describe) -> _Work:
        reading = self._reader.submit(self._captioner, asked.captioner)
        while not reading.done():
            wait([reading], _PATIENCE_SECONDS if self._is_alone else 0)
            yield
        telling = Telling(reading.result(), _tensor(asked.pixels))
        yield
        search = captioned((START, *ids_of(_BEGINNING)), asked.settings)
        try:
            question = next(search)
            while True:
                logits = telling.logits(question.tokens, question.parents)
                question = search.send(logits)
                yield
        except StopIteration as end:
            return text_of(end.value)


def _tensor(pixels: Pixels) -> torch.Tensor:
    data = torch.frombuffer(bytearray(pixels.data), dtype=torch.uint8)
    return data.view(pixels.height, pixels.width, pixels.channels)


def _words(error: Exception) -> str:
    if isinstance(error, TintypeError):
        return str(error)
    if is_out_of_memory(error):
        return "there is not enough memory to describe the picture"
    return f"the picture cannot be described: {type(error).__name__}: {error}"
