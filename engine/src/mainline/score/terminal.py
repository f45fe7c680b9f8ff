"""The score for a terminal."""

import textwrap

from mainline import display
from mainline.score.change import Change
from mainline.score.rubric import MOST, Section
from mainline.score.total import SECTIONS, Mark, Score
from mainline.text import clean, utc

COLOURS = {0.0: "1;31", 0.5: "33", 1.0: "32"}
NAME = 15
NARROW = 40
"""With fewer columns left beside the names, what was found stands below them."""


def render(found: Score, moved: Change | None = None, colour: bool = False) -> str:
    """Write the four sections, a row for each test, the score, what a change did to it, and what would earn most."""
    of = f" of {found.digest[:12]}" if found.digest else ""
    at = f" at {found.commit[:7]}" if found.commit else ""
    head = f"ML test score{of}{at}, in {found.environment}; evidence counts for {found.days} days"
    lines = ["", *textwrap.wrap(head, display.page())]
    for section in SECTIONS:
        lines += ["", f"{section}: {found.sum(section):g} of {MOST}", *_rows(found, section, colour)]
    return "\n".join([*lines, "", *_total(found), *_change(moved), "", *_next(found)]).rstrip()


def _rows(found: Score, section: Section, colour: bool) -> list[str]:
    return [line for mark in found.marks if mark.test.section == section for line in _row(mark, colour)]


def _row(mark: Mark, colour: bool) -> list[str]:
    points, test = f"{mark.points:g}", mark.test
    shown = f"\033[{COLOURS[mark.points]}m{points:>3}\033[0m" if colour else f"{points:>3}"
    head, indent = f"  {test.number} {shown}  {test.short:<{NAME}}  ", 2 + 1 + 1 + 3 + 2
    width, said = display.page(), clean(mark.said) + _origin(mark)
    if width - indent - NAME - 2 < NARROW:
        return [head.rstrip(), *textwrap.wrap(said, width, initial_indent=" " * indent, subsequent_indent=" " * indent)]
    first, *more = textwrap.wrap(said, width - indent - NAME - 2) or [""]
    return [f"{head}{first}", *(" " * (indent + NAME + 2) + line for line in more)]


def _origin(mark: Mark) -> str:
    if mark.origin is None:
        return ""
    commit = f"{mark.origin.commit[:7]}, " if mark.origin.commit else ""
    return f" ({commit}{utc(mark.origin.when)[:10]})"


def _total(found: Score) -> list[str]:
    sums = ", ".join(f"{section} {found.sum(section):g}" for section in SECTIONS)
    return textwrap.wrap(f"Score {found.points:g} of {MOST}, the smallest of {sums}: {found.band}.", display.page())


def _change(moved: Change | None) -> list[str]:
    """Say what is another one than at the commit that the change began from, and what is not compared."""
    if moved is None:
        return []
    lines = ["", f"This change, since {moved.base[:7]}:"]
    for one in moved.moved:
        before = "unknown" if one.before is None else f"{one.before:g}"
        lines += _item(f"{one.test}: {one.after:g}, before {before}: {clean(one.why)}")
    lines += [] if moved.moved else _item("No test has other points by what git keeps.")
    if moved.not_compared:
        lines += _item(f"Not compared, since git alone cannot tell: {', '.join(moved.not_compared)}.")
    return lines


def _next(found: Score) -> list[str]:
    lines = ["Cheapest next steps:"] if found.steps else []
    for step, tests in found.steps:
        lines += _item(f"{step.text} ({', '.join(test.name for test in tests)})")
    if found.lifting:
        sections = " and ".join(section for section, _ in found.lifting)
        lines += textwrap.wrap(f"The score rises with {sections}:", display.page())
        for step in dict.fromkeys(step for _, step in found.lifting):
            lines += _item(step.text)
    return lines


def _item(said: str) -> list[str]:
    width = display.page()
    return textwrap.wrap(said, width, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False)
