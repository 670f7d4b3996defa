"""The index of kept pictures."""

import os
from collections.abc import Generator
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from tintype.errors import InvalidRequest, UnknownPicture
from tintype.imagestore import GALLERY_FILE, Change, Gallery, Kept, Search, Watcher, words_of
from tintype.imaging import encoded
from tintype.server.native.gallery.reading import gallery_reader

DAY = "txt2img-images/2025-03-09"


def infotext(prompt: str = "a cat", **fields: object) -> str:
    told = {"Steps": 8, "Sampler": "Euler a", "Seed": 5, "Model hash": "c2c01196e8", "Model": "m"}
    return f"{prompt}\n" + ", ".join(f"{key}: {v}" for key, v in (told | fields).items())


def picture(path: Path, text: str | None = None, modified: float | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(Image.new("RGB", (16, 8)), path.suffix[1:], text))
    if modified is not None:
        os.utime(path, (modified, modified))
    return path


@pytest.fixture
def gallery(tmp_path: Path) -> Generator[Gallery]:
    made = Gallery(tmp_path, gallery_reader())
    yield made
    made.close()


def add(gallery: Gallery, name: str, prompt: str = "a cat", made: int = 1, **fields: object) -> str:
    """Keep a picture as a generation call does, and return its id."""
    text = infotext(prompt, **fields)
    path = picture(gallery.outputs / DAY / name, text)
    gallery.add(Kept(path, text, 16, 8, "j1", "ana", datetime.fromtimestamp(made), is_sheet=False))
    (found,) = (one for one in gallery.page(Search(), 500).pictures if one.name == name)
    return found.id


def found(gallery: Gallery, **search: object) -> list[str]:
    return [one.name for one in gallery.page(Search(**search), 50).pictures]  # type: ignore[arg-type]


def test_what_is_known(gallery: Gallery) -> None:
    """Everything the infotext tells, and what the keeper told."""
    id_ = add(gallery, "00000-5.png", "a cat <lora:ink:0.8> <lora:ink:1>", 1000)
    one = gallery.find(id_)

    assert (one.path, one.width, one.height) == (f"{DAY}/00000-5.png", 16, 8)
    assert (one.facts.model, one.facts.model_hash) == ("m", "c2c01196e8")
    assert (one.facts.sampler, one.facts.seed, one.facts.steps) == ("Euler a", 5, 8)
    assert one.facts.loras == ("ink",)
    assert (one.owner, one.job_id, one.made, one.is_sheet) == ("ana", "j1", 1000.0, False)
    assert gallery.file_of(one).read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ({"words": ("cat",)}, ["c.png", "a.png"]),
        ({"words": ("RED", "ca")}, ["c.png"]),
        ({"words": ("blau",)}, ["b.png"]),
        ({"model": "OTHER"}, ["b.png"]),
        ({"model": "c2c01196e8"}, ["c.png", "b.png", "a.png"]),
        ({"sampler": "heun"}, ["c.png"]),
        ({"seed": 2**40}, ["b.png"]),
        ({"since": 2.0, "until": 3.0}, ["b.png"]),
        ({"owner": "bob"}, []),
        ({"starred": True}, ["a.png"]),
        ({"tag": "old"}, ["a.png"]),
        ({"board": "cats"}, ["c.png"]),
        ({"in_trash": True}, []),
    ],
)
def test_searches(gallery: Gallery, search: dict[str, object], names: list[str]) -> None:
    """Words begin words of the prompt; all else is equal, whatever the case of names."""
    first = add(gallery, "a.png", "a cat", 1)
    add(gallery, "b.png", "ein Hund, bläulich", 2, Model="other", Seed=2**40)
    last = add(gallery, "c.png", "a red cat", 3, Sampler="Heun")
    gallery.change(first, Change(starred=True, tags=("old", "dull", "old")))
    gallery.change(last, Change(board="cats"))

    assert found(gallery, **search) == names


def test_words_of_a_search() -> None:
    """Signs part words; signs alone are refused."""
    assert words_of(' red_cat "OR* ') == ("red", "cat", "OR")
    assert words_of("") == ()
    with pytest.raises(InvalidRequest, match="expected words"):
        words_of("***")


