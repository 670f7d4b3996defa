"""What a client of /v1/jobs does, in few words."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from tests.fakes.front import Front
from tests.fakes.waiting import until

RESTING = ("done", "failed", "cancelled", "parked")

CALLS = (
    ("GET", ""),
    ("DELETE", ""),
    ("POST", "/cancel"),
    ("POST", "/interrupt"),
    ("POST", "/promote"),
    ("GET", "/images/0"),
    ("GET", "/events"),
    ("GET", "/answer"),
)
"""All that can be asked of one job: method, and path below the job's own."""


@dataclass(frozen=True)
class Event:
    """A server-sent event."""

    kind: str
    id: int
    data: Any


@dataclass(frozen=True)
class Jobs:
    """A client of one front."""

    front: Front

    @property
    def http(self) -> httpx.Client:
        """For everything else."""
        return self.front.http

    def post(self, headers: dict[str, str] | None = None, /, **fields: Any) -> httpx.Response:
        """Ask for a small job."""
        small = {} if "sdapi" in fields else {"steps": 2, "width": 64, "height": 64, "seed": 7}
        return self.http.post("/v1/jobs", json=small | fields, headers=headers)

    def made(self, headers: dict[str, str] | None = None, /, **fields: Any) -> str:
        """The id of a small job."""
        answer = self.post(headers, **fields)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def seen(self, job: str) -> dict[str, Any]:
        """A job as it stands."""
        return self.http.get(f"/v1/jobs/{job}").json()

    def rested(self, job: str) -> dict[str, Any]:
        """A job, once it is over or parked."""
        until(lambda: self.seen(job)["state"] in RESTING)
        return self.seen(job)

    def held(self, **fields: Any) -> str:
        """The id of a job that stays after its first step."""
        job = self.made(prompt="hold", **fields)
        until(lambda: self.seen(job)["images"][0]["step"] == 1)
        return job

    def events(self, job: str, **query: str) -> Iterator[Event]:
        """A job's events, until the server ends them."""
        with self.http.stream("GET", f"/v1/jobs/{job}/events", params=query) as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if line:
                    fields[name] = value
                elif "data" in fields:
                    yield Event(fields["event"], int(fields["id"]), json.loads(fields["data"]))
                    fields = {}
