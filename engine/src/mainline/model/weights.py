"""How much each row counts: in the fit, in metrics and in everything that compares, if `scoring.weight` says so."""

from collections.abc import Iterable
from types import ModuleType
from typing import Any

import numpy as np

from mainline.conformance.arrays import check_column
from mainline.contract import Array, Columns
from mainline.errors import UseCaseError

PLACE = "src/usecase/scoring.py: weight"
EFFECTIVE = "effective_rows"
"""The key of `effective` in `metrics/test.json`; not there where no row counts more than another."""


def of(scoring: ModuleType, label: Array, request: Columns) -> Array | None:
    """Return the use case's weights of n rows that are fitted or measured together; None if it weighs none.

    Args:
        scoring: the use case's module, which may offer `weight(label, columns)`; here or in a package.
        label: of the n rows.
        request: their columns.

    Raises:
        UseCaseError: naming the first row whose weight is not one, or saying that all rows weigh 0.
    """
    return together([each(scoring, label, request)] if are_given(scoring) else [None])


def are_given(scoring: ModuleType) -> bool:
    """Whether the use case weighs rows."""
    return hasattr(scoring, "weight")


def together(parts: Iterable[Array | None]) -> Array | None:
    """Put the weights of parts of n rows below each other, shape (n,); None if the use case weighs none.

    Raises:
        UseCaseError: when all rows weigh 0.
    """
    given = [weight for weight in parts if weight is not None]
    if not given:
        return None
    found = np.concatenate(given)
    if len(found) and not found.any():
        raise UseCaseError(f"{PLACE} returns 0 for each of {len(found):,} rows; one of them must count.")
    return found


def each(scoring: ModuleType, label: Array, request: Columns) -> Array:
    """Return the weight of each of n rows, shape (n,), as `scoring.weight` has it; all of a few rows may be 0.

    Raises:
        UseCaseError: naming the first row whose weight is not one.
    """
    weight = scoring.weight(label, request)
    check(weight, label)
    return np.asarray(weight, np.float64)


def check(weight: Any, label: Array) -> None:
    """Refuse weights that are not a number of 0 or more for each of n rows.

    Raises:
        UseCaseError: naming the first row, counted from 0, and its label.
    """
    check_column("scoring.py: weight", weight, len(label))
    if weight.dtype.kind not in "biuf":
        raise UseCaseError(f"{PLACE} returns {weight.dtype}; return a number of 0 or more per row.")
    wrong = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if len(wrong):
        row = int(wrong[0])
        raise UseCaseError(
            f"{PLACE} returns {weight[row]:g} for row {row} (label {label[row]:g}; rows with such a weight: "
            f"{len(wrong):,} of {len(weight):,}); return a number of 0 or more."
        )


def counted(weight: Array | None, *columns: Array) -> tuple[Array, ...]:
    """Return the weights of the rows that count at all, and n-row columns without the others; 1 each without weights.

    Args:
        weight: shape (n,), or None where no row weighs more than another.
        columns: of the n rows, at least one.
    """
    if weight is None:
        return np.ones(len(columns[0])), *columns
    rows = weight > 0
    return weight[rows], *(column[rows] for column in columns)


def effective(weight: Array) -> float:
    """Return as how many rows of equal weight n weighted ones tell (Kish 1965, Survey Sampling): at most n."""
    return float(weight.sum() ** 2 / (weight**2).sum())
