"""The JSON of `/v1/status`."""

import json

from tests.fakes.views import moment, running_job

from tintype.jobs import WorkerView
from tintype.server.seeing.status import OTHERS, status_of
from tintype.server.trust.identity import ANYBODY, Identity

ANA = Identity("ana", frozenset({"see"}))


def test_whoever_manages_sees_everything() -> None:
    """Queue by owner and priority, running jobs with id and steps."""
    status = status_of(moment(), ANYBODY)

    lines = [(line["owner"], line["priority"], line["jobs"]) for line in status["queue"]["lines"]]
    assert lines == [("ana", "normal", 3), ("bob", "normal", 2), ("eve", "batch", 5)]
    assert status["queue"]["waiting"] == 10
    assert status["queue"]["oldest_seconds"] == 30
    (job,) = status["running"]
    assert (job["id"], job["steps"], job["progress"]) == ("j1", [[10, 20], [10, 20]], 0.5)


def test_others_are_numbers_to_whoever_does_not_manage() -> None:
    """Their jobs count, but have neither id nor owner."""
    status = status_of(moment(running=(running_job(), running_job(id="j2", owner="bob"))), ANA)

    assert [job["id"] for job in status["running"]] == ["j1", None]
    lines = {(line["owner"], line["priority"]): line["jobs"] for line in status["queue"]["lines"]}
    assert lines == {("ana", "normal"): 3, (OTHERS, "normal"): 2, (OTHERS, "batch"): 5}
    assert "bob" not in json.dumps(status)
    assert "eve" not in json.dumps(status)


def test_others_of_one_priority_are_one_line() -> None:
    """Counted together, as old as the oldest of them."""
    ana, bob, eve = moment().waiting
    for waiting in ((ana, bob, eve), (bob, ana, eve)):
        status = status_of(moment(waiting=waiting), Identity("zoe", frozenset({"see"})))

        normal, batch = status["queue"]["lines"]
        assert (normal["jobs"], normal["oldest_seconds"], batch["jobs"]) == (5, 30, 5)


def test_the_cheapest_number_of_rows_of_each_shape() -> None:
    """By the seconds of one row."""
    (best,) = status_of(moment(), ANYBODY)["best_rows"]

    assert (best["height"], best["width"], best["rows"], best["seconds"]) == (64, 64, 8, 0.5)


def test_it_is_json_without_a_worker_too() -> None:
    """Nothing known is null or empty."""
    none = WorkerView("starting", "the worker is starting", None, None, 0)
    status = json.loads(json.dumps(status_of(moment(worker=none, start_seconds={}), ANYBODY)))

    assert status["worker"] == {
        "state": "starting",
        "reason": "the worker is starting",
        "pid": None,
        "device": None,
        "restarts": 0,
        "start_seconds": {},
    }
