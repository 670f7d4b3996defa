"""Pictures that are kept on disk, over HTTP."""

import io
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from PIL import Image
from tests.fakes.front import Front, running_front
from tests.fakes.waiting import until

from tintype.imaging import encoded
from tintype.keystore import KEYS_FILE, KeyStore

INFOTEXT = "an old tree\nSteps: 8, Sampler: Heun, Seed: 77, Size: 40x20, Model: elm"


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with a picture of another program in its outputs."""
    folder = tmp_path_factory.mktemp("front")
    old = folder / "data" / "outputs" / "txt2img-images" / "2023-01-02" / "00000-77.png"
    old.parent.mkdir(parents=True)
    old.write_bytes(encoded(Image.new("RGB", (40, 20), "red"), "png", INFOTEXT))
    os.utime(old, (1_672_660_800, 1_672_660_800))
    with running_front(folder) as running:
        running.wait_until_ready()
        until(lambda: listed(running, seed=77))
        yield running


def listed(front: Front, **query: Any) -> list[dict[str, Any]]:
    answer = front.http.get("/v1/images", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["images"]


def uploaded(
    http: httpx.Client, prompt: str = "mine", kind: str = "png", **size: int
) -> dict[str, Any]:
    """A picture of one's own, added."""
    picture = Image.new("RGB", (size.get("width", 32), size.get("height", 16)), "blue")
    text = f"{prompt}\nSteps: 4, Sampler: Euler, Seed: 3"
    answer = http.post("/v1/images", content=encoded(picture, kind, text))
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == answer.json()["links"]["self"]
    return answer.json()


def test_what_was_there_before(front: Front) -> None:
    """A picture that another program left is found, with all its infotext says."""
    (one,) = listed(front, search="tree")
    assert (one["model"], one["sampler"], one["seed"], one["steps"]) == ("elm", "Heun", 77, 8)
    assert (one["width"], one["height"], one["made"]) == (40, 20, 1_672_660_800)

    full = front.http.get(one["links"]["self"]).json()
    assert full["infotext"] == INFOTEXT
    assert full["parameters"]["Size-1"] == "40"


def test_a_kept_picture_is_listed_at_once(front: Front) -> None:
    """With the job that made it; its file is the one on disk."""
    answer = front.txt2img("a blue moon", save_images=True)
    job = answer.headers["X-Tintype-Job"]
    (one,) = listed(front, search="moon")

    assert listed(front, job=job) == [one]
    assert one["links"]["job"] == f"/v1/jobs/{job}"
    file = front.http.get(one["links"]["file"])
    assert file.headers["Content-Type"] == "image/png"
    assert file.content == (front.folder / "data" / "outputs" / one["path"]).read_bytes()


@pytest.mark.parametrize(
    "query",
    [
        {"search": "TRE old"},
        {"model": "ELM"},
        {"sampler": "heun"},
        {"seed": 77},
        {"to": "2023-01-02"},
        {"from": "2023-01-02", "to": "2023-01-02T23:00"},
        {"from": 1_672_660_800, "to": "1672660800.5"},
        {"starred": False, "sheets": False, "search": "tree"},
    ],
)
def test_searches(front: Front, query: dict[str, Any]) -> None:
    """Each condition finds the old picture, and it alone."""
    assert [one["seed"] for one in listed(front, **query)] == [77]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"search": "***"}, "expected words"),
        ({"from": "yesterday"}, "expected a date"),
        ({"to": "2023-13-01"}, "expected a date"),
        ({"to": "1e999"}, "expected a date"),
        ({"cursor": "; DROP"}, "of another page"),
        ({"limit": 0}, "greater than"),
        ({"seed": 10**30}, "less than"),
        ({"starred": "perhaps"}, "boolean"),
    ],
)
def test_searches_that_make_no_sense(front: Front, query: dict[str, Any], words: str) -> None:
    """422, and what was expected."""
    answer = front.http.get("/v1/images", params=query)
    assert answer.status_code == 422
    assert words in answer.text


