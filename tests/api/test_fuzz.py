"""Requests nobody means well with: none may be answered with 5xx, a stack, or not at all."""

import contextlib
import re
import socket
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi import checks
from tests.fakes.front import Front, running_front
from tests.fakes.pictures import as_text, picture_file

SMALL = {"max_side": 512, "max_pixels": 512 * 512, "max_images": 2, "max_steps": 50}
PICTURE = as_text(picture_file())
MENDED: dict[str, Any] = {
    "alwayson_scripts": {},
    "script_name": None,
    "sampler_name": "Euler",
    "sampler_index": "Euler",
    "scheduler": "Automatic",
    "override_settings": {},
    "styles": [],
    "init_images": [PICTURE],
    "mask": PICTURE,
    "image": PICTURE,
    "imageList": [{"data": PICTURE, "name": "x"}],
    "width": 64,
    "height": 64,
    "batch_size": 1,
    "n_iter": 1,
    "sampler": "Euler",
    "schedule": "Automatic",
    "checkpoint": None,
    "webhook": None,
    "sdapi": None,
    "model": None,
    "size": "64x64",
    "style": None,
    "init": {"picture": PICTURE},
}
EXAMPLES = 10
CONFORMS = cast("Any", checks).response_schema_conformance
ANSWERS = {200, 201, 202, 204, 307, 400, 403, 404, 405, 408, 409, 413, 415, 422, 429, 431, 503}
NO_SUCH_CALL = '{"detail":"Not Found"}'  # a name may hold slashes, and its address be none
JSON_POSTS = ("/sdapi/v1/txt2img", "/sdapi/v1/img2img", "/sdapi/v1/options", "/v1/jobs")
OPENAI_POSTS = ("/v1/images/generations", "/v1/images/edits")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front that paints only what is quick."""
    with running_front(tmp_path_factory.mktemp("small"), limits=SMALL) as running:
        running.http.timeout = httpx.Timeout(20.0)
        running.wait_until_ready()
        yield running


@pytest.fixture(scope="module")
def described(small: Front) -> dict[str, Any]:
    """What the server says of itself."""
    return small.http.get("/openapi.json").json()


def check(what: object, answer: httpx.Response) -> None:
    """An answer that may be: a known status, and an error in one of the three shapes."""
    assert answer.status_code in ANSWERS, (what, answer.status_code, answer.text[:500])
    assert "Traceback" not in answer.text, what
    if answer.status_code == 503:
        said = answer.json()["error"]
        assert said == "WorkerUnavailable" or said["code"] == "worker_unavailable", what
    if answer.status_code < 400 or not answer.content:
        return
    body = answer.json()
    if isinstance(body.get("error"), dict):  # as OpenAI tells of errors
        assert set(body["error"]) == {"message", "type", "param", "code"}, (what, body)
        return
    assert "detail" in body, (what, body)
    if "error" in body:
        assert set(body) >= {"error", "detail", "body", "errors"}, (what, body)
    if answer.status_code == 429:
        assert int(answer.headers["Retry-After"]) >= 1, what


@pytest.mark.parametrize(
    "mode",
    [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE],
    ids=["as described", "not as described"],
)
def test_what_the_description_allows_and_forbids(
    small: Front, described: dict[str, Any], mode: schemathesis.GenerationMode
) -> None:
    """Every call with bodies and parameters made from, or against, its own description."""
    schema = cast("Any", schemathesis.openapi.from_dict(described))
    tried = [try_one(small, result.ok(), mode) for result in schema.get_all_operations()]
    assert sum(tried) > 10
    assert small.http.get("/healthz").status_code == 200


def try_one(front: Front, operation: Any, mode: schemathesis.GenerationMode) -> bool:
    """A dozen requests of one operation, the same ones in every run; False where there are none."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.filter_too_much,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )
    @given(operation.as_strategy(generation_mode=mode), st.booleans())
    def run(case: Any, goes_deeper: bool) -> None:  # noqa: FBT001
        if goes_deeper:
            deepen(front, case)
        answer = sent(front, case)
        check(operation.label, answer)
        is_stream = answer.headers.get("Content-Type", "").startswith("text/event-stream")
        if not (is_stream or answer.text == NO_SUCH_CALL):
            case.validate_response(answer, checks=[CONFORMS])

    try:
        run()
    except Unsatisfiable:  # nothing about a call without parameters can be wrong
        return False
    return True


def deepen(front: Front, case: Any) -> None:
    """Mend what would be refused at once: names there are none of, pictures that are none."""
    if isinstance(case.body, dict):
        body = cast("dict[str, Any]", case.body)
        for name, value in MENDED.items():
            if name in body:
                body[name] = value
    parameters = case.path_parameters
    if parameters and "job_id" in parameters:
        parameters["job_id"] = front.txt2img().headers["X-Tintype-Job"]


def sent(front: Front, case: Any) -> httpx.Response:
    """The answer to a case, over the front's own client."""
    told = case.as_transport_kwargs(base_url=front.url)
    request = {
        key: told[key] for key in ("method", "url", "json", "data", "params") if told.get(key)
    }
    if "data" in request:
        request["content"] = request.pop("data")
    headers = {
        name: value.encode("utf-8", "replace")
        for name, value in dict(told.get("headers") or {}).items()
        if name.lower() not in ("user-agent", "host", "content-length")
    }
    return front.http.request(**request, headers=headers)


@pytest.mark.parametrize("path", [*JSON_POSTS, *OPENAI_POSTS])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"NaN",
        b'{"seed": NaN, "steps": Infinity, "cfg_scale": -Infinity}',
        b'{"steps": 1e400, "width": 1e999}',
        b'{"prompt": "\xff\xfe"}',
        b'{"prompt": "\\ud800"}',
        b'{"prompt": "\\u0000"}',
        b'{"negative_prompt": "a\\u0000b", "styles": ["\\u0000"]}',
        b'{"\\ud800": 1}',
        b'{"prompt": ' + b"[" * 50_000,
        b'{"prompt": ' + b'{"a":' * 50_000,
        b'{"steps": ' + b"9" * 5000 + b"}",
        b'{"override_settings": {"a": {"a": {"a": [1e308, -1e308, NaN]}}}}',
        b'{"override_settings": {"sd_model_checkpoint": "../../../../etc/passwd"}}',
        b'{"override_settings": {"sd_model_checkpoint": "\\ud800"}}',
        b'{"script_name": "\\ud800", "script_args": [null]}',
        b'{"styles": ["../../etc/passwd"], "sampler_name": ["a"]}',
        b'{"init_images": ["data:image/png;base64,AAAA"], "mask": "AAAA"}',
        b'{"init_images": ["file:///etc/passwd"]}',
        b'{"alwayson_scripts": {"\\ud800": {"args": [1]}}}',
        b'{"prompt": "a", "prompt": 1, "steps": 1, "steps": "x"}',
        b'{"infotext": "Steps: 99999999999999999999, Size: -1x0, Seed: NaN"}',
    ],
    ids=lambda content: content[:40].decode("latin-1"),
)
def test_hostile_bodies(small: Front, path: str, content: bytes) -> None:
    """Torn, endless, deep, of other types, with numbers and letters that are none."""
    answer = small.http.post(path, content=content, headers={"Content-Type": "application/json"})
    check((path, content[:60]), answer)


@pytest.mark.parametrize(
    "part",
    [
        "..%2f..%2f..%2f..%2fetc%2fpasswd",
        "../../../../etc/passwd",
        "%2e%2e%2f%2e%2e%2fkeys.sqlite",
        "..%5c..%5ckeys.sqlite",
        "%00",
        "%ff%fe",
        "%ed%a0%80",
        "a" * 8000,
        "-1",
        "9" * 100,
        "NaN",
        "%0d%0aX-Injected:%201",
        ";rm",
        "'%20OR%201=1--",
    ],
)
def test_paths_stay_inside(small: Front, described: dict[str, Any], part: str) -> None:
    """In the place of every parameter: no file is read, nothing is found."""
    for template, methods in cast("dict[str, Any]", described["paths"]).items():
        if "{" not in template:
            continue
        path = re.sub(r"\{[^}]+\}", lambda _: part, template)
        for method in methods:
            request = b"%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            answer = talk(small, request % (method.upper().encode(), path.encode()))
            assert answer[9:12] in (b"400", b"404", b"405", b"422"), (method, path, answer[:200])
            assert b"root:" not in answer
            assert b"\r\nX-Injected" not in answer


def talk(front: Front, data: bytes) -> bytes:
    """Everything the server says to these bytes, until it hangs up."""
    with socket.create_connection(front.address, timeout=20) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
        with connection.makefile("rb") as answer:
            return answer.read()


@pytest.mark.parametrize(
    "head",
    [
        b"X-Long: " + b"a" * 100_000,
        b"\r\n".join(b"X-%d: a" % number for number in range(10_000)),
        b"Host: localhost",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: -1",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked, chunked",
        b"X Y: 1",
        b"X-Null: a\x00b",
        b": empty",
        b" folded: 1",
    ],
    ids=lambda head: repr(head[:30]),
)
def test_hostile_heads(small: Front, head: bytes) -> None:
    """Long, many, double and broken headers are refused with 4xx, or understood in one way."""
    start = b"GET /healthz HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\nX: y\r\n"
    answer = talk(small, start + head + b"\r\n\r\n")
    assert answer[:9] == b"HTTP/1.1 ", answer[:100]
    assert answer[9:10] in b"24", answer[:100]
    assert small.http.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", "Basic " + "A" * 20_000)],
        [("Authorization", "Basic \xff"), ("Authorization", "Bearer")],
        [("Origin", "http://[")],
        [("Origin", "http://a:99999999")],
        [("Sec-Fetch-Site", "\xff")],
        [("Content-Type", "application/json; charset=\xff")],
        [("Idempotency-Key", "\xff" * 5000)],
        [("Accept", "image/" + "x;q=" * 3000)],
        [("X-Forwarded-For", "a, b, ;;"), ("X-Forwarded-Proto", "gopher")],
    ],
    ids=lambda headers: headers[0][0] + headers[0][1][:10],
)
def test_hostile_values_of_headers(small: Front, headers: list[tuple[str, str]]) -> None:
    """What a header may hold, none of our own readers falls over."""
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    answers = [
        small.http.post("/v1/jobs", content=b"{}", headers=sent),
        small.http.get("/sdapi/v1/options", headers=sent),
    ]
    for answer in answers:
        assert answer.status_code < 500
        assert answer.status_code not in (401,)


def test_wrong_types_in_every_field(small: Front, described: dict[str, Any]) -> None:
    """Each field of both bodies, one at a time, with values of every kind of JSON."""
    asked = [
        (path, {"steps": 1, "width": 64, "height": 64, field: value})
        for path, fields in fields_by_path(described)
        for field in fields
        for value in (None, True, -1, 1e30, "\u0000", [None], {"a": [1]})
    ]

    def ask(one: tuple[str, dict[str, Any]]) -> httpx.Response:
        return small.http.post(one[0], json=one[1])

    with ThreadPoolExecutor(8) as pool:
        for one, answer in zip(asked, pool.map(ask, asked), strict=True):
            check(one, answer)


def fields_by_path(described: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The fields of txt2img, and those that only img2img has."""
    known = set[str]()
    for path in JSON_POSTS[:2]:
        reference = described["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        name = reference["schema"]["$ref"].rpartition("/")[2]
        fields = described["components"]["schemas"][name]["properties"]
        yield path, [field for field in fields if field not in known]
        known |= set(fields)
