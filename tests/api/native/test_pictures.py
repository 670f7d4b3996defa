"""Pictures, events and answers of jobs, over HTTP."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from tests.api.native.client import Jobs
from tests.fakes.pictures import as_text, half_mask_file, picture_file

from tintype.imaging import infotext_in


def opened(data: bytes) -> Image.Image:
    """A picture from its file."""
    return Image.open(BytesIO(data))


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "*/*", "PNG"),
        ("", "image/webp", "WEBP"),
        ("", "image/jpeg;q=0.5, image/webp;q=0.1", "JPEG"),
        ("", "text/html,image/avif,image/webp,*/*;q=0.8", "PNG"),
        ("", "image/png;q=0, image/webp", "WEBP"),
        ("", "application/json", "PNG"),
        ("?format=jpeg", "image/webp", "JPEG"),
        ("?format=webp", "*/*", "WEBP"),
        ("?format=png", "image/webp", "PNG"),
    ],
)
def test_the_kind_of_file_is_the_callers_choice(
    jobs: Jobs, query: str, accept: str, kind: str
) -> None:
    """The query wins, then what Accept names; PNG wherever it is welcome. Infotext is in all."""
    job = jobs.made(seed=0x336699)
    jobs.rested(job)
    answer = jobs.http.get(f"/v1/jobs/{job}/images/0{query}", headers={"Accept": accept})
    picture = opened(answer.content)
    infotext, _ = infotext_in(answer.content)

    assert picture.format == kind
    assert answer.headers["Content-Type"] == f"image/{kind.lower()}"
    assert picture.size == (64, 64)
    assert infotext is not None
    assert "Seed: 3368601" in infotext
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("images/1", 422, "0 to 0"),
        ("images/-1", 422, "0 to 0"),
        ("images/x", 422, "valid integer"),
        ("images/0?format=gif", 422, "'png', 'jpeg', 'webp' or 'avif'"),
        ("images/0?beside=0", 422, "nothing came with"),
        ("events?previews=perhaps", 422, "boolean"),
        ("answer", 409, "sdapi"),
    ],
)
def test_what_there_is_none_of(jobs: Jobs, path: str, status: int, text: str) -> None:
    """A 4xx that says what there is."""
    job = jobs.made()
    jobs.rested(job)
    answer = jobs.http.get(f"/v1/jobs/{job}/{path}")

    assert answer.status_code == status
    assert text in str(answer.json()["detail"])


def test_a_picture_that_is_not_finished(own_jobs: Jobs) -> None:
    """409 with how far it is, or why there never will be one."""
    job = own_jobs.held(steps=4)
    early = own_jobs.http.get(f"/v1/jobs/{job}/images/0")
    failed = own_jobs.made(prompt="fail-engine")
    own_jobs.front.gate.touch()
    own_jobs.rested(failed)
    never = own_jobs.http.get(f"/v1/jobs/{failed}/images/0")

    assert early.status_code == never.status_code == 409
    assert "step 1 of 4" in early.json()["detail"]
    assert "the device is on fire" in never.json()["detail"]


def test_what_comes_beside_a_picture(jobs: Jobs) -> None:
    """The mask of an inpainting, by number."""
    body = {
        "init_images": [as_text(picture_file())],
        "mask": as_text(half_mask_file()),
        "steps": 2,
        "width": 64,
        "height": 64,
        "override_settings": {"return_mask": True},
    }
    job = jobs.made(sdapi={"tab": "img2img", "body": body})
    jobs.rested(job)
    mask = jobs.http.get(f"/v1/jobs/{job}/images/0?beside=0")
    beyond = jobs.http.get(f"/v1/jobs/{job}/images/0?beside=1")

    assert opened(mask.content).convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert beyond.status_code == 422
    assert "0 to 0" in beyond.json()["detail"]


TXT2IMG: dict[str, Any] = {
    "prompt": "a cat",
    "steps": 2,
    "width": 64,
    "height": 64,
    "seed": 7,
    "subseed": 3,  # of those that are drawn every call tells its own
}
FORMS: list[tuple[str, dict[str, Any]]] = [
    ("txt2img", TXT2IMG | {"batch_size": 2, "n_iter": 2}),
    ("txt2img", TXT2IMG | {"override_settings": {"samples_format": "webp"}}),
    ("txt2img", TXT2IMG | {"send_images": False, "styles": [], "enable_hr": False}),
    (
        "txt2img",
        {"subseed": 3, "infotext": "a dog\nSteps: 2, Sampler: Euler, Seed: 4, Size: 64x64"},
    ),
    ("txt2img", TXT2IMG | {"prompt": "a|b|c", "script_name": "prompt matrix", "script_args": []}),
    (
        "txt2img",
        TXT2IMG
        | {
            "script_name": "x/y/z plot",
            "script_args": [1, "1,2", [], 4, "2,3", [], 0, "", [], True, *[False] * 7, 0],
        },
    ),
    ("img2img", TXT2IMG | {"init_images": [as_text(picture_file())], "denoising_strength": 0.4}),
]


@pytest.mark.parametrize(("tab", "body"), FORMS)
def test_the_answer_is_that_of_the_blocking_call(
    jobs: Jobs, tab: str, body: dict[str, Any]
) -> None:
    """A job in A1111's words answers byte for byte what the call would have, but for the time."""
    blocking = jobs.http.post(f"/sdapi/v1/{tab}", json=body)
    assert blocking.status_code == 200, blocking.text
    job = jobs.made(sdapi={"tab": tab, "body": body})
    assert jobs.rested(job)["state"] == "done"
    answer = jobs.http.get(f"/v1/jobs/{job}/answer")

    assert answer.status_code == 200
    assert _timeless(answer.json()) == _timeless(blocking.json())


