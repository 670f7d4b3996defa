"""The one table from route to right."""

import re
from dataclasses import dataclass
from functools import cache

from tintype.core.rights import Right

PROBES = frozenset({"/healthz", "/livez", "/startupz", "/readyz"})
"""Answered without a login, but then with yes or no alone."""


@dataclass(frozen=True, slots=True)
class Row:
    """A route, or several.

    Attributes:
        method: of HTTP; HEAD and OPTIONS count as GET.
        path: `{name}` stands for one part of it, `{name:path}` for any number of parts.
        right: what it takes; None for an address whose signature is all it takes.
        paints: a request for pictures, which counts against a rate.
    """

    method: str
    path: str
    right: Right | None
    paints: bool = False


TABLE: tuple[Row, ...] = (
    Row("GET", "/", "see"),
    Row("GET", "/docs", "see"),
    Row("GET", "/openapi.json", "see"),
    Row("GET", "/metrics", "see"),
    *(Row("GET", path, "see") for path in sorted(PROBES)),
    Row("GET", "/internal/sysinfo", "manage"),  # tells folders and flags of the machine
    Row("GET", "/internal/sysinfo-download", "manage"),
    Row("GET", "/internal/{name}", "see"),
    Row("POST", "/internal/progress", "see"),
    Row("GET", "/sd_extra_networks/{name}", "see"),
    Row("GET", "/queue/status", "see"),
    Row("GET", "/config", "see"),
    Row("POST", "/login", "see"),
    Row("GET", "/login_check", "see"),
    Row("GET", "/user", "see"),
    Row("GET", "/controlnet/{name}", "see"),
    Row("POST", "/controlnet/{name}", "paint"),
    Row("GET", "/adetailer/v1/{name}", "see"),
    Row("POST", "/sdapi/v1/txt2img", "paint", paints=True),
    Row("POST", "/sdapi/v1/img2img", "paint", paints=True),
    Row("POST", "/sdapi/v1/extra-single-image", "paint", paints=True),
    Row("POST", "/sdapi/v1/extra-batch-images", "paint", paints=True),
    Row("POST", "/sdapi/v1/interrogate", "paint", paints=True),
    Row("POST", "/sdapi/v1/interrupt", "paint"),
    Row("POST", "/sdapi/v1/skip", "paint"),
    Row("POST", "/sdapi/v1/png-info", "see"),
    Row("POST", "/sdapi/v1/options", "manage"),
    Row("POST", "/sdapi/v1/refresh-checkpoints", "manage"),
    Row("POST", "/sdapi/v1/refresh-vae", "manage"),
    Row("POST", "/sdapi/v1/refresh-loras", "manage"),
    Row("POST", "/sdapi/v1/refresh-embeddings", "manage"),
    Row("POST", "/sdapi/v1/unload-checkpoint", "manage"),
    Row("POST", "/sdapi/v1/reload-checkpoint", "manage"),
    Row("POST", "/sdapi/v1/server-{what}", "manage"),
    Row("POST", "/sdapi/v1/create/{what}", "manage"),
    Row("POST", "/sdapi/v1/train/{what}", "manage"),
    Row("GET", "/sdapi/v1/{name}", "see"),
    Row("POST", "/v1/jobs", "paint", paints=True),
    Row("POST", "/v1/jobs/{job}/{verb}", "paint"),
    Row("DELETE", "/v1/jobs", "paint"),
    Row("DELETE", "/v1/jobs/{job}", "paint"),
    Row("GET", "/v1/jobs", "see"),
    Row("GET", "/v1/jobs/{job}", "see"),
    Row("GET", "/v1/jobs/{job}/{part:path}", "see"),
    Row("POST", "/v1/captions", "paint", paints=True),
    Row("POST", "/v1/upscales", "paint", paints=True),
    Row("POST", "/v1/forecast", "paint"),
    Row("POST", "/v1/images/generations", "paint", paints=True),
    Row("POST", "/v1/images/edits", "paint", paints=True),
    Row("POST", "/v1/images/variations", "paint", paints=True),
    Row("GET", "/v1/pictures/{job}/{file}", None),
    Row("GET", "/v1/status", "see"),
    Row("GET", "/v1", "see"),
    Row("GET", "/v1/images", "see"),
    Row("GET", "/v1/images/{image}", "see"),
    Row("GET", "/v1/images/{image}/{part}", "see"),
    Row("POST", "/v1/images/zip", "see"),
    Row("POST", "/v1/images", "paint"),
    Row("PATCH", "/v1/images/{image}", "paint"),
    Row("DELETE", "/v1/images/{image}", "paint"),
    Row("POST", "/v1/images/{image}/restore", "paint"),
    Row("GET", "/v1/styles", "see"),
    Row("PUT", "/v1/styles/{name}", "manage"),
    Row("DELETE", "/v1/styles/{name}", "manage"),
    Row("POST", "/v1/verify", "paint", paints=True),
    Row("GET", "/v1/models", "see"),
    Row("GET", "/v1/models/{name:path}", "see"),
    Row("GET", "/v1/wildcards", "see"),
    Row("GET", "/v1/wildcards/{name:path}", "see"),
    Row("GET", "/v1/presets", "see"),
    Row("GET", "/v1/presets/{name}", "see"),
    Row("PUT", "/v1/presets/{name}", "manage"),
    Row("DELETE", "/v1/presets/{name}", "manage"),
)
"""The first row that fits. Whose a job is, is asked by the routes themselves."""

_UNKNOWN_READ = Row("GET", "", "see")
_UNKNOWN_WRITE = Row("POST", "", "manage")


def row_of(method: str, path: str) -> Row | None:
    """The row of a request, or None where the table has none."""
    method = "GET" if method in ("HEAD", "OPTIONS") else method
    return next(
        (row for row in TABLE if row.method == method and _pattern(row.path).fullmatch(path)), None
    )


def needed(method: str, path: str) -> Row:
    """What a request takes; what is not in the table may be asked for by few."""
    unknown = _UNKNOWN_READ if method in ("GET", "HEAD", "OPTIONS") else _UNKNOWN_WRITE
    return row_of(method, path) or unknown


@cache
def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+(:path)?\}", path)
    text = "".join(
        {None: "[^/]+", ":path": ".*"}[part] if place % 2 else re.escape(part or "")
        for place, part in enumerate(parts)
    )
    return re.compile(text, re.DOTALL)
