"""The two pages a person sees: what this is, and which calls there are; from no outside host."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font-family: ui-monospace, monospace; background: #8882; padding: .1rem .3rem }
pre { padding: .8rem; overflow-x: auto }
table { border-collapse: collapse; width: 100%; margin-bottom: 1.5rem }
td, th { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #8885 }
"""

_HOME = """
<h1>Tintype</h1>
<p>A self-hosted Stable Diffusion server that speaks the language of AUTOMATIC1111.
This one is running; a page to work on comes later. Until then, ask it over HTTP:</p>
<pre>curl {base}sdapi/v1/txt2img -H 'Content-Type: application/json' \\
  -d '{{"prompt": "a red star on a blue background", "steps": 20}}'</pre>
<ul>
<li><a href="docs">docs</a>: every call there is
 (<a href="openapi.json">openapi.json</a> for programs)</li>
<li><a href="readyz">readyz</a>: can it take a job, and why not</li>
<li><a href="sdapi/v1/sd-models">sdapi/v1/sd-models</a>: the checkpoints it has found</li>
</ul>
"""


@router.get("/")
async def home(request: Request) -> HTMLResponse:
    """What this is and where the API is."""
    return _page("Tintype", _HOME.format(base=escape(str(request.base_url))))


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Every call with its fields, from the OpenAPI description."""
    schema = cast("dict[str, Any]", request.app.openapi())
    return _page("Tintype API", "\n".join(_calls(schema)))


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _calls(schema: Mapping[str, Any]) -> Iterator[str]:
    yield "<h1>Tintype API</h1>"
    for path, methods in schema["paths"].items():
        for method, call in methods.items():
            yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
            yield f"<p>{escape(call.get('summary', ''))}. {escape(call.get('description', ''))}</p>"
            yield from _fields(_body_of(schema, call))


def _body_of(schema: Mapping[str, Any], call: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of a call's body, or nothing where it has none of its own."""
    content = call.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return schema.get("components", {}).get("schemas", {}).get(name, {}).get("properties", {})


def _fields(properties: Mapping[str, Any]) -> Iterator[str]:
    if not properties:
        return
    yield "<table><tr><th>field</th><th>type</th><th>default</th></tr>"
    for name, field in properties.items():
        default = escape(repr(field.get("default")))
        yield (
            f"<tr><td><code>{escape(name)}</code></td><td>{_type_of(field)}</td>"
            f"<td><code>{default}</code></td></tr>"
        )
    yield "</table>"


def _type_of(field: Mapping[str, Any]) -> str:
    kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
    return escape(" or ".join(kind.get("type", "any") for kind in kinds))
