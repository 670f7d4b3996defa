"""What is told of models over HTTP."""

import json
import re
import shlex
import struct
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.front import Front, running_front
from tests.fakes.model_files import CHECKPOINT, LORA, write_model
from tests.fakes.waiting import until

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "models.md"
TAGS = {"1_ink": {"ink": 9, "paper": 4}, "2_more": {"paper": 7, "bad": "x"}}


def png() -> bytes:
    """A picture of one white pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0\xff")
    chunks = chunk(b"IHDR", head), chunk(b"IDAT", pixels), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front over a small tree whose files have all been read and hashed."""
    folder = tmp_path_factory.mktemp("front")
    models = folder / "models"
    write_model(models / "Stable-diffusion" / "tintype-shapes.safetensors", CHECKPOINT)
    write_model(
        models / "Lora" / "ink.safetensors",
        LORA,
        ss_output_name="inkwash",
        ss_network_dim="4",
        ss_base_model_version="sdxl_base_v1-0",
        ss_tag_frequency=json.dumps(TAGS),
        modelspec__license="CC0",
    )
    notes = {"activation text": "ink wash", "preferred weight": 0.8, "notes": "<b>mine</b>"}
    (models / "Lora" / "ink.json").write_text(json.dumps(notes))
    (models / "Lora" / "ink.preview.png").write_bytes(png())
    (models / "Lora" / "wool.safetensors").write_bytes(b"no model at all")
    (models / "Lora" / "wool.png").write_bytes(b"<script>alert(1)</script>")
    write_model(models / "VAE" / "v.safetensors", {"decoder.conv_in.weight": (8, 4, 3, 3)})
    write_model(models / "embeddings" / "moth.safetensors", {"emb_params": (2, 768)})
    with running_front(folder) as running:
        running.wait_until_ready()
        until(lambda: all(m["hashes"]["autov2"] and m["what"] for m in listed(running)))
        yield running


def listed(front: Front, **wanted: Any) -> list[dict[str, Any]]:
    return front.http.get("/v1/models", params=wanted).json()["models"]


def names(front: Front, **wanted: Any) -> list[str]:
    return [model["name"] for model in listed(front, **wanted)]


def test_everything_is_listed(front: Front) -> None:
    """Each kind in its turn, with what the file is, whatever folder it lies in."""
    told = {model["name"]: (model["kind"], model["what"]) for model in listed(front)}
    assert told["tintype-shapes.safetensors"] == ("checkpoint", "a checkpoint")
    assert told["ink"] == ("lora", "a LoRA")
    assert told["wool"] == ("lora", "nothing that can be read")
    assert told["v.safetensors"] == ("vae", "an autoencoder (VAE) alone")
    assert told["moth"] == ("embedding", "a textual inversion embedding")


def test_filters(front: Front) -> None:
    """By kind, by family, by a part of a name or alias in any case."""
    assert names(front, kind="lora") == ["ink", "wool"]
    assert names(front, family="sdxl") == ["ink"]
    assert names(front, family="sd1") == ["tintype-shapes.safetensors", "moth"]
    assert names(front, search="INKW") == ["ink"]
    assert names(front, kind="vae", search="ink") == []


def test_pages(front: Front) -> None:
    """Pages follow each other without a gap, and the last one has no next."""
    every = names(front)
    found: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = front.http.get("/v1/models", params={"limit": 2, "offset": offset}).json()
        assert (page["total"], page["unread"]) == (len(every), 0)
        found += [model["name"] for model in page["models"]]
        offset = page["next"]
    assert found == every


@pytest.mark.parametrize("wanted", [{"kind": "x"}, {"limit": 0}, {"limit": 501}, {"offset": -1}])
def test_impossible_lists(front: Front, wanted: dict[str, str | int]) -> None:
    """What cannot be listed is a 422."""
    assert front.http.get("/v1/models", params=wanted).status_code == 422


