"""Our calls beside those of A1111, as recorded: routes, fields, defaults, keys and JSON types.

What differs on purpose stands in a list with its reason; whatever else differs is a mistake.
"""

import json
from pathlib import Path
from typing import Any, cast

import pytest
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, picture_file

RECORDED = Path(__file__).parent / "recorded"
CONTRACT: dict[str, dict[str, Any]] = json.loads((RECORDED / "contract.json").read_text())
ANSWERS: dict[str, Any] = json.loads((RECORDED / "answers.json").read_text())
PICTURE = as_text(picture_file())

LATER = (  # routes of 1.10, of Forge, of A1111's page and of extensions that clients ask for
    "GET /sdapi/v1/schedulers",
    "GET /sdapi/v1/sd-modules",
    "POST /sdapi/v1/server-kill",
    "POST /sdapi/v1/server-restart",
    "POST /sdapi/v1/server-stop",
    "GET /internal/ping",
    "POST /internal/progress",
    "GET /internal/pending-tasks",
    "GET /internal/quicksettings-hint",
    "GET /internal/profile-startup",
    "GET /internal/sysinfo",
    "GET /internal/sysinfo-download",
    "GET /sd_extra_networks/thumb",
    "GET /sd_extra_networks/cover-images",
    "GET /sd_extra_networks/metadata",
    "GET /sd_extra_networks/get-single-card",
    "GET /queue/status",
    "GET /config",
    "POST /login",
    "GET /login_check",
    "GET /user",
    "GET /controlnet/version",
    "GET /controlnet/model_list",
    "GET /controlnet/module_list",
    "GET /controlnet/control_types",
    "GET /controlnet/settings",
    "POST /controlnet/detect",
    "POST /controlnet/render_openpose_json",
    "GET /adetailer/v1/version",
    "GET /adetailer/v1/schema",
    "GET /adetailer/v1/ad_model",
)
MISSING: dict[str, str] = {  # route → why there is none
}
OTHER_FIELDS: dict[tuple[str, str], str] = {  # route and field → why it is not as recorded
    ("POST /sdapi/v1/img2img", "denoising_strength"): "null is refused as in A1111, only earlier",
}
OTHER_ANSWERS: dict[str, str] = {  # a place in an answer → why it is not as recorded
    "/sdapi/v1/script-info[].args[].value": "each argument has its own type",
    "/sdapi/v1/script-info[].args[].choices": "A1111 has none for some of its lists",
}
MAPS = (  # places whose keys are names, so that only their values are compared
    "/sdapi/v1/embeddings.loaded",
    "/sdapi/v1/samplers[].options",
    "/sdapi/v1/loras[].metadata",
)
"""Types are those of JSON; null in either answer stands for any."""


@pytest.fixture(scope="module")
def described(front: Front) -> dict[str, Any]:
    """What the server says of itself."""
    return front.http.get("/openapi.json").json()


