"""The section of the page `/rollout` about an experiment: its sentence, and the interval over the outcomes, as SVG."""

from collections.abc import Sequence
from html import escape
from math import log10

from mainline.exchange.outcomes import reasons
from mainline.exchange.status import Outcome

_WIDTH, _HEIGHT = 640.0, 220.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 110.0, 16.0, 14.0, 40.0
_APART = 24.0
"""Of two numbers that would stand nearer, the one that is not 0 is left out; the page draws them larger on a phone."""
_LABEL = 'fill="var(--soft)" font-size="12"'


def section(outcome: Outcome | None) -> str:
    """Return the section; empty if there was no experiment yet."""
    if not outcome:
        return ""
    left_out = escape(reasons(outcome["left_out"]))
    unit = f", {escape(outcome['unit'])}" if outcome["unit"] else ""
    said = f'<p class="{outcome["verdict"]}">{escape(outcome["said"])}</p>'
    note = (
        f"{escape(outcome['candidate'])} less {escape(outcome['stable'])}{unit}; {outcome['better']} is better; "
        f"dashed: what is required ({outcome['limit']:.3g}). The interval holds at all looks together."
    )
    missing = f" Left out: {left_out}." if left_out else ""
    picture = f'{_picture(outcome)}<div class="soft">{note}{missing}</div>'
    return f"<section><h2>Outcome: {escape(outcome['name'])}</h2>{said}{picture}</section>"


def _picture(outcome: Outcome) -> str:
    """Draw the interval at each point of its way; nothing if there are fewer than two."""
    points = outcome["points"]
    if len(points) < 2:
        return ""
    scale = _Scale(points, outcome["limit"])
    numbers = [scale.across(point[0]) for point in points]
    middle, low, high = ([scale.up(point[place]) for point in points] for place in (1, 2, 3))
    band = [*zip(numbers, high, strict=True), *reversed([*zip(numbers, low, strict=True)])]
    ends = _line(scale.up(0.0), "var(--ink)", "") + _line(scale.up(outcome["limit"]), "var(--bad)", "4 4")
    labels = [
        f'<text x="{_LEFT - 6:.0f}" y="{scale.up(value) + 4:.1f}" text-anchor="end" {_LABEL}>{value:.3g}</text>'
        for value in dict.fromkeys((scale.least, 0.0, scale.most))
        if not value or abs(scale.up(value) - scale.up(0.0)) >= _APART
    ]
    for place, anchor in ((0, "start"), (-1, "end")):
        number = f"{points[place][0]:,.0f} outcomes"
        x = numbers[place]
        labels.append(f'<text x="{x:.1f}" y="{_HEIGHT - 8:.0f}" text-anchor="{anchor}" {_LABEL}>{number}</text>')
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" style="width:100%;max-width:{_WIDTH:.0f}px" '
        f'aria-label="{escape(outcome["said"])}">'
        f'<polygon points="{_points(band)}" fill="var(--candidate)" opacity=".25"/>{ends}'
        f'<polyline points="{_points([*zip(numbers, middle, strict=True)])}" fill="none" stroke="var(--candidate)" '
        f'stroke-width="2"/>{"".join(labels)}</svg>'
    )


class _Scale:
    """From outcomes (in equal steps of their logarithm) and differences to places in the picture."""

    def __init__(self, points: Sequence[Sequence[float]], limit: float) -> None:
        values = [limit, 0.0, *(point[place] for point in points for place in (2, 3))]
        self.least, self.most = min(values), max(values)
        self._first, self._last = log10(max(points[0][0], 1.0)), log10(max(points[-1][0], 1.0))

    def across(self, number: float) -> float:
        """Return the place of a number of outcomes."""
        share = (log10(max(number, 1.0)) - self._first) / max(self._last - self._first, 1e-9)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def up(self, value: float) -> float:
        """Return the height of a difference."""
        share = (value - self.least) / (self.most - self.least or 1.0)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)


def _line(height: float, color: str, dashes: str) -> str:
    return (
        f'<line x1="{_LEFT:.0f}" x2="{_WIDTH - _RIGHT:.0f}" y1="{height:.1f}" y2="{height:.1f}" '
        f'stroke="{color}" stroke-dasharray="{dashes}"/>'
    )


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
