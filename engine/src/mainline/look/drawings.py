"""Small pictures of a column as inline SVG: its values, and how they move; colours are the page's style's."""

from collections.abc import Sequence

from mainline.look.portraits import Bar
from mainline.report.escape import hypertext

WIDTH, HEIGHT = 132, 34
_GAP = 1.5


def histogram(bars: Sequence[Bar]) -> str:
    """Draw a bar for each value or range, each with its share as a title."""
    if len(bars) < 2:
        return ""
    highest = max(bar.share for bar in bars)
    wide = WIDTH / len(bars)
    shapes = []
    for place, bar in enumerate(bars):
        high = bar.share / highest * (HEIGHT - 2)
        across = f'x="{place * wide:.1f}" width="{max(wide - _GAP, 1):.1f}"'
        shapes.append(
            f'<rect {across} y="{HEIGHT - high:.1f}" height="{high:.1f}">'
            f"<title>{hypertext(bar.name)}: {bar.share:.1%}</title></rect>"
        )
    said = "; ".join(f"{bar.name}: {bar.share:.1%}" for bar in bars)
    return _svg("histogram", said, "".join(shapes))


def course(name: str, values: Sequence[float], periods: Sequence[str]) -> str:
    """Draw a figure from period to period; nothing if fewer than two periods have it."""
    known = [(place, value) for place, value in enumerate(values) if value == value]
    if len(known) < 2:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    reach = high - low or 1.0
    points = [
        (place / max(len(values) - 1, 1) * (WIDTH - 8) + 4, HEIGHT - 4 - (value - low) / reach * (HEIGHT - 8))
        for place, value in known
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2"><title>{hypertext(periods[place])}: {value:.4g}</title></circle>'
        for (x, y), (place, value) in zip(points, known, strict=True)
    )
    said = f"{name} from {known[0][1]:.4g} to {known[-1][1]:.4g}, between {low:.4g} and {high:.4g}"
    return _svg("course", said, f'<polyline points="{line}"/>{dots}')


def _svg(kind: str, said: str, shapes: str) -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{hypertext(said)}">{shapes}</svg>'
    )
