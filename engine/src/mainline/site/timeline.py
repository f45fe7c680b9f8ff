"""Which version each environment had when, as a picture: a row for each environment, a bar for each assignment."""

from collections.abc import Sequence

from mainline.registry.history import Given
from mainline.report.escape import hypertext
from mainline.seconds import DAY
from mainline.site.record import Environment
from mainline.text import minute, utc

WIDTH, ROW, LEFT, RIGHT, TOP, BOTTOM = 960, 44, 120, 12, 8, 30
_LETTER = 8.5
"""The room that a letter takes in a bar."""
COLOURS = {
    "release": "#1f6feb", "approval": "#1a7f37", "return": "#9a5b00", "rollback": "#cf222e", "no record": "#57606a",
}  # fmt: skip
"""By why a version came; white letters can be read on each."""
_DATES = 5


def draw(environments: Sequence[Environment], until: float) -> str:
    """Return the picture up to a moment in seconds since 1970; '' if no environment ever had a version."""
    rows = [one for one in environments if any(item.version for item in one.given)]
    if not rows:
        return ""
    start = min(item.when for one in rows for item in one.given)
    end = max(until, *(item.when + 1 for one in rows for item in one.given))
    scale = (WIDTH - LEFT - RIGHT) / (end - start)

    def across(when: float) -> float:
        return round(LEFT + (min(max(when, start), end) - start) * scale, 1)

    height = TOP + ROW * len(rows) + BOTTOM
    shapes = []
    for place, one in enumerate(rows):
        y = TOP + place * ROW
        shapes.append(f'<text class="row" x="0" y="{y + 24}">{hypertext(one.name[:14])}</text>')
        shapes += [_bar(item, across(item.when), across(item.until or end), y) for item in one.given if item.version]
    for step in range(_DATES):
        when = start + (end - start) * step / (_DATES - 1)
        anchor = "start" if step == 0 else "end" if step == _DATES - 1 else "middle"
        told = minute(when) if end - start < _DATES * DAY else utc(when)[:10]
        shapes.append(f'<text x="{across(when)}" y="{height - 8}" text-anchor="{anchor}">{told}</text>')
    title = hypertext(f"Which version {', '.join(one.name for one in rows)} had, {utc(start)[:10]} to {utc(end)[:10]}")
    return (
        f'<svg class="picture" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}"><title>{title}</title>'
        f"{''.join(shapes)}</svg>"
    )


def legend() -> str:
    """Say which colour is what."""
    keys = "".join(
        f'<span><svg class="key" viewBox="0 0 26 10" aria-hidden="true"><rect width="26" height="10" rx="2" '
        f'fill="{colour}"/></svg>{name}</span>'
        for name, colour in COLOURS.items()
    )
    return f'<div class="keys">{keys}</div>'


def _bar(item: Given, begin: float, end: float, y: int) -> str:
    width = round(max(end - begin - 1, 1.0), 1)
    colour = COLOURS[item.kind or "no record"]
    version = item.version or ""
    until = minute(item.until) if item.until else "now"
    told = hypertext(f"{version}, {minute(item.when)} to {until} UTC, {item.kind or 'no record'}")
    name = ""
    if width > len(version) * _LETTER + 8:
        name = (
            f'<text class="inside" x="{round(begin + width / 2, 1)}" y="{y + 24}" text-anchor="middle">'
            f"{hypertext(version)}</text>"
        )
    bar = f'<rect x="{begin}" y="{y + 4}" width="{width}" height="{ROW - 12}" rx="3" fill="{colour}"/>'
    return f"<g><title>{told}</title>{bar}{name}</g>"
