"""Pictures made larger by networks: A1111's extras as jobs, and jobs of our own."""

import json
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from tests.fakes.front import Front, running_front
from tests.fakes.pictures import as_text, opened, picture_file, striped_file
from tests.fakes.small_models import safetensors
from tests.fakes.waiting import until

X2 = {
    "conv_first.weight": (4, 3, 3, 3),
    "body.0.rdb1.conv1.weight": (2, 4, 3, 3),
    "conv_up1.weight": (4, 4, 3, 3),
    "conv_last.weight": (3, 4, 3, 3),
}
NAMES = ("2x-Sharp", "hold", "hold-first", "crash", "fail-model")
SINGLE, BATCH = "/sdapi/v1/extra-single-image", "/sdapi/v1/extra-batch-images"


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with upscalers, by whose names the fake worker holds, crashes or fails."""
    folder = tmp_path_factory.mktemp("front")
    for name in NAMES:
        path = folder / "models" / "ESRGAN" / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(safetensors(X2))
    real = folder / "models" / "RealESRGAN" / "RealESRGAN_x2plus.safetensors"
    real.parent.mkdir()
    real.write_bytes(safetensors(X2))
    with running_front(folder, jobs={"attempts": 1}) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def gated(front: Front) -> Front:
    """The same, with nothing to do and its gate shut."""
    until(lambda: front.ready()["jobs"] == {"running": 0, "waiting": 0})
    front.gate.unlink(missing_ok=True)
    return front


def enlarged(front: Front, upscaler: str = "2x-Sharp", **fields: Any) -> httpx.Response:
    body = {"image": as_text(striped_file()), "upscaler_1": upscaler, "upscaling_resize": 2}
    return front.http.post(SINGLE, json=body | fields)


def upscale(front: Front, /, **fields: Any) -> httpx.Response:
    body = {"image": as_text(striped_file()), "upscaler": "2x-Sharp"} | fields
    return front.http.post("/v1/upscales", json=body)


def rested(front: Front, job: str) -> dict[str, Any]:
    def seen() -> dict[str, Any]:
        return front.http.get(f"/v1/jobs/{job}").json()

    until(lambda: seen()["state"] in ("done", "failed", "cancelled"))
    return seen()


def test_lists(front: Front) -> None:
    """Upscalers as A1111 lists them: those without a file first, then files by name."""
    items = front.http.get("/sdapi/v1/upscalers").json()
    real = front.http.get("/sdapi/v1/realesrgan-models").json()

    names = [item["name"] for item in items]
    assert names[:4] == ["None", "Lanczos", "Nearest", "2x-Sharp"]
    assert names[-1] == "R-ESRGAN 2x+"
    sharp = items[3]
    assert (sharp["model_name"], sharp["scale"]) == ("2x-Sharp", 2.0)
    assert Path(sharp["model_path"]).name == "2x-Sharp.safetensors"
    assert [(item["name"], item["scale"]) for item in real] == [("R-ESRGAN 2x+", 2)]
    listed = front.http.get("/v1/models", params={"kind": "upscaler"}).json()
    assert "2x-Sharp" in json.dumps(listed)


def test_script_info_names_them(front: Front) -> None:
    """SD upscale offers every upscaler there is."""
    scripts = front.http.get("/sdapi/v1/script-info").json()
    (choices,) = (
        argument["choices"]
        for script in scripts
        if script["name"] == "sd upscale"
        for argument in script["args"]
        if argument["label"] == "Upscaler"
    )
    assert choices[:4] == ["None", "Lanczos", "Nearest", "2x-Sharp"]


def test_one_picture(front: Front) -> None:
    """By a job whose id is told; the file says how, under A1111's name for the upscaler."""
    answer = enlarged(front, "2X-SHARP")

    assert answer.status_code == 200
    assert answer.headers["X-Tintype-Job"]
    told = "Postprocess upscale by: 2.0, Postprocess upscaler: 2x-Sharp"
    assert answer.json()["html_info"] == f"<p>{told}</p>"
    picture = opened(answer.json()["image"])
    assert (picture.size, picture.info["postprocessing"]) == ((128, 128), told)
    assert rested(front, answer.headers["X-Tintype-Job"])["dialect"] == "sdapi/extra-single-image"


def test_two_upscalers(front: Front) -> None:
    """Of which one needs a network."""
    fields = {"upscaler_2": "2x-Sharp", "extras_upscaler_2_visibility": 0.5}
    answer = enlarged(front, "Lanczos", **fields)
    assert "Postprocess upscaler 2: 2x-Sharp" in answer.json()["html_info"]
    assert answer.headers["X-Tintype-Job"]
    plain = enlarged(front, "Lanczos", **fields | {"extras_upscaler_2_visibility": 0})
    assert "X-Tintype-Job" not in plain.headers


