"""Autoencoders over HTTP: listed, chosen by options, overrides and infotext, told in answers."""

import hashlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.api.reading import info_of
from tests.fakes.front import Front, running_front

NIGHT = hashlib.sha256(b"night.pt").hexdigest()[:10]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with two checkpoints, an autoencoder for one of them, and another."""
    folder = tmp_path_factory.mktemp("front")
    vaes = folder / "models" / "VAE"
    vaes.mkdir(parents=True)
    for name in ("night.pt", "beta.vae.pt"):
        (vaes / name).write_bytes(name.encode())
    with running_front(folder) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture(autouse=True)
def as_at_first(front: Front) -> Generator[None]:
    """Options are the server's, so each test puts back what it has set."""
    yield
    set_options(front, sd_vae="Automatic", sd_model_checkpoint="alpha")


def set_options(front: Front, **options: object) -> None:
    answer = front.http.post("/sdapi/v1/options", json=options)
    assert (answer.status_code, answer.json()) == (200, None)


def used(front: Front, **fields: Any) -> tuple[str | None, str | None]:
    """Name and hash of the autoencoder an answer tells of."""
    info = info_of(front.txt2img(**fields))
    name, digits = info["sd_vae_name"], info["sd_vae_hash"]
    told = f", VAE hash: {digits}, VAE: {name}," in info["infotexts"][0]
    assert told == (name is not None)
    return name, digits


def test_the_list(front: Front) -> None:
    """Name and file of each, by name."""
    folder = front.folder / "models" / "VAE"
    assert front.http.get("/sdapi/v1/sd-vae").json() == [
        {"model_name": name, "filename": str(folder / name)} for name in ("beta.vae.pt", "night.pt")
    ]


def test_refresh(front: Front) -> None:
    """A file that came later is listed after `refresh-vae`, which answers null."""
    late = front.folder / "models" / "VAE" / "late.pt"
    late.write_bytes(b"late")
    answer = front.http.post("/sdapi/v1/refresh-vae")
    names = [one["model_name"] for one in front.http.get("/sdapi/v1/sd-vae").json()]
    late.unlink()
    front.http.post("/sdapi/v1/refresh-vae")
    assert (answer.status_code, answer.json()) == (200, None)
    assert "late.pt" in names


def test_automatic(front: Front) -> None:
    """Each checkpoint has its own, or the one named after it."""
    assert used(front) == (None, None)
    beta = used(front, override_settings={"sd_model_checkpoint": "beta"})
    assert beta == ("beta.vae.pt", hashlib.sha256(b"beta.vae.pt").hexdigest()[:10])


def test_an_override(front: Front) -> None:
    """An override decides about its own request alone."""
    assert used(front, override_settings={"sd_vae": "night.pt"}) == ("night.pt", NIGHT)
    assert used(front, override_settings={"sd_vae": "Night"}) == ("night.pt", NIGHT)
    assert used(front) == (None, None)


def test_an_option(front: Front) -> None:
    """The server's option decides about later requests, and is shown by the file's name."""
    set_options(front, sd_vae="NIGHT")
    assert front.http.get("/sdapi/v1/options").json()["sd_vae"] == "night.pt"
    assert used(front) == ("night.pt", NIGHT)
    assert used(front, override_settings={"sd_vae": "None"}) == (None, None)
    own = {"sd_vae_overrides_per_model_preferences": False, "sd_model_checkpoint": "beta"}
    assert used(front, override_settings=own)[0] == "beta.vae.pt"


@pytest.mark.parametrize("is_override", [True, False])
def test_unknown(front: Front, is_override: bool) -> None:  # noqa: FBT001 - a parameter
    """A name that is in no list is refused with the choices, and nothing is changed."""
    if is_override:
        answer = front.txt2img(override_settings={"sd_vae": "lost.pt"})
    else:
        answer = front.http.post("/sdapi/v1/options", json={"sd_vae": "lost.pt"})
    assert answer.status_code == 404
    for word in ("lost.pt", "Automatic", "None", "beta.vae.pt", "night.pt"):
        assert word in answer.json()["detail"]
    assert front.http.get("/sdapi/v1/options").json()["sd_vae"] == "Automatic"


def test_from_an_infotext(front: Front) -> None:
    """A pasted infotext brings its autoencoder; one that is not here is told, and left out."""
    told = info_of(front.txt2img(override_settings={"sd_vae": "night.pt"}))["infotexts"][0]
    assert used(front, infotext=told) == ("night.pt", NIGHT)
    answer = front.txt2img(infotext=told.replace("night.pt", "lost.pt"))
    assert info_of(answer)["sd_vae_name"] is None
    assert "'lost.pt'" in answer.json()["warnings"][0]


def test_what_infotext_keeps_to_itself(front: Front) -> None:
    """Options leave the name or the hash out of infotext; `info` has them all the same."""
    options = {"sd_vae": "night", "add_vae_name_to_info": False, "add_vae_hash_to_info": False}
    info = info_of(front.txt2img(override_settings=options))
    assert "VAE" not in info["infotexts"][0]
    assert (info["sd_vae_name"], info["sd_vae_hash"]) == ("night.pt", NIGHT)


def test_jobs_of_our_own(front: Front) -> None:
    """A job may name one, or else has what the options say."""
    job = {"prompt": "a cat", "steps": 2, "width": 64, "height": 64}
    for fields, name in (({"vae": "night"}, "night.pt"), ({}, None), ({"vae": "none"}, None)):
        made = front.http.post("/v1/jobs", json=job | fields).json()
        assert infotext_tells(front, made["id"]) == name
    set_options(front, sd_vae="night.pt")
    made = front.http.post("/v1/jobs", json=job).json()
    assert infotext_tells(front, made["id"]) == "night.pt"
    assert front.http.post("/v1/jobs", json=job | {"vae": "lost"}).status_code == 404


def infotext_tells(front: Front, job_id: str) -> str | None:
    """The autoencoder in the infotext of a job's picture."""
    front.http.get(f"/v1/jobs/{job_id}/events")  # ends with the job
    picture = front.http.get(f"/v1/jobs/{job_id}/images/0").content
    start = picture.find(b", VAE: ")
    return None if start < 0 else picture[start + 7 :].split(b",")[0].decode()


def test_the_one_of_the_command_line(tmp_path: Path) -> None:
    """With `--vae-path` there is no choice."""
    path = tmp_path / "all.safetensors"
    path.write_bytes(b"all")
    with running_front(tmp_path, vae_path=str(path)) as front:
        front.wait_until_ready()
        assert used(front)[0] == "all.safetensors"
        assert used(front, override_settings={"sd_vae": "None"})[0] == "all.safetensors"