@pytest.mark.parametrize("name", ["ink", "INK", "inkwash"])
def test_a_card(front: Front, name: str) -> None:
    """All of a LoRA, by any of its names: header, notes beside it, hashes."""
    card = front.http.get(f"/v1/models/lora/{name}").json()
    assert (card["name"], card["alias"], card["family"], card["rank"]) == (
        "ink",
        "inkwash",
        "sdxl",
        4,
    )
    assert (card["precision"], card["parameters"]) == ("F16", 4 * 8 * 2 + 2 * 2048)
    assert (card["trigger_words"], card["preferred_weight"]) == (["ink wash"], 0.8)
    assert (card["notes"], card["licence"]) == ("mine", "CC0")
    assert card["tags"] == [["paper", 11], ["ink", 9]]
    assert card["training"]["rank"] == "4"
    assert card["hashes"]["autov3"] == card["hashes"]["autov3"].lower()
    assert len(card["hashes"]["autov3"]) == 12


def test_a_card_of_a_checkpoint(front: Front) -> None:
    """A checkpoint in a subfolder has its title, and what its U-Net answers with."""
    card = front.http.get("/v1/models/checkpoint/tintype-shapes").json()
    assert card["title"] == f"tintype-shapes.safetensors [{card['hashes']['autov2']}]"
    assert card["prediction"] == "eps"
    beta = front.http.get("/v1/models/checkpoint/people/beta.safetensors").json()
    assert beta["link"] == "/v1/models/checkpoint/people/beta.safetensors"
    assert beta["error"]


def test_pictures(front: Front) -> None:
    """A preview is sent as what it is; what is no picture is not sent."""
    card = front.http.get("/v1/models/lora/ink").json()
    picture = front.http.get(card["preview"])
    assert (picture.content, picture.headers["content-type"]) == (png(), "image/png")
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert front.http.get("/v1/models/lora/wool/preview").status_code == 404


@pytest.mark.parametrize("name", ["nobody", "..%2F..%2Fetc%2Fpasswd", "nobody/preview"])
@pytest.mark.parametrize("kind", ["lora", "vae", "embedding", "upscaler"])
def test_unknown_models(front: Front, kind: str, name: str) -> None:
    """A model that is not there is a 404 in words."""
    answer = front.http.get(f"/v1/models/{kind}/{name}")
    assert (answer.status_code, answer.json()["error"]) == (404, "UnknownName")


def test_no_name_at_all_is_unknown(front: Front) -> None:
    """Where requests mean the default checkpoint by no name, here it is a mistake in the link."""
    assert front.http.get("/v1/models/checkpoint/").status_code == 404


def test_loras_look_as_a1111_shows_them(front: Front) -> None:
    """Metadata of the header, trainers' first, what looks like JSON unfolded."""
    ink, wool = front.http.get("/sdapi/v1/loras").json()
    assert list(ink) == ["name", "alias", "path", "metadata"]
    assert (ink["name"], ink["alias"]) == ("ink", "inkwash")
    assert ink["metadata"]["ss_tag_frequency"] == TAGS
    assert list(ink["metadata"])[-1] == "modelspec.license"
    assert wool["metadata"] == {}


def test_hashes_become_known(front: Front) -> None:
    """/sd-models shows hashes of files that nobody has used."""
    for model in front.http.get("/sdapi/v1/sd-models").json():
        assert model["title"].endswith(f" [{model['hash']}]")
        assert model["sha256"].startswith(model["hash"])


@pytest.mark.parametrize("call", re.findall(r"^curl .*$", PAGE.read_text(), re.MULTILINE))
def test_calls_of_the_page_work(front: Front, call: str) -> None:
    """Each one is answered; the demo model has no picture."""
    url = next(word for word in shlex.split(call) if word.startswith("http"))
    answer = front.http.get(url.removeprefix("http://127.0.0.1:7860"))
    assert answer.status_code == (404 if url.endswith("preview") else 200)


def test_every_field_is_on_the_page(front: Front) -> None:
    """By its name."""
    page = PAGE.read_text()
    for field in front.http.get("/v1/models/lora/ink").json():
        assert f"`{field}`" in page, field
