"""What a plot shows: its title, and its series made fit to be drawn."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from mainline.gate.findings import Plot, Point
from mainline.report.escape import label

POINTS = 25
"""Points of a line in Mermaid, which draws them equally spaced."""

LARGEST = 1e9  # beyond, axes are not readable

TITLES = {
    "learning": "Learning curve",
    "residuals": "Errors on the holdout",
    "calibration": "Calibration",
    "staleness": "Quality against the model's age",
    "history": "The last weeks",
}

PALETTE = (
    ("🔵", "#2f81f7"),
    ("🟠", "#e08a1e"),
    ("🟢", "#2da44e"),
    ("🟣", "#a371f7"),
    ("🟤", "#a0703c"),
    ("🔴", "#e5534b"),
)
"""A mark for the caption and the colour it stands for, readable on white and on black, one for each series."""

IDEAL = ("⚪", "#9aa4af")


@dataclass(frozen=True)
class Curve:
    """A series with at least two points, x strictly ascending; `index` is its place among the plot's series."""

    index: int
    name: str
    points: tuple[tuple[float, float], ...]


def curves(plot: Plot) -> list[Curve]:
    """Return the series that can be drawn; none where a number is too large for an axis."""
    if any(abs(number) > LARGEST for series in plot.series for point in series.points for number in (point.x, point.y)):
        return []
    ordered = [Curve(index, series.name, _ascending(series.points)) for index, series in enumerate(plot.series)]
    return [curve for curve in ordered if len(curve.points) > 1]


def _ascending(points: Sequence[Point]) -> tuple[tuple[float, float], ...]:
    by_x: dict[float, list[float]] = {}
    for point in points:
        by_x.setdefault(point.x, []).append(point.y)
    return tuple((x, math.fsum(ys) / len(ys)) for x, ys in sorted(by_x.items()))


def mermaid(plot: Plot) -> list[str]:
    """Return the lines of a Mermaid chart; none if there is nothing to draw.

    Mermaid spreads the values of every line evenly over the whole axis, so all lines are read off at the same evenly
    spaced places, between the ends that they share.
    """
    drawn = curves(plot)
    low = max((curve.points[0][0] for curve in drawn), default=0.0)
    high = min((curve.points[-1][0] for curve in drawn), default=0.0)
    places = min(POINTS, max((len(curve.points) for curve in drawn), default=0))
    if _flat(low, high) or low > high:
        return []
    grid = [low + (high - low) * step / (places - 1) for step in range(places)]
    values = [[_read_off(curve, x) for x in grid] for curve in drawn]
    colors = [PALETTE[curve.index][1] for curve in drawn]
    if plot.name == "calibration":
        values, colors = [grid, *values], [IDEAL[1], *colors]
    bottom, top = y_range(plot, [y for line in values for y in line])
    digits = decimals(top - bottom)
    mark = "bar" if is_histogram(plot, drawn) else "line"
    return [
        _settings(colors),
        "xychart-beta",
        f'x-axis "{label(plot.x)}" {low:.{decimals(high - low)}f} --> {high:.{decimals(high - low)}f}',
        f'y-axis "{label(plot.y)}" {bottom:.{digits}f} --> {top:.{digits}f}',
        *[f"{mark} [{', '.join(f'{y:.{digits}f}' for y in line)}]" for line in values],
    ]


def _settings(colors: list[str]) -> str:
    """Return Mermaid's directive for a small chart in our colours; its own first one is invisible on white."""
    look = {"backgroundColor": "transparent", "plotColorPalette": ", ".join(colors)}
    init = {"xyChart": {"width": 640, "height": 300}, "themeVariables": {"xyChart": look}}
    return f"%%{{init: {json.dumps(init)}}}%%"


def is_histogram(plot: Plot, drawn: list[Curve]) -> bool:
    """Whether the plot is drawn as bars."""
    return plot.name == "residuals" and len(drawn) == 1


def y_range(plot: Plot, values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the y axis: a little beyond the values, from zero for counts."""
    low, high = min(values), max(values)
    if _flat(low, high):
        return low - max(1.0, abs(low) * 0.1), high + max(1.0, abs(high) * 0.1)
    margin = (high - low) * 0.06
    return (0.0 if plot.name == "residuals" and low >= 0 else low - margin), high + margin


def decimals(span: float) -> int:
    """Return how many digits after the point tell values of such a span apart."""
    return min(12, max(0, 3 - math.floor(math.log10(span))))


def _flat(low: float, high: float) -> bool:
    """Whether two ends are too near to each other for an axis."""
    return abs(high - low) <= max(1e-9, 1e-6 * max(abs(low), abs(high)))


def _read_off(curve: Curve, x: float) -> float:
    for (left, before), (right, after) in pairwise(curve.points):
        if x <= right:
            return before + (after - before) * (max(x, left) - left) / (right - left)
    return curve.points[-1][1]
