"""Wildcards and presets over HTTP."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.api.native.client import Jobs
from tests.fakes.front import running_front

SMALL = {"width": 64, "height": 64, "steps": 2, "seed": 7}
WORDS = ("red", "green", "blue")


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Generator[Jobs]:
    """A front with a few wildcards in its data folder, one of them damaged."""
    folder = tmp_path_factory.mktemp("words")
    wildcards = folder / "data" / "wildcards"
    (wildcards / "animals").mkdir(parents=True)
    (wildcards / "colour.txt").write_text("\n".join(WORDS))
    (wildcards / "animals" / "cats.txt").write_text("3::lion\ntiger")
    (wildcards / "broken.yaml").write_text("a: [")
    with running_front(folder) as front:
        front.wait_until_ready()
        yield Jobs(front)


def infotexts(words: Jobs, **fields: Any) -> list[str]:
    """What the pictures of a job say of themselves."""
    made = words.http.post("/v1/jobs", json=SMALL | fields)
    assert made.status_code == 202, made.text
    view = words.rested(made.json()["id"])
    links = [image["link"] for image in view["images"]]
    pngs = [words.http.get(link).content for link in links]
    return [png.split(b"parameters\0", 1)[1].split(b"IDAT")[0].decode("latin-1") for png in pngs]


def test_jobs_draw(words: Jobs) -> None:
    """A job's pictures say what was drawn for each, and from what."""
    texts = infotexts(words, prompt="a __colour__ {cat|cat}", images=4)
    firsts = {text.partition("\n")[0] for text in texts}
    assert firsts <= {f"a {colour} cat" for colour in WORDS}
    assert all("Template: a __colour__ {cat|cat}" in text for text in texts)


def test_a1111_draws_what_is_there(words: Jobs) -> None:
    """A1111's calls draw wildcards that exist; braces are text unless the option is on."""
    body = {**SMALL, "prompt": "{a|b} __colour__ __nobody__"}
    answer = words.http.post("/sdapi/v1/txt2img", json=body).json()
    prompt = json.loads(answer["info"])["prompt"]
    assert prompt in {f"{{a|b}} {colour} __nobody__" for colour in WORDS}
    body |= {"prompt": "{a|b} c", "override_settings": {"wildcards": "on"}}
    answer = words.http.post("/sdapi/v1/txt2img", json=body).json()
    assert json.loads(answer["info"])["prompt"] in ("a c", "b c")
    body |= {"prompt": "__colour__", "override_settings": {"wildcards": "off"}}
    answer = words.http.post("/sdapi/v1/txt2img", json=body).json()
    assert json.loads(answer["info"])["prompt"] == "__colour__"


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"prompt": "__color__"}, 404, "did you mean 'colour'"),
        ({"negative_prompt": "{9999$$a|b}"}, 422, "negative_prompt: it asks for more than"),
        ({"prompt": "x", "text": {"wildcards": "yes"}}, 422, "'on'"),
    ],
)
def test_refusals(words: Jobs, fields: dict[str, Any], status: int, text: str) -> None:
    """What cannot be drawn is refused in words, under the field's name."""
    answer = words.http.post("/v1/jobs", json=SMALL | fields)
    assert answer.status_code == status
    assert text in answer.text


def test_list_wildcards(words: Jobs) -> None:
    """Names, files, links, and files that say nothing."""
    told = words.http.get("/v1/wildcards").json()
    assert [one["name"] for one in told["wildcards"]] == ["animals/cats", "colour"]
    assert told["total"] == 2
    assert "broken.yaml" in told["problems"][0]
    found = words.http.get("/v1/wildcards", params={"search": "CAT", "limit": 1}).json()
    entries = words.http.get(found["wildcards"][0]["link"]).json()
    assert entries["entries"] == [
        {"text": "lion", "weight": 3.0},
        {"text": "tiger", "weight": 1.0},
    ]