def test_several_pictures_are_one_job(front: Front) -> None:
    """Each in its own colour and size, in their order."""
    files = [picture_file((10 * n, 0, 0), (32 + 8 * n, 32)) for n in range(3)]
    body = {
        "imageList": [{"data": as_text(file), "name": f"{n}.png"} for n, file in enumerate(files)],
        "upscaler_1": "2x-Sharp",
    }

    answer = front.http.post(BATCH, json=body)

    pictures = [opened(text) for text in answer.json()["images"]]
    assert [picture.size for picture in pictures] == [(64, 64), (80, 64), (96, 64)]
    assert [picture.getpixel((0, 0)) for picture in pictures] == [(0, 0, 0), (10, 0, 0), (20, 0, 0)]
    job = rested(front, answer.headers["X-Tintype-Job"])
    assert len(job["images"]) == 3
    assert all(one["data"].startswith("sha256:") for one in job["request"]["imageList"])


def test_results_need_not_be_shown(front: Front) -> None:
    """A1111's field for that."""
    assert enlarged(front, show_extras_results=False).json()["image"] == ""


def test_progress_and_interrupt(gated: Front) -> None:
    """A job of extras is seen, is not skipped, and ends when it is interrupted."""
    with ThreadPoolExecutor() as callers:
        running = callers.submit(enlarged, gated, "hold")
        gated.wait_until_held()
        state = gated.progress()["state"]
        skipped = gated.http.post("/sdapi/v1/skip")
        still = gated.progress()["state"]
        gated.http.post("/sdapi/v1/interrupt")
        answer = running.result()

    assert (state["job"], state["sampling_steps"]) == ("extras", 2)
    assert (skipped.status_code, still["interrupted"]) == (200, False)
    assert answer.status_code == 200


def test_interrupt_before_anything_is_there(gated: Front) -> None:
    """One picture is missed in words; of several those that are there are answered."""
    several = {"imageList": [{"data": as_text(striped_file())}], "upscaler_1": "hold-first"}
    with ThreadPoolExecutor() as callers:
        running = callers.submit(enlarged, gated, "hold-first")
        until(lambda: gated.ready()["jobs"]["running"] == 1)
        gated.http.post("/sdapi/v1/interrupt")
        one = running.result()
        running = callers.submit(gated.http.post, BATCH, json=several)
        until(lambda: gated.ready()["jobs"]["running"] == 1)
        gated.http.post("/sdapi/v1/interrupt")
        many = running.result()

    assert (one.status_code, one.json()["error"]) == (409, "Cancelled")
    assert (many.status_code, many.json()["images"]) == (200, [])


def test_a_leaving_client_takes_its_job_along(gated: Front) -> None:
    """A connection closed in the middle ends the job."""
    with pytest.raises(httpx.ReadTimeout):
        gated.http.post(
            SINGLE,
            json={"image": as_text(striped_file()), "upscaler_1": "hold"},
            timeout=httpx.Timeout(30, read=0.5),
        )
    until(lambda: gated.ready()["jobs"] == {"running": 0, "waiting": 0})


def test_nobody_waits(front: Front) -> None:
    """With `Prefer: respond-async` the answer is the job."""
    body = {"image": as_text(striped_file()), "upscaler_1": "2x-Sharp"}
    answer = front.http.post(SINGLE, json=body, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    assert rested(front, answer.json()["id"])["state"] == "done"


@pytest.mark.parametrize(("upscaler", "status"), [("fail-model", 400), ("crash", 500)])
def test_what_fails_in_the_worker(front: Front, upscaler: str, status: int) -> None:
    """Is told in words."""
    answer = enlarged(front, upscaler)
    assert (answer.status_code, "Traceback" in answer.text) == (status, False)
    front.wait_until_ready()


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"upscaler_1": "x9"}, 404, "2x-Sharp"),
        ({"upscaler_1": "Latent"}, 404, "Lanczos"),
        ({"upscaler_2": "x9"}, 404, "2x-Sharp"),
        ({"upscaling_resize": 1e-9}, 422, "nothing would be left"),
        ({"upscaling_resize": 9}, 422, "upscaling_resize"),
        ({"resize_mode": 1, "upscaling_resize_w": 10**7}, 422, "upscaling_resize_w"),
        ({"gfpgan_visibility": 1}, 400, "GFPGANv1.4.pth into models/GFPGAN"),
        ({"image": ""}, 422, "empty"),
        ({"image": "http://127.0.0.1/x.png"}, 422, "image"),
    ],
)
def test_extras_without_sense(
    front: Front, fields: dict[str, Any], status: int, words: str
) -> None:
    """A 4xx in words, before there is a job."""
    answer = enlarged(front, **fields)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert "X-Tintype-Job" not in answer.headers


