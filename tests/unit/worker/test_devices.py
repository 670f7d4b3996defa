"""What fits on a device."""

import pytest
import torch

from tintype.core.settings import Lodging
from tintype.networks import Part
from tintype.worker.devices import lodging_for, shelf_bytes

PARTS: dict[Part, int] = {"unet": 5, "text": 2, "vae": 1}
CASES: list[tuple[str, int, Lodging]] = [
    ("cuda:0", 8, "resident"),
    ("cuda:0", 7, "parts"),
    ("cuda:0", 5, "parts"),
    ("cuda:0", 4, "streamed"),
    ("cpu", 8, "resident"),
    ("cpu", 7, "streamed"),
]


@pytest.mark.parametrize(("device", "budget", "lodging"), CASES)
def test_a_checkpoint_takes_what_room_there_is(device: str, budget: int, lodging: Lodging) -> None:
    """Whole where it fits, else part by part, else in stages; RAM knows no parts."""
    assert lodging_for(PARTS, torch.device(device), budget) == lodging


def test_ram_is_no_shelf_for_itself() -> None:
    """Only what leaves a GPU has somewhere to go."""
    assert shelf_bytes(torch.device("cpu")) == 0
    assert shelf_bytes(torch.device("cuda")) > 0
