"""The two pages a person sees: what this is, and which calls there are; from no outside host."""

from html import escape
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from tintype.server.reference import reference_page

router = APIRouter(include_in_schema=False)

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font-family: ui-monospace, monospace; background: #8882; padding: .1rem .3rem }
pre { padding: .8rem; overflow-x: auto }
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


@router.api_route("/", methods=["GET", "HEAD"])
async def home(request: Request) -> HTMLResponse:
    """What this is and where the API is."""
    return _page("Tintype", _HOME.format(base=escape(str(request.base_url))))


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Every call with its fields and examples, from the OpenAPI description."""
    schema = cast("dict[str, Any]", request.app.openapi())
    return HTMLResponse(reference_page(schema, str(request.base_url).rstrip("/")))


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )
