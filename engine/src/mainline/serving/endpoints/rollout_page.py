"""`/rollout`: where the rollout stands, as a page that renews itself without a script, and as JSON; and a webhook.

The page opens without a network: nothing in it comes from elsewhere. What it shows was written by the follower.
"""

import time
from datetime import UTC, datetime
from html import escape

import orjson

from mainline.exchange import status as documents
from mainline.exchange.place import Place
from mainline.exchange.status import Source, Status
from mainline.serving.answering.messages import Reply, Request
from mainline.serving.answering.problems import Problem
from mainline.serving.endpoints import outcome_picture
from mainline.serving.service import Service
from mainline.text import span

_STYLE = """
:root { color-scheme: light dark; --line: #d5d9e0; --soft: #667085; --back: #f6f7f9; --card: #fff; --ink: #182230;
  --stable: #1570ef; --candidate: #dc6803; --good: #067647; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --line: #333b49; --soft: #98a2b3; --back: #0c111d; --card: #161b26;
  --ink: #f0f2f5; --stable: #53b1fd; --candidate: #fdb022; --good: #47cd89; --bad: #f97066; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; background: var(--back); color: var(--ink); }
main { max-width: 64rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1rem; margin: 0 0 .75rem; }
.phase { font-weight: 600; padding: .1rem .6rem; border-radius: 1rem; border: 1px solid var(--line); }
.soft { color: var(--soft); font-size: .87rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; }
section { margin-top: 1rem; }
.problem { border-color: var(--bad); } .problem h2 { color: var(--bad); }
.bar { display: flex; height: 1.5rem; border-radius: .4rem; overflow: hidden; background: var(--line); }
.bar span { display: block; height: 100%; } .stable { background: var(--stable); }
.candidate { background: var(--candidate); }
.bar + .scroll { margin-top: .5rem; }
.key { display: inline-block; width: .75rem; height: .75rem; border-radius: .2rem; margin-right: .45rem; }
ol { list-style: none; display: flex; flex-wrap: wrap; gap: .4rem; margin: 0 0 .75rem; padding: 0; }
ol li { border: 1px solid var(--line); border-radius: .4rem; padding: .2rem .55rem; font-size: .87rem; }
ol .done { color: var(--soft); } ol .done::before { content: "\\2713\\00a0"; color: var(--good); }
ol .now { border-color: var(--candidate); border-width: 2px; font-weight: 600; }
.scroll { overflow-x: auto; } .problem div, table.stack td, p { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-size: .8rem; color: var(--soft); font-weight: 600; }
td, th { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; } .number { text-align: right; white-space: nowrap; }
.pass { color: var(--good); } .fail, .aborted { color: var(--bad); font-weight: 600; }
code { font-size: .87em; } .nowrap { white-space: nowrap; }
@media (max-width: 40rem) { table.stack thead, .wide { display: none; }
  table.stack td { display: inline; border: 0; padding: 0 .25rem 0 0; }
  table.stack tr { display: block; padding: .45rem 0; border-bottom: 1px solid var(--line); }
  table.stack tr:last-child { border-bottom: 0; } svg text { font-size: 22px; } }
"""
_REFRESH = 2
_SILENT = 10.0


async def page(service: Service, _request: Request) -> Reply:
    """Return the page.

    Raises:
        Problem: not-found, where no follower is at work.
    """
    return Reply(render(_read(service), time.time()).encode(), media_type=b"text/html; charset=utf-8")


async def document(service: Service, _request: Request) -> Reply:
    """Return what the page shows as JSON.

    Raises:
        Problem: as `page`.
    """
    return Reply(orjson.dumps(_read(service)))


async def look(service: Service, _request: Request) -> Reply:
    """Make the follower look at git now: what a webhook calls.

    Raises:
        Problem: as `page`.
    """
    _read(service)
    assert service.routing_file is not None
    Place(service.routing_file.parent).look.write_text(str(time.time_ns()), encoding="utf-8")
    return Reply(b'{"status":"looking"}', status=202)


def _read(service: Service) -> Status:
    try:
        if service.routing_file is None:
            raise FileNotFoundError
        return documents.parse(Place(service.routing_file.parent).status.read_bytes())
    except (OSError, ValueError) as error:
        raise Problem("not-found", "No follower works beside this service; `serve --follow` starts one.") from error


def render(found: Status, now: float, renews: bool = True) -> str:
    """Return the page of a status document; one that is kept as a file does not renew itself."""
    name = escape(found["environment"])
    refresh = f'<meta http-equiv="refresh" content="{_REFRESH}">' if renews else ""
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta name="viewport" content="width=device-width">{refresh}',
            f"<title>{name}: rollout</title><style>{_STYLE}</style></head><body><main>",
            f'<header><h1>{name}</h1><span class="phase">{escape(found["phase"])}</span>{_source(found)}</header>',
            _problem(found, now), _versions(found), _steps(found), _analysis(found),
            outcome_picture.section(found.get("outcome")), _quarantine(found),
            _history(found), "</main></body></html>",
        ]
    )  # fmt: skip


