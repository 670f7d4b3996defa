"""Wildcards on disk: which names there are, what stands in them, and what is wrong with files."""

import os
from pathlib import Path

import pytest

from tintype.core.settings import StoreConfig
from tintype.core.wildcards import Entry
from tintype.modelstore import open_models
from tintype.modelstore.wildcards import WildcardFiles, WildcardListing

YAML = """
mens:
  shirts: [linen, 3::cotton]
  hats:
    - bowler
    - no
solo: just this
numbers: [007, 1.50]
"""


def write(path: Path, text: str) -> None:
    """A file with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def look(*folders: Path) -> WildcardListing:
    """One look at some folders."""
    return WildcardFiles(lambda: folders).look()


def texts(listing: WildcardListing, name: str) -> list[str]:
    """The entries of a name, without weights."""
    return [entry.text for entry in listing.entries(name) or ()]


def test_lines(tmp_path: Path) -> None:
    """Each line is an entry; comments and empty lines are none; weights are read."""
    write(tmp_path / "colours.txt", "\ufeff# all\r\nred\r\n\r\n  3::sky blue # best\n#ff0000\nC#\n")
    listing = look(tmp_path)
    assert listing.entries("colours") == (Entry("red"), Entry("sky blue", 3.0), Entry("C#"))


def test_names_are_paths(tmp_path: Path) -> None:
    """A file in a folder has the folder in its name; another case and slashes will do."""
    write(tmp_path / "animals" / "Big cats.txt", "lion")
    listing = look(tmp_path)
    assert listing.names == ("animals/Big cats",)
    assert texts(listing, "Animals/big cats") == texts(listing, "/animals\\Big cats") == ["lion"]
    assert listing.entries("cats") is None


def test_maps(tmp_path: Path) -> None:
    """Keys of YAML and JSON are names, in the folder of their file; all entries are texts."""
    write(tmp_path / "clothes.yaml", YAML)
    write(tmp_path / "sub" / "more.json", '{"shoes": ["boots", 7]}')
    listing = look(tmp_path)
    assert set(listing.names) == {"mens/hats", "mens/shirts", "numbers", "solo", "sub/shoes"}
    assert listing.entries("mens/shirts") == (Entry("linen"), Entry("cotton", 3.0))
    assert texts(listing, "mens/hats") == ["bowler", "no"]
    assert texts(listing, "numbers") == ["007", "1.50"]
    assert texts(listing, "solo") == ["just this"]
    assert texts(listing, "sub/shoes") == ["boots", "7"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("col*", ["red", "blue"]),
        ("*s", ["red"]),
        ("animals/*", ["lion"]),
        ("animals/**", ["lion", "ant"]),
        ("**", ["ant", "lion", "blue", "red"]),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    """One star stays in its folder, two do not."""
    write(tmp_path / "colours.txt", "red")
    write(tmp_path / "color.txt", "blue")
    write(tmp_path / "animals" / "cats.txt", "lion")
    write(tmp_path / "animals" / "small" / "ants.txt", "ant")
    listing = look(tmp_path)
    assert sorted(texts(listing, pattern)) == sorted(expected)
    assert listing.entries("no*") is None


def test_first_folder_wins(tmp_path: Path) -> None:
    """Of a name that is in two folders the first folder's counts."""
    write(tmp_path / "a" / "colours.txt", "red")
    write(tmp_path / "b" / "colours.txt", "blue")
    assert texts(look(tmp_path / "b", tmp_path / "a"), "colours") == ["blue"]
    assert look(tmp_path / "missing").names == ()


def test_changes_are_seen(tmp_path: Path) -> None:
    """A file that was written anew is read anew."""
    files = WildcardFiles(lambda: [tmp_path])
    write(tmp_path / "colours.txt", "red")
    assert texts(files.look(), "colours") == ["red"]
    write(tmp_path / "colours.txt", "blue, or green")
    assert texts(files.look(), "colours") == ["blue, or green"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.yaml", "a: [b", "it is no YAML"),
        ("a.json", "{", "it is no JSON"),
        ("a.yaml", "- a\n- b", "expected a map"),
        ("a.yaml", "a: [{b: c}]", "a holds more than texts"),
        ("a.yaml", "a: " + "{b: " * 30 + "c" + "}" * 30, "more than 20 deep"),
        ("a.json", "[" * 100_000, "it is no JSON"),
        ("a.yaml", "a: &a [x, x, x, x, x, x, x, x]\n", ""),
    ],
)
def test_damaged_maps(tmp_path: Path, name: str, content: str, words: str) -> None:
    """A file that cannot be read is told of, and the others count all the same."""
    write(tmp_path / name, content)
    write(tmp_path / "colours.txt", "red")
    listing = look(tmp_path)
    assert "colours" in listing.names
    if words:
        assert len(listing.problems) == 1
        assert str(tmp_path / name) in listing.problems[0]
        assert words in listing.problems[0]
    else:
        assert not listing.problems


def test_bombs(tmp_path: Path) -> None:
    """A few lines of YAML that mean billions of entries are refused before they are made."""
    lines = ["a0: &a0 {" + ", ".join(f"k{i}: [x]" for i in range(10)) + "}"]
    for level in range(1, 9):
        inner = ", ".join(f"k{i}: *a{level - 1}" for i in range(10))
        lines.append(f"a{level}: &a{level} {{{inner}}}")
    write(tmp_path / "bomb.yaml", "\n".join(lines))
    assert "more than 500000 entries" in look(tmp_path).problems[0]


def test_old_encodings(tmp_path: Path) -> None:
    """A list that is no UTF-8 was written by an old editor of Windows."""
    (tmp_path / "a.txt").write_bytes("café\n".encode("cp1252"))
    assert texts(look(tmp_path), "a") == ["café"]


def test_unreadable_lists_are_empty(tmp_path: Path) -> None:
    """A list of more bytes than anybody's is not read."""
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(20 << 20)
    assert look(tmp_path).entries("huge") == ()


def test_loops(tmp_path: Path) -> None:
    """Symbolic links in circles are walked once."""
    write(tmp_path / "a" / "colours.txt", "red")
    os.symlink(tmp_path / "a", tmp_path / "a" / "again")
    assert look(tmp_path).names == ("a/colours",)


@pytest.fixture
def webui(tmp_path: Path) -> Path:
    """An install of A1111 with extensions, beside a data folder of ours."""
    root = tmp_path / "stable-diffusion-webui"
    (root / "models").mkdir(parents=True)
    write(root / "extensions" / "sd-dynamic-prompts" / "wildcards" / "season.txt", "winter")
    write(root / "extensions" / "other" / "wildcards" / "metal.txt", "gold")
    write(root / "custom_nodes" / "pack" / "wildcards" / "fish.txt", "cod")
    write(root / "wildcards" / "tree.txt", "oak")
    write(tmp_path / "data" / "wildcards" / "ours.txt", "mine")
    write(tmp_path / "further" / "given.txt", "first")
    return root


def test_folders_of_other_programs(webui: Path, tmp_path: Path) -> None:
    """Wildcards are found in the data folder, in named folders, and in every extension's."""
    config = StoreConfig(
        (webui / "models",), tmp_path / "data", wildcard_folders=(tmp_path / "further",)
    )
    names = open_models(config).wildcards.look().names
    assert names == ("fish", "given", "metal", "ours", "season", "tree")
