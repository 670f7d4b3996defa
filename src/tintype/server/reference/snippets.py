"""A call as somebody would type it: for curl, and in Python."""

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any


def curl_of(base: str, method: str, path: str, call: Mapping[str, Any]) -> str:
    """A command that makes the call.

    Args:
        base: address of the server, without a slash at the end.
        call: the operation in the OpenAPI description.
    """
    address = shlex.quote(base + _path(path, call))
    kind, body = _body(call)
    if kind == "application/json":
        text = shlex.quote(json.dumps(body, ensure_ascii=False))
        verb = "" if method == "POST" else f"-X {method} "
        header = "-H 'Content-Type: application/json'"
        return f"curl {verb}{address} {header} \\\n  -d {text}"
    if kind is not None and kind.startswith("image/"):
        return f"curl {address} -H 'Content-Type: {kind}' --data-binary @picture.png"
    verb = "" if method == "GET" else f"-X {method} "
    return f"curl {verb}{address}{_output(call)}"


def python_of(base: str, method: str, path: str, call: Mapping[str, Any]) -> str:
    """The same with the package httpx."""
    address = json.dumps(base + _path(path, call))
    kind, body = _body(call)
    first = told = ""
    if kind == "application/json":
        first, told = f"body = {_literal(body)}\n", ", json=body"
    elif kind is not None and kind.startswith("image/"):
        told = ', content=open("picture.png", "rb").read()'
    result = "answer.json()" if "application/json" in _kinds(call) else "answer.status_code"
    shown = f"print({result})"
    if (file := _file(call)) is not None:
        shown = f'open("{file}", "wb").write(answer.content)'
    return (
        f"import httpx\n\n{first}"
        f"answer = httpx.{method.lower()}({address}{told}, timeout=None)\n"
        f"answer.raise_for_status()\n{shown}"
    )


def _literal(body: Mapping[str, Any]) -> str:
    lines = (f"    {json.dumps(name)}: {value!r},\n" for name, value in body.items())
    return f"{{\n{''.join(lines)}}}"


def _path(path: str, call: Mapping[str, Any]) -> str:
    """The address with a word for each part that is left open, and the query it needs."""
    address = re.sub(r"\{(\w+)\}", lambda m: "0" if m[1] == "image" else f"<{m[1]}>", path)
    needed = [
        f"{one['name']}={_value(one['schema'])}"
        for one in call.get("parameters", [])
        if one["in"] == "query" and one.get("required")
    ]
    return address + ("?" + "&".join(needed) if needed else "")


def _value(schema: Mapping[str, Any]) -> str:
    return {"boolean": "true", "integer": "0", "number": "0"}.get(schema.get("type", ""), "…")


def _body(call: Mapping[str, Any]) -> tuple[str | None, Any]:
    """The kind of a call's body and its example; JSON where that will do."""
    content: Mapping[str, Any] = call.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        return "application/json", content["application/json"].get("example", {})
    return next(((kind, None) for kind in ("image/png", *content) if kind in content), (None, None))


def _kinds(call: Mapping[str, Any]) -> list[str]:
    """Of the answer when all goes well."""
    return [
        kind
        for status, answer in call["responses"].items()
        if status.startswith("2")
        for kind in answer.get("content", {})
    ]


def _file(call: Mapping[str, Any]) -> str | None:
    for kind in sorted(_kinds(call), key=lambda kind: kind != "image/png"):
        if kind.startswith("image/"):
            return f"picture.{kind.partition('/')[2].replace('*', 'png')}"
        if kind == "application/zip":
            return "images.zip"
    return None


def _output(call: Mapping[str, Any]) -> str:
    if "text/event-stream" in _kinds(call):
        return " -N"
    file = _file(call)
    return "" if file is None else f" -o {file}"
