"""What was tried beside what was released: searches and experiments that versions have in their commits."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from mainline import plain_yaml
from mainline.gate import tables
from mainline.report.escape import hypertext
from mainline.report.figures import UNKNOWN, interval, known, number, percent
from mainline.repository import blobs, lock
from mainline.site.frame import frame, head, link, section, table
from mainline.site.output import Entry, Page
from mainline.site.record import Record
from mainline.text import count

PATH = "experiments.html"
TABLES, ROWS = 20, 200
"""Tables, the newest first, and rows of each that are shown."""
_OURS = {"model", "trial", "candidate", "metric", "difference", "low", "high", "seconds", "share", "search"}
"""Columns of a search that are not hyperparameters."""
_TITLES = {tables.TUNING: "Search", tables.EXPERIMENTS: "Experiments"}
Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Group:
    """A table as one or more versions have it in their commits; `versions` are newest first."""

    kind: str
    text: str
    versions: tuple[str, ...]


def of(record: Record) -> Page:
    """Return the page; it is made again if a version brings another table."""
    groups = _groups(record)
    entry = Entry("Experiments", PATH, "page", " ".join(group.kind for group in groups))
    return Page(PATH, [groups, record.artifact], lambda: _write(groups, record), lambda: [entry])


def _groups(record: Record) -> list[Group]:
    """Put versions together that have the same table: nothing was tried between them."""
    asked = [(path, one.version) for one in record.versions for path in _TITLES]
    contents = blobs.read([f"{record.tagged[version].commit}:{path}" for path, version in asked]) if asked else []
    found: dict[tuple[str, str], list[str]] = {}
    for (path, version), content in zip(asked, contents, strict=True):
        if content:
            found.setdefault((_TITLES[path], content.decode("utf-8", errors="replace")), []).append(version)
    return [Group(kind, text, tuple(versions)) for (kind, text), versions in found.items()]


def _write(groups: Sequence[Group], record: Record) -> str:
    lead = "On validation rows, the best first. What was tried and not committed is on nobody's record."
    parts = [head("What was tried", lead, "Experiments")]
    parts += [_section(group, record) for group in groups[:TABLES]]
    if len(groups) > TABLES:
        parts.append(f"<p>{count(len(groups) - TABLES, 'older table')} can be read in git.</p>")
    if not groups:
        said = "No version has <code>metrics/tuning.csv</code> or <code>metrics/experiments.csv</code> in its commit. "
        how = "<code>./mainline tune</code> and <code>./mainline experiments --write</code> write them."
        parts.append(section("Nothing", f"<p>{said}{how}</p>"))
    return frame(PATH, "Experiments", "\n".join(parts), record.artifact, "Experiments")


def _section(group: Group, record: Record) -> str:
    newest, oldest = group.versions[0], group.versions[-1]
    links = [link(version, f"versions/{version}.html") for version in dict.fromkeys((oldest, newest))]
    title = f"{group.kind} of {' to '.join(dict.fromkeys((oldest, newest)))}"
    try:
        rows = [row for row in csv.DictReader(io.StringIO(group.text)) if None not in row and None not in row.values()]
    except csv.Error:
        rows = []
    if not rows:
        return section(title, "<p>The table cannot be read.</p>")
    ranked = sorted(rows, key=lambda row: _difference(row, group.kind))[:ROWS]
    released = _released(group, ranked, record)
    show = _search if group.kind == _TITLES[tables.TUNING] else _experiments
    content = show(ranked, released, title)
    shown = count(len(rows), "row")
    said = f"<p>{shown}, in the {'commit' if len(links) == 1 else 'commits'} of {' to '.join(links)}.</p>"
    if rows[0].get("candidate"):
        said += "<p>Of a tournament the table does not say which model each is, so nothing is marked.</p>"
    return section(title, said, content)


def _search(rows: Rows, released: Sequence[str], label: str) -> str:
    several = any(row.get("candidate") for row in rows)
    names = [*(("candidate",) if several else ()), *(name for name in rows[0] if name not in _OURS)]
    titles = ["trial", "released", *(hypertext(name.removeprefix("params.")) for name in names), "metric",
              "against trial 0", "interval", "seconds"]  # fmt: skip
    cells = [
        [_text(row.get("trial")), mark, *(_text(row[name]) for name in names), *_measured(row, "metric"),
         known(_float(row.get("seconds")))]
        for row, mark in zip(rows, released, strict=True)
    ]  # fmt: skip
    return _table(titles, cells, label, range(len(names) + 2, len(names) + 6))


def _experiments(rows: Rows, released: Sequence[str], label: str) -> str:
    metric = hypertext(rows[0].get(tables.PRIMARY) or "metric")
    titles = ["experiment", "released", "began from", metric, "against that", "interval", "verdict",
              "what changed", "note"]  # fmt: skip
    cells = [
        [_text(row.get("name")), mark, _text(row.get("base")), *_measured(row, "value"), _text(row.get("verdict")),
         _text(row.get("changed")), _text(row.get("note"))]
        for row, mark in zip(rows, released, strict=True)
    ]  # fmt: skip
    return _table(titles, cells, label, range(3, 6))


def _table(titles: Sequence[str], cells: Sequence[Sequence[str]], label: str, numbers: range) -> str:
    shown = "\n".join(
        "<tr>"
        + "".join(
            f'<td class="number">{cell}</td>' if place in numbers else f"<td>{cell}</td>"
            for place, cell in enumerate(row)
        )
        + "</tr>"
        for row in cells
    )
    return f'<div class="tries">{table(titles, shown, label, numbers)}</div>'


def _released(group: Group, rows: Rows, record: Record) -> list[str]:
    """Say of each row which versions of the group it became; '' if none did."""
    files = ("params.yaml", str(lock.LOCK))
    contents = blobs.read([f"{record.tagged[one].commit}:{file}" for one in group.versions for file in files])
    texts = [(content or b"").decode("utf-8", errors="replace") for content in contents]
    became: list[list[str]] = [[] for _ in rows]
    for version, declared, locked in zip(group.versions, texts[::2], texts[1::2], strict=True):
        params = _params(declared)
        for place, row in enumerate(rows):
            if _is_trained(row, locked) if group.kind == _TITLES[tables.EXPERIMENTS] else _is_declared(row, params):
                became[place].append(version)
    return [", ".join(link(one, f"versions/{one}.html") for one in versions) for versions in became]


def _is_trained(row: Mapping[str, str], locked: str) -> bool:
    """Whether a lock names the trained model of an experiment, by content."""
    trained = row.get(tables.TRAINED) or ""
    return len(trained) == 12 and trained.isalnum() and f"md5: {trained}" in locked


def _is_declared(row: Mapping[str, str], params: Mapping[str, Any]) -> bool:
    """Whether parameters declare all that a trial tried."""
    tried = {name.removeprefix("params."): value for name, value in row.items() if name not in _OURS and value}
    return not row.get("candidate") and bool(tried) and all(
        name in params and _is_same(value, params[name]) for name, value in tried.items()
    )  # fmt: skip


def _is_same(text: str, value: object) -> bool:
    ours = _float(text)
    if ours is not None and isinstance(value, int | float) and not isinstance(value, bool):
        return math.isclose(ours, value)
    return text == str(value) or text == json.dumps(value, default=str)


@cache
def _params(text: str) -> Mapping[str, Any]:
    try:
        found = plain_yaml.load(text)["model"]["params"]
    except (yaml.YAMLError, ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _measured(row: Mapping[str, str], name: str) -> list[str]:
    low, high, difference = (_float(row.get(end)) for end in ("low", "high", "difference"))
    value = _float(row.get(name))
    return [UNKNOWN if value is None else number(value), UNKNOWN if difference is None else percent(difference),
            interval(low, high)]  # fmt: skip


def _difference(row: Mapping[str, str], kind: str) -> float:
    """Return what rows are ranked by, less is better; what others are compared with is 0."""
    is_base = kind == _TITLES[tables.EXPERIMENTS] and row.get("name") == row.get("base")
    found = 0.0 if is_base else _float(row.get("difference"))
    return math.inf if found is None else found


def _text(value: str | None) -> str:
    return f"<bdi>{hypertext(value or '')}</bdi>"


def _float(text: str | None) -> float | None:
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found if math.isfinite(found) else None
