"""The OpenAPI document as a page to read: plain HTML, no scripts, nothing fetched from anywhere."""

import base64
import hashlib
import json
import re
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b2430; --soft: #5b6675; --line: #dde2e8;
  --code: #f4f6f8; --accent: #2457c5; --good: #17693a; --bad: #a33a1e; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161c; --ink: #e4e9ef; --soft: #9aa6b4;
  --line: #2a323d; --code: #1a2029; --accent: #86aefc; --good: #6fcf97; --bad: #f0957c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 5rem; }
h1 { font-size: 1.9rem; margin: 0; line-height: 1.2; }
h1 small { font-size: 1rem; color: var(--soft); font-weight: 400; margin-left: .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: .95rem; margin: 1.25rem 0 .4rem; color: var(--soft); font-weight: 600; }
p, ul { margin: .5rem 0; } a { color: var(--accent); }
code, pre { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { background: var(--code); padding: .1em .3em; border-radius: .25rem; overflow-wrap: anywhere; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem 1rem;
  overflow-x: auto; margin: .4rem 0; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; }
summary { cursor: pointer; padding: .7rem 1rem; display: flex; flex-wrap: wrap; gap: .3rem .75rem;
  align-items: baseline; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary:hover { background: var(--code); } summary:focus-visible { outline: 2px solid var(--accent); }
details[open] > summary { border-bottom: 1px solid var(--line); }
details > div { padding: .25rem 1rem 1rem; }
.method { font: 700 .75rem/1 ui-monospace, Menlo, Consolas, monospace; color: var(--accent);
  min-width: 3.2rem; }
.path { font: 600 .95rem/1.3 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.about { color: var(--soft); } .lock { margin-left: auto; color: var(--soft); font-size: .8rem; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0;
  border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; font-size: .85rem; }
.ok { color: var(--good); font-weight: 700; } .error { color: var(--bad); font-weight: 700; }
"""
_CODE = re.compile(r"`([^`]+)`")
_METHODS = ("get", "post", "put", "patch", "delete")


def page(document: dict[str, Any]) -> tuple[str, str]:
    """The page, and the Content-Security-Policy that lets nothing in but its own style."""
    info = document["info"]
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        by_content: dict[int, tuple[list[str], dict[str, Any]]] = {}
        for method in _METHODS:
            operation = operations.get(method)
            if operation is None:
                continue
            alike = hash(json.dumps({**operation, "operationId": ""}, sort_keys=True, default=str))
            by_content.setdefault(alike, ([], operation))[0].append(method.upper())
        for methods, operation in by_content.values():
            group = operation.get("tags", ["Other"])[0]
            groups.setdefault(group, []).append(_operation(document, path, methods, operation))
    sections = "".join(f"<h2>{escape(name)}</h2>{''.join(entries)}" for name, entries in groups.items())
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(info['title'])} API<small>{escape(info['version'])}</small></h1>"
        f"<p>{escape(info.get('description', ''))}</p>{_access()}{sections}"
        '<p class="about">The same for machines: <a href="openapi.json">openapi.json</a></p>'
        "</main></body></html>"
    )
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return html, policy


def _access() -> str:
    return (
        "<p>Send a token as <code>Authorization: Bearer …</code>, as user or password of "
        "<code>Basic</code>, or as the value of any API key header. A token has scopes: <code>score</code> "
        "for evaluations, <code>ingest</code> for spans, <code>read</code> to look, <code>admin</code> for "
        "everything.</p>"
        "<p>Errors under <code>/api/v1</code> are problem details (RFC 9457); elsewhere every error has the "
        "body <code>{&quot;code&quot;, &quot;reason&quot;, &quot;detail&quot;}</code>.</p>"
    )


def _operation(document: dict[str, Any], path: str, methods: list[str], operation: dict[str, Any]) -> str:
    lock = _lock(operation)
    parts = [_text(operation.get("description", ""))]
    parameters = operation.get("parameters", [])
    if parameters:
        rows = "".join(
            f"<tr><td><code>{escape(p['name'])}</code></td><td>{escape(p['in'])}</td>"
            f"<td>{_inline(_about_parameter(p))}</td></tr>"
            for p in parameters
        )
        parts.append(f"<h3>Parameters</h3>{_table(('Name', 'In', 'About'), rows)}")
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if content:
        parts.append("<h3>Request</h3>" + _schema(document, content.get("schema", {})))
        if "example" in content:
            parts.append(_example(content["example"]) + _curl(path, methods[0], content["example"]))
    parts.append("<h3>Answers</h3>" + _responses(operation["responses"]))
    return (
        f'<details><summary><span class="method">{" ".join(methods)}</span>'
        f'<span class="path">{escape(path)}</span>'
        f'<span class="about">{_inline(operation.get("summary", ""))}</span>{lock}</summary>'
        f"<div>{''.join(parts)}</div></details>"
    )


def _lock(operation: dict[str, Any]) -> str:
    """Who may ask: the scope where the route says one."""
    if operation.get("security") == []:
        return ""
    scope = operation.get("x-scope", "score")
    needed = "any token" if scope == "known" else f"scope <code>{escape(scope)}</code>"
    return f'<span class="lock">needs {needed}</span>'


def _responses(responses: dict[str, Any]) -> str:
    rows: list[str] = []
    examples: list[str] = []
    for status, response in responses.items():
        kind = "ok" if status.startswith("2") else "error"
        about = response.get("description", "").split(" · ")
        rows.append(
            f'<tr><td class="{kind}">{escape(status)}</td><td>{"<br>".join(map(_inline, about))}</td></tr>'
        )
        example = response.get("content", {}).get("application/json", {}).get("example")
        if kind == "ok" and example is not None:
            examples.append(_example(example))
    return "".join(examples) + _table(("Status", "Meaning"), "".join(rows))


def _schema(document: dict[str, Any], schema: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    found = document["components"]["schemas"].get(name, schema)
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code></td><td>{escape(_type(about))}</td>"
        f"<td>{_inline(about.get('description', ''))}</td></tr>"
        for field, about in found.get("properties", {}).items()
    )
    return _table(("Field", "Type", "About"), rows) if rows else ""


def _type(schema: dict[str, Any]) -> str:
    for union in ("oneOf", "anyOf"):
        if union in schema:
            return " or ".join(_type(one) for one in schema[union])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " or ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if schema.get("type") == "array" and "items" in schema:
        return f"list of {_type(schema['items'])}"
    kind = schema.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # any JSON


def _about_parameter(parameter: dict[str, Any]) -> str:
    examples = parameter.get("schema", {}).get("examples", [])
    return parameter.get("description") or ", ".join(f"`{example}`" for example in examples)


def _curl(path: str, method: str, example: object) -> str:
    flag = "" if method == "POST" else f" -X {method}"
    body = json.dumps(example, ensure_ascii=False).replace("'", "'\\''")
    command = (
        f'curl{flag} http://localhost:8000{path} -H "Authorization: Bearer $TOKEN" '
        f"-H 'Content-Type: application/json' -d '{body}'"
    )
    return f"<pre><code>{escape(command)}</code></pre>"


def _example(example: object) -> str:
    return f"<pre><code>{escape(json.dumps(example, indent=2, ensure_ascii=False))}</code></pre>"


def _table(head: tuple[str, ...], rows: str) -> str:
    cells = "".join(f"<th>{name}</th>" for name in head)
    return f'<div class="wide"><table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>'


def _text(text: str) -> str:
    """Paragraphs and `- ` lists, as the descriptions are written."""
    html: list[str] = []
    items: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("- "):
            items.append(f"<li>{_inline(line[2:])}</li>")
            continue
        if items:
            html.append(f"<ul>{''.join(items)}</ul>")
            items = []
        if line:
            html.append(f"<p>{_inline(line)}</p>")
    return "".join(html)


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))
