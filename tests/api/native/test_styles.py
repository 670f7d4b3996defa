"""Styles, kept where A1111 keeps them."""

from pathlib import Path

import pytest
from tests.fakes.front import Front, running_front

FILE = "\ufeffname,prompt,negative_prompt,mine\r\n# old ones,,,\r\nink,pen,,note\r\n"


def test_styles_of_another_program(tmp_path: Path) -> None:
    """A style is changed in the file beside the models; all else in it stays byte for byte."""
    (tmp_path / "styles.csv").write_bytes(FILE.encode())
    with running_front(tmp_path) as front:
        body = {"prompt": "{prompt}, pen", "negative_prompt": "colour"}
        assert front.http.put("/v1/styles/ink", json=body).json() == {"name": "ink", **body}
        assert front.http.put("/v1/styles/oil", json={"prompt": "oil"}).status_code == 200
        listed = front.http.get("/sdapi/v1/prompt-styles").json()

    assert [style["name"] for style in listed] == ["ink", "oil"]
    changed = FILE.replace("ink,pen,,note", 'ink,"{prompt}, pen",colour,note') + "oil,oil,,\r\n"
    assert (tmp_path / "styles.csv").read_bytes().decode() == changed


def test_without_a_file(front: Front) -> None:
    """The first style makes one, the next picture wears it, and the last can go."""
    http = front.http
    assert http.get("/v1/styles").json() == {"styles": []}
    assert http.put("/v1/styles/in%20ink", json={"prompt": "{prompt}, ink"}).status_code == 200
    info = front.txt2img("a cat", styles=["in ink"]).json()["info"]
    assert "a cat, ink" in info
    assert http.delete("/v1/styles/in%20ink").status_code == 204
    assert http.get("/v1/styles").json() == {"styles": []}
    missing = http.delete("/v1/styles/in%20ink")
    assert (missing.status_code, "not known" in missing.json()["detail"]) == (404, True)


@pytest.mark.parametrize("name", ["%23comment", "%20blank", "a%07bell"])
def test_names_that_would_not_come_back(front: Front, name: str) -> None:
    """422: the file could not tell them from comments, or from others."""
    assert front.http.put(f"/v1/styles/{name}", json={}).status_code == 422


def test_fields_that_are_not_known(front: Front) -> None:
    """422, as everywhere in this API."""
    assert front.http.put("/v1/styles/x", json={"text": "y"}).status_code == 422
