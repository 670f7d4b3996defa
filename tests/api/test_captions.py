"""What is in a picture, asked in A1111's words and in ours."""

import json
import socket
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.front import Front, running_front
from tests.fakes.pictures import as_text, picture_file
from tests.fakes.small_models import CAPTIONER, LORA, safetensors
from tests.fakes.waiting import until

PICTURE = as_text(picture_file((200, 100, 50), (80, 48)))
A1111S = "model_base_caption_capfilt_large"


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with captioners, one of them torn, and one file among them that is none."""
    folder = tmp_path_factory.mktemp("captions")
    blip = folder / "models" / "BLIP"
    for name in ("a", "crash", "hold", "torn", "large/model"):
        path = blip / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(safetensors(CAPTIONER))
    (blip / "lora.safetensors").write_bytes(safetensors(LORA))
    with running_front(folder) as running:
        running.wait_until_ready()
        yield running


def interrogated(front: Front, **body: Any) -> httpx.Response:
    return front.http.post("/sdapi/v1/interrogate", json=body)


def described(front: Front, **body: Any) -> httpx.Response:
    return front.http.post("/v1/captions", json={"image": PICTURE} | body)


def test_a_caption_in_a1111s_words(front: Front) -> None:
    """The picture is seen as large as the captioner wants, by the options' defaults."""
    answer = interrogated(front, image=PICTURE, model="clip")
    told = "c86432 of 32x32 by a, 1 beams, 24 to 48"
    assert (answer.status_code, answer.json()) == (200, {"caption": told})


def test_the_model_clip_is_the_default(front: Front) -> None:
    """A body with a picture alone, as a data URI, is enough."""
    answer = interrogated(front, image=f"data:image/png;base64,{PICTURE}")
    assert answer.json()["caption"].startswith("c86432 of 32x32")


def test_transparency_is_dropped(front: Front) -> None:
    """What lies behind a transparent pixel is seen, as in A1111."""
    answer = interrogated(front, image=as_text(picture_file((10, 20, 30, 0))))
    assert answer.json()["caption"].startswith("0a141e of")


def test_options_say_how(front: Front) -> None:
    """Beams and lengths are those of the server's options."""
    changed = {"interrogate_clip_num_beams": 3, "interrogate_clip_max_length": 30}
    front.http.post("/sdapi/v1/options", json=changed).raise_for_status()
    try:
        assert interrogated(front, image=PICTURE).json()["caption"].endswith("3 beams, 24 to 30")
    finally:
        back = {"interrogate_clip_num_beams": 1, "interrogate_clip_max_length": 48}
        front.http.post("/sdapi/v1/options", json=back).raise_for_status()


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"image": None}, "Image not found"),
        ({"image": PICTURE, "model": "blip"}, "Model not found"),
        ({"image": PICTURE, "model": None}, "Model not found"),
    ],
)
def test_a1111s_404s(front: Front, body: dict[str, Any], detail: str) -> None:
    """No picture and no such model are told in A1111's words and shape."""
    answer = interrogated(front, **body)
    told = {"error": "HTTPException", "detail": detail, "body": "", "errors": ""}
    assert answer.status_code == 404
    assert {**answer.json(), "errors": ""} == told


@pytest.mark.parametrize("image", ["", "no picture", as_text(b"no picture")])
def test_what_is_no_picture_is_refused(front: Front, image: str) -> None:
    """Empty texts, no base64, and files of other kinds are told apart in words."""
    answer = interrogated(front, image=image)
    assert answer.status_code == 422
    assert "expected" in answer.json()["detail"]


def test_tags_are_refused_in_words(front: Front) -> None:
    """deepdanbooru is known, and said not to be there."""
    answer = interrogated(front, image=PICTURE, model="deepdanbooru")
    assert answer.status_code == 400
    assert "not there yet" in answer.json()["detail"]


def test_a_caption_in_our_words(front: Front) -> None:
    """A captioner is chosen by name, a folder's standing for a file that is called as all are."""
    answer = described(front, captioner="Large", beams=4, min_length=5, max_length=9)
    told = {"caption": "c86432 of 32x32 by large, 4 beams, 5 to 9", "captioner": "large"}
    assert (answer.status_code, answer.json()) == (200, told)


def test_captioners_are_listed(front: Front) -> None:
    """Among all models, by the names that requests say."""
    answer = front.http.get("/v1/models", params={"kind": "captioner"}).json()
    names = [model["name"] for model in answer["models"]]
    assert names == ["a", "crash", "hold", "lora", "torn", "large"]


@pytest.mark.parametrize(
    ("captioner", "status", "words"),
    [
        ("nobody", 404, "there are: a, crash"),
        ("torn", 400, "the file is torn"),
        ("lora", 400, "This is no captioner"),
    ],
)
def test_captioners_that_cannot_be_used(
    front: Front, captioner: str, status: int, words: str
) -> None:
    """Unknown names list the known ones; bad files are told by name."""
    answer = described(front, captioner=captioner)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"beams": 0},
        {"beams": 17},
        {"max_length": 257},
        {"max_length": 4},
        {"min_length": 9, "max_length": 8},
        {"beam": 1},
        {"image": None},
    ],
)
def test_wrong_fields_are_refused(front: Front, wrong: dict[str, Any]) -> None:
    """Our own call knows its fields and their ranges."""
    assert described(front, **wrong).status_code == 422


def test_captions_are_told_while_a_picture_is_made(front: Front) -> None:
    """Nobody waits for a job to end."""
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(front.txt2img, "hold")
        front.wait_until_held()
        assert described(front).status_code == 200
        front.gate.touch()
        assert held.result().status_code == 200
    front.gate.unlink()


def test_nobody_describes_for_who_has_left(front: Front) -> None:
    """The worker is told to forget a picture whose caller is gone."""

    def resident() -> list[str]:
        return front.http.get("/v1/status").json()["tally"]["resident"]

    body = json.dumps({"image": PICTURE, "captioner": "hold"})
    head = f"POST /v1/captions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(front.address) as caller:
        caller.sendall(f"{head}Content-Type: application/json\r\n\r\n{body}".encode())
        until(lambda: resident() == ["hold"])
    until(lambda: resident() == [])


def test_a_worker_that_dies_is_told_of(front: Front) -> None:
    """Whoever waits hears so at once, and the next worker describes again."""
    answer = described(front, captioner="crash")
    assert answer.status_code == 503
    assert "exit code" in answer.json()["detail"]
    until(lambda: described(front).status_code == 200)


def test_without_a_captioner_it_is_said_what_to_do(tmp_path: Path) -> None:
    """The file and its folder are named, and the command that fetches it."""
    with running_front(tmp_path) as front:
        front.wait_until_ready()
        answer = interrogated(front, image=PICTURE)
    assert answer.status_code == 400
    detail = answer.json()["detail"]
    assert f"{A1111S}.pth into models/BLIP" in detail
    assert "tintype models pull https://" in detail
    assert "--kind captioner" in detail


def test_a1111s_own_file_goes_first(tmp_path: Path) -> None:
    """Of several captioners it is the one that is asked."""
    for name in ("aaa.safetensors", f"{A1111S}.pth"):
        path = tmp_path / "models" / "BLIP" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(safetensors(CAPTIONER))
    with running_front(tmp_path) as front:
        front.wait_until_ready()
        detail = interrogated(front, image=PICTURE).json()["detail"]
    assert f"captioner {A1111S}.pth" in detail  # for it is no torch file
