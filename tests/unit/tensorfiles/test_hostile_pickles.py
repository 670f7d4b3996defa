"""Pickles that would run code, fill memory or never end, and what becomes of them: nothing."""

import os
import pickle
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import torch
from tests.fakes.pickles import (
    PROTOCOL,
    STOP,
    called,
    mapping,
    name,
    storage,
    tensor,
    text,
    whole,
    write_torch_file,
)

from tintype.errors import ModelError
from tintype.tensorfiles import content, open_table
from tintype.tensorfiles.machine import MOST_STEPS
from tintype.tensorfiles.unpickling import unpickled

MOST_BYTES = 64 * 2**20
MUTATIONS = 1000
MARK = "tintype_was_here"


class Wicked:
    """Runs a command when it is unpickled, as all such files do."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (MARK,)


def complaint(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        open_table(path)
    return str(caught.value)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_a_command(tmp_path: Path, *, is_zip: bool) -> None:
    """A file that would run a command is refused, says which, and nothing is run."""
    torch.save({"a": Wicked()}, "a.pt", _use_new_zipfile_serialization=is_zip)
    assert "posix.mkdir" in complaint(tmp_path / "a.pt")
    assert not (tmp_path / MARK).exists()


def test_the_mark_would_show(tmp_path: Path) -> None:
    """Python's own unpickler does run it; the test above can fail."""
    pickle.loads(pickle.dumps(Wicked()))
    assert (tmp_path / MARK).exists()


@pytest.mark.parametrize(
    "wicked",
    [
        called(name("os", "system"), text(f"touch {MARK}")),
        called(name("builtins", "eval"), text("1")),
        called(name("builtins", "getattr"), name("torch", "nn"), text("x")),
        called(called(name("builtins", "getattr"), name("torch", "x")), text("x")),
        called(name("subprocess", "Popen"), text(f"touch {MARK}")),
        text("os") + text("system") + b"\x93" + text(f"touch {MARK}") + b"\x85R",
        name("runpy", "_run_code") + b")\x81",
        name("nt", "system") + b")}\x92",
    ],
)
def test_dangerous_names(tmp_path: Path, wicked: bytes) -> None:
    """Whatever names what no model needs is refused, in each way of naming and calling."""
    assert "do not use this file" in complaint(write_torch_file(tmp_path / "a.pt", wicked))
    assert not (tmp_path / MARK).exists()


