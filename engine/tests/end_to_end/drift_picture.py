"""The story of drift as a picture: a segment's error by day, the alarms, who answered, and what happened when.

One SVG that needs nothing else, in the colours of the reader's light or dark page.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from pathlib import Path

from mainline.monitoring.result import Segment
from tests.end_to_end import warehouse
from tests.end_to_end.drift_world import Story

LEFT, DAY, PLOT, LANE = 180, 13, 130, 22
"""Pixels: the column of names, a day, the height of the chart and of a lane."""
TOP, LINE = 46, 19
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #344054 } .title { font-weight: 600; font-size: 14px }
.faint { fill: #667085 } .rule { stroke: #98a2b3; stroke-dasharray: 3 3 } .axis { stroke: #d0d5dd }
.band { fill: #1570ef; opacity: .18 } .line { fill: none; stroke: #1570ef; stroke-width: 2 }
.open { fill: #d92d20 } .waits { fill: #d92d20; opacity: .35 } .first { fill: #1570ef } .second { fill: #12b76a }
.mark { fill: #475467 } .number { fill: #fff; font-weight: 600; text-anchor: middle }
@media (prefers-color-scheme: dark) {
  text { fill: #d0d5dd } .faint { fill: #98a2b3 } .rule { stroke: #667085 } .axis { stroke: #475467 }
  .band { fill: #53b1fd } .line { stroke: #53b1fd } .open, .waits { fill: #f97066 } .first { fill: #53b1fd }
  .second { fill: #32d583 } .mark { fill: #cecfd2 } .number { fill: #101828 }
}
"""


def write(story: Story, path: Path) -> Path:
    """Draw the story into a file, and return it."""
    days = sorted(story.answers)
    parts = [*_chart(story, days), *_alarms(story, days), *_answers(story, days)]
    bottom = TOP + PLOT + LANE * (len(_checks(story)) + 2) + 10
    parts += _events(story, days, bottom)
    width, height = LEFT + DAY * len(days) + 20, bottom + 14 + LINE * len(_dated(story))
    title = f"{len(days)} days of production: what was seen, and what was done"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img"><title>{title}</title><style>{_STYLE}</style>{_text(10, 18, title, "title")}'
    )
    path.write_text("\n".join([head, *parts, "</svg>\n"]), encoding="utf-8")
    return path


def _chart(story: Story, days: Sequence[str]) -> Iterator[str]:
    """Draw the segment's mean error against that of all, of the version that answers, with its interval."""
    points = [(number, found) for number, day in enumerate(days) if (found := _segment(story, day)) is not None]
    step = 5
    most = step * (int(max(found.bias for _, found in points)) // step + 2)
    least = step * (int(min(0.0, *(found.bias for _, found in points))) // step - 1)

    def place(value: float) -> float:
        return round(TOP + PLOT * (most - min(max(value, least), most)) / (most - least), 1)

    yield _text(10, TOP + 12, f"{warehouse.AIRPORT} against all")
    yield _text(10, TOP + 28, "minutes, 7 days", "faint")
    for value in range(least, most + 1, step):
        yield _text(LEFT - 24, place(value) + 4, f"{value:+d}" if value else "0", "faint")
        yield f'<line class="axis" x1="{LEFT}" x2="{_x(len(days))}" y1="{place(value)}" y2="{place(value)}"/>'
    upper = [f"{_x(number + 0.5)},{place(found.high or found.bias)}" for number, found in points]
    lower = [f"{_x(number + 0.5)},{place(found.low or found.bias)}" for number, found in reversed(points)]
    yield f'<polygon class="band" points="{" ".join(upper + lower)}"/>'
    line = [f"{_x(number + 0.5)},{place(found.bias)}" for number, found in points]
    yield f'<polyline class="line" points="{" ".join(line)}"/>'


def _alarms(story: Story, days: Sequence[str]) -> Iterator[str]:
    """Draw a lane for each check that had an alarm: on which days it was open, paler while it waited to be closed."""
    for lane, check in enumerate(_checks(story)):
        y = TOP + PLOT + 14 + LANE * lane
        yield _text(10, y + 11, f"alarm: {check}")
        for number, day in enumerate(days):
            last = max((look for look in story.looks if look <= day), default=None)
            of = [alarm for alarm in story.looks[last].alarms if alarm.check == check] if last else []
            if of:
                kind = "waits" if all(alarm.quiet_since for alarm in of) else "open"
                yield f'<rect class="{kind}" x="{_x(number)}" y="{y}" width="{DAY}" height="14"/>'


def _answers(story: Story, days: Sequence[str]) -> Iterator[str]:
    """Draw who answered on each day, as shares of its rows."""
    y = TOP + PLOT + 14 + LANE * len(_checks(story))
    versions = sorted({version for counts in story.answers.values() for version in counts})
    yield _text(10, y + 11, f"answered by {', '.join(versions)}")
    for number, day in enumerate(days):
        counts, low = story.answers[day], 0.0
        for version, kind in zip(versions, ("first", "second"), strict=False):
            high = round(14 * counts[version] / max(sum(counts.values()), 1), 1)
            yield f'<rect class="{kind}" x="{_x(number)}" y="{y + low}" width="{DAY - 1}" height="{high}"/>'
            low += high


def _events(story: Story, days: Sequence[str], bottom: int) -> Iterator[str]:
    """Mark the day of each thing that happened by a number, and say below what it was."""
    for number, (day, whats) in enumerate(_dated(story), 1):
        x = _x(days.index(day) + 0.5)
        yield f'<line class="rule" x1="{x}" x2="{x}" y1="{TOP - 6}" y2="{bottom - 14}"/>'
        yield f'<circle class="mark" cx="{x}" cy="{TOP - 12}" r="8"/>{_text(x, TOP - 8, str(number), "number")}'
        y = bottom + 4 + LINE * (number - 1)
        yield f'<circle class="mark" cx="18" cy="{y}" r="8"/>{_text(18, y + 4, str(number), "number")}'
        yield _text(34, y + 4, f"{date.fromisoformat(day):%-d %B}: {'; '.join(whats)}")


def _dated(story: Story) -> list[tuple[str, list[str]]]:
    """Return what happened by day."""
    found: dict[str, list[str]] = {}
    for what, day in story.events.items():
        found.setdefault(day, []).append(what)
    return sorted(found.items())


def _checks(story: Story) -> list[str]:
    """Name the checks that had an alarm, in the order in which they opened."""
    return list(dict.fromkeys(alarm.check for _, look in sorted(story.looks.items()) for alarm in look.alarms))


def _segment(story: Story, day: str) -> Segment | None:
    """Return the segment as it was seen on a day, of the newest version of which it was."""
    if day not in story.looks:
        return None
    found = [
        segment for version in sorted(story.looks[day].versions, key=lambda one: one.version)
        for segment in version.segments if (segment.column, segment.value) == ("origin", warehouse.AIRPORT)
    ]  # fmt: skip
    return found[-1] if found else None


def _x(number: float) -> float:
    return LEFT + DAY * number


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text x="{x}" y="{y}"{f" class={kind!r}" if kind else ""}>{escape(words)}</text>'