def _source(found: Status) -> str:
    source: Source = found.get("source") or {}
    commit = f"<code>{escape(source.get('commit', '')[:10] or '-')}</code>"
    together = found.get("together")
    unreleased = source.get("unreleased", "")
    shown = f"; it {escape(unreleased)}" if unreleased else ""
    if together:
        shown += f"; {escape(together['leader'])} decides for all servers, this is {escape(together['name'])}"
    return f'<span class="soft">main at {commit}, looked at {_clock(source.get("looked", 0))} UTC{shown}</span>'


def _problem(found: Status, now: float) -> str:
    source: Source = found.get("source") or {}
    said = [text for text in (source.get("problem"), source.get("events")) if text]
    servers = (found.get("together") or {"servers": []})["servers"]
    said += [f"Server {one['name']} is silent, so it is left out." for one in servers if one["silent"]]
    said += [f"Server {one['name']}: {one['problem']}" for one in servers if one["problem"] and not one["silent"]]
    if now - found["time"] > _SILENT:
        said.insert(0, f"The follower has said nothing for {span(now - found['time'])}.")
    if not said:
        return ""
    lines = "".join(f"<div>{escape(text)}</div>" for text in said)
    return f'<section class="problem"><h2>What serves stays; this is tried again</h2>{lines}</section>'


def _versions(found: Status) -> str:
    rows, parts, serving = [], [], found["stable"]
    for route in found["routes"]:
        stable = serving is not None and route["digest"] == serving["digest"]
        role = "stable" if stable else "candidate"
        parts.append(f'<span class="{role}" style="width:{int(route["weight"])}%"></span>')
        mirrored = f", mirrors {int(route['mirror'])} %" if route["mirror"] else ""
        rows.append(
            f'<tr><td class="nowrap"><span class="key {role}"></span><b>{escape(route["version"])}</b></td><td>{role}'
            f"{mirrored}</td><td><code>{escape(route['digest'][:12])}</code></td>"
            f'<td class="number"><b>{int(route["weight"])} %</b></td></tr>'
        )
    late = ""
    if rows and found["served"] != found["revision"]:
        late = "The server is not there." if found["served"] is None else "The server is about to take these routes."
    body = (
        f'<div class="bar">{"".join(parts[::-1])}</div><div class="scroll"><table>{"".join(rows)}</table></div>'
        if rows
        else "No version yet."
    )
    return f'<section><h2>Versions</h2>{body}<div class="soft">{late}</div></section>'


def _steps(found: Status) -> str:
    rollout = found["rollout"]
    if not rollout:
        return ""
    steps = "".join(f'<li class="{step["state"]}">{escape(step["text"])}</li>' for step in rollout["steps"])
    began = f"step began {_clock(rollout['entered'])} UTC, policy {escape(rollout['policy'])}"
    return (
        f"<section><h2>{escape(rollout['strategy'])}: steps</h2><ol>{steps}</ol>"
        f'<div class="soft">{began}</div></section>'
    )


def _analysis(found: Status) -> str:
    rollout = found["rollout"]
    if not rollout:
        return ""
    rows = "".join(
        f'<tr><td>{escape(one["metric"])}</td><td class="{one["verdict"]}">{one["verdict"]}</td>'
        f'<td class="number">{_number(one["estimate"])}</td>'
        f'<td class="number wide">{_number(one["low"])} to {_number(one["high"])}</td>'
        f'<td class="number">{_number(one["limit"])}</td><td class="number wide">{int(one["samples"])}</td></tr>'
        for one in rollout["findings"]
    )
    head = "<th>metric</th><th>verdict</th>" + "".join(
        f'<th class="number{" wide" if title in ("interval", "samples") else ""}">{title}</th>'
        for title in ("difference", "interval", "limit", "samples")
    )
    table = f'<div class="scroll"><table><thead><tr>{head}</tr></thead>{rows}</table></div>' if rows else ""
    title = "Analysis: candidate against stable"
    return f'<section><h2>{title}</h2>{table}<div class="soft">{escape(rollout["said"])}</div></section>'


def _quarantine(found: Status) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['digest'][:12])}</code></td> <td>{escape(one['reason'])}</td></tr>"
        for one in found["quarantined"][-5:]
    )
    return f'<section><h2>Quarantined</h2><table class="stack">{rows}</table></section>' if rows else ""


def _history(found: Status) -> str:
    rows = "".join(
        f'<tr><td class="nowrap soft">{_clock(one["time"])}</td> <td class="{escape(one["what"].split()[0])}">'
        f"{escape(one['what'])}</td> <td><b>{escape(one['version'])}</b></td> <td>{escape(one['detail'])}</td></tr>"
        for one in found["history"][:30]
    )
    head = "".join(f"<th>{title}</th>" for title in ("time UTC", "what", "version", "why"))
    return f'<section><h2>History</h2><table class="stack"><thead><tr>{head}</tr></thead>{rows}</table></section>'


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S") if seconds else "-"