def operations(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


def body_of(described: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """The properties of an operation's body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return described["components"]["schemas"].get(name, {}).get("properties", {})


def types_of(field: dict[str, Any]) -> set[str]:
    kinds = field.get("anyOf", [field])
    return {cast("str", kind["type"]) for kind in kinds if kind.get("type") not in (None, "null")}


def kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {"str": "string", "list": "array"}.get(type(value).__name__, "object")


def differences(ours: Any, theirs: Any, place: str) -> list[str]:
    """Places where a client that was written for the recorded answer would stumble."""
    if ours is None or theirs is None:
        return []
    if kind_of(ours) != kind_of(theirs):
        return [f"{place}: {kind_of(ours)} instead of {kind_of(theirs)}"]
    if isinstance(theirs, list):
        first = cast("list[Any]", theirs)[:1]
        items = cast("list[Any]", ours)
        return [
            text for item in items for one in first for text in differences(item, one, f"{place}[]")
        ]
    if place in MAPS:
        value = next(iter(theirs.values()), None)
        return [text for one in ours.values() for text in differences(one, value, f"{place}.*")]
    if isinstance(theirs, dict):
        return in_objects(ours, cast("dict[str, Any]", theirs), place)
    return []


def in_objects(ours: dict[str, Any], theirs: dict[str, Any], place: str) -> list[str]:
    found = [f"{place}.{key}: missing" for key in theirs if key not in ours]
    for key in theirs:
        if key in ours:
            found += differences(ours[key], theirs[key], f"{place}.{key}")
    return found


def unexplained(found: list[str]) -> list[str]:
    return [text for text in found if text.partition(": ")[0] not in OTHER_ANSWERS]


def test_every_route_is_there(described: dict[str, Any]) -> None:
    """Each with its method; what is missing is listed, and what is listed is missing."""
    there = operations(described).keys()

    assert {route for route in (*CONTRACT, *LATER) if route not in there} == MISSING.keys()


@pytest.mark.parametrize("route", [route for route in CONTRACT if "body" in CONTRACT[route]])
def test_every_field_is_read_with_its_default(described: dict[str, Any], route: str) -> None:
    """Name, JSON type and default of each field of a body."""
    if route in MISSING:
        return
    ours = body_of(described, operations(described)[route])
    for name, field in CONTRACT[route]["body"].items():
        if (route, name) in OTHER_FIELDS:
            continue
        assert name in ours, name
        assert ours[name].get("default") == field.get("default"), name
        assert not types_of(ours[name]) or field["type"] in types_of(ours[name]), name


@pytest.mark.parametrize("route", [route for route in CONTRACT if "query" in CONTRACT[route]])
def test_every_query_parameter_is_read(described: dict[str, Any], route: str) -> None:
    """With its default."""
    parameters = operations(described)[route]["parameters"]
    ours = {one["name"]: one["schema"].get("default") for one in parameters}

    assert ours.items() >= CONTRACT[route]["query"].items()


@pytest.mark.parametrize("path", [path for path in ANSWERS if f"GET {path}" not in MISSING])
def test_answers_have_every_key_of_the_recorded_ones(front: Front, path: str) -> None:
    """Key for key and type for type."""
    ours = front.http.get(path)

    assert ours.status_code == 200
    assert unexplained(differences(ours.json(), ANSWERS[path], path)) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sdapi/v1/txt2img", {"steps": 2, "width": 64, "height": 64}),
        ("/sdapi/v1/img2img", {"steps": 2, "width": 64, "height": 64, "init_images": [PICTURE]}),
        ("/sdapi/v1/extra-single-image", {"image": PICTURE}),
        ("/sdapi/v1/extra-batch-images", {"imageList": [{"data": PICTURE, "name": "x"}]}),
        ("/sdapi/v1/png-info", {"image": PICTURE}),
    ],
)
def test_answers_to_bodies_have_every_key(front: Front, path: str, body: dict[str, Any]) -> None:
    """As A1111's own description promises them."""
    answer = front.http.post(path, json=body).json()
    promised = CONTRACT[f"POST {path}"]["answer"]

    kinds = {name: kind_of(answer[name]) for name in promised if answer[name] is not None}
    assert (
        kinds.items() <= {k: "number" if t == "integer" else t for k, t in promised.items()}.items()
    )


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("interrupt", {}),
        ("skip", None),
        ("refresh-checkpoints", None),
        ("refresh-vae", None),
        ("refresh-loras", None),
        ("refresh-embeddings", None),
        ("unload-checkpoint", {}),
        ("reload-checkpoint", {}),
        ("options", None),
    ],
)
def test_small_answers_are_as_recorded(front: Front, name: str, answer: object) -> None:
    """What those calls say that have nothing to say."""
    told = front.http.post(f"/sdapi/v1/{name}", json=cast("Any", {}))

    assert (told.status_code, told.json()) == (200, answer)
