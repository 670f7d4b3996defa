"""What is seen of every request."""

import asyncio
import json
import logging
import re
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.requests import Request
from fastapi.responses import Response
from starlette.types import Message

from tintype.logs import REQUEST
from tintype.server.seeing.counts import Counts
from tintype.server.seeing.edge import Seen

Told = dict[str, str]


def application() -> FastAPI:
    """Routes as the server has them: a router inside a router."""
    inner = APIRouter()

    @inner.get("/jobs/{job}/images/{image}")
    async def image(job: str, image: int, request: Request) -> Told:
        return {"seen as": request.state.request_id}

    @inner.get("/mistake")
    async def mistake(request: Request) -> Told:
        request.state.error = "UnknownName"
        return {}

    @inner.get("/failure")
    async def failure() -> Response:
        logging.getLogger("tintype.inside").warning("on fire")
        return Response(status_code=500)

    outer = APIRouter(prefix="/v1")
    outer.include_router(inner)
    app = FastAPI()
    app.include_router(outer)
    return app


def asked(path: str, method: str = "GET", **headers: str) -> tuple[Counts, list[Message]]:
    """The counts after one request, and what was sent."""
    counts, sent = Counts(), list[Message]()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    named = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": named}
    scope |= {"query_string": b"prompt=secret", "http_version": "1.1"}
    asyncio.run(Seen(application(), counts)(scope, receive, send))
    return counts, sent


def request_id(sent: list[Message]) -> str:
    return dict(sent[0]["headers"])[b"x-request-id"].decode()


def test_routes_are_counted_by_their_whole_template() -> None:
    """Also where the route stands in a router in a router."""
    counts, _ = asked("/v1/jobs/5f3a/images/3")

    assert list(counts.requests) == [("/v1/jobs/{job}/images/{image}", "GET", 200)]


@pytest.mark.parametrize("path", ["/nowhere", "/v1/jobs/a/b/c/d", "/%0a"])
def test_paths_of_no_route_are_one(path: str) -> None:
    """Whoever guesses paths does not make the counts grow."""
    counts, _ = asked(path)

    assert list(counts.requests) == [("other", "GET", 404)]


def test_invented_methods_are_one() -> None:
    """Nor does whoever invents methods."""
    counts, _ = asked("/nowhere", "FROBNICATE")

    assert list(counts.requests) == [("other", "other", 404)]


def test_an_id_that_is_given_comes_back_and_is_known_inside() -> None:
    """So that a caller finds the request in the log."""
    _, sent = asked("/v1/jobs/a/images/1", x_request_id="trace-7/a")

    assert request_id(sent) == "trace-7/a"
    assert json.loads(sent[1]["body"]) == {"seen as": "trace-7/a"}


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "<script>", "a\x1b"])
def test_an_id_that_is_not_fit_is_replaced(given: str) -> None:
    """By one of ours, different each time."""
    ids = {request_id(asked("/v1/mistake", x_request_id=given)[1]) for _ in range(2)}

    assert len(ids) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", text) for text in ids)


def test_errors_are_counted_by_the_class_the_handler_names() -> None:
    """Not by their text."""
    counts, _ = asked("/v1/mistake")

    assert counts.errors == {("UnknownName", "http"): 1}


def test_what_nobody_foresaw_is_counted_too() -> None:
    """An answer of 500 and above without a class is an internal error."""
    counts, _ = asked("/v1/failure")

    assert counts.errors == {("InternalError", "http"): 1}


def test_lines_written_inside_a_request_carry_its_id(caplog: pytest.LogCaptureFixture) -> None:
    """And those written after it do not."""
    seen = list[object]()
    caplog.handler.addFilter(lambda _: seen.append((REQUEST.get() or {}).get("request_id")) is None)
    with caplog.at_level(logging.WARNING):
        asked("/v1/failure", x_request_id="r1")
        logging.getLogger("tintype.outside").warning("all is well")

    assert seen == ["r1", None]


def test_an_open_request_is_counted_until_its_end() -> None:
    """Also where nobody waits for the answer any more: that is a 499."""
    counts, seen_open = Counts(), list[int]()

    async def leaving(*_: object) -> None:
        seen_open.append(counts.open_requests)
        raise asyncio.CancelledError

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(Seen(leaving, counts)(scope, leaving, leaving))  # type: ignore[arg-type]

    assert (seen_open, counts.open_requests) == ([1], 0)
    assert list(counts.requests) == [("other", "GET", 499)]


def test_each_request_is_one_line_at_debug_level(caplog: pytest.LogCaptureFixture) -> None:
    """Method, path, status and time; what stands behind the question mark does not."""
    with caplog.at_level(logging.DEBUG, "tintype.access"):
        asked("/v1/mistake")

    (record,) = (record for record in caplog.records if record.name == "tintype.access")
    assert record.levelno == logging.DEBUG
    assert record.getMessage().startswith("GET /v1/mistake 200 ")
    assert "secret" not in caplog.text
