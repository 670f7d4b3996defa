"""Our GFPGAN against spandrel's module on the same random weights.

CodeFormer has no oracle that may be named here: spandrel's extra architectures are not for
commercial use. It was compared with that by hand on random weights of true size.
"""

import sys
from collections.abc import Generator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
import torch
from tests.fakes.faces import learnt
from torch import Tensor

from tintype.core.restorer_files import GfpganSizes, restorer_sizes
from tintype.networks.faces.gfpgan import Gfpgan

CLEAN = "spandrel.architectures.GFPGAN.__arch.gfpganv1_clean_arch"


@pytest.fixture(scope="module")
def their_gfpgan() -> Generator[Any]:
    """The class, imported with a stand-in for torchvision, as for `test_upscalers.py`."""
    pytest.importorskip("einops")
    names = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional")
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setitem(sys.modules, name, ModuleType(name))
        functional = sys.modules[names[-1]]
        for name in ("InterpolationMode", "normalize", "rotate"):
            patch.setattr(functional, name, None, raising=False)
        patch.setattr(sys.modules[names[1]], "functional", functional, raising=False)
        pytest.importorskip("spandrel")
        yield import_module(CLEAN).GFPGANv1Clean


def twins(theirs: Any) -> Gfpgan:
    """Ours with the weights that theirs is given, its sizes read from them."""
    state: dict[str, Tensor] = learnt(theirs)
    theirs.load_state_dict(state)
    sizes = restorer_sizes({name: tuple(weight.shape) for name, weight in state.items()})
    assert isinstance(sizes, GfpganSizes)
    ours = Gfpgan(sizes)
    ours.load_state_dict({name: state[name] for name in ours.state_dict()})
    return ours


@pytest.mark.parametrize("side", [64, 128])
def test_gfpgan_equals_spandrel(side: int, their_gfpgan: Any) -> None:
    """Faces of any size are restored as spandrel restores them with the file's own noise."""
    theirs: Any = their_gfpgan(out_size=side, num_style_feat=16, narrow=0.0625).eval()
    ours = twins(theirs)
    faces = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.inference_mode():
        expected: Tensor = theirs(faces, randomize_noise=False)[0]
        found = ours(faces, 0.5)
    assert expected.std() > 0.2
    assert (expected[0] - expected[1]).std() > 0.01
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.large
def test_true_size_equals_spandrel(their_gfpgan: Any) -> None:
    """GFPGAN 1.4's own widths, at 512 pixels."""
    theirs: Any = their_gfpgan().eval()
    ours = twins(theirs)
    faces = torch.rand(1, 3, 512, 512, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.inference_mode():
        expected: Tensor = theirs(faces, randomize_noise=False)[0]
        torch.testing.assert_close(ours(faces, 0.5), expected, rtol=1e-3, atol=1e-3)