def test_pages(front: Front) -> None:
    """`next` leads through all of them, each once."""
    ids = {uploaded(front.http, "page")["id"] for _ in range(5)}
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"search": "page", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = front.http.get("/v1/images", params=query).json()
        assert page["total"] == 5
        seen += [one["id"] for one in page["images"]]
        cursor = page["next"]
    assert len(seen) == 5
    assert set(seen) == ids


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_of_ones_own(front: Front, kind: str) -> None:
    """It is kept byte for byte, whatever its kind, and what it says of itself is read."""
    one = uploaded(front.http, f"own {kind}", kind)
    assert (one["seed"], one["prompt"]) == (3, f"own {kind}")
    file = front.http.get(one["links"]["file"])
    assert file.headers["Content-Type"] == f"image/{kind}"
    assert Image.open(io.BytesIO(file.content)).size == (32, 16)


@pytest.mark.parametrize("data", [b"", b"no picture", b"<svg xmlns='x'/>", b'{"image": "x"}'])
def test_uploads_that_are_no_pictures(front: Front, data: bytes) -> None:
    """422 in words, and nothing is kept."""
    before = front.http.get("/v1/images").json()["total"]
    answer = front.http.post("/v1/images", content=data)
    assert answer.status_code == 422
    assert "expected" in answer.json()["detail"]
    assert front.http.get("/v1/images").json()["total"] == before


def test_a_torn_upload(front: Front) -> None:
    """A picture that cannot be unpacked is refused, too."""
    noise = Image.frombytes("RGB", (64, 64), os.urandom(64 * 64 * 3))
    answer = front.http.post("/v1/images", content=encoded(noise, "png", None)[:-4000])
    assert answer.status_code == 422
    assert "torn" in answer.json()["detail"]


