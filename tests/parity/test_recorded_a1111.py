"""Answers against those that A1111 1.8.0 gave to the same requests on the same checkpoint."""

from collections.abc import Generator
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from tests.parity.exceptions import EXCEPTIONS
from tests.parity.replay import CASES, GENERATION, GOLDEN, Case, Replay, bar, difference

from tintype.errors import ModelError, RequestError

PAINTED = [case for case in CASES if case["path"] in GENERATION and "request" in case]
GOOD = [case for case in PAINTED if case["status"] == 200]
BAD = [case for case in PAINTED if case["status"] != 200]


def named(cases: list[Case]) -> Any:
    """Parameters that read as the cases' names."""
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


@pytest.fixture(scope="module")
def replay() -> Generator[Replay]:
    """An engine on one thread, as the answers were recorded."""
    threads = torch.get_num_threads()
    yield Replay()
    torch.set_num_threads(threads)


@named([case for case in GOOD if case["name"] not in EXCEPTIONS])
def test_same_answer(replay: Replay, case: Case) -> None:
    """No value differs by more than 1 of 255, hardly any by that, and the words are the same."""
    found = difference(case, replay.answer(case))
    highest, mean = bar(case)
    assert found.highest <= highest
    assert found.mean <= mean
    assert found.info == ()


@named([case for case in GOOD if case["name"] in EXCEPTIONS])
def test_exceptions_are_no_further(replay: Replay, case: Case) -> None:
    """A case outside the bar is as far outside as was measured, or is refused in words."""
    known = EXCEPTIONS[case["name"]]
    if known.highest is None or known.mean is None:
        with pytest.raises((RequestError, ModelError)):
            replay.answer(case)
        return
    found = difference(case, replay.answer(case))
    assert found.highest <= known.highest
    assert found.mean <= known.mean
    assert found.info == ()


@named([case for case in BAD if case["name"] not in EXCEPTIONS])
def test_errors_are_refused_in_words(replay: Replay, case: Case) -> None:
    """What A1111 answered with an error is refused before anything is computed."""
    with pytest.raises((RequestError, ModelError, ValidationError)) as refusal:
        replay.answer(case)
    assert str(refusal.value)


def test_enough_is_equal() -> None:
    """No more than 5 % of the recorded cases are exceptions of any kind."""
    names = {case["name"] for case in CASES}
    assert EXCEPTIONS.keys() <= names
    assert len(EXCEPTIONS) <= 0.05 * len(names)


def test_company_changes_nothing(replay: Replay) -> None:
    """Eight unlike cases at once give the pictures they give alone, within the same bar."""
    together = [case for case in GOOD if case["name"] in COMPANY]
    assert len(together) == len(COMPANY)
    for case, answer in zip(together, replay.answers(together), strict=True):
        found = difference(case, answer)
        assert found.highest <= 1, case["name"]
        assert found.mean <= bar(case)[1], case["name"]


def test_recorded_file_is_whole() -> None:
    """Every picture that a case names is there."""
    for case in CASES:
        assert all((GOLDEN / name).is_file() for name in case["images"])


COMPANY = frozenset(
    {
        "sampler-euler-a",
        "sampler-dpmpp-sde-karras",
        "sampler-dpm-fast",
        "sampler-unipc",
        "sampler-restart",
        "prompt-and-weights",
        "prompt-alternate-three",
        "img2img-sampler-heun",
    }
)
