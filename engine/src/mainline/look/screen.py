"""A gallery as text: what to mind, and a line for each column."""

import numpy as np

from mainline import periods
from mainline.data.columns import format_time
from mainline.experiments.layout import Layout, wrap
from mainline.look import advice
from mainline.look.portraits import Gallery, Portrait
from mainline.text import clip, count

LEVELS = "▁▂▃▄▅▆▇█"
"""Bars of a histogram, a letter each."""
_NAME, _VALUES = 24, 34
MOST = 40
"""Columns that the terminal shows; the page has all of them."""


def render(gallery: Gallery) -> str:
    """Write all of it, as wide as the terminal."""
    sheet = gallery.sheet
    head = ("column", "kind", "missing", "distinct", "values", "", "label", "drift")
    shown = ordered(gallery)
    shown = shown if len(shown) <= 1.5 * MOST else shown[:MOST]
    rows = [_row(one, sheet.label) for one in shown]
    lines = ["", wrap(lead(gallery)), *(wrap(note) for note in sheet.notes), ""]
    lines += [Layout(head, rows, left=(0, 1, 4, 5), spare=(5, 3, 4)).render()]
    if len(shown) < len(gallery.portraits):
        order = " say less of the label and" if sheet.label else ""
        lines += [f"  {len(gallery.portraits) - len(shown):,} more columns{order} are on the page."]
    lines += ["", *_told(gallery)]
    said = advice.give(gallery)
    lines += ["", "What to mind" if said else "Nothing strikes the eye."]
    lines += [wrap(f"- {sentence}") for sentence in said]
    return "\n".join(lines)


def lead(gallery: Gallery) -> str:
    """Say in a sentence what the table is."""
    sheet = gallery.sheet
    when = ""
    if sheet.periods:
        unit = periods.unit(sheet.periods[0])
        when = f" in {count(len(sheet.periods), unit)}, {periods.told(sheet.periods)}"
    label = f"; the label is {sheet.label} ({gallery.task})" if sheet.label else "; no label is named (--label COLUMN)"
    columns = count(len(sheet.columns), "column")
    return f"{sheet.title}: {count(sheet.total, 'row')} of {columns}{when}{label}."


def values(one: Portrait) -> str:
    """Say what a column holds: the ends and the middle of numbers, the commonest texts; nothing of hidden ones."""
    if one.hidden:
        return f"hidden: {one.hidden}"
    if not len(one.column.present):
        return "nothing"
    if one.column.kind == "text":
        shown = [f"{bar.name} {bar.share:.0%}" for bar in one.bars[:3]]
        others = one.column.distinct - len(shown)
        return ", ".join(shown) + (f" and {others:,} more" if others else "")
    if one.column.kind == "time":
        return f"{_when(one.low)} to {_when(one.high)}"
    if one.low == one.high:
        return f"{one.low:.5g}"
    return f"{one.low:.5g} / {one.middle:.5g} / {one.high:.5g}"


def strength(value: float) -> str:
    """Write an association; a dash where there is none."""
    return f"{value:.2f}" if value == value else "-"


def ordered(gallery: Gallery) -> list[Portrait]:
    """Put the label first, then what says most about it."""
    label = gallery.sheet.label
    return sorted(gallery.portraits, key=lambda one: (one.name != label, -np.nan_to_num(one.strength, nan=-1.0)))


def _row(one: Portrait, label: str) -> tuple[str, ...]:
    said = "label" if one.name == label else strength(one.strength)
    missing = f"{one.missing:.1%}" if one.missing else "0"
    shown = clip(values(one), _VALUES)
    return (
        clip(one.name, _NAME), one.column.kind, missing, f"{one.column.distinct:,}", shown, bars(one), said,
        strength(one.most_drift),
    )  # fmt: skip


def bars(one: Portrait) -> str:
    """Draw a histogram in one line; nothing for texts and hidden columns."""
    if one.hidden or one.column.kind == "text" or len(one.bars) < 2:
        return ""
    highest = max(bar.share for bar in one.bars)
    return "".join(LEVELS[round(bar.share / highest * (len(LEVELS) - 1))] for bar in one.bars)


def _when(seconds: float) -> str:
    return format_time(int(seconds) // 60)[:10]


def _told(gallery: Gallery) -> list[str]:
    said = "values: least / median / most, or the commonest texts."
    if gallery.sheet.label:
        said += (
            " label: how much a column says of the label, 0 to 1 (rank correlation, correlation ratio or Cramer's V)."
        )
    if gallery.sheet.periods:
        said += " drift: the largest stability index of a period against all before it; above 0.25 is much."
    return [wrap(said)]
