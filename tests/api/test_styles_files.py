"""Several files of styles, as A1111's clients see them."""

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.fakes.front import Front, running_front

HEAD = "name,prompt,negative_prompt\n"


@pytest.fixture(scope="module")
def styled(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front started with a pattern that fits two files."""
    folder: Path = tmp_path_factory.mktemp("styled")
    (folder / "styles").mkdir()
    (folder / "styles" / "noir.csv").write_text(f'{HEAD}grey,"grey, {{prompt}}",colour\n')
    (folder / "styles" / "mine.csv").write_text(f"{HEAD}luck,clover,\n")
    with running_front(folder, styles_files=[str(folder / "styles" / "*.csv")]) as front:
        front.wait_until_ready()
        yield front


def test_each_file_has_a_heading(styled: Front) -> None:
    """Styles of several files come file by file, each below a style that is only its name."""
    listed = styled.http.get("/sdapi/v1/prompt-styles").json()
    assert [style["name"] for style in listed] == [
        "----------------- MINE -----------------",
        "luck",
        "----------------- NOIR -----------------",
        "grey",
    ]
    assert (listed[0]["prompt"], listed[0]["negative_prompt"]) == (None, None)


def test_styles_of_all_files_are_applied(styled: Front) -> None:
    """A request may name styles of any file, and a heading changes nothing."""
    names = ["grey", "----------------- MINE -----------------", "luck"]
    answer = styled.txt2img("a cat", styles=names).json()
    assert '"prompt": "grey, a cat, clover"' in answer["info"]