def test_pages_meet(gallery: Gallery) -> None:
    """Each picture is on one page, also among pictures of the same second."""
    for number in range(7):
        add(gallery, f"{number}.png", made=number // 3)
    seen: list[str] = []
    cursor = None
    while True:
        page = gallery.page(Search(), 2, cursor)
        seen += [one.name for one in page.pictures]
        assert page.total == 7
        if (cursor := page.next) is None:
            break

    assert seen == [f"{number}.png" for number in range(6, -1, -1)]
    with pytest.raises(InvalidRequest, match="cursor"):
        gallery.page(Search(), 2, "1; DROP TABLE pictures")


def test_stars_tags_and_boards(gallery: Gallery) -> None:
    """What is not named stays; a board is taken away by an empty name."""
    id_ = add(gallery, "a.png")
    gallery.change(id_, Change(starred=True, tags=("b", "a"), board="x"))
    one = gallery.change(id_, Change(starred=False))
    assert (one.starred, one.tags, one.board) == (False, ("a", "b"), "x")
    one = gallery.change(id_, Change(tags=(), board=""))
    assert (one.tags, one.board) == ((), None)


def test_trash_and_back(gallery: Gallery) -> None:
    """A thrown away picture is whole, out of the way, and comes back with its star and text."""
    id_ = add(gallery, "a.png")
    gallery.change(id_, Change(starred=True))
    file = gallery.file_of(gallery.find(id_))
    bytes_ = file.read_bytes()
    file.with_suffix(".txt").write_text("words")
    gallery.trash(id_)
    gallery.trash(id_)

    assert found(gallery) == []
    assert found(gallery, in_trash=True) == ["a.png"]
    assert not file.exists()
    assert not file.with_suffix(".txt").exists()
    assert gallery.file_of(gallery.find(id_)).read_bytes() == bytes_
    Watcher(gallery).look()
    assert found(gallery) == []

    back = gallery.restore(id_)
    assert (back.starred, back.trashed, back.name) == (True, None, "a.png")
    assert file.read_bytes() == bytes_
    assert file.with_suffix(".txt").read_text() == "words"


def test_a_name_that_was_taken_meanwhile(gallery: Gallery) -> None:
    """The picture comes back beside the one that has its name now."""
    old = add(gallery, "a.png", "old")
    gallery.trash(old)
    new = add(gallery, "a.png", "new")
    back = gallery.restore(old)

    assert back.name == "a-1.png"
    assert back.facts.prompt == "old"
    assert gallery.find(new).name == "a.png"
    Watcher(gallery).look(thoroughly=True)
    assert sorted(found(gallery)) == ["a-1.png", "a.png"]


def test_for_ever(gallery: Gallery) -> None:
    """A forgotten picture is gone from the disk; so is the trash, after its time."""
    one, other = add(gallery, "a.png"), add(gallery, "b.png")
    gallery.forget(one)
    gallery.trash(other)
    thrown = gallery.path_of(gallery.find(other))
    assert gallery.empty_trash(before=1.0) == 0
    assert thrown.exists()
    assert gallery.empty_trash(before=2**40) == 1

    assert not thrown.exists()
    assert not (gallery.outputs / DAY / "a.png").exists()
    with pytest.raises(UnknownPicture):
        gallery.find(one)


def test_what_was_there_before(gallery: Gallery) -> None:
    """Pictures of another installation are found by a look: every kind, sheets, texts beside."""
    for kind in ("png", "jpg", "webp"):
        picture(gallery.outputs / DAY / f"0-{kind}.{kind}", infotext(f"word{kind}"), 100.0)
    picture(gallery.outputs / "txt2img-grids" / "grid-0001.png", infotext(), 200.0)
    bare = picture(gallery.outputs / "bare.png", None, 300.0)
    bare.with_suffix(".txt").write_text(infotext("beside it"))
    (gallery.outputs / "no.png").write_bytes(b"no picture")
    Watcher(gallery).look()

    page = gallery.page(Search(), 10)
    assert page.total == 5
    assert [one.path for one in page.pictures[:2]] == ["bare.png", "txt2img-grids/grid-0001.png"]
    assert [one.is_sheet for one in page.pictures] == [False, True, False, False, False]
    assert found(gallery, words=("wordwebp",)) == ["0-webp.webp"]
    assert found(gallery, words=("beside",)) == ["bare.png"]
    assert page.pictures[0].made == 300.0


def test_links_lead_nowhere(gallery: Gallery, tmp_path: Path) -> None:
    """Neither a linked file nor a linked folder is listed, and none is served."""
    secret = picture(tmp_path / "elsewhere" / "secret.png", infotext())
    id_ = add(gallery, "a.png")
    folder = gallery.outputs / DAY
    (folder / "link.png").symlink_to(secret)
    (gallery.outputs / "away").symlink_to(secret.parent)
    (folder / "a.png").unlink()
    (folder / "a.png").symlink_to(secret)
    one = gallery.find(id_)
    with pytest.raises(UnknownPicture):
        gallery.file_of(one)
    Watcher(gallery).look()
    assert found(gallery) == []


def test_what_vanishes_may_come_back(gallery: Gallery) -> None:
    """A file that is gone is not listed; back, or moved elsewhere, it has its star again."""
    id_ = add(gallery, "a.png")
    gallery.change(id_, Change(starred=True))
    file, watcher = gallery.outputs / DAY / "a.png", Watcher(gallery)
    aside = gallery.outputs.parent / "a.png"
    file.rename(aside)
    watcher.look(thoroughly=True)
    assert found(gallery) == []

    aside.rename(file)
    watcher.look(thoroughly=True)
    assert found(gallery, starred=True) == ["a.png"]

    (gallery.outputs / "best").mkdir()
    file.rename(gallery.outputs / "best" / "z.png")
    watcher.look(thoroughly=True)
    assert gallery.find(id_).path == "best/z.png"
    assert found(gallery, starred=True) == ["z.png"]


def test_a_quick_look(gallery: Gallery) -> None:
    """New and deleted files are noticed by their folder, without looking at every file."""
    watcher, folder = Watcher(gallery), gallery.outputs / DAY
    for name in ("a.png", "b.png"):
        picture(folder / name, infotext())
    os.utime(folder, (100, 100))
    watcher.look()
    (folder / "a.png").unlink()
    picture(folder / "c.png", infotext())
    watcher.look()
    assert sorted(found(gallery)) == ["b.png", "c.png"]


def test_a_file_that_was_written_anew(gallery: Gallery) -> None:
    """Another picture under the same name is read again."""
    add(gallery, "a.png", "old")
    picture(gallery.outputs / DAY / "a.png", infotext("new words"), 500.0)
    Watcher(gallery).look(thoroughly=True)
    assert found(gallery, words=("old",)) == []
    assert found(gallery, words=("new",)) == ["a.png"]


def test_a_look_before_the_keeper_speaks(gallery: Gallery) -> None:
    """Whose a picture is, is known in the end even if it was found first."""
    picture(gallery.outputs / DAY / "a.png", infotext())
    Watcher(gallery).look()
    assert gallery.page(Search(), 1).pictures[0].owner == ""
    add(gallery, "a.png", made=77)
    (one,) = gallery.page(Search(), 5).pictures
    assert (one.owner, one.made) == ("ana", 77.0)


def test_what_lies_elsewhere_is_not_added(gallery: Gallery, tmp_path: Path) -> None:
    """A keeper that wrote outside the outputs changes nothing, and does not fail."""
    path = picture(tmp_path / "x.png", infotext())
    gallery.add(Kept(path, "", 1, 1, None, "", datetime.fromtimestamp(1), is_sheet=False))
    missing = gallery.outputs / "gone.png"
    gallery.add(Kept(missing, "", 1, 1, None, "", datetime.fromtimestamp(1), is_sheet=False))
    assert found(gallery) == []


def test_an_index_that_is_torn(tmp_path: Path) -> None:
    """It is moved aside, and the pictures are found again."""
    (tmp_path / GALLERY_FILE).write_bytes(b"no database" * 1000)
    gallery = Gallery(tmp_path, gallery_reader())
    picture(gallery.outputs / "a.png", infotext())
    Watcher(gallery).look()
    assert found(gallery) == ["a.png"]
    assert (tmp_path / f"{GALLERY_FILE}.broken").exists()
    gallery.close()


def test_strange_numbers(gallery: Gallery) -> None:
    """A seed no database can hold is not known, and nothing else suffers."""
    id_ = add(gallery, "a.png", Seed=10**30, Steps="many")
    facts = gallery.find(id_).facts
    assert (facts.seed, facts.steps, facts.sampler) == (None, None, "Euler a")


def test_an_id_that_no_file_can_hold(gallery: Gallery) -> None:
    """Half a letter, as JSON can spell it, is the id of no picture."""
    with pytest.raises(UnknownPicture):
        gallery.find("\ud800")
    with pytest.raises(UnknownPicture):
        gallery.find_all(["\ud800"])
