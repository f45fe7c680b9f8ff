"""Plots and intervals as small inline SVG: no script, no font, no colour of their own; the page's style has those."""

import math
from collections.abc import Sequence
from itertools import count, takewhile

from mainline.gate.findings import Plot
from mainline.report import charts
from mainline.report.blocks import Difference, Interval
from mainline.report.charts import Curve
from mainline.report.escape import hypertext
from mainline.report.figures import interval, number

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 12, 46
TICKS = 5
LABEL_ROWS, LABEL_LENGTH = 3, 24
LABEL_HEIGHT, LABEL_WIDTH = 21, 11
"""The room that a label takes, in a row and for a letter: those of a narrow page, whose text is larger."""

Range = tuple[float, float]


Marks = Sequence[tuple[float, str]]
"""Lines across a plot, each at an x and with a label."""


def draw(plot: Plot, marks: Marks = ()) -> str:
    """Return a plot's SVG; nothing if there is nothing to draw. Labels of marks stand above it, as many as fit."""
    drawn = charts.curves(plot)
    if not drawn:
        return ""
    across = _ends([x for curve in drawn for x, _ in curve.points])
    values = [y for curve in drawn for _, y in curve.points]
    up = charts.y_range(plot, [*values, *across] if plot.name == "calibration" else values)
    shapes = [*_grid(across, up), *_axes(plot)]
    if plot.name == "calibration":
        ideal = Curve(0, "ideal", ((across[0], across[0]), (across[1], across[1])))
        shapes.append(_line(ideal, across, up, "ideal"))
    shape = _bars if charts.is_histogram(plot, drawn) else _line
    shapes += [shape(curve, across, up, f"s{curve.index}") for curve in drawn]
    rows, lines = _marks(marks, across)
    title = f"{charts.TITLES[plot.name]}: {plot.y} by {plot.x}"
    above = rows * LABEL_HEIGHT
    return (
        f'<svg class="plot" viewBox="0 {-above} {WIDTH} {HEIGHT + above}" role="img" aria-label="{hypertext(title)}">'
        f"<title>{hypertext(title)}</title>{''.join([*shapes, *lines])}</svg>"
    )


def draw_interval(bounds: Interval) -> str:
    """Return an interval on a scale with zero in the middle; what lies beyond an end of the scale is cut off."""
    if bounds.low is None or bounds.high is None or bounds.value is None:
        return ""
    low, high = _place(bounds.low, bounds.span), _place(bounds.high, bounds.span)
    side = Difference(bounds.value, bounds.low, bounds.high).side
    title = f"Interval {interval(bounds.low, bounds.high)}"
    ends = "".join(
        f"M{place} 4V10" for place, end in ((low, bounds.low), (high, bounds.high)) if abs(end) <= bounds.span
    )
    middle = f'<circle cx="{_place(bounds.value, bounds.span)}" cy="7" r="3"/>'
    return (
        f'<svg class="interval {side}" viewBox="0 0 120 14" role="img" aria-label="{title}"><title>{title}</title>'
        f'<path class="zero" d="M60 1V13"/><path class="reach" d="M{low} 7H{high}{ends}"/>'
        f"{middle if abs(bounds.value) <= bounds.span else ''}</svg>"
    )


def _place(end: float, span: float) -> float:
    return round(60 + 54 * min(max(end / span, -1.0), 1.0), 1)


def _ends(values: list[float]) -> Range:
    low, high = min(values), max(values)
    return low, high if high - low > 1e-9 * max(1.0, abs(low)) else low + 1


def _x(value: float, across: Range) -> float:
    return round(LEFT + (value - across[0]) / (across[1] - across[0]) * (WIDTH - LEFT - RIGHT), 1)


def _y(value: float, up: Range) -> float:
    return round(HEIGHT - BOTTOM - (value - up[0]) / (up[1] - up[0]) * (HEIGHT - TOP - BOTTOM), 1)


def _marks(marks: Marks, across: Range) -> tuple[int, list[str]]:
    """Draw marks, and return how many rows of labels there are above the plot.

    A label ends at its line and stands in the first row in which it overlaps none before it, so that lines that go
    higher pass beside it. Where each row is taken, the line has a title alone.
    """
    named: dict[float, list[str]] = {}
    for at, label in sorted(marks):
        named.setdefault(_x(at, across), []).append(label)
    ends, shapes, texts = [float(-LABEL_WIDTH)] * LABEL_ROWS, [], []
    for x, labels in named.items():
        label = ", ".join(labels)
        shown = label if len(label) <= LABEL_LENGTH else f"{label[: LABEL_LENGTH - 1]}\u2026"
        width = len(shown) * LABEL_WIDTH
        begin = max(x - width, 0.0)
        row = next((row for row, end in enumerate(ends) if end + LABEL_WIDTH <= begin), None)
        top = TOP if row is None else -row * LABEL_HEIGHT - 9
        line = f'<path class="mark" d="M{x} {top}V{HEIGHT - BOTTOM}"><title>{hypertext(label)}</title></path>'
        shapes.append(line)
        if row is not None:
            ends[row] = begin + width
            place = f'x="{round(begin + width, 1)}" y="{-row * LABEL_HEIGHT}" text-anchor="end"'
            texts.append(f'<text class="label" {place}>{hypertext(shown)}</text>')
    return sum(end > 0 for end in ends), [*shapes, *texts]


def _line(curve: Curve, across: Range, up: Range, style: str) -> str:
    points = " ".join(f"{_x(x, across)},{_y(y, up)}" for x, y in curve.points)
    return f'<polyline class="line {style}" points="{points}"/>'


def _bars(curve: Curve, across: Range, up: Range, style: str) -> str:
    """Draw a bar for each point, from zero up."""
    width = round((WIDTH - LEFT - RIGHT) / len(curve.points) * 0.85, 1)
    floor = _y(max(up[0], min(0.0, up[1])), up)
    tops = ((_x(x, across), _y(y, up)) for x, y in curve.points)
    path = "".join(f"M{x} {floor}V{top}" for x, top in tops)
    return f'<path class="bars {style}" stroke-width="{width}" d="{path}"/>'


def _grid(across: Range, up: Range) -> list[str]:
    """Draw ticks at round numbers, with a line for each of the y axis."""
    shapes = []
    for value in ticks(*up):
        y = _y(value, up)
        shapes.append(f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
        shapes.append(f'<text class="tick" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{_tick(value)}</text>')
    for value in ticks(*across):
        x, y = _x(value, across), HEIGHT - BOTTOM
        shapes.append(f'<text class="tick" x="{x}" y="{y + 17}" text-anchor="middle">{_tick(value)}</text>')
    return shapes


def _axes(plot: Plot) -> list[str]:
    y = HEIGHT - BOTTOM
    middle = (LEFT + WIDTH - RIGHT) / 2
    return [
        f'<path class="axis" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>',
        f'<text class="name" x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{hypertext(plot.x[:60])}</text>',
    ]


def ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers within a range."""
    raw = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return list(takewhile(lambda value: value <= high + step * 1e-9, (round(n * step, 12) for n in count(first))))


def _tick(value: float) -> str:
    """Show a round number in as few characters as it takes."""
    for unit, factor in (("M", 1e6), ("k", 1e4)):
        if abs(value) >= factor:
            return f"{_tick(value / {'M': 1e6, 'k': 1e3}[unit])}{unit}"
    shown = number(value)
    return shown.rstrip("0").rstrip(".") if "." in shown and "e" not in shown else shown