def test_file_and_thumbnail_are_cached(front: Front) -> None:
    """Whoever has it is told so; a part of a file may be asked for."""
    links = uploaded(front.http, width=600, height=300)["links"]
    for path in (links["file"], links["thumbnail"]):
        first = front.http.get(path)
        again = front.http.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    part = front.http.get(links["file"], headers={"Range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize(
    ("side", "size"), [(128, (128, 64)), (512, (512, 256)), (1024, (600, 300))]
)
def test_thumbnails(front: Front, side: int, size: tuple[int, int]) -> None:
    """WebP, as long as asked for, never larger than the picture."""
    one = uploaded(front.http, width=600, height=300)
    answer = front.http.get(f"{one['links']['self']}/thumbnail", params={"side": side})
    assert answer.headers["Content-Type"] == "image/webp"
    assert Image.open(io.BytesIO(answer.content)).size == size


def test_other_sides(front: Front) -> None:
    """422 with the choices."""
    one = uploaded(front.http)
    answer = front.http.get(f"{one['links']['self']}/thumbnail", params={"side": 77})
    assert answer.status_code == 422
    assert "128, 256, 512 or 1024" in answer.text


def test_stars_tags_and_boards(front: Front) -> None:
    """What is not named stays, null takes the board away; lists go by them."""
    one = uploaded(front.http)
    here = one["links"]["self"]
    change = {"starred": True, "tags": ["b", " a ", "b"], "board": "best"}
    assert front.http.patch(here, json=change).status_code == 200
    assert [p["id"] for p in listed(front, starred=True, tag="a", board="best")] == [one["id"]]

    changed = front.http.patch(here, json={"board": None}).json()
    assert (changed["starred"], changed["tags"], changed["board"]) == (True, ["a", "b"], None)


@pytest.mark.parametrize(
    "change", [{"starred": 7}, {"tags": [""]}, {"tags": ["x"] * 51}, {"stars": True}, {"board": ""}]
)
def test_changes_that_make_no_sense(front: Front, change: dict[str, Any]) -> None:
    """422, and nothing is changed."""
    one = uploaded(front.http)
    assert front.http.patch(one["links"]["self"], json=change).status_code == 422
    assert front.http.get(one["links"]["self"]).json()["tags"] == []


def test_trash_and_back(front: Front) -> None:
    """A picture thrown away is in the trash alone until it is fetched back."""
    one = uploaded(front.http, "waste")
    here, file = one["links"]["self"], front.folder / "data" / "outputs" / one["path"]
    assert front.http.delete(here).status_code == 204
    assert front.http.delete(here).status_code == 204
    assert not file.exists()
    assert listed(front, search="waste") == []
    assert [p["id"] for p in listed(front, search="waste", trash=True)] == [one["id"]]
    assert front.http.get(one["links"]["file"]).status_code == 200

    assert front.http.post(f"{here}/restore").json()["path"] == one["path"]
    assert file.exists()
    assert [p["id"] for p in listed(front, search="waste")] == [one["id"]]


def test_for_ever(front: Front) -> None:
    """Nothing is left of it."""
    one = uploaded(front.http)
    here = one["links"]["self"]
    assert front.http.delete(here, params={"forever": True}).status_code == 204
    assert front.http.get(here).status_code == 404
    assert not (front.folder / "data" / "outputs" / one["path"]).exists()


def test_many_at_once(front: Front) -> None:
    """A zip of the files under their paths, each once, in the order asked for."""
    pictures = [uploaded(front.http) for _ in range(3)]
    ids = [one["id"] for one in reversed(pictures)]
    answer = front.http.post("/v1/images/zip", json={"ids": [*ids, ids[0]]})
    assert answer.headers["Content-Type"] == "application/zip"
    with ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == [one["path"] for one in reversed(pictures)]


@pytest.mark.parametrize(
    "path", ["", "/file", "/thumbnail", "/../../keys.sqlite/file", "/..%2f..%2fjobs.sqlite"]
)
def test_pictures_that_are_not_there(front: Front, path: str) -> None:
    """404, and no way out of the outputs."""
    assert front.http.get(f"/v1/images/nothing{path}").status_code == 404


def test_links_are_not_followed(front: Front, tmp_path: Path) -> None:
    """A file that was replaced by a link to another is not served."""
    one = uploaded(front.http)
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    file = front.folder / "data" / "outputs" / one["path"]
    file.unlink()
    file.symlink_to(secret)
    for answer in (
        front.http.get(one["links"]["file"]),
        front.http.get(one["links"]["thumbnail"]),
        front.http.post("/v1/images/zip", json={"ids": [one["id"]]}),
    ):
        assert answer.status_code == 404


def test_whose_pictures(tmp_path: Path) -> None:
    """One sees and changes one's own; who manages, everybody's."""
    (tmp_path / "data").mkdir()
    keys = KeyStore(tmp_path / "data" / KEYS_FILE)
    made = {name: keys.add(name, ("paint", "see")) for name in ("ana", "bob")}
    made["boss"] = keys.add("boss")
    with running_front(tmp_path) as front:

        def client(name: str) -> httpx.Client:
            headers = {"Authorization": f"Bearer {made[name]}"}
            return httpx.Client(base_url=front.url, headers=headers, timeout=60.0)

        with client("ana") as ana, client("bob") as bob, client("boss") as boss:
            one = uploaded(ana)
            here = one["links"]["self"]
            assert one["owner"] == "ana"
            assert [
                bob.get("/v1/images").json()["total"],
                boss.get("/v1/images").json()["total"],
            ] == [
                0,
                1,
            ]
            foreign = [
                bob.get(here),
                bob.get(f"{here}/file"),
                bob.get(f"{here}/thumbnail"),
                bob.patch(here, json={"starred": True}),
                bob.delete(here),
                bob.post(f"{here}/restore"),
                bob.post("/v1/images/zip", json={"ids": [one["id"]]}),
                bob.post("/v1/verify", json={"id": one["id"]}),
            ]
            assert [answer.status_code for answer in foreign] == [404] * 8
            assert foreign[0].json()["detail"] == bob.get("/v1/images/x").json()["detail"].replace(
                "'x'", f"'{one['id']}'"
            )
            assert boss.delete(here).status_code == 204
            assert bob.put("/v1/styles/x", json={}).status_code == 403


def test_where_to_begin(front: Front) -> None:
    """GET /v1 says what this is, and its links lead somewhere."""
    told = front.http.get("/v1").json()
    assert told["name"] == "tintype"
    for name in ("jobs", "images", "models", "styles", "status", "openapi", "docs", "ready"):
        assert front.http.get(told["links"][name]).status_code == 200, name
