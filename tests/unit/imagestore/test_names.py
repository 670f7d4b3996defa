"""Names of files and folders, made of anything."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.errors import InvalidRequest
from tintype.imagestore.names import (
    MOST_NAME_BYTES,
    check_folder,
    outdir,
    safe_folders,
    safe_name,
    safe_part,
)

ANYTHING = st.text(st.characters())  # halves of surrogate pairs included


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a cat, on a mat", "a cat, on a mat"),
        ('a/b\\c:d*e?f"g<h>i|j#k\nl\tm\0n', "a_b_c_d_e_f_g_h_i_j_k_l_m_n"),
        ("  two blanks. .", "two blanks"),
        ("..", ""),
        (".hidden", "_.hidden"),
        ("CON", "_CON"),
        ("nul.tar", "_nul.tar"),
        ("lpt1", "_lpt1"),
        ("console", "console"),
        ("", ""),
        ("猫" * 100, "猫" * 85),
    ],
)
def test_names(text: str, name: str) -> None:
    """What a file system forbids, or has a second meaning for, is written otherwise."""
    assert safe_name(text) == name


@given(ANYTHING)
def test_any_text_is_a_name(text: str) -> None:
    """Whatever the text, it names one file that every file system takes, or nothing."""
    name = safe_name(text, room_bytes=20)

    assert len(name.encode()) <= MOST_NAME_BYTES - 20
    assert not set(name) & set('#<>:"/\\|?*\n\0')
    assert name in ("", name.strip(" ").rstrip("."))
    assert not name.startswith(".")


@given(ANYTHING)
def test_any_text_is_a_part(text: str) -> None:
    """What stands for a pattern is one line without slashes, of up to 128 characters."""
    part = safe_part(text)

    assert len(part) <= 128
    assert not set(part) & set("/\\\n\0")


@given(ANYTHING)
def test_folders_never_lead_out(text: str) -> None:
    """Folders stay below the one they are put in."""
    path = safe_folders(text)

    assert not path.is_absolute()
    assert not {"..", "."} & set(path.parts)


def test_folders_of_a_pattern() -> None:
    """Slashes of either kind separate folders; empty ones are none."""
    assert safe_folders("2025/03\\09//x/../y") == PurePosixPath("2025/03/09/x/y")


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("", "."),
        ("outputs/txt2img-images", "txt2img-images"),
        ("output/txt2img-images/", "txt2img-images"),
        ("mine", "mine"),
        ("./mine/of today", "mine/of today"),
        ("outputs", "."),
    ],
)
def test_outdirs(text: str, folder: str) -> None:
    """A relative folder lies below `outputs/`, which may be named."""
    assert outdir(text) == PurePosixPath(folder)


@pytest.mark.parametrize(
    "text",
    ["/etc", "..", "outputs/../..", "C:\\pictures", "\\\\host\\share", "~/x", "a/.trash", "con/x"],
)
def test_outdirs_elsewhere_are_refused(text: str) -> None:
    """Nobody who talks HTTP chooses where on the disk pictures go."""
    with pytest.raises(ValueError, match="a folder"):
        check_folder(text)
    with pytest.raises(InvalidRequest, match="outdir"):
        outdir(text)
