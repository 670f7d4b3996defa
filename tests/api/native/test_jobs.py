"""Jobs over HTTP: made, looked at, listed, ended."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.api.native.client import CALLS, Jobs
from tests.fakes.pictures import as_text, half_mask_file, picture_file
from tests.fakes.waiting import until

from tintype.imaging import infotext_in


def test_a_job_is_answered_at_once_and_done_later(jobs: Jobs) -> None:
    """202 with the job and where it is; then done, with times and links."""
    answer = jobs.post(prompt="a cat", images=2, priority="batch")
    job = answer.json()

    assert answer.status_code == 202
    assert answer.headers["Location"] == job["links"]["self"] == f"/v1/jobs/{job['id']}"
    assert answer.headers["X-Tintype-Job"] == job["id"]
    assert (job["priority"], job["dialect"], job["seeds"]) == ("batch", "native", [7, 8])
    done = jobs.rested(job["id"])
    assert (done["state"], done["fraction"], done["error"]) == ("done", 1.0, None)
    assert done["images"] == [
        {
            "image": n,
            "step": 2,
            "steps": 2,
            "finished": True,
            "link": f"/v1/jobs/{job['id']}/images/{n}",
        }
        for n in (0, 1)
    ]
    assert done["timings"]["total"] == 0.2
    assert done["created"] <= done["started"] <= done["ended"]
    assert done["request"]["prompt"] == "a cat"


def test_a_running_job_tells_how_far_it_is(own_jobs: Jobs) -> None:
    """Steps of each image, the fraction, and how many go before the next job."""
    job = own_jobs.held(steps=4, images=2)
    first, second = own_jobs.made(), own_jobs.made()
    seen = own_jobs.seen(job)

    assert (seen["state"], seen["fraction"], seen["place"]) == ("running", 0.25, None)
    assert [image["steps"] for image in seen["images"]] == [4, 4]
    assert [own_jobs.seen(one)["place"] for one in (first, second)] == [0, 1]
    own_jobs.front.gate.touch()
    assert [own_jobs.rested(one)["state"] for one in (job, first, second)] == ["done"] * 3


def test_a_seed_nobody_chose_is_fixed_at_admission(jobs: Jobs) -> None:
    """The answer tells the seed, and the picture was made with it."""
    job = jobs.post(seed=-1).json()
    jobs.rested(job["id"])
    infotext, _ = infotext_in(jobs.http.get(f"/v1/jobs/{job['id']}/images/0").content)

    assert job["seeds"][0] >= 0
    assert infotext is not None
    assert f"Seed: {job['seeds'][0]}," in infotext


def test_img2img_with_a_mask(jobs: Jobs) -> None:
    """Pictures come as base64, and are not shown again."""
    picture = as_text(picture_file((10, 20, 30)))
    job = jobs.made(
        init={
            "picture": picture,
            "denoising_strength": 0.5,
            "mask": {"picture": as_text(half_mask_file()), "fill": "latent noise"},
        }
    )
    done = jobs.rested(job)
    infotext, _ = infotext_in(jobs.http.get(f"/v1/jobs/{job}/images/0").content)

    assert done["state"] == "done"
    assert done["request"]["init"]["picture"].startswith("sha256:")
    assert infotext is not None
    assert "Denoising strength: 0.5" in infotext
    assert "Masked content: latent noise" in infotext


def test_the_same_key_gives_the_same_job(jobs: Jobs) -> None:
    """A repeated call answers 200 with the first job; no second picture is made."""
    key = {"Idempotency-Key": "order 66"}
    first, second = jobs.post(key, prompt="a cat"), jobs.post(key, prompt="a cat")

    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"


def test_the_same_key_at_the_same_moment(jobs: Jobs) -> None:
    """However many ask at once, there is one job."""
    key = {"Idempotency-Key": "all at once"}
    with ThreadPoolExecutor(8) as callers:
        calls = [callers.submit(jobs.post, key, prompt="a dog") for _ in range(8)]
        answers = [call.result() for call in calls]

    assert {answer.status_code for answer in answers} <= {200, 202}
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_a_key_stands_for_one_request(jobs: Jobs) -> None:
    """Another body under it is refused."""
    key = {"Idempotency-Key": "once"}
    jobs.made(key, prompt="a cat")
    answer = jobs.post(key, prompt="a dog")

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Idempotency-Key: ")


@pytest.mark.parametrize("key", ["x" * 256, "a\tb", "", "é"])
def test_keys_are_short_and_printable(jobs: Jobs, key: str) -> None:
    """Anything else is refused by name."""
    answer = jobs.post({"Idempotency-Key": key.encode("latin-1")})  # type: ignore[dict-item]

    assert answer.status_code == 422
    assert "1 to 255 printable" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"promt": "a cat"}, 422, "did you mean 'prompt'"),
        ({"steps": "20"}, 422, "valid integer"),
        ({"steps": 0}, 422, "steps: 0"),
        ({"width": 65}, 422, "64 or 72 would do"),
        ({"sampler": "Eulr a"}, 404, "Euler a"),
        ({"checkpoint": "zeta"}, 404, "alpha"),
        ({"loras": [{"name": "nobody"}]}, 404, "LoRA 'nobody' is not known"),
        ({"hires": {"scale": 9.0}}, 422, "hires.scale: 9"),
        ({"hires": {"denoising_strength": 2.0}}, 422, "hires.denoising_strength: 2"),
        ({"init": {"picture": "x"}}, 422, "init.picture"),
        (
            {"init": {"picture": "http://127.0.0.1/a.png"}},
            422,
            "init.picture: pictures are not fetched",
        ),
        (
            {"sdapi": {"tab": "img2img", "body": {"init_images": ["https://example.com/a.png"]}}},
            422,
            "init_images: pictures are not fetched",
        ),
        ({"webhook": "ftp://example.com"}, 422, "http:// or https://"),
        ({"draft_steps": -1}, 422, "greater than or equal to 1"),
        ({"prompt": "\ud800"}, 422, "not text"),
        ({"sdapi": {"tab": "txt2img", "body": {"steps": "many"}}}, 422, "not a valid integer"),
        ({"sdapi": {"tab": "txt2img", "body": {"steps": 0}}}, 422, "steps"),
        ({"sdapi": {"tab": "img2img", "body": {}}}, 422, "init_images"),
        ({"sdapi": {"tab": "txt2img", "body": {"\ud800": "\ud800"}}, "seed": 3}, 422, "sdapi.body"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(
    jobs: Jobs, fields: dict[str, Any], status: int, text: str
) -> None:
    """A 4xx that says what was expected, in the words of the form that was used."""
    body = json.dumps(fields)
    answer = jobs.http.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == status
    assert text in str(answer.json()["detail"])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"steps": 1e999}'])
def test_bodies_that_are_none(jobs: Jobs, body: bytes) -> None:
    """Nothing, torn JSON, no object, no UTF-8, numbers without end: 422."""
    answer = jobs.http.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422


def test_what_no_answer_can_carry_is_not_repeated(jobs: Jobs) -> None:
    """Half a surrogate pair in a field that A1111 ignores does no harm."""
    body = r'{"sdapi": {"tab": "txt2img", "body": {"steps": 1, "styles": [], "\ud800": "\ud800"}}}'
    answer = jobs.http.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 202
    assert answer.json()["request"]["sdapi"]["body"]["?"] == "?"


def test_a_failed_job_tells_why(jobs: Jobs) -> None:
    """The kind of error and the reason in words."""
    failed = jobs.rested(jobs.made(prompt="fail-model"))

    assert failed["state"] == "failed"
    assert failed["error"] == {"error": "ModelError", "detail": "the file is torn"}


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("job", ["nobody", "0" * 32, "%00", "%2e%2e", "a%20b", "é"])
def test_a_job_there_is_none_of(jobs: Jobs, method: str, path: str, job: str) -> None:
    """404 in the shape of all errors."""
    answer = jobs.http.request(method, f"/v1/jobs/{job}{path}")

    assert answer.status_code == 404
    assert answer.json()["error"] == "UnknownJob"


def test_lists_are_newest_first_and_come_in_pages(own_jobs: Jobs) -> None:
    """Every job comes once, by its state if that is asked for."""
    ids = [own_jobs.made(prompt=prompt) for prompt in ("a", "b", "c", "fail-engine")]
    for job in ids:
        own_jobs.rested(job)
    listed: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while query.get("before", 0) is not None:
        page = own_jobs.http.get("/v1/jobs", params=query).json()
        listed += [job["id"] for job in page["jobs"]]
        query["before"] = page["next"]

    assert listed[:4] == ids[::-1]
    assert len(listed) == len(set(listed))
    of_state = own_jobs.http.get("/v1/jobs", params={"state": "failed"}).json()["jobs"]
    assert of_state[0]["id"] == ids[-1]
    assert {job["state"] for job in of_state} == {"failed"}
    assert of_state[0]["request"] is None


@pytest.mark.parametrize(
    "query",
    [{"state": "lost"}, {"limit": "0"}, {"limit": "201"}, {"before": "nan"}, {"before": "x"}],
)
def test_wrong_questions_about_lists(jobs: Jobs, query: dict[str, str]) -> None:
    """422 with the place."""
    answer = jobs.http.get("/v1/jobs", params=query)

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", *query]


def test_deleting_ends_first_and_forgets_then(own_jobs: Jobs) -> None:
    """A job that is not over is cancelled; one that is over is gone."""
    running = own_jobs.held()
    waiting = own_jobs.made()
    for job in (waiting, running):
        assert own_jobs.http.delete(f"/v1/jobs/{job}").status_code == 204
        assert own_jobs.rested(job)["state"] == "cancelled"
    assert own_jobs.http.delete(f"/v1/jobs/{running}").status_code == 204
    assert own_jobs.http.get(f"/v1/jobs/{running}").status_code == 404


def test_cancelling_again_changes_nothing(own_jobs: Jobs) -> None:
    """200 with the job as it is, over or not."""
    job = own_jobs.held()
    for _ in range(2):
        answer = own_jobs.http.post(f"/v1/jobs/{job}/cancel")
        assert answer.status_code == 200
        assert own_jobs.rested(job)["state"] == "cancelled"
    done = own_jobs.rested(own_jobs.made())["id"]
    assert own_jobs.http.post(f"/v1/jobs/{done}/cancel").json()["state"] == "done"


def test_ending_all_of_ones_own(own_jobs: Jobs) -> None:
    """Running and waiting ones are cancelled and counted; finished ones stay."""
    done = own_jobs.rested(own_jobs.made())["id"]
    ids = [own_jobs.held(), *(own_jobs.made() for _ in range(3))]

    assert own_jobs.http.delete("/v1/jobs").status_code == 422
    assert own_jobs.http.delete("/v1/jobs", params={"mine": "false"}).status_code == 422
    assert own_jobs.http.delete("/v1/jobs", params={"mine": "true"}).json() == {"cancelled": 4}
    assert {own_jobs.rested(job)["state"] for job in ids} == {"cancelled"}
    assert own_jobs.seen(done)["state"] == "done"


def test_interrupting_gives_what_there_is(own_jobs: Jobs) -> None:
    """The job is done with pictures that say they are not whole."""
    job = own_jobs.held(images=2)
    assert own_jobs.http.post(f"/v1/jobs/{job}/interrupt").status_code == 200
    done = own_jobs.rested(job)
    picture = own_jobs.http.get(f"/v1/jobs/{job}/images/1")

    assert done["state"] == "done"
    assert picture.status_code == 200
    assert picture.headers["X-Tintype-Partial"] == "interrupted"
    assert picture.headers["Cache-Control"] == "no-store"


def test_interrupting_one_image(own_jobs: Jobs) -> None:
    """The others go on."""
    job = own_jobs.held(images=2)
    own_jobs.http.post(f"/v1/jobs/{job}/interrupt", params={"image": 1})
    until(lambda: own_jobs.seen(job)["images"][1]["finished"])
    assert own_jobs.seen(job)["state"] == "running"
    own_jobs.front.gate.touch()
    own_jobs.rested(job)
    headers = [own_jobs.http.get(f"/v1/jobs/{job}/images/{n}").headers for n in (0, 1)]

    assert ["X-Tintype-Partial" in one for one in headers] == [False, True]


def test_what_cannot_be_interrupted(own_jobs: Jobs) -> None:
    """A job that waits has nothing to show; an image must be one of the job's."""
    running, waiting = own_jobs.held(), own_jobs.made()
    answer = own_jobs.http.post(f"/v1/jobs/{waiting}/interrupt")
    wrong = own_jobs.http.post(f"/v1/jobs/{running}/interrupt", params={"image": 5})

    assert (answer.status_code, answer.json()["error"]) == (409, "NotNow")
    assert wrong.status_code == 422


