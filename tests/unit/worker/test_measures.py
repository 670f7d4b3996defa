"""Measures that outlive a process."""

from pathlib import Path

import pytest
import torch

from tintype.core.measures import Measure
from tintype.worker.measures import MeasureBook

CPU = torch.device("cpu")
MEASURES = (
    Measure("a", "denoise", 8, 8, 4, 9, 0.25, 1000),
    Measure("a", "decode", 8, 8, 1, 3, 1.0),
)


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    """Another book over the same file knows the same measures."""
    path = tmp_path / "measures.json"
    assert MeasureBook(path, CPU).read() == ()
    MeasureBook(path, CPU).keep(MEASURES)
    assert MeasureBook(path, CPU).read() == MEASURES


def test_measures_of_another_machine_are_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another number of threads passes take another time."""
    path = tmp_path / "measures.json"
    MeasureBook(path, CPU).keep(MEASURES)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4711)
    assert MeasureBook(path, CPU).read() == ()


@pytest.mark.parametrize("torn", ["", "{", "[]", '{"holds_for": 1, "measures": [{"rows": 1}]}'])
def test_a_torn_file_is_begun_anew(tmp_path: Path, torn: str) -> None:
    """What cannot be read counts as nothing and is written over."""
    path = tmp_path / "measures.json"
    path.write_text(torn)
    book = MeasureBook(path, CPU)
    assert book.read() == ()
    book.keep(MEASURES)
    assert MeasureBook(path, CPU).read() == MEASURES


def test_a_full_disk_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A place that cannot be written to is a line in the log."""
    MeasureBook(tmp_path / "missing" / "measures.json", CPU).keep(MEASURES)
    assert "cannot be written" in caplog.text
