"""What OpenAI's clients are told when there is no picture."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import openai as their
import pytest
from openai import OpenAI
from tests.fakes.front import Front, running_front
from tests.fakes.pictures import picture_file
from tests.fakes.waiting import until

from tintype.core.rights import Allowance
from tintype.keystore import KEYS_FILE, KeyStore

ANN = ("ann", "one")
SMALL: dict[str, Any] = {"steps": 2}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with a login."""
    with running_front(tmp_path_factory.mktemp("locked"), trust={"passwords": [ANN]}) as running:
        until(lambda: running.http.get("/readyz", auth=ANN).json()["ready"])
        yield running


def client_of(front: Front, key: str = "any") -> OpenAI:
    return OpenAI(api_key=key, base_url=f"{front.url}/v1", max_retries=0)


@pytest.mark.parametrize(
    ("fields", "kind", "code", "param", "text"),
    [
        ({"model": "zeta"}, their.NotFoundError, "model_not_found", "model", "alpha"),
        ({"size": "65x64"}, their.UnprocessableEntityError, "invalid_value", "size", "64 or 72"),
        ({"n": 11}, their.UnprocessableEntityError, "invalid_value", "n", "10"),
        ({"style": "Noirr"}, their.NotFoundError, "unknown_name", None, "Noirr"),
        (
            {"background": "transparent"},
            their.UnprocessableEntityError,
            "invalid_value",
            "background",
            "opaque",
        ),
        (
            {"extra_body": {"steps": 0}},
            their.UnprocessableEntityError,
            "invalid_value",
            "steps",
            "1 to 150",
        ),
        (
            {"extra_body": {"steps": "x"}},
            their.UnprocessableEntityError,
            "invalid_value",
            "steps",
            "integer",
        ),
        ({"prompt": "fail-model"}, their.BadRequestError, "model_error", None, "torn"),
        ({"prompt": "fail-engine"}, their.InternalServerError, "engine_error", None, "on fire"),
    ],
)
def test_refusals(
    openai: OpenAI,
    fields: dict[str, Any],
    kind: type[their.APIStatusError],
    code: str,
    param: str | None,
    text: str,
) -> None:
    """Come as the client's own classes of errors, with message, code and field."""
    images: Any = openai.images
    with pytest.raises(kind) as refused:
        images.generate(**{"prompt": "a cat", "size": "64x64", "extra_body": SMALL} | fields)
    error = refused.value

    assert type(error) is kind
    assert (error.code, error.param) == (code, param)
    assert text in error.message
    said: Any = error.body
    assert set(said) == {"message", "type", "param", "code"}


def test_a_missing_picture(openai: OpenAI) -> None:
    """A form without one is told so, and so is one that is none."""
    with pytest.raises(their.UnprocessableEntityError) as none:
        openai.images.edit(image=[], prompt="a cat")
    with pytest.raises(their.UnprocessableEntityError) as torn:
        openai.images.edit(image=("a.png", b"no picture"), prompt="a cat")

    assert (none.value.param, torn.value.param) == ("image", "image")
    assert "this is no picture" in torn.value.message


def test_no_prompt(front: Front) -> None:
    """Is a field that is missing."""
    answer = front.http.post("/v1/images/generations", json={"n": 1})

    assert answer.status_code == 422
    assert answer.json() == {
        "error": {
            "message": "prompt: field required",
            "type": "invalid_request_error",
            "param": "prompt",
            "code": "invalid_value",
        }
    }


@pytest.mark.parametrize(
    ("body", "param", "text"),
    [
        ([], "body", "body: value is not a valid dict"),
        ({"prompt": "a", "image": ["AAAA"] * 17}, "image", "at most 16"),
        ({"prompt": "a", "image": [{"file_id": "x"}]}, "image", "image_url"),
        ({"prompt": "a", "image": "AAAA", "enable_hr": True}, "enable_hr", "no field"),
        ({"prompt": "a", "image": "AAAA", "partial_images": 4}, "partial_images", "3"),
    ],
)
def test_bodies_that_make_no_sense(front: Front, body: Any, param: str, text: str) -> None:
    """Are told which field, and why."""
    answer = front.http.post("/v1/images/edits", json=body)

    assert answer.status_code == 422
    assert answer.json()["error"]["param"] == param
    assert text in answer.json()["error"]["message"]


def test_addresses_are_not_fetched(front: Front) -> None:
    """Unless the server was told that it may."""
    body = {"prompt": "a cat", "image": "https://example.com/a.png"}
    answer = front.http.post("/v1/images/edits", json=body)

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "image")


