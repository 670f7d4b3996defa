"""Files of styles, changed without touching what else is in them."""

import pytest

from tintype.errors import SetupError
from tintype.prompt.style_table import with_style, without_style
from tintype.prompt.styles import Style, read_styles

FILE = (
    "\ufeffname,prompt,negative_prompt,notes\r\n"
    "# ---- drawing ----,,,\r\n"
    'ink,"pen, ""fine""\nand ink",colour,"mine, since 2023"\r\n'
    "plain,simple,,\r\n"
    "no commas at all\r\n"
)


def test_a_new_one_comes_last() -> None:
    """What is there stays byte for byte."""
    changed = with_style(FILE, Style("oil", "oil, canvas", 'say "no"'))
    assert changed == FILE + 'oil,"oil, canvas","say ""no""",\r\n'
    assert read_styles(changed)[-1] == Style("oil", "oil, canvas", 'say "no"')


def test_one_that_is_there_is_replaced() -> None:
    """In its place, with the cells of columns that are not ours."""
    changed = with_style(FILE, Style("ink", "brush", ""))
    old = 'ink,"pen, ""fine""\nand ink",colour,"mine, since 2023"\r\n'
    assert changed == FILE.replace(old, 'ink,brush,,"mine, since 2023"\r\n')


def test_one_goes() -> None:
    """Comments and rows of others stay."""
    assert without_style(FILE, "plain") == FILE.replace("plain,simple,,\r\n", "")
    assert without_style(FILE, "not there") == FILE


def test_a_new_file() -> None:
    """It has A1111's columns."""
    assert with_style("", Style("a", "b", "c")) == "name,prompt,negative_prompt\na,b,c\n"


def test_a_file_without_a_last_line_end() -> None:
    """The new row begins a line of its own."""
    assert with_style("name,text\na,b", Style("c", "d")) == "name,text\na,b\nc,d\n"


def test_doubles_become_one() -> None:
    """Of rows with one name none stays that would still count."""
    text = "name,prompt,negative_prompt\na,1,\nb,2,\na,3,\n"
    assert with_style(text, Style("a", "4")) == "name,prompt,negative_prompt\na,4,\nb,2,\n"


@pytest.mark.parametrize("text", ["prompt,negative_prompt\nx,y\n", "name,negative_prompt\nx,y\n"])
def test_no_place_for_it(text: str) -> None:
    """A file without the columns is left alone."""
    with pytest.raises(SetupError, match="no column called"):
        with_style(text, Style("a", "words"))
