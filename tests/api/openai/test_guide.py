"""The page for OpenAI's clients, against the real worker and the demo model."""

import os
import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from PIL import Image
from tests.fakes.waiting import until

from tintype.server.openai.fields import EditFields, GenerationFields, ImagesBody

PAGE = (Path(__file__).parents[3] / "docs" / "guide" / "openai.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:7860"
PROGRAM = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of a real server with the demo model."""
    folder = tmp_path_factory.mktemp("served")
    log = folder / "log"
    words = ["serve", "--port", "0", "--device", "cpu", "--data", str(folder)]
    with (
        log.open("w") as out,
        subprocess.Popen(
            [sys.executable, "-m", "tintype", *words],
            cwd=folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=out,
            stderr=out,
        ) as process,
    ):
        try:
            until(lambda: "ready on cpu" in log.read_text() or process.poll() is not None, 120)
            (address,) = re.findall(r"is serving on (\S+)", log.read_text())
            yield address
        finally:
            process.terminate()


def test_the_program_of_the_page_runs(
    served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a prompt, from a picture, and as a stream, on a real worker."""
    monkeypatch.chdir(tmp_path)
    assert ADDRESS in PROGRAM
    exec(PROGRAM.replace(ADDRESS, served).replace('"steps": 20', '"steps": 4'), names := {})
    names["client"].close()
    told = capsys.readouterr().out.splitlines()

    with Image.open(tmp_path / "star.png") as picture:
        assert picture.size == (256, 256)
    assert told[0].startswith(f"{served}/v1/pictures/")
    assert told[-1].startswith("image_generation.completed")


@pytest.mark.parametrize("fields", [ImagesBody, GenerationFields, EditFields])
def test_every_field_is_on_the_page(fields: type[ImagesBody]) -> None:
    """By its name."""
    for name in fields.model_fields:
        assert f"`{name}`" in PAGE or f"`{name}[]`" in PAGE, name