def test_calls_there_are_none_of(front: Front) -> None:
    """Other methods, and a body that is too large, are told in the same shape."""
    wrong = front.http.put("/v1/images/generations", json={})
    large = front.http.post(
        "/v1/images/edits",
        content=b"x" * (33 * 2**20),
        headers={"Content-Type": "application/json"},
    )

    assert (wrong.status_code, large.status_code) == (405, 413)
    assert large.json()["error"]["code"] == "body_too_large"
    assert wrong.json()["error"]["message"] == "Method Not Allowed"


def test_long_refusals_are_whole(front: Front) -> None:
    """Also for clients that take them packed."""
    body = {"prompt": "a cat", "extra_body": 1, "x" * 5000: 1}
    answer = front.http.post(
        "/v1/images/generations", json=body, headers={"Accept-Encoding": "gzip"}
    )

    assert answer.status_code == 422
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_keys(locked: Front) -> None:
    """No key and a wrong one are authentication errors; quotas are told as rate limits."""
    with closing(KeyStore(locked.folder / "data" / KEYS_FILE)) as keys:
        looker = keys.add("looker", frozenset({"see"}))
        hasty = keys.add("hasty", allowance=Allowance(images_per_day=1))
    call: dict[str, Any] = {"prompt": "a cat", "size": "64x64", "extra_body": SMALL}
    with client_of(locked) as client, pytest.raises(their.AuthenticationError) as wrong:
        client.images.generate(**call)
    with client_of(locked, looker) as client, pytest.raises(their.PermissionDeniedError) as barred:
        client.images.generate(**call)
    with client_of(locked, hasty) as client:
        client.images.generate(**call)
        with pytest.raises(their.RateLimitError) as limited:
            client.images.generate(**call)

    assert (wrong.value.code, barred.value.code) == ("invalid_api_key", "forbidden")
    assert (limited.value.code, limited.value.type) == ("rate_limit_exceeded", "rate_limit_error")
    assert int(limited.value.response.headers["Retry-After"]) >= 1


def test_a_full_queue(narrow: Front) -> None:
    """Is a 429 that says when to come again."""
    ids = [
        narrow.http.post("/v1/jobs", json={"prompt": "hold", "steps": 2}).json()["id"]
        for _ in range(3)
    ]
    with client_of(narrow) as client, pytest.raises(their.RateLimitError) as full:
        client.images.generate(prompt="a cat")
    narrow.gate.touch()

    assert all(ids)
    assert full.value.code == "queue_full"
    assert full.value.response.headers["Retry-After"]


def test_failures_in_a_stream(openai: OpenAI) -> None:
    """Are raised by the client with what went wrong."""
    events = openai.images.generate(
        prompt="fail-engine", size="64x64", stream=True, extra_body=SMALL
    )
    with pytest.raises(their.APIError, match="on fire") as failed:
        list(events)

    assert failed.value.code == "engine_error"


def test_who_leaves_takes_the_job_along(narrow: Front) -> None:
    """A stream that is closed ends its job, unless it was to be kept."""
    with client_of(narrow) as client:
        for headers in ({}, {"X-Tintype-Keep": "1"}):
            events = client.images.generate(
                prompt="hold",
                stream=True,
                partial_images=3,
                extra_body=SMALL,
                extra_headers=headers,
            )
            next(iter(events))
            job = events.response.headers["X-Tintype-Job"]
            events.close()
            if not headers:
                until(lambda job=job: _state(narrow, job) == "cancelled")
        narrow.gate.touch()
        until(lambda: _state(narrow, job) == "done")


def test_a_cancelled_job_is_not_made_again(narrow: Front) -> None:
    """Their client tries conflicts again unless it is told not to."""
    with (
        OpenAI(api_key="any", base_url=f"{narrow.url}/v1", max_retries=2) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        call = pool.submit(client.images.generate, prompt="hold", extra_body=SMALL)
        narrow.wait_until_held()
        (job,) = narrow.http.get("/v1/jobs", params={"state": "running"}).json()["jobs"]
        narrow.http.post(f"/v1/jobs/{job['id']}/cancel")
        with pytest.raises(their.ConflictError) as ended:
            call.result(60)

    assert ended.value.code == "cancelled"
    newest = narrow.http.get("/v1/jobs", params={"limit": 1}).json()["jobs"][0]
    assert newest["id"] == job["id"]


def _state(front: Front, job: str) -> str:
    return front.http.get(f"/v1/jobs/{job}").json()["state"]


def test_a_picture_of_a_wrong_size_for_its_mask(openai: OpenAI) -> None:
    """Is told by name."""
    with pytest.raises(their.UnprocessableEntityError) as refused:
        openai.images.edit(
            image=("a.png", picture_file()),
            mask=("m.png", picture_file((0, 0, 0, 0), (32, 32))),
            prompt="a cat",
        )

    assert refused.value.param == "mask"
