"""The page that describes every call, made from the OpenAPI description; it loads nothing else."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from tintype.server.reference.snippets import curl_of, python_of

Schema = Mapping[str, Any]

_HERE = Path(__file__).parent
_DEEPEST = 3  # objects within objects
_ANY_INTEGER = 2**63 - 1  # bounds from here on only say that it fits into 64 bits


def reference_page(schema: Schema, base: str) -> str:
    """HTML of all calls: a list to search, and of each what it takes, gives, and looks like.

    Args:
        schema: the OpenAPI description.
        base: address of the server as the reader knows it, without a slash at the end.
    """
    groups = list(_groups(schema))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Tintype API</title><style>{_file('page.css')}</style></head><body>"
        f"{''.join(_navigation(groups))}<main>{''.join(_main(schema, groups, base))}</main>"
        f"<script>{_file('page.js')}</script></body></html>"
    )


@cache
def _file(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


_Call = tuple[str, str, Schema]
_Group = tuple[str, str, list[_Call]]


def _groups(schema: Schema) -> Iterator[_Group]:
    """Name and words of each tag, and its calls by path."""
    calls = [
        (method, path, call)
        for path, methods in schema["paths"].items()
        for method, call in methods.items()
    ]
    order = {tag["name"]: place for place, tag in enumerate(schema.get("tags", []))}
    told = {tag["name"]: tag["description"] for tag in schema.get("tags", [])}

    def tag_of(call: _Call) -> str:
        return call[2].get("tags", ["others"])[0]

    calls.sort(key=lambda call: order.get(tag_of(call), len(order)))
    for name, some in groupby(calls, key=tag_of):
        yield name, told.get(name, ""), list(some)


def _navigation(groups: list[_Group]) -> Iterator[str]:
    yield '<nav aria-label="Calls"><h1><a href="#top">Tintype API</a></h1>'
    yield '<input id="search" type="search" placeholder="Search (press /)" aria-label="Search">'
    yield '<p id="none" hidden>No call has these words.</p>'
    for name, _, calls in groups:
        yield f'<section><h2><a href="#tag-{name}">{name}</a></h2><ul>'
        for method, path, call in calls:
            yield (
                f'<li data-call="{call["operationId"]}"><a href="#{call["operationId"]}">'
                f'<b class="{method}">{method.upper()}</b> {escape(path)}</a></li>'
            )
        yield "</ul></section>"
    yield "</nav>"


def _main(schema: Schema, groups: list[_Group], base: str) -> Iterator[str]:
    yield (
        f'<header id="top"><p>Every call of the server at <code>{escape(base)}</code>, version '
        f'{escape(schema["info"]["version"])}. For programs: <a href="openapi.json">openapi.json'
        "</a>. Where people log in, add <code>-u user:password</code> or "
        "<code>-H 'Authorization: Bearer tt_…'</code> to the examples. A call that fails says why "
        "in <code>detail</code>.</p></header>"
    )
    for name, told, calls in groups:
        yield f'<h2 id="tag-{name}">{name}</h2><p>{escape(told)}</p>'
        for method, path, call in calls:
            yield "".join(_call(schema, base, method, path, call))


def _call(schema: Schema, base: str, method: str, path: str, call: Schema) -> Iterator[str]:
    name = call["operationId"]
    yield (
        f'<article id="{name}"><h3><a href="#{name}"><b class="{method}">{method.upper()}</b> '
        f"<code>{escape(path)}</code></a></h3>"
        f"<p><strong>{_sentence(call['summary'])}</strong> "
        f"{_words(call.get('description', ''))}</p>"
    )
    yield "".join(_snippets(base, method, path, call))
    yield "".join(_parameters(call.get("parameters", [])))
    yield "".join(_body(schema, call))
    yield "".join(_answers(schema, call))
    yield "</article>"


def _snippets(base: str, method: str, path: str, call: Schema) -> Iterator[str]:
    texts = {
        "curl": curl_of(base, method.upper(), path, call),
        "python": python_of(base, method.upper(), path, call),
    }
    yield '<div class="snippets"><div class="tabs">'
    for language in texts:
        yield f'<button type="button" data-language="{language}">{language}</button>'
    yield '<button type="button" class="copy">copy</button></div>'
    for language, text in texts.items():
        hidden = "" if language == "curl" else " hidden"
        yield f'<pre data-language="{language}"{hidden}><code>{escape(text)}</code></pre>'
    yield "</div>"


def _parameters(parameters: list[Schema]) -> Iterator[str]:
    if not parameters:
        return
    yield "<h4>Parameters</h4>"
    rows = [
        (one["name"], one["in"], one["schema"], one.get("description", ""), one.get("required"))
        for one in parameters
    ]
    yield "<table><tr><th>name</th><th>in</th><th>type</th><th>default</th><th></th></tr>"
    for name, place, field, told, required in rows:
        default = "required" if required else _default(field)
        yield (
            f"<tr><td><code>{escape(name)}</code></td><td>{place}</td><td>{_type(field)}</td>"
            f"<td>{default}</td><td>{_words(told)}</td></tr>"
        )
    yield "</table>"


def _body(schema: Schema, call: Schema) -> Iterator[str]:
    content = call.get("requestBody", {}).get("content", {})
    if not content:
        return
    yield f"<h4>Body</h4><p>{', '.join(f'<code>{escape(kind)}</code>' for kind in content)}</p>"
    first = next(iter(content.values()))
    yield "".join(_fields(schema, first.get("schema", {}), _DEEPEST))


def _answers(schema: Schema, call: Schema) -> Iterator[str]:
    yield "<h4>Answers</h4>"
    for status, answer in sorted(call["responses"].items()):
        kinds = ", ".join(answer.get("content", {}))
        head = f"<b>{status}</b> {_words(answer.get('description', ''))} <i>{escape(kinds)}</i>"
        fields = ""
        if status.startswith("2"):
            model = answer.get("content", {}).get("application/json", {}).get("schema", {})
            fields = "".join(_fields(schema, model, _DEEPEST))
        yield (
            f"<details><summary>{head}</summary>{fields}</details>" if fields else f"<p>{head}</p>"
        )


def _fields(schema: Schema, model: Schema, depth: int) -> Iterator[str]:
    """A table of an object's fields, with those of objects in it below."""
    model = _resolved(schema, model)
    properties: Schema = model.get("properties", {})
    if not properties or depth == 0:
        return
    needed = model.get("required", [])
    yield "<table><tr><th>field</th><th>type</th><th>default</th><th></th></tr>"
    for name, field in properties.items():
        default = "required" if name in needed and "default" not in field else _default(field)
        inner = "".join(_fields(schema, field, depth - 1))
        more = f"<details><summary>fields</summary>{inner}</details>" if inner else ""
        yield (
            f"<tr><td><code>{escape(name)}</code></td><td>{_type(field)}</td><td>{default}</td>"
            f"<td>{_words(field.get('description', ''))}{more}</td></tr>"
        )
    yield "</table>"


