"""The history as one picture: how good two lives were by day, which version served by each policy, and the alarms.

One SVG that needs nothing else, in the colours of the reader's light or dark page.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

import numpy as np

from mainline import periods
from mainline.backtest import day_numbers
from mainline.backtest.alarms import Alarms
from mainline.backtest.lessons import EACH, NEVER, History
from mainline.contract import Array
from mainline.report.escape import hypertext

LEFT, WIDTH, TOP, PLOT, LANE = 170, 720, 52, 150, 26
"""Pixels: the column of names, the days, what is above the chart, the chart, and a lane."""
WINDOW = 7
"""Days of which the metric is taken."""
STYLE = """
.timeline text { font: 12px system-ui, sans-serif; fill: #344054 }
.timeline .title { font-weight: 600; font-size: 15px }
.timeline .faint { fill: #667085 } .timeline .axis { stroke: #d0d5dd } .timeline .line { fill: none; stroke-width: 2 }
.timeline .never { stroke: #98a2b3 } .timeline .each { stroke: #1570ef } .timeline .odd { fill: #84adff }
.timeline .even { fill: #1570ef } .timeline .released { fill: #12b76a } .timeline .alarm { fill: #d92d20 }
.timeline .refused { fill: #fff; stroke: #d92d20; stroke-width: 2 } .timeline .false { fill: #f79009 }
.timeline .late { fill: #98a2b3 }
@media (prefers-color-scheme: dark) {
  .timeline text { fill: #d0d5dd } .timeline .faint { fill: #98a2b3 } .timeline .axis { stroke: #475467 }
  .timeline .never { stroke: #667085 } .timeline .each { stroke: #53b1fd } .timeline .even { fill: #2e90fa }
  .timeline .odd { fill: #175cd3 } .timeline .refused { fill: #101828; stroke: #f97066 }
  .timeline .alarm { fill: #f97066 } .timeline .released { fill: #32d583 } .timeline .false { fill: #fdb022 }
}
"""


class Timeline:
    """A history on one scale of days."""

    def __init__(self, history: History, alarms: Alarms) -> None:
        """Take the history, and the alarms of the life that is retrained each period."""
        self._history, self._alarms = history, alarms
        self._first, self._after = periods.span(history.plan.lived[0])[0], periods.span(history.plan.lived[-1])[1]

    def draw(self) -> str:
        """Return the picture."""
        lanes = [*self._policies(), *self._alarm_lanes()]
        height = TOP + PLOT + 40 + LANE * len(lanes) + 50
        title = f"{history_span(self._history)}: as it would have been lived"
        parts = [_text(10, 20, title, "title"), *self._chart(), *self._months(height - 44), *_legend(height - 12)]
        for number, (name, shapes) in enumerate(lanes):
            y = TOP + PLOT + 34 + LANE * number
            parts.append(_text(10, y + 12, name))
            parts += [shape.replace("{y}", str(y)).replace("{middle}", str(y + 8)) for shape in shapes]
        width = LEFT + WIDTH + 20
        return (
            f'<svg class="timeline" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f'width="{width}" height="{height}"><title>{hypertext(title)}</title><style>{STYLE}</style>'
            + "".join(parts) + "</svg>\n"
        )  # fmt: skip

    def _x(self, day: date) -> float:
        share = (day - self._first).days / (self._after - self._first).days
        return round(LEFT + WIDTH * min(max(share, 0), 1), 1)

    def _chart(self) -> Iterator[str]:
        """Draw the metric over the baseline's in the last days, of two lives."""
        curves = {name: self._ratios(name) for name in (NEVER, EACH)}
        values = np.concatenate([values for _, values in curves.values()])
        low, high = _ends(values)

        def place(value: float) -> float:
            return round(TOP + PLOT * (high - value) / (high - low), 1)

        yield _text(10, TOP + 12, f"{self._history.metric.compared} over the")
        yield _text(10, TOP + 28, f"baseline's, {WINDOW} days")
        yield _text(LEFT + WIDTH - 232, TOP - 10, "never retrained", "faint") + _key(LEFT + WIDTH - 256, "never")
        yield _text(LEFT + WIDTH - 96, TOP - 10, "each period", "faint") + _key(LEFT + WIDTH - 120, "each")
        for value in np.linspace(low, high, 5):
            yield _text(LEFT - 42, place(value) + 4, f"{value:.2f}", "faint")
            yield f'<line class="axis" x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{place(value)}" y2="{place(value)}"/>'
        for name, (days, ratios) in curves.items():
            points = " ".join(f"{self._x(day)},{place(value)}" for day, value in zip(days, ratios, strict=True))
            yield f'<polyline class="line {"never" if name == NEVER else "each"}" points="{points}"/>'

    def _ratios(self, name: str) -> tuple[list[date], Array]:
        """Return the days, and the metric of the days before over the baseline's."""
        columns, metric = self._history.of_policy(name), self._history.metric
        days, ratios = np.unique(columns["day"]), []
        for day in days[WINDOW - 1 :]:
            rows = (columns["day"] > day - WINDOW) & (columns["day"] <= day)
            weight = columns["weight"][rows] if "weight" in columns else None
            lacks = [metric.lack(metric.value(columns["actual"][rows], columns[which][rows], weight))
                     for which in ("predicted", "baseline")]  # fmt: skip
            ratios.append(lacks[0] / lacks[1] if lacks[1] else np.nan)
        found = np.array(ratios)
        known = np.isfinite(found)
        return [day_numbers.day(day) for day in days[WINDOW - 1 :][known]], found[known]

    def _policies(self) -> Iterator[tuple[str, list[str]]]:
        """Draw a lane for each policy: a bar for each version, and a mark for each candidate that was refused."""
        for name, lived in self._history.lived.items():
            shapes = []
            for number, (version, days) in enumerate(groupby(lived.serving, key=lived.serving.__getitem__)):
                served = list(days)
                kind = "odd" if number % 2 else "even"
                shapes.append(self._bar(served[0], served[-1], kind, f"fitted through {version}"))
            for one in lived.attempts:
                said = f"{one.through}: {'released' if one.released else 'refused'}"
                shapes.append(
                    f'<circle class="{"released" if one.released else "refused"}" cx="{self._x(one.day)}" '
                    f'cy="{{middle}}" r="5"><title>{hypertext(said)}</title></circle>'
                )
            yield name, shapes

    def _alarm_lanes(self) -> Iterator[tuple[str, list[str]]]:
        kinds = {"true": "alarm", "false": "false", "too late to tell": "late"}
        shapes = [self._bar(one.known, one.last, kinds[one.truth], f"{', '.join(one.checks)}: {one.truth}")
                  for one in self._alarms.quality]  # fmt: skip
        yield "alarms of quality", shapes
        yield (
            "alarms of support",
            [self._bar(first, last, "alarm", ", ".join(said)) for first, last, said in self._alarms.support],
        )

    def _bar(self, first: date, last: date, kind: str, said: str) -> str:
        x, width = self._x(first), max(self._x(last + timedelta(1)) - self._x(first) - 1, 2)
        return (
            f'<rect class="{kind}" x="{x}" y="{{y}}" width="{width:.1f}" height="16"><title>{hypertext(said)}</title>'
            "</rect>"
        )

    def _months(self, y: int) -> Iterator[str]:
        lived = self._history.plan.lived
        step = max(1, len(lived) // 12)
        for period in lived[::step]:
            x = self._x(periods.span(period)[0])
            yield f'<line class="axis" x1="{x}" x2="{x}" y1="{TOP}" y2="{y - 10}"/>'
            yield _text(x + 3, y + 6, period, "faint")


def _legend(y: int) -> Iterator[str]:
    """Say what the marks and colours of the lanes are."""
    x = LEFT
    for kind, words in (
        ("released", "released"), ("refused", "not released"), ("even", "a version serves"), ("odd", "the next one"),
        ("alarm", "alarm, true"), ("false", "false"), ("late", "too late to tell"),
    ):  # fmt: skip
        if kind in ("released", "refused"):
            yield f'<circle class="{kind}" cx="{x + 5}" cy="{y - 4}" r="5"/>'
        else:
            yield f'<rect class="{kind}" x="{x}" y="{y - 10}" width="12" height="12"/>'
        yield _text(x + 18, y, words, "faint")
        x += 30 + 6 * len(words)


def history_span(history: History) -> str:
    """Name the lived periods."""
    return periods.told(history.plan.lived)


def _ends(values: Array) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = (high - low) / 10 or 0.1
    return low - room, high + room


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{hypertext(words)}</text>'


def _key(x: float, kind: str) -> str:
    return f'<polyline class="line {kind}" points="{x},{TOP - 14} {x + 18},{TOP - 14}"/>'
