"""Calls beside the API proper: diagnostics, Gradio's, cards of models, extensions, the end."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.front import Front, running_front
from tests.fakes.pictures import picture_file

ANN = ("ann", "one")


def test_memory_is_that_of_both_processes(front: Front) -> None:
    """RAM sums up; there is no CUDA under a worker that computes elsewhere."""
    told = front.http.get("/sdapi/v1/memory").json()

    ram = told["ram"]
    assert 0 < ram["used"] < ram["total"]
    assert ram["free"] == ram["total"] - ram["used"]
    assert told["cuda"] == {"error": "the worker computes on fake"}


def test_flags_show_how_the_server_was_started(front: Front) -> None:
    """Ours where they mean something; never a password."""
    flags = front.http.get("/sdapi/v1/cmd-flags").json()

    assert (flags["api"], flags["nowebui"], flags["listen"]) == (True, True, False)
    assert flags["data_dir"] == str(front.folder / "data")
    assert flags["no_half"] is True
    assert flags["api_auth"] is None


def test_training_is_refused_in_words(front: Front) -> None:
    """It is not there, and nobody shall think it was done."""
    for call in (
        "create/embedding",
        "create/hypernetwork",
        "train/embedding",
        "train/hypernetwork",
    ):
        answer = front.http.post(f"/sdapi/v1/{call}", json={"name": "x"})
        assert (answer.status_code, answer.json()["error"]) == (422, "InvalidRequest"), call
        assert "here yet" in answer.json()["detail"], call


def test_options_are_hinted_at(front: Front) -> None:
    """Name and label of each."""
    hints = front.http.get("/internal/quicksettings-hint").json()

    assert [hint["name"] for hint in hints] == list(front.http.get("/sdapi/v1/options").json())
    assert {"name": "jpeg_quality", "label": "Jpeg quality"} in hints


def test_the_start_is_told_in_phases(front: Front) -> None:
    """Of the worker's last one."""
    told = front.http.get("/internal/profile-startup").json()

    assert told["total"] == pytest.approx(sum(told["records"].values()), abs=1e-3)
    assert "import" in told["records"]


def test_the_system_tells_of_itself_and_of_no_secrets(tmp_path: Path) -> None:
    """As JSON and as a file to save; without the login's words."""
    trust = {"passwords": [("ann", "open-sesame")]}
    with running_front(tmp_path, trust=trust) as locked:
        shown = locked.http.get("/internal/sysinfo", auth=("ann", "open-sesame"))
        saved = locked.http.get("/internal/sysinfo-download", auth=("ann", "open-sesame"))

    assert {"Platform", "Version", "RAM", "Config", "Packages"} <= shown.json().keys()
    assert saved.headers["Content-Disposition"].startswith('attachment; filename="sysinfo-')
    assert saved.json()["Python"] == shown.json()["Python"]
    assert "open-sesame" not in shown.text + saved.text


def test_gradio_tells_of_an_empty_queue(front: Front) -> None:
    """One plug-in does nothing before it has this answer."""
    told = front.http.get("/queue/status").json()

    assert (told["msg"], told["queue_size"], told["queue_eta"]) == ("estimation", 0, 0)


def test_gradio_has_a_page_without_components(front: Front) -> None:
    """One bot dies where this is no JSON."""
    told = front.http.get("/config").json()

    assert told["components"] == []
    assert told["version"]


def test_logins_are_looked_at(tmp_path: Path, front: Front) -> None:
    """Right or wrong words; without a login any do."""
    with running_front(tmp_path, trust={"passwords": [ANN]}) as locked:
        right = locked.http.post("/login", data={"username": "ann", "password": "one"}, auth=ANN)
        wrong = locked.http.post("/login", data={"username": "ann", "password": "two"}, auth=ANN)
        who = locked.http.get("/user", auth=ANN).json()
        stranger = locked.http.get("/login_check").status_code
        let_in = locked.http.get("/login_check", auth=ANN).status_code

    assert (right.status_code, right.json()) == (200, {"success": True})
    assert (wrong.status_code, wrong.json()) == (400, {"detail": "Incorrect credentials."})
    assert (who, stranger, let_in) == ("ann", 401, 200)
    assert front.http.post("/login").json() == {"success": True}
    assert front.http.get("/user").json() is None


