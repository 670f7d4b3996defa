"""Files of styles: the one beside the models, several, and patterns of them."""

from pathlib import Path

import pytest

from tintype.core.settings import StoreConfig
from tintype.errors import SetupError
from tintype.modelstore import open_models
from tintype.planning import Library


def library(root: Path, *patterns: str) -> Library:
    """What is found with these `--styles-file`s."""
    files = tuple(root / pattern for pattern in patterns)
    return Library(open_models(StoreConfig((root,), root / "data", styles_files=files)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A model tree with three files of styles."""
    for name, row in (("styles", "a,one,"), ("more/b", "b,two,"), ("more/a", "a,three,\nc,,x")):
        path = tmp_path / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"name,prompt,negative_prompt\n{row}\n")
    return tmp_path


def test_the_file_beside_the_models(root: Path) -> None:
    """Where none is named it is `styles.csv`."""
    assert [path.name for path, _ in library(root).style_files()] == ["styles.csv"]


def test_patterns(root: Path) -> None:
    """Patterns are files in alphabetical order, none of them twice; the last of a name counts."""
    found = library(root, "styles.csv", "more/*.csv", "more/b.csv", "none/*.csv")
    assert [path.name for path, _ in found.style_files()] == ["styles.csv", "a.csv", "b.csv"]
    assert {name: style.prompt for name, style in found.styles().items()} == {
        "a": "three",
        "c": "",
        "b": "two",
    }


def test_damaged(root: Path) -> None:
    """A file that is no CSV is named in the refusal."""
    (root / "styles.csv").write_text("name,prompt\na," + "b" * 1_000_000)
    with pytest.raises(SetupError, match=r"styles\.csv: the styles cannot be read"):
        library(root).styles()
