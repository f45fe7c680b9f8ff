"""The metrics over the releases as pictures: a dot for each version, its interval as a line, the baseline dashed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mainline.report.drawing import ticks
from mainline.report.escape import hypertext
from mainline.report.figures import number

WIDTH, HEIGHT = 960, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 14, 40
_LABEL = 70
"""The room that the name of a version takes below the picture."""
_LARGEST = 1e9


@dataclass(frozen=True)
class Dot:
    """A version's value of a metric; None stands where nothing is recorded."""

    version: str
    value: float
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    archived: bool = False

    @property
    def has_interval(self) -> bool:
        """Whether both ends are known, and lie on either side of the value."""
        return self.low is not None and self.high is not None and self.low <= self.high


def draw(dots: Sequence[Dot], metric: str) -> str:
    """Return the picture of a metric, oldest version first; '' if there is nothing to draw."""
    dots = [dot for dot in dots if all(abs(value) <= _LARGEST for value in _values(dot))]
    if not dots:
        return ""
    values = [value for dot in dots for value in _values(dot)]
    low, high = min(values), max(values)
    margin = (high - low) * 0.08 or max(abs(high) * 0.1, 1e-9)
    low, high = low - margin, high + margin
    step = (WIDTH - LEFT - RIGHT) / len(dots)
    places = [round(LEFT + (place + 0.5) * step, 1) for place in range(len(dots))]

    def up(value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    shapes = [*_grid(low, high, up), *_names(dots, places, step)]
    shapes.append(_path("base", [(x, up(dot.baseline)) for x, dot in zip(places, dots, strict=True)
                                 if dot.baseline is not None]))  # fmt: skip
    shapes.append(_path("course", [(x, up(dot.value)) for x, dot in zip(places, dots, strict=True)]))
    radius = 4.5 if step > 14 else 2.5
    for x, dot in zip(places, dots, strict=True):
        if dot.has_interval:
            shapes.append(f'<path class="whisker" d="M{x} {up(dot.low or 0.0)}V{up(dot.high or 0.0)}"/>')
        style = "old" if dot.archived else "dot"
        shapes.append(f'<circle class="{style}" cx="{x}" cy="{up(dot.value)}" r="{radius}">{_told(dot)}</circle>')
    title = hypertext(f"{metric} of {len(dots)} versions, from {dots[0].version} to {dots[-1].version}")
    return (
        f'<svg class="picture" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}"><title>{title}</title>'
        f"{''.join(shapes)}</svg>"
    )


def _values(dot: Dot) -> list[float]:
    ends = [dot.low, dot.high] if dot.has_interval else []
    return [value for value in (dot.value, dot.baseline, *ends) if value is not None]


def _grid(low: float, high: float, up: Callable[[float], float]) -> list[str]:
    shapes = []
    for value in ticks(low, high):
        y = up(value)
        shapes.append(f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
        shapes.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{number(value)}</text>')
    return shapes


def _names(dots: Sequence[Dot], places: Sequence[float], step: float) -> list[str]:
    """Name as many versions as have room, the newest among them."""
    every = max(1, -int(-_LABEL // step))
    return [
        f'<text x="{x}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{hypertext(dot.version)}</text>'
        for place, (x, dot) in enumerate(zip(places, dots, strict=True))
        if (len(dots) - 1 - place) % every == 0
    ]


def _path(style: str, points: Sequence[tuple[float, float]]) -> str:
    if len(points) < 2:
        return ""
    return f'<path class="{style}" fill="none" d="M{"L".join(f"{x} {y}" for x, y in points)}"/>'


def _told(dot: Dot) -> str:
    interval = f", {number(dot.low or 0.0)} to {number(dot.high or 0.0)}" if dot.has_interval else ""
    return f"<title>{hypertext(f'{dot.version}: {number(dot.value)}{interval}')}</title>"
