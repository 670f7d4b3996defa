"""OpenAI's own clients, talking to a front."""

from collections.abc import Generator

import pytest
from openai import OpenAI
from tests.fakes.front import Front


@pytest.fixture(scope="module")
def openai(front: Front) -> Generator[OpenAI]:
    """Their client of the shared front, which tries nothing twice."""
    with OpenAI(api_key="any", base_url=f"{front.url}/v1", max_retries=0) as client:
        yield client
