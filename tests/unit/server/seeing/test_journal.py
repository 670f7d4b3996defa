"""The line in the log that a job ends with."""

import logging
from typing import Any

import pytest
from tests.fakes.views import ended_job

from tintype.errors import RequestError
from tintype.server.seeing.journal import tell_end


def told(caplog: pytest.LogCaptureFixture, level: int, **changes: Any) -> list[logging.LogRecord]:
    caplog.clear()
    with caplog.at_level(level, "tintype.jobs"):
        tell_end(ended_job(**changes))
    return caplog.records


def test_a_finished_job_is_one_line_with_where_its_time_went(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Wait, load, encode, sample, decode, total, its passes and what was replayed."""
    (record,) = told(caplog, logging.DEBUG)

    assert record.levelno == logging.INFO
    assert record.getMessage() == (
        "sdapi/txt2img done, 2 of 2 images: queue 0.50 s, load 0.50 s, encode 0.25 s, "
        "sample 6.00 s, decode 0.75 s, total 9.00 s, 20 passes of 6.5 rows, 3 steps replayed"
    )


def test_the_line_belongs_to_the_job_and_has_its_numbers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """For programs, beside the sentence."""
    (record,) = told(caplog, logging.INFO)
    extra = vars(record)

    assert (extra["job"], extra["owner"]) == ("j1", "ana")
    assert extra["facts"]["seconds"]["sample"] == 6.0
    assert extra["facts"]["rows_per_pass"] == 6.5


def test_a_failure_is_a_warning_that_names_its_class_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its text may repeat a prompt, so it is for the debug level."""
    failed: dict[str, Any] = {"state": "failed", "error": RequestError("bad word: secret")}
    (record,) = told(caplog, logging.INFO, **failed)
    assert record.levelno == logging.WARNING
    assert "failed (RequestError)" in record.getMessage()
    assert "secret" not in caplog.text

    told(caplog, logging.DEBUG, **failed)
    assert "bad word: secret" in caplog.text


def test_a_job_that_never_began_says_so_in_few_words(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is made up where nothing was measured."""
    never: dict[str, Any] = {"started": None, "timings": None, "finished": frozenset()}
    (record,) = told(caplog, logging.INFO, state="cancelled", **never)

    assert record.getMessage() == "sdapi/txt2img cancelled, 0 of 2 images: total 9.00 s"
