"""Forecasts over HTTP."""

from tests.api.native.client import Jobs


def test_forecast_makes_no_job(jobs: Jobs) -> None:
    """A forecast answers what is known, says why, and leaves no job behind."""
    before = jobs.http.get("/v1/jobs").json()
    answer = jobs.http.post("/v1/forecast", json={"prompt": "a cat", "images": 3})
    assert answer.status_code == 200
    assert answer.json()["images"] == 3
    assert answer.json()["why"]
    assert jobs.http.get("/v1/jobs").json() == before


def test_forecast_refuses_what_a_job_would(jobs: Jobs) -> None:
    """What could never run is a 4xx here as well, with the field in its message."""
    answer = jobs.http.post("/v1/forecast", json={"prompt": "a cat", "steps": 100_000})
    assert answer.status_code == 422
    assert "steps" in answer.text