def _resolved(schema: Schema, model: Schema) -> Schema:
    """The object that is meant: behind a reference, in a list, or the one that is not null."""
    for _ in range(5):
        if "$ref" in model:
            model = schema["components"]["schemas"][model["$ref"].rpartition("/")[2]]
        elif model.get("type") == "array":
            model = model.get("items", {})
        elif kinds := _kinds(model):
            model = kinds[0]
        else:
            break
    return model


def _kinds(field: Schema) -> list[Schema]:
    some = cast("list[Schema]", field.get("anyOf") or field.get("oneOf") or [])
    return [kind for kind in some if kind.get("type") != "null"]


def _type(field: Schema) -> str:
    if kinds := _kinds(field):
        return " or ".join(dict.fromkeys(_type(kind) for kind in kinds))
    if choices := field.get("enum") or ([field["const"]] if "const" in field else []):
        return ", ".join(f"<code>{escape(str(choice))}</code>" for choice in choices)
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    if "$ref" in field:
        return "object"
    return escape(str(field.get("type", "any"))) + _range(field)


def _range(field: Schema) -> str:
    bounds = (
        ("≥", field.get("minimum")),
        (">", field.get("exclusiveMinimum")),
        ("≤", field.get("maximum")),
        ("<", field.get("exclusiveMaximum")),
    )
    told = ", ".join(
        f"{sign} {bound:g}"
        for sign, bound in bounds
        if bound is not None and abs(bound) < _ANY_INTEGER
    )
    return f"<br><small>{escape(told)}</small>" if told else ""


def _default(field: Schema) -> str:
    if field.get("default") is None:
        return ""
    return f"<code>{escape(json.dumps(field['default'], ensure_ascii=False))}</code>"


def _sentence(text: str) -> str:
    return escape(text if text.endswith(("?", "!")) else f"{text}.")


def _words(text: str) -> str:
    """Plain text, with what stands between backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if k % 2 else part for k, part in enumerate(parts))