@pytest.fixture(scope="module")
def shown(front: Front) -> bytes:
    """The picture beside the checkpoint alpha."""
    picture = picture_file()
    (front.folder / "models" / "Stable-diffusion" / "alpha.preview.png").write_bytes(picture)
    return picture


def test_cards_have_their_pictures(front: Front, shown: bytes) -> None:
    """By model, or by the file of either."""
    file = front.folder / "models" / "Stable-diffusion" / "alpha.preview.png"
    by_model = {"page": "Checkpoints", "item": "alpha", "index": 0}

    assert front.http.get("/sd_extra_networks/cover-images", params=by_model).content == shown
    for name in (file, file.with_name("alpha.safetensors")):
        answer = front.http.get("/sd_extra_networks/thumb", params={"filename": str(name)})
        assert (answer.content, answer.headers["Content-Type"]) == (shown, "image/png")
    card = {"page": "checkpoints", "name": "alpha"}
    html = front.http.get("/sd_extra_networks/get-single-card", params=card).json()["html"]
    assert "cover-images?page=checkpoints&item=alpha" in html.replace("%20", " ")


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("thumb", {"filename": "/etc/passwd"}),
        ("thumb", {"filename": "../../../etc/hostname.png"}),
        ("thumb", {"filename": "a\0b"}),
        ("thumb", {}),
        ("cover-images", {"page": "Checkpoints", "item": "zeta"}),
        ("cover-images", {"page": "Shells", "item": "alpha"}),
        ("cover-images", {"page": "Checkpoints", "item": "people_beta"}),
        ("cover-images", {"page": "Checkpoints", "item": "alpha", "index": 1}),
        ("get-single-card", {"page": "Lora", "name": "lost"}),
    ],
)
def test_nothing_else_is_shown(front: Front, shown: bytes, path: str, params: Any) -> None:
    """No file that is no model's picture, whatever the address says."""
    answer = front.http.get(f"/sd_extra_networks/{path}", params=params)

    assert answer.status_code == 404
    assert answer.json()["error"] == "UnknownName"


def test_texts_of_headers_that_are_not_there(front: Front) -> None:
    """An empty object, as A1111 has it."""
    params = {"page": "Lora", "item": "lost"}

    assert front.http.get("/sd_extra_networks/metadata", params=params).json() == {}


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/controlnet/version", {"version": 3}),
        ("/controlnet/model_list?update=true", {"model_list": []}),
        ("/controlnet/settings", {"control_net_unit_count": 0}),
        ("/adetailer/v1/ad_model", {"ad_model": []}),
        ("/sdapi/v1/extensions", []),
        ("/sdapi/v1/sd-modules", []),
    ],
)
def test_lists_of_what_is_not_there_are_empty(front: Front, path: str, answer: object) -> None:
    """So that clients offer nothing they would be refused."""
    assert front.http.get(path).json() == answer


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("detect", '{"controlnet_module": "canny", "controlnet_input_images": ["x"]}'),
        ("render_openpose_json", '[{"people": [], "canvas_width": 64, "canvas_height": 64}]'),
    ],
)
def test_control_is_refused_in_words(front: Front, path: str, body: str) -> None:
    """Nothing is detected or drawn, and that is said."""
    answer = front.http.post(f"/controlnet/{path}", content=body)

    assert answer.status_code == 422
    assert "ControlNet is not to be had here yet" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["server-kill", "server-restart", "server-stop"])
