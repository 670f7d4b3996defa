"""Faces restored: what is asked for, what is told, and what is refused."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.front import Front, running_front
from tests.fakes.pictures import as_text, picture_file

PICTURE = as_text(picture_file((200, 100, 50), (80, 48)))
_DETECTOR = "Codeformer/detection_Resnet50_Final.pth"


def models(folder: Path, *names: str) -> Path:
    """A folder with these files for faces; the fake worker reads none of them."""
    for name in names:
        path = folder / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with all files that restore faces."""
    folder = tmp_path_factory.mktemp("faces")
    files = ("GFPGAN/GFPGANv1.3.pth", "GFPGAN/GFPGANv1.4.pth", "Codeformer/codeformer-v0.1.0.pth")
    with running_front(models(folder, *files, _DETECTOR)) as running:
        running.wait_until_ready()
        yield running


def info_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return json.loads(answer.json()["info"])


def extras(front: Front, **fields: Any) -> httpx.Response:
    return front.http.post("/sdapi/v1/extra-single-image", json={"image": PICTURE} | fields)


def test_faces_are_restored_by_the_option_s_network(front: Front) -> None:
    """CodeFormer at first; infotext and info say so, where A1111 does."""
    info = info_of(front.txt2img(restore_faces=True))
    assert f"Seed: {info['seed']}, Face restoration: CodeFormer, Size:" in info["infotexts"][0]
    assert (info["restore_faces"], info["face_restoration_model"]) == (True, "CodeFormer")


def test_an_override_chooses_the_network(front: Front) -> None:
    """For one request, by any case; img2img too."""
    overrides = {"face_restoration_model": "gfpgan", "code_former_weight": 0.2}
    for answer in (
        front.txt2img(restore_faces=True, override_settings=overrides),
        front.img2img(picture_file(), restore_faces=True, override_settings=overrides),
    ):
        assert "Face restoration: GFPGAN" in info_of(answer)["infotexts"][0]


def test_the_option_restores_where_the_request_says_nothing(front: Front) -> None:
    """And a request that says no is heard."""
    url = "/sdapi/v1/options"
    front.http.post(url, json={"face_restoration": True}).raise_for_status()
    try:
        assert info_of(front.txt2img())["restore_faces"] is True
        assert info_of(front.txt2img(restore_faces=False))["restore_faces"] is False
    finally:
        front.http.post(url, json={"face_restoration": False}).raise_for_status()
    assert info_of(front.txt2img())["restore_faces"] is False


def test_restorers_are_listed(front: Front) -> None:
    """In A1111's order, with the folders of their files."""
    listed = front.http.get("/sdapi/v1/face-restorers").json()
    assert [one["name"] for one in listed] == ["CodeFormer", "GFPGAN"]
    assert [Path(one["cmd_dir"]).name for one in listed] == ["Codeformer", "GFPGAN"]


def test_their_files_are_listed(front: Front) -> None:
    """Among all models, as a kind of their own; one of them by its name."""
    listed = front.http.get("/v1/models", params={"kind": "face"}).json()["models"]
    names = ["GFPGANv1.3", "GFPGANv1.4", "codeformer-v0.1.0", "detection_Resnet50_Final"]
    assert sorted(model["name"] for model in listed) == names
    assert front.http.get("/v1/models/face/GFPGANv1.4").status_code == 200
    assert front.http.get("/v1/models").status_code == 200


def test_extras_restore_faces_alone(front: Front) -> None:
    """Without an upscaler the picture keeps its size, and the note says what was done."""
    fields = {"gfpgan_visibility": 0.5, "codeformer_visibility": 1, "codeformer_weight": 0.25}
    answer = extras(front, **fields)
    assert answer.status_code == 200, answer.text
    told = "GFPGAN visibility: 0.5, CodeFormer visibility: 1.0, CodeFormer weight: 0.25"
    assert answer.json()["html_info"] == f"<p>{told}</p>"


def test_extras_restore_faces_after_enlarging(front: Front) -> None:
    """Both are told of, in their order."""
    answer = extras(front, upscaler_1="Lanczos", gfpgan_visibility=1)
    assert answer.json()["html_info"].endswith("upscaler: Lanczos, GFPGAN visibility: 1.0</p>")


def test_a_plot_of_restorers(front: Front) -> None:
    """X/Y/Z plot takes their names, and "None"."""
    (info,) = (
        script
        for script in front.http.get("/sdapi/v1/script-info").json()
        if script["name"] == "x/y/z plot" and not script["is_img2img"]
    )
    axis = info["args"][0]["choices"].index("Face restore")
    axes = [axis, "None,GFPGAN,CodeFormer", None, *([0, "", None] * 2)]
    args = [*axes, True, True, False, False, False, False, False, 0, False]
    cells = info_of(front.txt2img(script_name="X/Y/Z plot", script_args=args))["infotexts"][1:]
    said = [[name in text for text in cells] for name in ("GFPGAN", "CodeFormer")]
    assert said == [[False, True, False], [False, False, True]]


def test_the_former_picture_is_kept(front: Front) -> None:
    """Beside the restored one, under A1111's name, and not sent."""
    overrides = {"save_images_before_face_restoration": True}
    answer = front.txt2img(
        restore_faces=True, save_images=True, seed=77, override_settings=overrides
    )
    assert len(answer.json()["images"]) == 1
    names = [path.name for path in front.folder.rglob("*-77*.png")]
    assert sum(name.endswith("-before-face-restoration.png") for name in names) == 1
    assert len(names) == 2


def test_weights_have_a_range(front: Front) -> None:
    """A 422 names the option."""
    answer = front.txt2img(restore_faces=True, override_settings={"code_former_weight": 2})
    assert (answer.status_code, "code_former_weight" in answer.text) == (422, True)
    unknown = front.txt2img(override_settings={"face_restoration_model": "RestoreFormer"})
    assert (unknown.status_code, "'CodeFormer', 'GFPGAN'" in unknown.text) == (422, True)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ((), "codeformer-v0.1.0.pth into models/Codeformer"),
        (("Codeformer/codeformer-v0.1.0.pth",), "detection_Resnet50_Final.pth into models/GFPGAN"),
        ((_DETECTOR, "GFPGAN/GFPGANv1.4.pth"), "codeformer-v0.1.0.pth into models/Codeformer"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, files: tuple[str, ...], words: str) -> None:
    """The file and its folder, before there is a job."""
    with running_front(models(tmp_path, *files)) as front:
        front.wait_until_ready()
        answer = front.txt2img(restore_faces=True)
        assert (answer.status_code, words in answer.text) == (400, True), answer.text
        assert front.http.get("/sdapi/v1/face-restorers").status_code == 200
