"""Explanations as pictures in Vega-Lite: a waterfall of one prediction, a slice beside all rows, worth of features.

Labels are clipped here, so that a long name or many features leave the bars their room.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainline.experiments.sentences import decimals, subject, unit_of, value
from mainline.experiments.walkthrough import Explanation
from mainline.text import clip

if TYPE_CHECKING:
    from mainline.experiments.slices import Slice
    from mainline.experiments.worth import Worth

FOLDER = Path("metrics/report")
"""Not in git: the folder of pictures that anybody can draw again."""

SCALE = 2
"""Pixels per point of the PNG."""

MOST = 18  # bars
LETTERS = 40  # of a label
WIDTH, BAND = 560, 24  # points
INK, SOFT, RULE = "#1b2027", "#59636e", "#e6e6e6"
BAR = {"type": "bar", "height": BAND - 8}
UP, DOWN, WHOLE, PALE = "#e08a1e", "#2f81f7", "#59636e", "#c8ced6"
DIGITS = 4  # of the largest figure
FAR = 2
"""Spans of all steps that zero lies away from them, so that an axis from there would show nothing of the steps."""

TOGETHER = 0.7
"""An association from which two features can stand in for each other, so that each looks worth little."""

Rows = list[dict[str, Any]]


def draw(specification: dict[str, Any]) -> str:
    """Write a picture as PNG and as SVG, which opens in any browser without a network, and return their paths."""
    import vl_convert  # takes its time, which a text alone need not wait for

    FOLDER.mkdir(parents=True, exist_ok=True)
    png, svg = FOLDER / "explanation.png", FOLDER / "explanation.svg"
    png.write_bytes(vl_convert.vegalite_to_png(specification, scale=SCALE))
    svg.write_text(vl_convert.vegalite_to_svg(specification), encoding="utf-8")
    return f"{png}\n{svg}"


def of_one(found: Explanation, name: str, only: Sequence[str] = ()) -> dict[str, Any]:
    """Return a waterfall from the typical row to the prediction, a bar for each reason; with `only`, for each of it."""
    shares = found.contributions
    ranked = sorted(shares.values, key=lambda one: (one not in only, -abs(shares.values[one])))
    main = ranked[: len({*only} & {*ranked})] if only else ranked
    main = main if len(main) <= MOST else main[: MOST - 1]
    steps = [(f"{clip(one, LETTERS)} = {clip(value(found.features[one]), 12)}", shares.values[one]) for one in main]
    if len(main) < len(ranked):
        steps.append((f"all other {len(ranked) - len(main)}", sum(shares.values[one] for one in ranked[len(main) :])))
    ends = list(accumulate((added for _, added in steps), initial=shares.reference))
    places = decimals(DIGITS, shares.reference, shares.prediction, *(added for _, added in steps))
    low, high, floor = _reach([*ends, shares.prediction])
    bars = [_bar(0, "typical row", floor, shares.reference, f"{shares.reference:,.{places}f}", WHOLE)]
    for (label, added), start in zip(steps, ends, strict=False):
        colour = UP if added > 0 else DOWN
        bars.append(_bar(len(bars), label, start, start + added, f"{added:+,.{places}f}", colour))
    bars.append(_bar(len(bars), "prediction", floor, shares.prediction, f"{shares.prediction:,.{places}f}", WHOLE))
    unit = "" if found.is_probability else unit_of(found)
    title = f"{subject(found)}: {shares.prediction:,.{places}f}{unit}"
    said = [f"{name}.", "What each reason adds to the prediction of a typical row."]
    if floor:
        said[-1] += " The axis does not begin at 0."
    return _waterfall(bars, title, said, unit, (low, high, floor))


def _reach(ends: Sequence[float]) -> tuple[float, float, float]:
    """Return the ends of the axis, with room for figures, and where whole bars begin: at 0 if it is near the steps."""
    low, high = min(ends), max(ends)
    span = (high - low) or abs(high) or 1.0
    if low - FAR * span > 0:
        return low - span / 4, high + span / 5, low - span / 4
    if high + FAR * span < 0:
        return low - span / 20, high + span / 2, high + span / 4
    low, high = min(low, 0.0), max(high, 0.0)
    room = (high - low) or 1.0
    return low - (room / 30 if low < 0 else 0.0), high + room / 7, 0.0


def of_slice(found: "Slice", unit: str, only: Sequence[str] = ()) -> dict[str, Any]:
    """Return bars of what the model relies on in a slice, with a mark for all rows; with `only`, of these features."""
    chosen = [one for one in found.reliances if not only or one.name in only]
    rows: Rows = [
        {
            "place": place, "label": clip(one.name, LETTERS), "here": one.here, "everywhere": one.everywhere,
            "side": one.side(found.z) or "as everywhere",
        }
        for place, one in enumerate(chosen[:MOST])
    ]  # fmt: skip
    whole = len(rows) == len(found.reliances)
    more = "" if whole else f"; {'' if only else 'the first '}{len(rows)} of {len(found.reliances)} features"
    y = _labels(rows)
    x = {"type": "quantitative", "title": f"moves a prediction by{unit}, on average", "axis": {"tickCount": 6}}
    sides = {"domain": ["more", "as everywhere", "less"], "range": [UP, PALE, DOWN]}
    colour = {"field": "side", "type": "nominal", "scale": sides, "legend": {"title": "relied on", "orient": "top"}}
    return _whole(
        f"What the model relies on in {clip(f'{found.column}={found.value}', LETTERS)}",
        f"{found.rows:,} of {found.of:,} test rows; the line is the same for all rows{more}.",
        rows,
        [
            {"mark": BAR, "encoding": {"y": y, "x": x | {"field": "here"}, "color": colour}},
            {
                "mark": {"type": "tick", "thickness": 2.5, "size": BAND - 4, "color": INK},
                "encoding": {"y": y, "x": x | {"field": "everywhere"}},
            },
        ],
    )  # fmt: skip


def of_worth(found: "Sequence[Worth]") -> dict[str, Any]:
    """Return what each feature is worth with its interval, and beside it the feature that goes together with it."""
    ranked = sorted(found, key=lambda one: -one.loss)
    rows: Rows = [
        {
            "place": place, "label": clip(one.feature, LETTERS), "loss": 100 * one.loss, "low": 100 * one.low,
            "high": 100 * one.high, "side": "proven" if one.proven else "not proven",
            "partner": f"{clip(one.correlated_with, 24)} {one.correlation:.2f}" if one.correlated_with else "",
            "close": bool(one.correlation >= TOGETHER),
        }
        for place, one in enumerate(ranked)
    ]  # fmt: skip
    y = _labels(rows)
    x = {"type": "quantitative", "title": "% worse without it", "axis": {"tickCount": 6}}
    sides = {"domain": ["proven", "not proven"], "range": [DOWN, PALE]}
    colour = {"field": "side", "type": "nominal", "scale": sides, "legend": {"title": None, "orient": "top"}}
    partner = {"mark": {"type": "text", "align": "left", "x": WIDTH + 12, "fontSize": 11}}
    partner["encoding"] = {
        "y": y, "text": {"field": "partner"},
        "color": {"condition": {"test": "datum.close", "value": UP}, "value": SOFT},
    }  # fmt: skip
    return _whole(
        "What each feature is worth",
        [
            "The model is fitted again without it; the line is the interval.",
            f"Right: what goes together with it most; from {TOGETHER} on, in orange, one can stand in for the other,",
            "so that each looks worth little beside the other.",
        ],
        rows,
        [
            {"mark": BAR, "encoding": {"y": y, "x": x | {"field": "loss"}, "color": colour}},
            {
                "mark": {"type": "rule", "color": INK},
                "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}},
            },
            partner,
        ],
    )  # fmt: skip


def _bar(place: int, label: str, start: float, end: float, said: str, colour: str) -> dict[str, Any]:
    return {
        "place": place, "label": label, "start": start, "end": end, "right": max(start, end), "said": said,
        "colour": colour,
    }  # fmt: skip


def _waterfall(
    bars: Rows, title: str, said: Sequence[str], unit: str, reach: tuple[float, float, float]
) -> dict[str, Any]:
    low, high, floor = reach
    x = {
        "type": "quantitative", "title": unit.strip() or None, "axis": {"tickCount": 6},
        "scale": {"domain": [low, high], "nice": False, "zero": False},
    }  # fmt: skip
    y, colour = _labels(bars), {"field": "colour", "type": "nominal", "scale": None, "legend": None}
    text = {"type": "text", "align": "left", "dx": 4, "fontSize": 11, "color": INK}
    return _whole(title, said, bars, [
        {"mark": {"type": "rule", "color": RULE}, "encoding": {"x": x | {"datum": floor}}},
        {"mark": BAR,
         "encoding": {"y": y, "x": x | {"field": "start"}, "x2": {"field": "end"}, "color": colour}},
        {"mark": text, "encoding": {"y": y, "x": x | {"field": "right"}, "text": {"field": "said"}}},
    ])  # fmt: skip


def _labels(rows: Rows) -> dict[str, Any]:
    """Return the axis of labels, one to a row, in the order of the rows; two of one name stay two."""
    names = {row["place"]: row["label"] for row in rows}
    cases = "".join(f"datum.value == {place} ? {_quoted(name)} : " for place, name in names.items())
    return {
        "field": "place", "type": "ordinal", "title": None,
        "axis": {"labelExpr": f"{cases}''", "labelLimit": 400, "ticks": False, "domain": False, "grid": False},
    }  # fmt: skip


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _whole(title: str, said: str | Sequence[str], rows: Rows, layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {
            "text": clip(title, 90), "subtitle": said, "anchor": "start", "fontSize": 17, "color": INK,
            "subtitleFontSize": 12, "subtitleColor": SOFT, "offset": 14, "frame": "bounds",
        },
        "background": "white", "padding": 18, "width": WIDTH, "height": {"step": BAND},
        "data": {"values": rows},
        "layer": list(layers),
        "config": {
            "font": "Helvetica, Arial, sans-serif", "view": {"stroke": None},
            "axis": {"labelColor": INK, "titleColor": SOFT, "labelFontSize": 12, "titleFontSize": 12,
                     "titleFontWeight": "normal", "gridColor": RULE, "domainColor": RULE, "tickColor": RULE},
        },
    }  # fmt: skip
