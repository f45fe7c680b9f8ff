"""The history as a picture in Vega-Lite: which version each environment had, and how good each version is.

Labels are placed here, where the width of a bar is known, so that none covers another, with one version or with forty.
"""

from collections.abc import Sequence
from typing import Any

from mainline.model.metrics import is_better_if_higher
from mainline.registry.history import Given, History, HistoryError, Registered
from mainline.seconds import DAY, MINUTE
from mainline.text import utc

SCALE = 2
"""Pixels per point of the PNG."""

WIDTH, BAND, HEIGHT = 860, 58, 260
"""Points: the width of both parts, the height of an environment's row, and that of the metric's part."""

LETTER = 6.6  # points that a letter of a label needs
INK, SOFT, RULE = "#1b2027", "#59636e", "#e6e6e6"
WHY = {
    "release": "#2f81f7", "approval": "#2da44e", "return": "#e08a1e", "rollback": "#e5534b", "no record": "#9aa4af",
}  # fmt: skip

Rows = list[dict[str, Any]]


def specify(found: History, now: float) -> dict[str, Any]:
    """Return the picture of a history with at least one version, until `now` in seconds since 1970.

    Raises:
        HistoryError: when no tag says what could be drawn.
    """
    start, end = _range(found, now)
    parts = []
    if any(item.version for item in found.assignments):
        parts.append(_environments(found.assignments, start, end))
    measured = [item for item in reversed(found.versions) if item.quality]
    if measured:
        parts.append(_quality(measured, start, end))
    if not parts:
        raise HistoryError("there is nothing to draw: no version has a record, and no environment has a version.")
    about = f"{found.environment}: " if found.environment else ""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {
            "text": f"{about}{_count(found)}, {_days(found, now)} (UTC)",
            "anchor": "start", "fontSize": 17, "offset": 14, "color": INK,
        },
        "background": "white",
        "padding": 18,
        "spacing": 34,
        "vconcat": parts,
        "resolve": {"scale": {"color": "independent"}},
        "config": _config(),
    }  # fmt: skip


def _environments(given: Sequence[Given], start: float, end: float) -> dict[str, Any]:
    """Return a bar for each assignment; its colour says why it was made."""
    bars = [_bar(item, start, end) for item in given if item.version]
    environments = sorted({bar["environment"] for bar in bars})
    kinds = [kind for kind in WHY if any(bar["why"] == kind for bar in bars)]
    y = {"field": "environment", "type": "nominal", "title": None, "sort": environments}
    x = _time(start, end)
    ends = {"x": {**x, "field": "from"}, "x2": {"field": "until"}, "y": y}
    colour = {
        "field": "why", "type": "nominal", "title": None, "scale": {"domain": kinds, "range": [WHY[k] for k in kinds]},
        "legend": {"orient": "top", "direction": "horizontal", "symbolType": "square", "offset": 6},
    }  # fmt: skip
    mark = {"type": "bar", "height": BAND - 18, "stroke": "white", "strokeWidth": 1, "clip": True}
    across: dict[str, Any] = {"type": "text", "color": "white", "fontSize": 11, "fontWeight": "bold", "clip": True}
    text = {"x": {**x, "field": "middle"}, "y": y, "text": {"field": "version"}}
    return {
        "title": "Which version each environment had, and why it came",
        "width": WIDTH, "height": {"step": BAND},
        "data": {"values": bars},
        "layer": [
            {"mark": mark, "encoding": {**ends, "color": colour}},
            _labels(across, text, "across"),
            _labels({**across, "angle": 270, "fontSize": 9.5}, text, "upright"),
        ],
    }  # fmt: skip


def _labels(mark: dict[str, Any], encoding: dict[str, Any], fits: str) -> dict[str, Any]:
    return {"transform": [{"filter": f"datum.fits === '{fits}'"}], "mark": mark, "encoding": encoding}


def _bar(item: Given, start: float, end: float) -> dict[str, Any]:
    until = min(end, item.until or end)
    begin = min(item.when, until)
    points = (until - begin) / (end - start) * WIDTH
    needed = len(item.version or "") * LETTER + 6
    return {
        "environment": item.environment, "version": item.version, "why": item.kind or "no record",
        "from": begin * 1000, "until": until * 1000, "middle": (begin + until) * 500,
        "fits": "across" if points >= needed else "upright" if points >= 12 else "no",
    }  # fmt: skip


