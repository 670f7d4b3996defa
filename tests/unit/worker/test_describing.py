"""Pictures described between the passes of the jobs."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Gate

import pytest
import torch
from tests.fakes.captioners import SIDE, oracle, write_own
from tests.fakes.waiting import until

from tintype.core.captioners import CaptionerRecord, CaptionSettings
from tintype.core.jobs import Describe, Described, Event, Pixels
from tintype.engine import Captioners
from tintype.errors import ModelError
from tintype.networks.blip import Blip
from tintype.networks.blip_file import load_captioner
from tintype.worker.describing import Describing

RECORD = CaptionerRecord("small", Path("/small.pth"), 1, SIDE)
PIXELS = Pixels(SIDE, SIDE, bytes(range(256)) * (3 * SIDE * SIDE // 256))


@pytest.fixture(scope="module")
def blip(tmp_path_factory: pytest.TempPathFactory) -> Blip:
    """A small captioner with random weights."""
    path = write_own(tmp_path_factory.mktemp("blip") / "small.pth", oracle())
    return load_captioner(path, torch.device("cpu"), torch.float32)


@dataclass
class Desk:
    """Reads a captioner as it is told to, and notes what is told."""

    blip: Blip | None = None
    error: Exception | None = None
    reads: int = 0
    told: list[Event] = field(default_factory=list[Event])
    gate: Gate = field(default_factory=Gate)

    def load(self, _: CaptionerRecord) -> Blip:
        self.gate.wait()
        self.reads += 1
        if self.error is not None:
            raise self.error
        assert self.blip is not None
        return self.blip

    def describing(self) -> Describing:
        return Describing(self.load, self.told.append)


def ask(number: int = 1, longest: int = 8) -> Describe:
    return Describe(number, RECORD, PIXELS, CaptionSettings(2, 1, longest))


def open_desk(blip: Blip | None, error: Exception | None = None) -> Desk:
    desk = Desk(blip, error)
    desk.gate.set()
    return desk


def test_each_step_is_one_pass(blip: Blip) -> None:
    """One for the picture and one for each word; then the words are told."""
    desk = open_desk(blip)
    describing = desk.describing()
    describing.note(ask(longest=8))
    passes: list[str] = []

    def note(network: object, *_: object) -> None:
        passes.append("word" if network is blip.text_decoder else "look")

    counting = [
        network.register_forward_hook(note) for network in (blip.visual_encoder, blip.text_decoder)
    ]
    while not describing.is_idle:
        assert desk.told == []
        before = len(passes)
        describing.step(is_alone=True)
        assert len(passes) <= before + 1
    for hook in counting:
        hook.remove()
    # eight tokens, four of which every caption begins with
    assert passes == ["look", "word", "word", "word", "word"]
    [described] = desk.told
    assert isinstance(described, Described)
    assert (described.number, described.failure) == (1, None)
    assert described.text


def test_jobs_do_not_wait_for_a_captioner_that_is_read(blip: Blip) -> None:
    """While somebody else computes, steps end at once until it is there."""
    desk = Desk(blip)
    describing = desk.describing()
    describing.note(ask())
    for _ in range(3):
        describing.step(is_alone=False)
    assert desk.reads == 0
    desk.gate.set()

    def is_told() -> bool:
        describing.step(is_alone=False)
        return describing.is_idle

    until(is_told)
    assert len(desk.told) == 1


def test_pictures_are_described_in_their_order(blip: Blip) -> None:
    """One that fails harms none behind it, and each is told of once."""
    desk = open_desk(None, ModelError("the file is torn"))
    describing = desk.describing()
    describing.note(ask(1))
    describing.note(ask(2))
    while not desk.told:
        describing.step(is_alone=True)
    assert desk.told == [Described(1, "", "model", "the file is torn")]
    desk.blip, desk.error = blip, None
    while not describing.is_idle:
        describing.step(is_alone=True)
    last = desk.told[-1]
    assert isinstance(last, Described)
    assert (last.number, last.failure, len(desk.told)) == (2, None, 2)


def test_what_is_forgotten_is_not_told_of(blip: Blip) -> None:
    """Under way or waiting, it is gone, and the next one begins anew."""
    desk = open_desk(blip)
    describing = desk.describing()
    for number in (1, 2, 3):
        describing.note(ask(number))
    describing.step(is_alone=True)
    describing.step(is_alone=True)
    describing.forget(2)
    describing.forget(1)
    while not describing.is_idle:
        describing.step(is_alone=True)
    [told] = desk.told
    assert isinstance(told, Described)
    assert (told.number, told.failure) == (3, None)


def test_want_of_memory_is_told_in_words() -> None:
    """It is our failure, and the next picture is described."""
    desk = open_desk(None, MemoryError())
    describing = desk.describing()
    describing.note(ask())
    while not desk.told:
        describing.step(is_alone=True)
    assert desk.told == [
        Described(1, "", "engine", "there is not enough memory to describe the picture")
    ]


def test_one_captioner_is_kept_until_it_is_given_back(blip: Blip) -> None:
    """It is read once for many pictures, and again after its memory was given back."""
    desk = open_desk(blip)
    kept = Captioners(desk.load)
    assert kept.bytes == 0
    for _ in range(2):
        kept.get(RECORD)
    assert (desk.reads, kept.bytes) == (1, blip.bytes)
    kept.unload()
    assert kept.bytes == 0
    kept.get(RECORD)
    assert desk.reads == 2