def test_a_draft_waits_until_it_is_promoted(jobs: Jobs) -> None:
    """It parks with a picture that says so, and is then painted to its end."""
    job = jobs.made(steps=4, draft_steps=2)
    parked = jobs.rested(job)
    draft = jobs.http.get(f"/v1/jobs/{job}/images/0")
    promoted = jobs.http.post(f"/v1/jobs/{job}/promote")
    done = until(lambda: (seen := jobs.seen(job))["state"] == "done" and seen)
    whole = jobs.http.get(f"/v1/jobs/{job}/images/0")

    assert (parked["state"], parked["draft_steps"]) == ("parked", 2)
    assert draft.headers["X-Tintype-Partial"] == "draft"
    assert (promoted.status_code, promoted.json()["draft_steps"]) == (200, None)
    assert done["images"][0]["step"] == 4
    assert "X-Tintype-Partial" not in whole.headers
    again = jobs.http.post(f"/v1/jobs/{job}/promote")
    assert (again.status_code, again.json()["error"]) == (409, "NotNow")


def test_a_draft_can_be_given_up(jobs: Jobs) -> None:
    """Deleting a parked job cancels it."""
    job = jobs.made(steps=4, draft_steps=1)
    jobs.rested(job)

    assert jobs.http.delete(f"/v1/jobs/{job}").status_code == 204
    until(lambda: jobs.seen(job)["state"] == "cancelled")


def test_a_full_queue_says_when_to_come_back(own_jobs: Jobs) -> None:
    """429 with Retry-After."""
    own_jobs.held()
    for _ in range(4):
        own_jobs.made()
    refused = own_jobs.post()

    assert (refused.status_code, refused.json()["error"]) == (429, "QueueFull")
    assert int(refused.headers["Retry-After"]) >= 1