def test_a_job_of_our_own(front: Front) -> None:
    """202 with the job; its image is the picture, with all it said of itself."""
    made = front.txt2img("a door").json()["images"][0]

    answer = upscale(front, image=made, scale=3)

    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert (job["dialect"], job["seeds"], job["warnings"]) == ("native/upscale", None, [])
    assert job["request"]["image"].startswith("sha256:")
    done = rested(front, job["id"])
    assert (done["state"], len(done["images"])) == ("done", 1)
    picture = Image.open(BytesIO(front.http.get(done["images"][0]["link"]).content))
    assert picture.size == (192, 192)
    assert picture.info["parameters"].startswith("a door")
    assert "Postprocess upscaler: 2x-Sharp" in picture.info["postprocessing"]
    jpeg = front.http.get(done["images"][0]["link"], params={"format": "jpeg"})
    assert jpeg.headers["Content-Type"] == "image/jpeg"
    assert front.http.get(f"/v1/jobs/{job['id']}/answer").status_code == 409


def test_sizes_of_our_own(front: Front) -> None:
    """By 2 if nothing is said; to a size, cut or whole; by upscalers without a network too."""
    wide = as_text(picture_file((1, 2, 3), (64, 32)))
    to_size = {"image": wide, "width": 100, "height": 100}
    sizes: list[tuple[int, ...]] = []
    for fields in ({}, to_size, {**to_size, "crop": False}, {"upscaler": "Lanczos", "scale": 4}):
        done = rested(front, upscale(front, **fields).json()["id"])
        content = front.http.get(done["images"][0]["link"]).content
        sizes.append(np.asarray(Image.open(BytesIO(content))).shape)
    assert sizes == [(128, 128, 3), (100, 100, 3), (96, 200, 3), (256, 256, 3)]


def test_the_same_key_gives_the_same_job(front: Front) -> None:
    """And another body under it is refused."""
    body = {"image": as_text(striped_file()), "upscaler": "2x-Sharp"}
    key = {"Idempotency-Key": "enlarge-me"}
    first = front.http.post("/v1/upscales", json=body, headers=key)
    again = front.http.post("/v1/upscales", json=body, headers=key)
    other = front.http.post("/v1/upscales", json=body | {"scale": 3}, headers=key)
    assert (first.status_code, again.status_code, other.status_code) == (202, 200, 422)
    assert first.json()["id"] == again.json()["id"]


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"upscaler": "x9"}, 404, "2x-Sharp"),
        ({"upscalr": "x"}, 422, "did you mean 'upscaler'"),
        ({"width": 100}, 422, "width and height come together"),
        ({"scale": 2, "width": 100, "height": 100}, 422, "not both"),
        ({"scale": 0}, 422, "scale"),
        ({"scale": "2"}, 422, "scale"),
        ({"second_visibility": 2}, 422, "second_visibility"),
        ({"width": 60_000, "height": 60_000}, 422, "width"),
        ({"image": "###"}, 422, "image"),
        ({"image": None}, 422, "image"),
    ],
)
def test_upscales_without_sense(
    front: Front, fields: dict[str, Any], status: int, words: str
) -> None:
    """A 4xx in words, by the names of this API."""
    answer = upscale(front, **fields)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


def test_options(front: Front) -> None:
    """An upscaler is told by any of its names and shown by A1111's; tiles have bounds."""
    url = "/sdapi/v1/options"
    assert front.http.post(url, json={"upscaler_for_img2img": "2X-sharp"}).status_code == 200
    assert front.http.get(url).json()["upscaler_for_img2img"] == "2x-Sharp"
    unknown = front.http.post(url, json={"upscaler_for_img2img": "x9"})
    assert (unknown.status_code, "2x-Sharp" in unknown.text) == (404, True)
    tiny = front.img2img(picture_file(), override_settings={"ESRGAN_tile": 3})
    assert (tiny.status_code, "ESRGAN_tile" in tiny.text) == (422, True)
    assert front.http.post(url, json={"upscaler_for_img2img": ""}).status_code == 200
    assert front.http.get(url).json()["upscaler_for_img2img"] is None


def test_hires_and_its_infotext(front: Front) -> None:
    """A hires pass takes a network by any of its names, and infotext has A1111's."""
    answer = front.txt2img(enable_hr=True, denoising_strength=0.5, hr_upscaler="2x-sharp")
    assert answer.status_code == 200
    assert "Hires upscaler: 2x-Sharp" in json.loads(answer.json()["info"])["infotexts"][0]
