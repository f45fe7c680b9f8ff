"""A prediction and its main reasons in one sentence, for somebody who knows nothing of the model.

The figures are rounded alike, and what is left over is named, so that whoever adds them up gets the prediction.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from mainline.contract import Array
from mainline.experiments.layout import number
from mainline.experiments.walkthrough import Explanation

if TYPE_CHECKING:
    from mainline.experiments.slices import Slice

MAIN = 3  # reasons
DIGITS = 3  # of the largest figure
MOST_DECIMALS = 12
LARGE = 1e4
"""From here on numbers are written as whole ones, up to those that are not whole any more."""


def client(found: Explanation) -> str:
    """Say what is predicted and why, such as: the load of the day before is 45 instead of -1 (+46.3)."""
    shares = found.contributions
    ranked = sorted(shares.values, key=lambda name: -abs(shares.values[name]))
    main = [name for name in ranked[:MAIN] if short(found.features[name]) != short(found.typical[name])]
    places = decimals(DIGITS, shares.reference, shares.prediction, *shares.values.values())
    start, end = _rounded(shares.reference, places), _rounded(shares.prediction, places)
    added = {name: _rounded(shares.values[name], places) for name in main}
    rest = end - start - sum(added.values(), Decimal(0))
    reasons = [
        f"{words(name, found)} is {short(found.features[name])} instead of {short(found.typical[name])} "
        f"({_signed(added[name])})"
        for name in main
    ]
    unit = "" if found.is_probability else unit_of(found)
    because = f", mostly because {_listed(reasons)}" if reasons else ""
    left = "Everything else" if reasons else "Everything together"
    predicted = f"is predicted as {end:,f}{unit}"
    if found.quantile is not None:
        predicted = f"is predicted to stay below {end:,f}{unit} in {100 * found.quantile:.4g} % of cases"
    return (
        f"{subject(found)} {predicted}{because}. "
        f"{left} adds {_signed(rest)} to the {start:,f} of a typical row.{_more(found, places)}"
    )


def of_slice(found: "Slice", unit: str) -> str:
    """Say what the model relies on most in a slice, and what surely more or less than in all rows."""
    most = ", ".join(f"{one.name} ({_figure(one.here)}{unit})" for one in found.reliances[:MAIN])
    said = f"In {found.column}={found.value}, {found.rows:,} of {found.of:,} test rows, the model relies most on {most}"
    moved = [f"{side} than in all rows on {named}" for side in ("more", "less") if (named := _moved(found, side))]
    return f"{said}; {'; '.join(moved) or 'no more and no less than in all rows, beyond chance'}."


def _moved(found: "Slice", side: str) -> str:
    """List what the model surely relies on more or less there, what differs most first; '' if nothing."""
    ones = [one for one in found.reliances if one.side(found.z) == side]
    ones.sort(key=lambda one: -abs(one.here - one.everywhere))
    return ", ".join(f"{one.name} ({_figure(one.here)}, all rows {_figure(one.everywhere)})" for one in ones[:MAIN])


def subject(found: Explanation) -> str:
    """Name what is predicted: of classes, the probability of one of them."""
    response: Mapping[str, Any] = found.predictor.manifest["response"]
    if found.is_probability:
        return f"The probability of {found.of_class}" if found.of_class else _first_clause(response["description"])
    return _first_clause(response["description"]) or response["name"]


def unit_of(found: Explanation) -> str:
    """Return the unit of the prediction with a blank before it, or ''."""
    unit = found.predictor.manifest["response"]["unit"]
    return f" {unit}" if unit else ""


def words(name: str, found: Explanation) -> str:
    """Name a reason as a person would: what the request says of the field, else its name without underscores."""
    said = next((field.description for field in found.predictor.request if field.name == name), "")
    clause = _first_clause(said)
    if not clause:
        return name.replace("_", " ")
    return clause if clause[1:2].isupper() else clause[:1].lower() + clause[1:]


def value(values: Array) -> str:
    """Write a feature's one value; what is not known is missing."""
    one = values[0]
    if isinstance(one, str):
        return one or "missing"
    if np.isnan(one):
        return "missing"
    return f"{one:.0f}" if LARGE <= abs(one) < 1 / np.finfo(np.float64).eps else number(float(one))


def short(values: Array) -> str:
    """Write a feature's one value for somebody who does not compute with it: of a fraction, three digits."""
    one = values[0]
    if isinstance(one, str) or np.isnan(one) or float(one).is_integer():
        return value(values)
    return _figure(float(one))


def _figure(one: float) -> str:
    """Write a number with `DIGITS`, and a large one as a whole number."""
    return number(one, DIGITS) if abs(one) < 10**DIGITS or not np.isfinite(one) else f"{one:,.0f}"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _more(found: Explanation, places: int) -> str:
    """Say what it is held against: of several classes the next one, of two the limit, of a number its interval."""
    if found.runner_up:
        other, probability = found.runner_up
        return f" The next most probable is {other}, with {number(probability, DIGITS)}."
    manifest = found.predictor.manifest
    if not found.is_probability and "interval" in manifest:
        low, high = (f"{end:,.{places}f}" for end in found.predictor.response.cells(found.contributions.prediction)[1:])
        return f" In {100 * manifest['interval']['level']:.4g} % of cases it turns out between {low} and {high}."
    threshold = manifest["model"].get("threshold")
    if not found.is_probability or threshold is None:
        return ""
    reached = found.contributions.prediction >= threshold
    named = found.of_class or manifest["response"]["name"]
    return f" That counts as {'' if reached else 'not '}{named}: the limit is {number(threshold, DIGITS)}."


def _first_clause(description: str) -> str:
    return re.split(r"[;,(.]", description, maxsplit=1)[0].strip()


def decimals(digits: int, *figures: float) -> int:
    """Return how many digits after the point show the largest of the figures with so many digits."""
    largest = max(abs(figure) for figure in figures)
    if not largest > 0 or not np.isfinite(largest):
        return 0
    return int(np.clip(digits - 1 - np.floor(np.log10(largest)), 0, MOST_DECIMALS))


def _rounded(figure: float, places: int) -> Decimal:
    return Decimal(f"{figure:.{places}f}") + 0


def _signed(figure: Decimal) -> str:
    return f"{figure:+,f}" if figure else "0"
