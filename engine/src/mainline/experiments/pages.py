"""An explanation as text for a terminal."""

import textwrap
from collections.abc import Iterator

import numpy as np

from mainline import display
from mainline.contract import Array
from mainline.data.columns import format_time
from mainline.experiments.contributions import ORDERS, Contributions
from mainline.experiments.layout import Layout, number, wrap
from mainline.experiments.single import Explanation, Lookup

BAR = 16  # characters of the longest bar
MAIN = 3  # reasons in a sentence


def render(found: Explanation, name: str) -> str:
    """Write the steps from request to prediction."""
    manifest = found.predictor.manifest
    title = wrap(f"{name}, step by step through {manifest['name']} {found.predictor.digest[:12]}")
    steps = (_request(found), _lookups(found), _features(found), _sum(found))
    return "\n".join(["", wrap(sentence(found)), "", title, *("\n" + "\n".join(step) for step in steps)])


def sentence(found: Explanation) -> str:
    """Say in one sentence what is predicted and why, for somebody who knows nothing of the model."""
    shares, response = found.contributions, found.predictor.manifest["response"]
    what = f"the probability of {found.of_class}" if found.of_class else response["name"]
    unit = f" {response['unit']}" if response["unit"] and not found.of_class else ""
    apart = shares.prediction - shares.reference
    ranked = sorted(shares.values, key=lambda name: -abs(shares.values[name]))[:MAIN]
    values = {name: (_value(found.features[name]), _value(found.typical[name])) for name in ranked}
    reasons = [
        f"{name} is {actual} instead of {usual} ({shares.values[name]:+.3g})"
        for name, (actual, usual) in values.items()
        if actual != usual
    ]
    said = f"{what} is predicted as {number(shares.prediction, 4)}{unit}, {number(abs(apart), 3)} "
    said += f"{'more' if apart > 0 else 'less'} than for a typical row"
    return f"{said}{'; mainly, ' if reasons else ''}{', '.join(reasons)}."


def _request(found: Explanation) -> Iterator[str]:
    fields = found.predictor.request
    yield "1. Request" + ("" if found.moment is None else f", to be answered as of {format_time(found.moment)}")
    rows = [(f.name, str(found.request.get(f.name, "(absent)")), f.unit, f.description) for f in fields]
    room = display.page() - sum(max(len(row[index]) for row in rows) + 2 for index in range(3)) - 2
    shown = [(*row[:3], textwrap.shorten(row[3], max(room, 20), placeholder=" ...")) for row in rows]
    yield Layout(("field", "value", "unit", ""), shown, left=(0, 1, 2, 3)).render()


def _lookups(found: Explanation) -> Iterator[str]:
    yield "2. Looked up in the package's feature tables, as they were known then"
    rows = [row for lookup in found.lookups for row in _table_rows(lookup)]
    if rows:
        header = ("table", "key", "row of", "age (min)", "column", "value")
        yield Layout(header, rows, left=(0, 1, 2, 4)).render()
    yield from (f"  {one.table}: {one.missing}" for one in found.lookups if one.missing)


def _table_rows(lookup: Lookup) -> Iterator[tuple[str, ...]]:
    when = format_time(lookup.time) if lookup.time is not None else "missing" if lookup.missing else "always"
    age = "" if lookup.age is None else f"{lookup.age:,}"
    first = (lookup.table, f"{lookup.key} {lookup.entity}" if lookup.key else "(no key)", when, age)
    for index, (column, value) in enumerate(lookup.values.items()):
        yield (*(first if index == 0 else ("", "", "", "")), column, "missing" if np.isnan(value) else number(value))


def _features(found: Explanation) -> Iterator[str]:
    yield "3. What each feature, and each value that scoring.respond() reads, adds to a typical row"
    shares = found.contributions
    ranked = sorted(shares.values, key=lambda name: -abs(shares.values[name]))
    largest = max((abs(value) for value in shares.values.values()), default=0.0)
    rows = [
        (name, _value(found.features[name]), _value(found.typical[name]), *_share(shares, name, largest))
        for name in ranked
    ]
    unit = found.predictor.manifest["response"]["unit"]
    header = ("feature", "value", "typical", f"adds{f' ({unit})' if unit else ''}", "± chance", "")
    yield Layout(header, rows, left=(0, 5)).render()
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
    yield Layout(("", "", ""), rows, left=(0, 2)).render().removeprefix("\n")


def _value(values: Array) -> str:
    value = values[0]
    if isinstance(value, str):
        return value or "missing"
    return "missing" if np.isnan(value) else number(float(value))


def _share(shares: Contributions, name: str, largest: float) -> tuple[str, str, str]:
    """Write what a feature adds, its standard error and a bar; nothing at all is a plain 0."""
    value = shares.values[name]
    return f"{value:+.4f}" if value else "0", f"{shares.errors[name]:.4f}", _bar(value, largest)


def _bar(value: float, largest: float) -> str:
    return ("+" if value > 0 else "-") * round(BAR * abs(value) / largest) if largest else ""
