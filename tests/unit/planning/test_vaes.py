"""Which autoencoder a plan's networks have."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.library import add_sdxl, make_library, planned

from tintype.core.requests import HiresRequest, Plan, RefinerRequest, Request
from tintype.errors import ModelError, UnknownName
from tintype.modelstore import ModelStore
from tintype.planning import Library, Shown, extra_parameters, infotext_for
from tintype.planning.remaking import remade
from tintype.prompt.infotext import read_infotext

VAES = ("night.pt", "other.ckpt", "b.vae.pt")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Checkpoints a, b, …; b has an autoencoder of its name, and there are two others."""
    make_library(tmp_path)
    folder = tmp_path / "models" / "VAE"
    folder.mkdir()
    for name in VAES:
        (folder / name).write_bytes(name.encode())
    return tmp_path


def note(tree: Path, vae: str) -> None:
    """Write notes beside checkpoint b."""
    (tree / "models" / "Stable-diffusion" / "b.json").write_text(json.dumps({"vae": vae}))


def plan_of(
    tree: Path, vae: str = "Automatic", checkpoint: str = "a", *, first: bool = True
) -> Plan:
    request = Request(checkpoint=checkpoint, vae=vae, vae_goes_first=first)
    return planned(request, Library(ModelStore([tree])))[0]


def name_of(plan: Plan) -> str | None:
    return plan.network.vae and plan.network.vae.name


def test_automatic(tree: Path) -> None:
    """Without a wish it is the one named after the checkpoint, else the checkpoint's own."""
    assert name_of(plan_of(tree)) is None
    assert name_of(plan_of(tree, checkpoint="b")) == "b.vae.pt"
    assert name_of(plan_of(tree, "auto", "b")) == "b.vae.pt"


def test_notes_that_leave_it_open(tree: Path) -> None:
    """Notes that say "Automatic", as A1111 writes them, are no wish."""
    note(tree, "Automatic")
    plan = plan_of(tree, checkpoint="b")
    assert name_of(plan) == "b.vae.pt"
    assert plan.warnings == ()


def test_a_wish_of_the_request(tree: Path) -> None:
    """A name, or "None" for its own, wins over notes and names; its hash is pinned."""
    note(tree, "other.ckpt")
    plan = plan_of(tree, "Night", "b")
    assert plan.network.vae is not None
    assert plan.network.vae.sha256 == hashlib.sha256(b"night.pt").hexdigest()
    assert name_of(plan) == "night.pt"
    assert name_of(plan_of(tree, "None", "b")) is None
    assert name_of(plan_of(tree, "none", "b")) is None


def test_a_wish_that_comes_last(tree: Path) -> None:
    """Where preferences of checkpoints are not overruled, the wish is for those without."""
    assert name_of(plan_of(tree, "night.pt", "b", first=False)) == "b.vae.pt"
    assert name_of(plan_of(tree, "night.pt", "a", first=False)) == "night.pt"
    note(tree, "other.ckpt")
    assert name_of(plan_of(tree, "night.pt", "b", first=False)) == "other.ckpt"


def test_notes(tree: Path) -> None:
    """Notes beside a checkpoint win over names; those that name no file are told and passed."""
    note(tree, "other")
    assert name_of(plan_of(tree, checkpoint="b")) == "other.ckpt"
    note(tree, "None")
    assert name_of(plan_of(tree, checkpoint="b")) is None
    note(tree, "lost.pt")
    plan = plan_of(tree, checkpoint="b")
    assert name_of(plan) == "b.vae.pt"
    assert plan.warnings == (
        "the notes beside b.safetensors want VAE 'lost.pt', which is not there",
    )


def test_unknown(tree: Path) -> None:
    """A wish that cannot be met is refused; the choices are told."""
    for first in (True, False):
        with pytest.raises(UnknownName) as refused:
            plan_of(tree, "lost.pt", first=first)
        assert refused.value.choices == ("Automatic", "None", *sorted(VAES))


def test_the_one_of_the_command_line(tree: Path) -> None:
    """It is every checkpoint's, whatever is asked for, and may lie anywhere."""
    path = tree / "far.safetensors"
    path.write_bytes(b"far")
    library = Library(ModelStore([tree]), vae_path=path)
    for vae in ("Automatic", "None", "night.pt", "lost.pt"):
        assert name_of(planned(Request(checkpoint="b", vae=vae), library)[0]) == "far.safetensors"
    path.unlink()
    with pytest.raises(ModelError, match=r"far\.safetensors"):
        planned(Request(), library)


def test_each_network_has_its_own(tree: Path) -> None:
    """Checkpoints of a hires pass and of a refiner bring the one that goes with them."""
    library = Library(ModelStore([tree]))
    hires, refiner = HiresRequest(0.5, checkpoint="b"), RefinerRequest("b", 0.5)
    (plan,) = planned(Request(checkpoint="a", hires=hires, refiner=refiner), library)
    assert list(names(plan)) == [None, "b.vae.pt", "b.vae.pt"]
    (plan,) = planned(Request(checkpoint="a", hires=hires, refiner=refiner, vae="night"), library)
    assert list(names(plan)) == ["night.pt"] * 3
    (plan,) = planned(Request(checkpoint="b", hires=HiresRequest(0.5)), library)
    assert list(names(plan)) == ["b.vae.pt"] * 2


def names(plan: Plan) -> Iterator[str | None]:
    """Of all networks of a plan."""
    for part in (plan, plan.hires, plan.refiner):
        if part is not None:
            yield part.network.vae and part.network.vae.name


def test_infotext(tree: Path) -> None:
    """It tells hash and file name behind the model, as A1111 does, unless it shall not."""
    plan, digits = plan_of(tree, "night.pt"), hashlib.sha256(b"night.pt").hexdigest()[:10]
    told = infotext_for(plan, "v1.10.1")
    assert f"Model: a, VAE hash: {digits}, VAE: night.pt, Version: v1.10.1" in told
    assert "VAE" not in infotext_for(plan, "v1.10.1", Shown(vae_name=False, vae_hash=False))
    assert "VAE" not in infotext_for(plan_of(tree), "v1.10.1")
    assert "VAE" not in extra_parameters(plan)


def test_from_an_infotext(tree: Path) -> None:
    """A picture is made again with the autoencoder it was made with, also with a built-in one."""
    library = Library(ModelStore([tree]))
    for vae, checkpoint in (("night.pt", "a"), ("None", "b"), ("Automatic", "b")):
        (plan,) = planned(Request(vae=vae, checkpoint=checkpoint), library)
        again = remade(read_infotext(infotext_for(plan, "v1.10.1")))
        (made,) = planned(again.request, library)
        assert name_of(made) == name_of(plan)
        assert again.vae_hash == (plan.network.vae and plan.network.vae.shorthash)
        assert not again.doubts


def test_sdxl_too(tree: Path) -> None:
    """The rules are the same for every family."""
    add_sdxl(tree)
    assert name_of(plan_of(tree, "night", "xl")) == "night.pt"
