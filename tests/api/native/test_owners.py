"""Whose a job is, where people log in with keys."""

from collections.abc import Generator
from dataclasses import replace

import httpx
import pytest
from tests.api.native.client import CALLS, Jobs
from tests.fakes.front import running_front

from tintype.keystore import KEYS_FILE, KeyStore


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Jobs]]:
    """Clients of one front: ana and bob, who may paint and see, and the boss, who may manage."""
    folder = tmp_path_factory.mktemp("front")
    (folder / "data").mkdir()
    keys = KeyStore(folder / "data" / KEYS_FILE)
    made = {name: keys.add(name, ("paint", "see")) for name in ("ana", "bob")}
    made["boss"] = keys.add("boss")
    with running_front(folder) as front:
        people: dict[str, Jobs] = {}
        for name, key in made.items():
            headers = {"Authorization": f"Bearer {key}"}
            http = httpx.Client(base_url=front.url, headers=headers, timeout=60.0)
            people[name] = Jobs(replace(front, http=http))
        people["boss"].front.wait_until_ready()
        yield people
        for person in people.values():
            person.http.close()


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_job_of_somebody_else_is_not_there(
    clients: dict[str, Jobs], method: str, path: str
) -> None:
    """404, word for word what a job that never was gets."""
    job = clients["ana"].made()
    clients["ana"].rested(job)
    foreign = clients["bob"].http.request(method, f"/v1/jobs/{job}{path}")
    missing = clients["bob"].http.request(method, f"/v1/jobs/{'0' * 32}{path}")

    assert foreign.status_code == missing.status_code == 404
    assert foreign.json()["detail"] == missing.json()["detail"].replace("0" * 32, job)


def test_lists_hold_ones_own(clients: dict[str, Jobs]) -> None:
    """Those who manage see everybody's."""
    mine, other = clients["ana"].made(), clients["bob"].made()

    def listed(name: str) -> set[str]:
        page = clients[name].http.get("/v1/jobs", params={"limit": 200}).json()
        return {job["id"] for job in page["jobs"]}

    assert mine in listed("ana")
    assert other not in listed("ana")
    assert {mine, other} <= listed("boss")
    assert clients["boss"].seen(mine)["owner"] == "ana"


def test_keys_of_calls_are_ones_own(clients: dict[str, Jobs]) -> None:
    """The same Idempotency-Key from two people makes two jobs."""
    key = {"Idempotency-Key": "1"}
    answers = [clients[name].post(key) for name in ("ana", "bob")]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] != answers[1].json()["id"]
