"""`/docs`: the OpenAPI document as one HTML page. No script, nothing from elsewhere, so it opens without a network."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from mainline.serving.answering.messages import Reply, Request
from mainline.serving.answering.problems import KINDS
from mainline.serving.endpoints import openapi
from mainline.serving.service import Service

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1, summary { overflow-wrap: anywhere; } .scroll { overflow-x: auto; }
pre { background: #f4f4f4; padding: .75rem; overflow-x: auto; } code { font-size: .9em; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .3rem .6rem; border: 1px solid #ccc; }
summary { cursor: pointer; font-weight: 600; } details { margin: .5rem 0; }
@media (max-width: 560px) { td, th { font-size: 14px; padding: .3rem; } }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } pre { background: #222; } }
"""


async def page(service: Service, _request: Request) -> Reply:
    """Return the description of the model that most requests go to.

    Raises:
        Problem: not-ready.
    """
    service.check_ready()
    described = render(openapi.describe(service))
    return Reply(described.encode(), media_type=b"text/html; charset=utf-8")


def render(document: Mapping[str, Any]) -> str:
    """Return the page."""
    info, prefix = document["info"], document["servers"][0]["url"].rstrip("/")
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])}.</p>",
            "<p>Send <code>Authorization: Bearer KEY</code> with every request but those for health.</p>",
            "<h2>Request</h2>", _fields(document["components"]["schemas"]["Request"]),
            "<h2>Answer</h2>", _fields(document["components"]["schemas"]["Prediction"]),
            "<h2>Operations</h2>", *[_operation(prefix + path, item) for path, item in document["paths"].items()],
            "<h2>Problems</h2>", _problems(),
            "<h2>Schemas</h2>", *[_schema(*item) for item in document["components"]["schemas"].items()],
            "</body></html>",
        ]
    )  # fmt: skip


def _fields(schema: Mapping[str, Any]) -> str:
    rows = []
    for name, described in schema["properties"].items():
        kind = described["type"] if isinstance(described["type"], str) else " or ".join(described["type"])
        limits = [
            f"{word} {described[word]}" for word in ("minimum", "maximum", "pattern", "format") if word in described
        ]
        unit = f", {described['unit']}" if "unit" in described else ""
        example = json.dumps(described["examples"][0])
        cells = [f"<code>{escape(name)}</code>", escape(kind), escape(described["description"] + unit),
                 escape("; ".join(limits)), f"<code>{escape(example)}</code>"]  # fmt: skip
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "".join(f"<th>{title}</th>" for title in ("field", "type", "meaning", "allowed", "example"))
    return _table(f"<tr>{head}</tr>{''.join(rows)}", "Fields")


def _operation(path: str, item: Mapping[str, Any]) -> str:
    parts = []
    for method, described in item.items():
        body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
        example = f"<p>Example of a body:</p>{_pre(body['example'])}" if body else ""
        answers = "".join(
            f"<tr><td>{status}</td><td>{escape(answer['description'])}</td></tr>"
            for status, answer in sorted(described["responses"].items())
        )
        title = f"<code>{method.upper()} {escape(path)}</code> {escape(described['summary'])}"
        parts.append(f"<details><summary>{title}</summary>{example}{_table(answers, 'Answers')}</details>")
    return "".join(parts)


def _problems() -> str:
    rows = [f'<tr id="{kind}"><td>{status}</td><td><code>{kind}</code></td><td>{escape(title)}</td></tr>'
            for kind, (status, title) in KINDS.items()]  # fmt: skip
    return _table("".join(rows), "Problems")


def _table(rows: str, label: str) -> str:
    """Return a table in a box that scrolls on a narrow screen, also by keyboard."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>{rows}</table></div>'


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    return f"<details><summary>{escape(name)}</summary>{_pre(schema)}</details>"


def _pre(content: Any) -> str:
    return f"<pre>{escape(json.dumps(content, indent=2, ensure_ascii=False))}</pre>"
