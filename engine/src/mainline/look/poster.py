"""A gallery as one HTML file that opens anywhere: nothing to load, nothing that runs."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from mainline.look import advice, drawings, screen
from mainline.look.portraits import Gallery, Portrait
from mainline.look.sheet import masks
from mainline.report import page
from mainline.report.escape import clip, hypertext, hypertext_prose
from mainline.text import count

EXAMPLES = 12
"""Rows that are shown, spread evenly over all."""
_LONGEST = 40
STYLE = """
main { max-width: 1180px }
.histogram, .course { display: block; width: 132px; height: 34px; overflow: visible }
.histogram rect { fill: var(--unknown); opacity: .75 }
.course polyline { fill: none; stroke: var(--unknown); stroke-width: 1.5 } .course circle { fill: var(--unknown) }
.columns td, .columns th { white-space: nowrap } .columns .said { white-space: normal; min-width: 150px }
.columns tbody th, .rows td { overflow-wrap: normal } .columns tbody th { font-weight: 600 }
.pairs td { border: 1px solid var(--card); min-width: 26px; padding: 3px 4px; text-align: center; font-size: 11px }
.pairs td { background: color-mix(in srgb, var(--pass) calc(var(--tenths) * 5%), transparent) }
.pairs thead th { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; padding: 4px 2px }
.pairs tbody th { white-space: nowrap; min-width: 0 } .pairs { width: auto }
.rows td, .rows th { white-space: nowrap; font-size: 13px }
.hidden { color: var(--soft); font-style: italic }
"""


def render(gallery: Gallery) -> str:
    """Return the page; the same gallery gives the same text."""
    sheet = gallery.sheet
    said = advice.give(gallery)
    notes = "".join(f"<p>{hypertext_prose(note)}</p>" for note in sheet.notes)
    header = (
        f'<header class="{"warn" if said else "pass"}">\n<p class="verdict">A look</p>\n'
        f"<h1><bdi>{hypertext(sheet.title)}</bdi></h1>\n<p>{hypertext_prose(screen.lead(gallery))}</p>\n</header>"
    )
    sections = [
        ("What to mind", _bullets(said) or "<p>Nothing strikes the eye.</p>"),
        ("Columns", notes + _columns(gallery)),
        ("What goes together", _pairs(gallery)),
        ("Some rows", _rows(gallery)),
    ]
    body = "\n".join(f"<section>\n<h2>{title}</h2>\n{content}\n</section>" for title, content in sections if content)
    return page.frame(f"A look at {sheet.title}", f"{header}\n{body}", STYLE)


def _bullets(sentences: Iterable[str]) -> str:
    lines = "".join(f"<li><bdi>{hypertext_prose(sentence)}</bdi></li>" for sentence in sentences)
    return f"<ul>{lines}</ul>" if lines else ""


def _columns(gallery: Gallery) -> str:
    timed = bool(gallery.sheet.periods)
    head = ["column", "kind", "missing", "distinct", "values", ""]
    head += ["label"] if gallery.sheet.label else []
    head += ["level by period", "missing by period", "drift"] if timed else []
    titles = "".join(f'<th scope="col">{title}</th>' for title in head)
    rows = "\n".join(f"<tr>{_row(one, gallery)}</tr>" for one in screen.ordered(gallery))
    note = (
        "Values are least / median / most, or the commonest texts; the bars reach from the 1st to the "
        "99th percentile. <em>label</em>: how much a column says of the label, 0 to 1 (rank correlation, correlation "
        "ratio or Cramer's V). <em>level</em>: the mean, or the share of the commonest text. <em>drift</em>: the "
        "largest stability index of a period against all before it; above 0.25 is much."
    )
    return _table("columns", titles, rows, note)


def _row(one: Portrait, gallery: Gallery) -> str:
    sheet = gallery.sheet
    shown = f'<span class="hidden">{hypertext_prose(one.hidden)}</span>' if one.hidden else (
        f"<bdi>{hypertext(screen.values(one))}</bdi>"
    )  # fmt: skip
    cells = [
        one.column.kind, f"{one.missing:.1%}" if one.missing else "0", f"{one.column.distinct:,}", shown,
        "" if one.hidden else drawings.histogram(one.bars),
    ]  # fmt: skip
    if sheet.label:
        cells.append("label" if one.name == sheet.label else screen.strength(one.strength))
    if sheet.periods:
        gaps = one.missing_by if any(value > 0 for value in one.missing_by) else ()
        level = () if one.hidden else one.level
        cells += [
            drawings.course("level", level, sheet.periods), drawings.course("share missing", gaps, sheet.periods),
            screen.strength(one.most_drift),
        ]  # fmt: skip
    name = f'<th scope="row"><bdi>{hypertext(clip(one.name, _LONGEST))}</bdi></th>'
    return name + "".join(
        f'<td class="said">{cell}</td>' if place == 3 else f"<td>{cell}</td>" for place, cell in enumerate(cells)
    )


def _pairs(gallery: Gallery) -> str:
    names = gallery.compared
    if len(names) < 2:
        return ""
    head = "".join(f'<th scope="col"><bdi>{hypertext(clip(name, _LONGEST))}</bdi></th>' for name in names)
    rows = "\n".join(
        f'<tr><th scope="row"><bdi>{hypertext(clip(name, _LONGEST))}</bdi></th>'
        f"{''.join(_shade(value) for value in gallery.pairs[place].tolist())}</tr>"
        for place, name in enumerate(names)
    )
    others = len(gallery.portraits) - len(names)
    left = (
        f" {count(others, 'column')} left out: texts of many values, constants, or beyond the first." if others else ""
    )
    note = (
        "0 is nothing in common, 1 that one says the other: rank correlation, correlation ratio or Cramer's "
        f"V, by kind.{left}"
    )
    return _table("pairs", f"<td></td>{head}", rows, note)


def _table(kind: str, head: str, rows: str, note: str) -> str:
    return (
        f'<div class="scroll"><table class="{kind}">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n'
        f'</table></div>\n<p class="soft">{note}</p>'
    )


def _shade(value: float) -> str:
    known = value == value
    return f'<td class="t{round(10 * value) if known else 0}">{_tenth(value) if known else ""}</td>'


def _tenth(value: float) -> str:
    """Write a share of one by its tenth: `.7`, and 1 for nearly all."""
    tenth = f"{value:.1f}"
    return "1" if tenth == "1.0" else tenth.lstrip("0")


def _rows(gallery: Gallery) -> str:
    sheet = gallery.sheet
    if not sheet.rows:
        return ""
    chosen = np.unique(np.linspace(0, sheet.rows - 1, min(EXAMPLES, sheet.rows)).astype(int))
    columns = {one.name: _cells(one, chosen) for one in screen.ordered(gallery)}
    head = "".join(f'<th scope="col"><bdi>{hypertext(clip(name, _LONGEST))}</bdi></th>' for name in columns)
    rows = "\n".join(f"<tr>{''.join(cells)}</tr>" for cells in zip(*columns.values(), strict=True))
    note = (
        "Values that could point at a person or a row are numbered: equal ones have the same number within this page."
    )
    return _table("rows", head, rows, note)


def _cells(one: Portrait, chosen: "np.ndarray") -> list[str]:
    column = one.column
    stand_in = masks(column) if one.hidden else {}
    cells = []
    for place in chosen:
        value = column.values[place : place + 1].tolist()[0] if column.kind != "time" else column.values[place]
        if column.is_missing[place]:
            cells.append('<td class="hidden">missing</td>')
        elif one.hidden:
            cells.append(f'<td class="hidden">{stand_in[value]}</td>')
        else:
            cells.append(f"<td><bdi>{hypertext(clip(_written(value), _LONGEST))}</bdi></td>")
    return cells


def _written(value: object) -> str:
    if isinstance(value, np.datetime64):
        return str(pd.Timestamp(value).strftime("%Y-%m-%d %H:%M"))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
