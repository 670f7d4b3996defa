"""Pictures by their addresses, and models in OpenAI's words."""

from collections.abc import Generator
from functools import partial
from pathlib import Path
from time import time
from typing import Any

import httpx
import pytest
from openai import OpenAI
from tests.fakes.front import Front, running_front
from tests.fakes.waiting import until

from tintype.server.trust.kept_secret import kept_secret
from tintype.server.trust.links import LINK_SECRET_FILE, Links

ANN = ("ann", "one")
TRUST = {"passwords": [ANN]}
BODY: dict[str, Any] = {"prompt": "a cat", "size": "64x64", "steps": 2}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with a login; its client brings none."""
    with running_front(tmp_path_factory.mktemp("locked"), trust=TRUST) as running:
        until(lambda: running.http.get("/readyz", auth=ANN).json()["ready"])
        yield running


def made(front: Front, **fields: Any) -> httpx.URL:
    """The address of a new picture."""
    answer = front.http.post("/v1/images/generations", json=BODY | fields, auth=ANN)
    assert answer.status_code == 200, answer.text
    return httpx.URL(answer.json()["data"][0]["url"])


def test_an_address_needs_no_login(locked: Front) -> None:
    """It is one of this server's, as its client calls it."""
    url = made(locked, output_format="webp")
    answer = locked.http.get(url)

    assert (url.host, url.port) == locked.address
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
    assert answer.content[8:12] == b"WEBP"


def test_it_opens_nothing_else(locked: Front) -> None:
    """Other pictures, other times and other names need a signature of their own."""
    url = made(locked)
    other = made(locked)
    query = dict(url.params)

    assert locked.http.get(other.copy_with(params=query)).status_code == 403
    later = query | {"expires": str(int(query["expires"]) + 1)}
    assert locked.http.get(url.copy_with(params=later)).status_code == 403
    assert locked.http.get(url.copy_with(query=None)).status_code == 422
    assert locked.http.get(str(url).replace(".png", ".jpeg")).status_code == 403
    assert locked.http.get(str(url).replace("/0.png", "/0.exe")).status_code == 422
    assert locked.http.get(url.path.rpartition("/")[0]).status_code == 401
    assert locked.http.get(url, auth=("ann", "wrong")).status_code == 200


def test_its_hour_ends(locked: Front) -> None:
    """Then it is refused in words."""
    url = made(locked)
    secret = partial(kept_secret, locked.folder / "data" / LINK_SECRET_FILE, "links")
    answer = locked.http.get(Links(secret, lambda: time() - 3700).signed(url.path))

    assert 3500 < int(url.params["expires"]) - time() < 3700
    assert answer.status_code == 403
    assert "its hour is over" in answer.json()["detail"]


def test_it_goes_with_its_job(locked: Front) -> None:
    """A picture that is forgotten is a 404."""
    url = made(locked)
    job = url.path.split("/")[3]
    locked.http.delete(f"/v1/jobs/{job}", auth=ANN)

    assert locked.http.get(url).status_code == 404


def test_it_outlives_the_server(tmp_path: Path) -> None:
    """The next process on the same data takes it."""
    with running_front(tmp_path, trust=TRUST) as first:
        until(lambda: first.http.get("/readyz", auth=ANN).json()["ready"])
        url = made(first)
        picture = first.http.get(url).content
    with running_front(tmp_path, trust=TRUST) as second:
        again = second.http.get(url.raw_path.decode())

    assert (again.status_code, again.content) == (200, picture)


def test_models(openai: OpenAI) -> None:
    """Every checkpoint is a model; each can be looked at by its name, also in a folder."""
    models = list(openai.models.list())

    assert [model.id for model in models] == ["alpha.safetensors", "people/beta.safetensors"]
    assert {(model.object, model.owned_by) for model in models} == {("model", "tintype")}
    for model in models:
        assert (
            openai.models.retrieve(model.id).model_dump(exclude_unset=True).items()
            >= {
                "id": model.id,
                "created": model.created,
                "object": "model",
            }.items()
        )
    assert openai.models.retrieve("alpha").id == "alpha.safetensors"


def test_models_are_those_asked_for(front: Front) -> None:
    """By kind and name, all on the first page."""

    def ids(**query: Any) -> list[str]:
        said = front.http.get("/v1/models", params=query).json()
        assert said["object"] == "list"
        return [one["id"] for one in said["data"]]

    assert ids(search="beta") == ["people/beta.safetensors"]
    assert ids(limit=1) == ["alpha.safetensors", "people/beta.safetensors"]
    assert ids(limit=1, offset=1) == []
    assert ids(kind="lora") == []


def test_a_model_there_is_none_of(front: Front) -> None:
    """Is a 404 with the choices, with a folder or without."""
    for name in ("zeta", "people/zeta"):
        answer = front.http.get(f"/v1/models/{name}")
        assert answer.status_code == 404
        assert "alpha.safetensors" in answer.json()["detail"]