def _timeless(answer: dict[str, Any]) -> dict[str, Any]:
    import json

    info = json.loads(answer["info"])
    del info["job_timestamp"]
    return answer | {"info": info}


def test_answers_before_the_end_and_of_failures(own_jobs: Jobs) -> None:
    """409 until there is one; of a job that failed, its error with its own status."""
    form = {"tab": "txt2img", "body": TXT2IMG | {"prompt": "fail-model"}}
    own_jobs.held()
    job = own_jobs.made(sdapi=form)
    early = own_jobs.http.get(f"/v1/jobs/{job}/answer")
    own_jobs.front.gate.touch()
    own_jobs.rested(job)
    failed = own_jobs.http.get(f"/v1/jobs/{job}/answer")

    assert (early.status_code, early.json()["error"]) == (409, "NotNow")
    assert (failed.status_code, failed.json()["error"]) == (400, "ModelError")


def test_saving_is_not_heard_and_says_so(jobs: Jobs) -> None:
    """The job's warnings tell where the pictures are instead."""
    form = {"tab": "txt2img", "body": TXT2IMG | {"save_images": True}}
    job = jobs.post(sdapi=form).json()

    assert any("save_images" in warning for warning in job["warnings"])


def test_events_of_a_job_from_its_first_step_to_its_end(own_jobs: Jobs) -> None:
    """Who watches sees it run, each picture once, and the end; who comes later sees the end."""
    job = own_jobs.held(steps=3, images=2)
    seen: list[Any] = []
    for event in own_jobs.events(job):
        seen.append(event)
        own_jobs.front.gate.touch()
    kinds = [event.kind for event in seen]
    late = [event.kind for event in own_jobs.events(job)]

    assert kinds[0] == "state"
    assert seen[0].data["state"] == "running"
    assert kinds.count("image") == 2
    assert (kinds[-1], seen[-1].data["state"]) == ("end", "done")
    assert [event.id for event in seen] == list(range(1, len(seen) + 1))
    assert late == ["state", "end"]


def test_previews_for_those_who_ask(own_jobs: Jobs) -> None:
    """A JPEG of what the image looks like by now, only where it was asked for."""
    job = own_jobs.held(steps=3, seed=0x336699)
    previews: list[Any] = []
    for event in own_jobs.events(job, previews="true"):
        if event.kind == "preview":
            previews.append(event.data)
            own_jobs.front.gate.touch()
    plain = {event.kind for event in own_jobs.events(job)}

    assert previews[0]["step"] == 1
    assert previews[0]["picture"].startswith("data:image/jpeg;base64,")
    assert "preview" not in plain


def test_streams_end_with_the_server(lone_jobs: Jobs) -> None:
    """A server told to stop lets its streams go at once; no event claims an end."""
    job = lone_jobs.held()
    kinds: list[str] = []
    for event in lone_jobs.events(job):
        kinds.append(event.kind)
        lone_jobs.front.process.terminate()

    assert kinds == ["state"]
