"""The guides' Python against a server."""

import contextlib
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.front import Front
from tests.fakes.pictures import half_mask_file, picture_file

GUIDES = Path(__file__).parents[3] / "docs" / "guide"


def blocks(page: str) -> list[str]:
    """The Python of a page, in its order."""
    text = (GUIDES / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the files the pages speak of."""
    (tmp_path / "photo.png").write_bytes(picture_file((200, 120, 40), (96, 64)))
    (tmp_path / "mask.png").write_bytes(half_mask_file((96, 64)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_about_the_client(
    front: Front, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every block of it runs, one after the other, and makes the files it names."""
    monkeypatch.setenv("TINTYPE_URL", front.url)
    names: dict[str, Any] = {}
    with contextlib.ExitStack() as stack:
        for number, code in enumerate(blocks("python.md")):
            exec(compile(code, f"python.md, block {number}", "exec"), names)
            stack.callback(names["client"].close)
    made = {path.name for path in desk.iterdir()}
    printed = capsys.readouterr().out

    assert {"star-4.png", "star-5.png", "best.png", "door.png", "large.webp"} <= made
    assert {f"{number:03}.png" for number in range(100)} <= made
    assert "did you mean" in printed


def test_the_page_about_webuiapi(front: Front, desk: Path) -> None:
    """The same, on the port the front happens to have."""
    host, port = front.address
    names: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the page leaves its file to Python
        for code in blocks("webuiapi.md"):
            text = code.replace("port=7860", f"port={port}").replace("127.0.0.1", host)
            exec(text, names)
    names["api"].session.close()

    assert (desk / "star.png").is_file()
    assert names["large"].image.size == (1024, 1024)


def test_errors_of_the_page_are_those_there_are() -> None:
    """The table names every kind of error, but the roots of several."""
    from tintype import client

    page = (GUIDES / "python.md").read_text(encoding="utf-8")
    kinds = {
        name
        for name in client.__all__
        if name.endswith("Error") and name not in ("AnswerError", "JobError", "ClientError")
    }

    assert kinds == set(re.findall(r"`(\w+Error)`", page.split("| error |")[1].split("All are")[0]))
