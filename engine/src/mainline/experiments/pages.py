"""An explanation as text for a terminal."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mainline import display
from mainline.data.columns import format_time
from mainline.experiments import sentences
from mainline.experiments.contributions import ORDERS, Contributions
from mainline.experiments.layout import Layout, number, wrap
from mainline.experiments.walkthrough import Explanation, Lookup

if TYPE_CHECKING:
    from mainline.experiments.slices import Slice

BAR = 16  # characters of the longest bar


def render(found: Explanation, name: str, only: Sequence[str] = ()) -> str:
    """Write the steps from request to prediction; with some reasons named, all others as one."""
    manifest = found.predictor.manifest
    title = wrap(f"{name}, step by step through {manifest['name']} {found.predictor.digest[:12]}")
    steps = (_request(found), _lookups(found), _features(found, only), _sum(found))
    return "\n".join(["", wrap(sentences.client(found)), "", title, *("\n" + "\n".join(step) for step in steps)])


def render_slice(found: "Slice", unit: str, quality: str, only: Sequence[str] = ()) -> str:
    """Write what the model relies on in a slice beside what it relies on everywhere."""
    shown = [one for one in found.reliances if one.name in only or not only]
    moved = f"({unit.strip()})" if unit else ""
    header = (
        "feature", f"moves by\n{moved}" if moved else "moves by", "in all\nrows", "difference", "± chance",
        "relied on", "adds\nhere", "adds in\nall rows",
    )  # fmt: skip
    rows = [
        (one.name, f"{one.here:.4f}", f"{one.everywhere:.4f}", f"{one.here - one.everywhere:+.4f}",
         f"{one.error:.4f}" if np.isfinite(one.error) else "-", one.side(found.z), f"{one.adds:+.4f}",
         f"{one.adds_everywhere:+.4f}")
        for one in shown
    ]  # fmt: skip
    added = sum(one.adds for one in found.reliances)
    total = (
        f"On average of {found.used} rows: typical row {found.reference:.4f}, {added:+.4f} that all reasons add, "
        f"prediction {found.prediction:.4f}."
    )
    note = (
        "'moves by' is the mean size of a Shapley value, up or down; ± is one standard error, with rows of a day "
        f"alike; 'more' and 'less' are beyond {found.z:.1f} of them, since so many features are looked at."
    )
    said = [
        "",
        wrap(sentences.of_slice(found, unit)),
        wrap(quality),
        "",
        Layout(header, rows, spare=(4, 7, 6, 3)).render(),
        "",
    ]
    return "\n".join([*said, wrap(total), wrap(note)])


def _request(found: Explanation) -> Iterator[str]:
    fields = found.predictor.request
    yield "1. Request" + ("" if found.moment is None else f", to be answered as of {format_time(found.moment)}")
    rows = [(f.name, str(found.request.get(f.name, "(absent)")), f.unit, f.description) for f in fields]
    room = display.page() - sum(max(len(row[index]) for row in rows) + 2 for index in range(3)) - 2
    shown = [(*row[:3], textwrap.shorten(row[3], max(room, 20), placeholder=" ...")) for row in rows]
    yield Layout(("field", "value", "unit", ""), shown, left=(0, 1, 2, 3), spare=(3, 2)).render()


def _lookups(found: Explanation) -> Iterator[str]:
    yield wrap("2. Looked up in the package's feature tables, as they were known then")
    rows = [row for lookup in found.lookups for row in _table_rows(lookup)]
    if rows:
        header = ("table", "key", "row of", "age (min)", "column", "value")
        yield Layout(header, rows, left=(0, 1, 2, 4), spare=(3, 2, 1)).render()
    yield from (f"  {one.table}: {one.missing}" for one in found.lookups if one.missing)


def _table_rows(lookup: Lookup) -> Iterator[tuple[str, ...]]:
    when = format_time(lookup.time) if lookup.time is not None else "missing" if lookup.missing else "always"
    age = "" if lookup.age is None else f"{lookup.age:,}"
    first = (lookup.table, f"{lookup.key} {lookup.entity}" if lookup.key else "(no key)", when, age)
    for index, (column, value) in enumerate(lookup.values.items()):
        yield (*(first if index == 0 else ("", "", "", "")), column, "missing" if np.isnan(value) else number(value))


def _features(found: Explanation, only: Sequence[str]) -> Iterator[str]:
    yield wrap("3. What each feature, and each value that scoring.respond() reads, adds to a typical row")
    shares = found.contributions
    ranked = sorted(shares.values, key=lambda name: -abs(shares.values[name]))
    shown = [name for name in ranked if name in only or not only]
    others = sum(shares.values[name] for name in ranked if name not in shown)
    largest = max((abs(value) for value in [others, *shares.values.values()]), default=0.0)
    rows = [
        (
            name,
            sentences.value(found.features[name]),
            sentences.value(found.typical[name]),
            *_share(shares, name, largest),
        )
        for name in shown
    ]
    if len(shown) < len(ranked):
        rows.append((f"all other {len(ranked) - len(shown)}", "", "", f"{others:+.4f}", "", _bar(others, largest)))
    unit = found.predictor.manifest["response"]["unit"]
    header = ("feature", "value", "typical", f"adds{f' ({unit})' if unit else ''}", "± chance", "")
    yield Layout(header, rows, left=(0, 5), spare=(5, 4, 2)).render()
    said = f"Shapley values of the packaged model, from {ORDERS} orders of the features; ± is their standard error."
    yield wrap(said, "  ")


def _sum(found: Explanation) -> Iterator[str]:
    shares, response = found.contributions, found.predictor.manifest["response"]
    unit = f", {response['unit']}" if response["unit"] else ""
    which = f", the probability of {found.of_class}" if found.of_class else ""
    yield f"4. Prediction: {response['name']}{unit}{which}"
    added = sum(shares.values.values())
    rows = [
        ("typical row", f"{shares.reference:.4f}", "every value at its training median or its commonest text"),
        (
            "+ what is added",
            f"{added:+.4f}",
            f"their sum is prediction minus typical row, to {abs(shares.gap):.0e}",
        ),
        ("= prediction", f"{shares.prediction:.4f}", f"scoring.respond() of the model's own {found.raw:.4f}"),
        ("  simplest model", f"{found.baseline:.4f}", "beside it: the mean target, or how frequent the class is"),
    ]
    yield Layout(("", "", ""), rows, left=(0, 2), spare=(2,)).render().removeprefix("\n")


def _share(shares: Contributions, name: str, largest: float) -> tuple[str, str, str]:
    """Write what a feature adds, its standard error and a bar; nothing at all is a plain 0."""
    value = shares.values[name]
    return f"{value:+.4f}" if value else "0", f"{shares.errors[name]:.4f}", _bar(value, largest)


def _bar(value: float, largest: float) -> str:
    return ("+" if value > 0 else "-") * round(BAR * abs(value) / largest) if largest else ""