def test_the_server_is_not_ended_unless_that_was_allowed(front: Front, name: str) -> None:
    """404 that names the flag."""
    answer = front.http.post(f"/sdapi/v1/{name}")

    assert answer.status_code == 404
    assert "--api-server-stop" in answer.json()["detail"]


def test_nobody_starts_this_server_again(tmp_path: Path) -> None:
    """501 without a body, as A1111 answers, and the server stays."""
    with running_front(tmp_path, server={"stops_by_call": True}) as front:
        answer = front.http.post("/sdapi/v1/server-restart")

        assert (answer.status_code, answer.content) == (501, b"")
        assert front.http.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("name", "text"),
    [("server-stop", "Stopping."), ("server-kill", "Stopping."), ("server-restart", "Restarting.")],
)
def test_the_server_ends_in_order(tmp_path: Path, name: str, text: str) -> None:
    """The call is answered, and the process ends as it does on SIGTERM."""
    server = {"stops_by_call": True, "is_started_again": True}
    with running_front(tmp_path, server=server) as front:
        front.wait_until_ready()
        answer = front.http.post(f"/sdapi/v1/{name}")
        code = front.process.wait(30)

    assert (answer.status_code, answer.text, code) == (200, text, 0)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_who_does_not_wait_gets_the_job(front: Front) -> None:
    """202 with its address at once; A1111's answer is under its link when it is over."""
    body = {"prompt": "a cat", "steps": 2, "width": 64, "height": 64, "seed": 7}
    blocking = front.http.post("/sdapi/v1/txt2img", json=body).json()

    begun = front.http.post(
        "/sdapi/v1/txt2img",
        json=body | {"force_task_id": "later"},
        headers={"Prefer": "wait=5, respond-async"},
    )

    job = begun.json()
    assert begun.status_code == 202
    assert begun.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert begun.headers["Preference-Applied"] == "respond-async"
    assert begun.headers["X-Tintype-Job"] == job["id"]
    with front.http.stream("GET", job["links"]["events"]) as events:
        assert "event: end" in events.read().decode()
    later = front.http.get(job["links"]["answer"]).json()
    assert later["images"] == blocking["images"]
    assert json.loads(later["info"])["infotexts"] == json.loads(blocking["info"])["infotexts"]
    seen = front.http.post("/internal/progress", json={"id_task": "later"}).json()
    assert seen["completed"] is True


def test_who_does_not_wait_is_refused_at_once(front: Front) -> None:
    """What could never run makes no job."""
    headers = {"Prefer": "respond-async"}

    answer = front.http.post("/sdapi/v1/txt2img", json={"steps": 0}, headers=headers)

    assert (answer.status_code, "steps" in answer.json()["detail"]) == (422, True)


def test_long_answers_are_packed_for_those_who_take_it(front: Front) -> None:
    """gzip from a thousand bytes on; the same words either way."""
    packed = front.http.get("/sdapi/v1/samplers", headers={"Accept-Encoding": "gzip, br"})
    plain = front.http.get("/sdapi/v1/samplers", headers={"Accept-Encoding": "identity"})
    short = front.http.get("/sdapi/v1/cmd-flags/../extensions")

    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert int(packed.headers["Content-Length"]) < len(plain.content)
    assert packed.json() == plain.json()
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in short.headers


def test_sites_that_may_ask_get_packed_answers_too(tmp_path: Path) -> None:
    """CORS, its preflight and gzip in one answer."""
    site = "http://a.example"
    with running_front(tmp_path, trust={"cors_origins": [site]}) as front:
        asked = {"Origin": site, "Access-Control-Request-Method": "POST"}
        preflight = front.http.options("/sdapi/v1/txt2img/", headers=asked)
        answer = front.http.get("/sdapi/v1/samplers", headers={"Origin": site})

    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == site
    assert answer.headers["Access-Control-Allow-Origin"] == site
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Location" in answer.headers["Access-Control-Expose-Headers"]