@pytest.mark.parametrize(
    "inert",
    [
        called(name("torch.serialization", "os.system"), text(f"touch {MARK}")),
        called(name("numpy", "f2py.main"), text(f"touch {MARK}")),
        called(called(name("torch", "load"), text("x")), text("y")),
        called(name("torch.hub", "load"), text("x")) + mapping(__setstate__=whole(1)) + b"b",
        called(name("torch._utils", "_rebuild_tensor_v2"), *[whole(1)] * 4),
        b"(" + text("module") + text("x") + b"tQ",
        b"\x8f(" + whole(1) + b"\x90",
    ],
)
def test_harmless_names_do_nothing(tmp_path: Path, inert: bytes) -> None:
    """Names of the libraries models are trained with stand for nothing, also when called."""
    pushed = mapping(x=inert, a=tensor(storage(), (4,), (1,)))
    path = write_torch_file(tmp_path / "a.pt", pushed, {"0": bytes(16)})
    assert set(open_table(path).tensors) == {"a"}
    assert not (tmp_path / MARK).exists()


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x8b" + (2**31 - 1).to_bytes(4, "little"),
        b"\x8b" + (10**6).to_bytes(4, "little") + bytes(10**6),
        b"X" + (2**32 - 1).to_bytes(4, "little"),
        b"\x8e" + (2**63).to_bytes(8, "little"),
        b"B" + (2**31).to_bytes(4, "little"),
        b"Nr" + (2**32 - 1).to_bytes(4, "little") + b"000",
        b"]" + b"q\0h\0h\0\x86" * 100 + b"\x85" * 1000,
    ],
)
def test_lengths_and_places(tmp_path: Path, bomb: bytes) -> None:
    """Lengths, places and depths that no file has are refused in little memory."""
    path = write_torch_file(tmp_path / "a.pt", bomb)
    tracemalloc.start()
    complaint(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MOST_BYTES


@pytest.mark.parametrize(
    "endless",
    [b"]" * (MOST_STEPS + 1), b"(" * 10**6 + b"t" * 10**6, b")" + b"\x85" * MOST_STEPS],
    ids=["lists", "marks", "depth"],
)
def test_too_many_steps(tmp_path: Path, endless: bytes) -> None:
    """A pickle of more instructions than any model's is given up."""
    assert "more steps" in complaint(write_torch_file(tmp_path / "a.pt", endless))


@pytest.mark.parametrize("senseless", [b"h\0", b"0", b"R", b"e", b"\x82\1", b"\x97", b"I1\n"])
def test_senseless_instructions(tmp_path: Path, senseless: bytes) -> None:
    """Instructions that cannot be followed, or that nobody needs, are refused."""
    complaint(write_torch_file(tmp_path / "a.pt", senseless))


def test_lists_copied_again_and_again(tmp_path: Path) -> None:
    """Mappings made of one long list are counted by its length."""
    pairs = b"](" + b"".join(b"(" + text(str(i)) + b"Nt" for i in range(10_000)) + b"eq\0"
    again = (name("collections", "OrderedDict") + b"h\0\x85R") * 1000
    assert "more steps" in complaint(write_torch_file(tmp_path / "a.pt", pairs + again))


def test_trees_that_grow_without_bytes(tmp_path: Path) -> None:
    """A value that is in another twice, forty deep, is looked at once."""
    doubled = text("x") + b"".join(b"q\0h\0\x86" for _ in range(15))
    path = write_torch_file(tmp_path / "a.pt", mapping(a=doubled))
    assert set(content(path)) == {"a"}


def test_a_list_in_itself(tmp_path: Path) -> None:
    """A value that contains itself ends where it begins again."""
    path = write_torch_file(tmp_path / "a.pt", mapping(a=b"]q\0h\0a"))
    assert content(path) == {"a": (None,)}


def test_depth(tmp_path: Path) -> None:
    """What is nested deeper than any model is refused."""
    path = write_torch_file(tmp_path / "a.pt", mapping(a=b")" + b"\x85" * 1000))
    with pytest.raises(ModelError, match="nested more than"):
        content(path)


def test_names_may_not_be_values(tmp_path: Path) -> None:
    """Nothing but texts and small numbers names something; the rest is left out."""
    keys = [b"N", b")", whole(7), text("a"), b"\x8a\x08" + bytes(7) + b"\x70"]
    items = b"".join(key + whole(1) for key in keys)
    path = write_torch_file(tmp_path / "a.pt", b"}(" + items + b"u")
    assert set(content(path)) == {"7", "a"}


def test_tables_of_contents_that_lie(tmp_path: Path) -> None:
    """An archive that claims to hold more than its file is refused before anything is read."""
    path = write_torch_file(tmp_path / "a.pt", mapping(a=tensor(storage(), (4,), (1,))))
    whole_file = path.read_bytes()
    end = whole_file.rfind(b"PK\x05\x06")
    for place, value in ((10, b"\xff\xfe"), (12, b"\xff\xff\xff\x7f"), (16, b"\xff\xff\xff\x7f")):
        spoilt = bytearray(whole_file)
        spoilt[end + place : end + place + len(value)] = value
        path.write_bytes(spoilt)
        assert "torn" in (words := complaint(path)) or "no sense" in words


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_any_mutation(tmp_path: Path, *, is_zip: bool) -> None:
    """However a file is spoilt, it is read or refused, and its tensors stay within it."""
    path = tmp_path / "a.pt"
    tensors = {"a": torch.ones(3, 4), "b": torch.ones(5).half()[1:], "c": torch.ones(2, 3).t()}
    torch.save({"state_dict": tensors, "x": 1}, path, _use_new_zipfile_serialization=is_zip)
    original, random = path.read_bytes(), Random(7)
    for _ in range(MUTATIONS):
        path.write_bytes(mutated(original, random))
        try:
            table = open_table(path)
            content(path)
        except ModelError:
            continue
        ends = [s.offset + s.bytes for t in table.tensors.values() for s in t.slices]
        assert max(ends, default=0) <= path.stat().st_size


def test_any_pickle() -> None:
    """Random instructions come to a value or a complaint."""
    random = Random(11)
    codes = b"(012NKMJX)t]ae}suqhcRbQ\x81\x85\x86\x87\x88\x8a\x8c\x8f\x90\x91\x93\x94\x95"
    for _ in range(5 * MUTATIONS):
        body = bytes(random.choice(codes) for _ in range(random.randrange(40)))
        try:
            unpickled(PROTOCOL + body + random.randbytes(4) + STOP)
        except ModelError:
            continue


def mutated(original: bytes, random: Random) -> bytes:
    """A few bytes changed, cut out, doubled or torn off, rather in the part that is described."""
    content = bytearray(original)
    for _ in range(random.randrange(1, 4)):
        place = random.randrange(len(content))
        match random.randrange(5):
            case 0 | 1:
                content[place] = random.randrange(256)
            case 2:
                content[place] ^= 1 << random.randrange(8)
            case 3:
                del content[place : place + random.randrange(1, 9)]
            case _:
                content[place:place] = content[place : place + random.randrange(1, 9)]
    return bytes(content[: random.randrange(len(content))] if random.random() < 0.05 else content)


def test_the_archive_is_not_believed(tmp_path: Path) -> None:
    """A pickle longer than any model's is not even read."""
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", bytes(17 * 2**20))
    assert "bytes long" in complaint(path)
