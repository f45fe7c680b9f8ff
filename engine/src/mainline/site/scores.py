"""How good a version was on its own test rows: its metrics, its segments with intervals, and its pictures."""

import csv
import io
import math
from collections.abc import Mapping

from mainline.gate.findings import Plot, Point, Series
from mainline.model.metrics import is_better_if_higher
from mainline.registry.history import Registered
from mainline.registry.lineage import Lineage
from mainline.registry.records import METRICS
from mainline.report.blocks import Block, Chart, Code, Line, Paragraph, Section, Table
from mainline.report.figures import UNKNOWN, cell, known, number, percent
from mainline.text import count

SLICES, POINTS = 12, 60
"""Segments that are shown, and points of a curve."""
TABLE, PLOTS = "metrics/slices.csv", "metrics/plots/{}.csv"
_AXES = {
    "learning": ("iteration", "metric"), "residuals": ("error", "rows"), "calibration": ("predicted", "actual"),
}  # fmt: skip
FILES = (TABLE, *(PLOTS.format(name) for name in _AXES))
"""What is read of a version's commit."""


def metrics(traced: Lineage, one: Registered) -> Section:
    """Set the metrics of all rows side by side, and say how sure the test's is."""
    sets = {name: traced.metrics[name] for name in METRICS if traced.metrics.get(name)}
    ends = ("low", "high")
    names = [name for name in dict.fromkeys(key for values in sets.values() for key in values) if name not in ends]
    rows: tuple[tuple[Line, ...], ...] = tuple(
        ((Code(name),), *((_metric(values.get(name)),) for values in sets.values())) for name in names
    )
    if not rows:
        return Section("metrics", "Metrics", ())
    blocks: list[Block] = [Table(("metric", *sets), rows, frozenset(range(1, len(sets) + 1)))]
    test = sets.get("test", {})
    primary = next((name for name in test if name != "rows"), None)
    low, high = test.get("low"), test.get("high")
    if primary and low is not None and high is not None:
        blocks.append(Paragraph(("95 % interval of the test's ", Code(primary), f": {number(low)} to {number(high)}.")))
    if one.quality and one.quality.change is not None:
        rows_said = {True: "on the same rows", False: "on other test rows", None: "on rows nobody recorded"}
        blocks.append(Paragraph((f"Against {one.replaced}: ", percent(one.quality.change),
                                 f" ({rows_said[one.quality.same_rows]}; less is better).")))  # fmt: skip
    return Section("metrics", "Metrics", tuple(blocks))


def segments(text: str, traced: Lineage) -> Section:
    """List the worst segments that have rows enough, each with its interval."""
    rows = [row for row in _csv(text) if row.get("slice") and _float(row.get("metric")) is not None]
    metric = next((name for name in traced.metrics.get("test", {}) if name != "rows"), "metric")
    best = is_better_if_higher(metric)
    solid = [row for row in rows if row.get("thin") != "true"]
    ranked = sorted(solid, key=lambda row: (_float(row["metric"]) or 0.0) * (1 if best else -1))
    cells = tuple(
        (
            (Code(row["slice"]), " ", Code(row.get("value") or "")), (_count(row.get("rows")),),
            (known(_float(row["metric"])),), (f"{known(_float(row.get('low')))} to {known(_float(row.get('high')))}",),
            (known(_float(row.get("baseline"))),),
        )
        for row in ranked[:SLICES]
    )  # fmt: skip
    if not cells:
        return Section("slices", "Segments", ())
    table = Table(("segment", "rows", metric, "interval", "baseline"), cells, frozenset({1, 2, 3, 4}))
    said = f"The {len(cells)} worst of {count(len(solid), 'segment')}; thin ones are left out."
    return Section("slices", "Segments", (table, Paragraph((said,))))


def pictures(files: Mapping[str, str]) -> Section:
    """Draw how the fit went, how errors lie, and what came true of predictions."""
    charts = []
    for name, (x, y) in _AXES.items():
        series: dict[str, list[Point]] = {}
        for row in _csv(files[PLOTS.format(name)]):
            across, up = _float(row.get(x)), _float(row.get(y))
            if across is not None and up is not None:
                line = row.get("rows", name) if name == "learning" else name
                series.setdefault((line or name)[:120], []).append(Point(x=across, y=up))
        lines = [
            Series(name=line, points=points[:: math.ceil(len(points) / POINTS)]) for line, points in series.items()
        ]
        if lines:
            charts.append(Chart(Plot(name=name, x=x, y=y, series=lines[:6])))  # type: ignore[arg-type]
    return Section("plots", "Pictures", tuple(charts))


def _metric(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,}" if isinstance(value, int) else number(value)


def _csv(text: str) -> list[dict[str, str]]:
    try:
        return list(csv.DictReader(io.StringIO(text)))
    except csv.Error:
        return []


def _float(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _count(text: str | None) -> str:
    return cell(int(text)) if text and text.isascii() and text.isdigit() else UNKNOWN
