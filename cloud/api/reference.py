"""The API's reference as one plain page: it loads nothing from anywhere, so it works in a closed network too."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --dim: #888; --get: #0a7d55 }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 54rem; margin: 3rem auto; padding: 0 1.2rem }
h1 { margin-bottom: 0 } h2 { margin-top: 3rem; border-bottom: 1px solid var(--line) }
h3 { margin: 2rem 0 .3rem } h3 span { color: var(--get); font-weight: 700; margin-right: .5rem }
code, pre { font: .88em/1.5 ui-monospace, monospace }
pre { padding: .8rem; border: 1px solid var(--line); overflow: auto }
table { border-collapse: collapse; width: 100% } td { border-top: 1px solid var(--line); padding: .35rem .6rem .35rem 0;
vertical-align: top } td:first-child { white-space: nowrap } .dim { color: var(--dim) }
"""


@router.get("/docs")
async def reference(request: Request) -> HTMLResponse:
    return HTMLResponse(page(request.app.openapi()))


def page(described: dict[str, Any]) -> str:
    """The whole description as HTML."""
    info = described["info"]
    routes = [(path, operation) for path, of in described["paths"].items() for operation in of.values()]
    parts = [
        f"<h1>{escape(info['title'])} API</h1><p class=dim>{escape(info['version'])}, as OpenAPI: "
        f"<a href='openapi.json'>openapi.json</a></p>{_prose(info['description'])}"
    ]
    for tag in described["tags"]:
        parts.append(f"<h2>{escape(tag['name'].capitalize())}</h2>{_prose(tag['description'])}")
        parts += [_route(path, of, described) for path, of in routes if tag["name"] in of.get("tags", ())]
    body = "\n".join(parts)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style><body>{body}</body></html>"
    )


def _route(path: str, operation: dict[str, Any], described: dict[str, Any]) -> str:
    asked = "".join(
        _row(of["name"], of.get("description", ""), "required" if of.get("required") else "")
        for of in operation.get("parameters", ())
    )
    answers = "".join(
        _row(status, of["description"], ", ".join(_codes(of))) for status, of in operation["responses"].items()
    )
    example = _example(operation, described)
    return (
        f"<h3><span>GET</span><code>{escape(path)}</code></h3><b>{escape(operation['summary'])}</b>"
        f"{_prose(operation.get('description', ''))}"
        + (f"<table>{asked}</table>" if asked else "")
        + f"<p class=dim>Answers</p><table>{answers}</table>"
        + (f"<pre>{escape(json.dumps(example, indent=2, ensure_ascii=False))}</pre>" if example is not None else "")
    )


def _row(name: str, text: str, note: str) -> str:
    return f"<tr><td><code>{escape(name)}</code><td>{_inline(text)} <span class=dim>{escape(note)}</span></tr>"


def _codes(answer: dict[str, Any]) -> list[str]:
    return list(answer.get("content", {}).get("application/json", {}).get("examples", {}))


def _example(operation: dict[str, Any], described: dict[str, Any]) -> Any:
    schema = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema")
    return None if not schema else _sample(schema, described["components"]["schemas"])


def _sample(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """An example value of a schema, from the examples in it."""
    if "$ref" in schema:
        return _sample(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "example" in schema:
        return schema["example"]
    if schema.get("examples"):
        return schema["examples"][0]
    if "anyOf" in schema:
        return _sample(schema["anyOf"][0], schemas)
    match schema.get("type"):
        case "object":
            return {name: _sample(of, schemas) for name, of in schema.get("properties", {}).items()}
        case "array":
            return [_sample(schema["items"], schemas)]
        case "string":
            return schema.get("enum", ["..."])[0]
        case "boolean":
            return True
        case _:
            return 0


def _prose(text: str) -> str:
    return "".join(f"<p>{_inline(paragraph)}</p>" for paragraph in text.strip().split("\n\n") if paragraph)


def _inline(text: str) -> str:
    """Escaped, with the two marks that our texts use: `code` and **bold**."""
    out = escape(text)
    for mark, tag in (("`", "code"), ("**", "b")):
        pieces = out.split(mark)
        for n in range(1, len(pieces) - 1, 2):
            pieces[n] = f"<{tag}>{pieces[n]}</{tag}>"
        out = "".join(pieces)
    return out