@pytest.mark.parametrize("name", ["color", "../colour", "%00", "a" * 5000])
def test_no_such_wildcard(words: Jobs, name: str) -> None:
    """Names are looked up among those that were found, never on the disk."""
    assert words.http.get(f"/v1/wildcards/{name}").status_code == 404


def test_a_preset_stands_in(words: Jobs) -> None:
    """Fields of a preset count where the job leaves them out, inside of objects too."""
    fields = {"steps": 3, "cfg_scale": 5.5, "text": {"emphasis": "Ignore", "wildcards": "off"}}
    made = words.http.put("/v1/presets/mine", json=fields)
    assert made.status_code == 201
    assert words.http.put("/v1/presets/mine", json=fields).status_code == 200
    (text,) = infotexts(words, prompt="(a) {b|b}", preset="mine", steps=2, text={"wildcards": "on"})
    assert text.startswith("(a) b\nSteps: 2")
    assert "CFG scale: 5.5" in text
    assert "Emphasis: Ignore" in text


def test_presets_are_kept(words: Jobs) -> None:
    """They are listed, looked at, deleted, and lie in a file of the data folder."""
    words.http.put("/v1/presets/B side", json={"steps": 3})
    words.http.put("/v1/presets/a", json={"prompt": "é"})
    names = [one["name"] for one in words.http.get("/v1/presets").json()["presets"]]
    assert names.index("a") < names.index("B side")
    kept = json.loads((words.front.folder / "data" / "presets.json").read_text())
    assert kept["a"] == {"prompt": "é"}
    assert words.http.delete("/v1/presets/a").status_code == 204
    assert words.http.get("/v1/presets/a").status_code == 404
    assert words.http.delete("/v1/presets/a").status_code == 404


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"stepz": 3}, "did you mean 'steps'"),
        ({"steps": "3"}, "valid integer"),
        ({"init": {"picture": "x"}}, "leave init out"),
        ({"preset": "other"}, "no field here"),
        ({"prompt": "x" * 70_000}, "65536 bytes"),
        ({"prompt": "\ud800"}, "U+D800 is in it"),
        ([], "dict"),
    ],
)
def test_presets_are_checked(words: Jobs, fields: object, text: str) -> None:
    """A field nobody knows, a wrong type, a picture, or too much is refused when it is kept."""
    headers = {"Content-Type": "application/json"}
    answer = words.http.put("/v1/presets/bad", content=json.dumps(fields), headers=headers)
    assert answer.status_code == 422
    assert text in answer.text


@pytest.mark.parametrize("name", ["a" * 101, "%0a", "a%2Fb"])
def test_names_of_presets(words: Jobs, name: str) -> None:
    """A name is a line of at most a hundred letters without slashes."""
    assert words.http.put(f"/v1/presets/{name}", json={}).status_code in (404, 405, 422)


def test_unknown_presets(words: Jobs) -> None:
    """A job with a preset that is not there is refused with those that are."""
    words.http.put("/v1/presets/there", json={})
    answer = words.http.post("/v1/jobs", json={"preset": "thre"})
    assert answer.status_code == 404
    assert "did you mean 'there'" in answer.json()["detail"]


def test_presets_are_for_our_words(words: Jobs) -> None:
    """Beside a body in A1111's words there is no preset."""
    form = {"tab": "txt2img", "body": {"prompt": "x"}}
    answer = words.http.post("/v1/jobs", json={"sdapi": form, "preset": "mine"})
    assert answer.status_code == 422
    assert "leave it out beside sdapi" in answer.text


def test_damaged_presets(words: Jobs) -> None:
    """A damaged file is set aside, not lost, and the server goes on without."""
    path: Path = words.front.folder / "data" / "presets.json"
    path.write_text('{"a": ')
    assert words.http.get("/v1/presets").json() == {"presets": []}
    (aside,) = path.parent.glob("presets-*.json")
    assert aside.read_text() == '{"a": '
