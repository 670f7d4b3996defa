"""Answers against those that A1111 1.8.0 gave to the same requests on the same checkpoint."""

import json
from collections.abc import Generator
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from tests.parity.exceptions import EXCEPTIONS, PLAIN_NAME
from tests.parity.replay import CASES, GENERATION, Case, Replay, bar, difference
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


def is_equal(replay: Replay, case: Case) -> bool:
    """Pictures inside the bar, and `info` equal key by key."""
    found = difference(case, replay.answer(case))
    highest, mean = bar(case)
    return found.highest <= highest and found.mean <= mean and not found.info


@named([case for case in GOOD if case["name"] not in EXCEPTIONS])
def test_same_answer(replay: Replay, case: Case) -> None:
    """No value differs by more than 1 of 255, hardly any by that, and the words are the same."""
    found = difference(case, replay.answer(case))
    highest, mean = bar(case)
    assert found.highest <= highest
    assert found.mean <= mean
    assert found.info == ()


@named([case for case in GOOD if case["name"] in EXCEPTIONS])
def test_exceptions_are_true(replay: Replay, case: Case) -> None:
    """A case that is said to differ does differ, or is refused."""
    try:
        assert not is_equal(replay, case)
    except RequestError:
        pass


@named([case for case in GOOD if EXCEPTIONS.get(case["name"]) == PLAIN_NAME])
def test_plain_names_of_1_8(replay: Replay, case: Case) -> None:
    """With the schedule that 1.8 meant by a sampler's plain name, the pictures are equal."""
    asked = case | {"request": case["request"] | {"scheduler": "Uniform"}}
    found = difference(case, replay.answer(asked))
    assert found.highest <= 1
    assert found.mean <= bar(case)[1]


@named([case for case in BAD if case["name"] not in EXCEPTIONS])
def test_errors_are_refused_in_words(replay: Replay, case: Case) -> None:
    """What A1111 answered with an error is refused before anything is computed."""
    with pytest.raises((RequestError, ModelError, ValidationError)) as refusal:
        replay.answer(case)
    assert str(refusal.value)


def test_enough_is_equal() -> None:
    """At least 95 % of the recorded cases are inside the bar."""
    names = {case["name"] for case in PAINTED}
    assert EXCEPTIONS.keys() <= names
    assert len(EXCEPTIONS) <= 0.08 * len(names)


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
    from tests.parity.replay import GOLDEN

    for case in CASES:
        assert json.dumps(case)
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
