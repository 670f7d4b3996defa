"""What the OpenAPI description says beyond the routes themselves.

Clients are generated from it, so the names of calls never change: our own are in a table, all
others come from method and path, which A1111's clients hold still.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi.routing import APIRoute

from tintype.server.reference.examples import EXAMPLES

_NAMES: Mapping[tuple[str, str], str] = {
    ("GET", "/v1"): "getRoot",
    ("POST", "/v1/jobs"): "createJob",
    ("GET", "/v1/jobs"): "listJobs",
    ("DELETE", "/v1/jobs"): "cancelJobs",
    ("GET", "/v1/jobs/{job_id}"): "getJob",
    ("DELETE", "/v1/jobs/{job_id}"): "deleteJob",
    ("POST", "/v1/jobs/{job_id}/cancel"): "cancelJob",
    ("POST", "/v1/jobs/{job_id}/interrupt"): "interruptJob",
    ("POST", "/v1/jobs/{job_id}/promote"): "promoteJob",
    ("GET", "/v1/jobs/{job_id}/images/{image}"): "getJobImage",
    ("GET", "/v1/jobs/{job_id}/events"): "followJob",
    ("GET", "/v1/jobs/{job_id}/answer"): "getJobAnswer",
    ("POST", "/v1/forecast"): "forecastJob",
    ("POST", "/v1/upscales"): "createUpscale",
    ("POST", "/v1/captions"): "createCaption",
    ("GET", "/v1/models"): "listModels",
    ("GET", "/v1/models/{name}"): "getCheckpoint",
    ("GET", "/v1/models/{kind}/{name:path}"): "getModel",
    ("GET", "/v1/models/{kind}/{name:path}/preview"): "getModelPreview",
    ("GET", "/v1/images"): "listImages",
    ("POST", "/v1/images"): "addImage",
    ("GET", "/v1/images/{image_id}"): "getImage",
    ("PATCH", "/v1/images/{image_id}"): "changeImage",
    ("DELETE", "/v1/images/{image_id}"): "deleteImage",
    ("POST", "/v1/images/{image_id}/restore"): "restoreImage",
    ("GET", "/v1/images/{image_id}/file"): "getImageFile",
    ("GET", "/v1/images/{image_id}/thumbnail"): "getImageThumbnail",
    ("POST", "/v1/images/zip"): "zipImages",
    ("POST", "/v1/images/generations"): "openaiGenerate",
    ("POST", "/v1/images/edits"): "openaiEdit",
    ("POST", "/v1/images/variations"): "openaiVary",
    ("GET", "/v1/pictures/{job_id}/{image}.{kind}"): "openaiPicture",
    ("GET", "/v1/status"): "getStatus",
}

TAGS: list[dict[str, str]] = [
    {"name": "server", "description": "What this is, and where to go on."},
    {"name": "jobs", "description": "Pictures: a job is answered at once, and goes on by itself."},
    {"name": "images", "description": "The pictures that are kept on disk: search, mark, fetch."},
    {"name": "models", "description": "Checkpoints, LoRAs, VAEs and all the other model files."},
    {"name": "styles", "description": "Words under a name, put around prompts."},
    {"name": "presets", "description": "Sets of a job's fields under a name."},
    {"name": "wildcards", "description": "Lists of words that prompts draw from."},
    {"name": "captions", "description": "What is in a picture, in words."},
    {"name": "upscales", "description": "Pictures made larger, as jobs."},
    {"name": "openai", "description": "Pictures for OpenAI's clients, in their words."},
    {"name": "sdapi", "description": "A1111's calls, in its words; they wait for their pictures."},
    {"name": "internal", "description": "What A1111's own page asks besides."},
    {"name": "gradio", "description": "What clients ask of the page A1111 is made with."},
    {"name": "cards", "description": "Pictures and notes of models, as A1111's page has them."},
    {"name": "controlnet", "description": "The extension's calls, so that its clients go on."},
    {"name": "adetailer", "description": "The extension's calls, so that its clients go on."},
    {"name": "health", "description": "Probes: does it live, was it ever ready, is it now?"},
    {"name": "seeing", "description": "How everything is: numbers and states."},
]
"""In the order in which they are shown."""


def operation_id(route: APIRoute) -> str:
    """The name of a call, the same in every version: by the table, or from method and path."""
    method = min(route.methods or {"GET"})
    return _NAMES.get((method, route.path)) or _from_path(method, route.path)


def with_examples(schema: dict[str, Any]) -> dict[str, Any]:
    """The description, with an example in every body that has one in the table."""
    for (method, path), example in EXAMPLES.items():
        call = schema["paths"].get(path, {}).get(method.lower(), {})
        for kind, content in call.get("requestBody", {}).get("content", {}).items():
            if kind in ("application/json", "multipart/form-data"):
                content.setdefault("example", example)
    return schema


def _from_path(method: str, path: str) -> str:
    words = [word for part in path.split("/") for word in _words(part)]
    return method.lower() + "".join(word[:1].upper() + word[1:] for word in words)


def _words(part: str) -> Iterator[str]:
    if part in ("", "v1"):
        return
    if part.startswith("{"):
        yield "by"
        part = part.strip("{}").partition(":")[0]
    yield from re.findall(r"[A-Za-z0-9]+", part)