def _quality(measured: Sequence[Registered], start: float, end: float) -> dict[str, Any]:
    """Return the line of the primary metric over the time of registration, with the baseline on the same rows."""
    rows = _points(measured, start, end)
    metric = rows[0]["metric"]
    x = {**_time(start, end), "field": "when"}
    axis = {"tickCount": 6, "format": "~g"}
    y = {"field": "value", "type": "quantitative", "title": metric, "scale": _values(rows), "axis": axis}
    below = {**y, "field": "baseline"}
    line = {"type": "line", "strokeWidth": 1.4, "opacity": 0.55}
    dot = {"type": "point", "size": 62, "strokeWidth": 1.8, "opacity": 1, "color": "#2f81f7"}
    fill = {"condition": {"test": "datum.archived", "value": "white"}, "value": "#2f81f7"}
    named = {"x": x, "y": y, "text": {"field": "version"}}
    name: dict[str, Any] = {"type": "text", "dy": 17, "fontSize": 11, "color": INK}
    labelled = [{"filter": "datum.labelled"}]
    layers: Rows = [
        {"mark": {**line, "color": "#9aa4af", "strokeDash": [5, 4]}, "encoding": {"x": x, "y": below}},
        {"mark": {"type": "point", "size": 20, "filled": True, "color": "#9aa4af"}, "encoding": {"x": x, "y": below}},
        {"mark": {**line, "color": "#2f81f7"}, "encoding": {"x": x, "y": y}},
        # A white edge keeps the line off the letters; dots and letters come after it.
        {"transform": labelled, "mark": {**name, "stroke": "white", "strokeWidth": 4}, "encoding": named},
        {"mark": dot, "encoding": {"x": x, "y": y, "fill": fill}},
        {"transform": labelled, "mark": name, "encoding": named},
    ]
    better = "higher" if is_better_if_higher(metric) else "lower"
    said = f"Blue: {metric} of each version on its own test rows, {better} is better; hollow: archived."
    return {
        "title": {"text": "How good each version is", "subtitle": f"{said} Grey: the baseline on the same rows."},
        "width": WIDTH, "height": HEIGHT, "data": {"values": rows}, "layer": layers,
    }  # fmt: skip


def _points(measured: Sequence[Registered], start: float, end: float) -> Rows:
    """Return a row per version that was measured by the newest one's metric, oldest first."""
    newest = measured[-1].quality
    compared = newest.metric if newest else ""
    rows: Rows = [
        {
            "version": item.version, "when": item.when * 1000, "metric": item.quality.metric,
            "value": item.quality.value, "baseline": item.quality.baseline, "archived": item.archived,
        }
        for item in sorted(measured, key=lambda version: version.when)
        if item.quality and item.quality.metric == compared
    ]  # fmt: skip
    _label(rows, start, end)
    return rows


def _label(rows: Rows, start: float, end: float) -> None:
    """Mark the versions whose name fits under its dot; from right to left, so that the newest comes first."""
    low, high = _values(rows)["domain"]
    dots = [((row["when"] / 1000 - start) / (end - start) * WIDTH, (high - row["value"]) / (high - low) * HEIGHT)
            for row in rows]  # fmt: skip
    free = float("inf")
    for row, (x, y) in reversed(list(zip(rows, dots, strict=True))):
        half = len(row["version"]) * LETTER / 2
        covered = any(abs(other - x) < half + 5 and 5 < below - y < 28 for other, below in dots)
        row["labelled"] = x + half + 4 <= free and (not covered or row is rows[-1])
        if row["labelled"]:
            free = x - half


def _range(found: History, now: float) -> tuple[float, float]:
    """Return where the time axis begins and ends, in seconds since 1970, with some air and at least two minutes."""
    first, last = _ends(found, now)
    air = max((last - first) * 0.03, MINUTE)
    return first - air, last + air


def _ends(found: History, now: float) -> tuple[float, float]:
    times = [version.when for version in found.versions] + [item.when for item in found.assignments]
    return min(times), max(*times, now)


def _values(rows: Rows) -> dict[str, Any]:
    """Return the scale of the metric, with room for labels below."""
    values = [row[name] for row in rows for name in ("value", "baseline") if row[name] is not None]
    room = (max(values) - min(values)) or abs(max(values)) or 1.0
    return {"domain": [min(values) - room * 0.16, max(values) + room * 0.08], "nice": False, "zero": False}


def _time(start: float, end: float) -> dict[str, Any]:
    scale = {"type": "utc", "domain": [start * 1000, end * 1000], "nice": False}
    days = (end - start) / DAY
    steps = [(240, "%b %Y"), (5, "%b %-d"), (0.5, "%b %-d, %H:%M"), (0.02, "%H:%M"), (0, "%H:%M:%S")]
    form = next(form for above, form in steps if days > above)
    return {"type": "temporal", "title": None, "scale": scale, "axis": {"format": form, "tickCount": 6}}


def _count(found: History) -> str:
    return f"{len(found.versions)} version{'s' * (len(found.versions) != 1)}"


def _days(found: History, now: float) -> str:
    first, last = (utc(seconds)[:10] for seconds in _ends(found, now))
    return first if first == last else f"{first} to {last}"


def _config() -> dict[str, Any]:
    text = {"labelColor": INK, "titleColor": SOFT, "labelFontSize": 11, "titleFontSize": 12}
    return {
        "view": {"stroke": None},
        "axis": {**text, "gridColor": RULE, "domainColor": "#999", "tickColor": "#999", "titleFontWeight": "normal"},
        "legend": {"labelColor": INK, "labelFontSize": 12},
        "title": {
            "anchor": "start",
            "frame": "group",
            "offset": 8,
            "fontSize": 13,
            "color": INK,
            "subtitleColor": SOFT,
            "subtitleFontSize": 11,
        },
    }
