"""What the model relies on in a slice of the test rows, and how that differs from all of them.

Reliance on a feature is the mean absolute contribution to a prediction (Lundberg and Lee 2017 call it SHAP feature
importance), here of Shapley values by sampling over rows that lie evenly in the slice. Its standard error lets rows of
one day be alike (Cameron and Miller 2015).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from mainline.contract import Array
from mainline.data import dataset
from mainline.data.dataset import Prepared
from mainline.declared.params import Params
from mainline.errors import MainlineError, nearest
from mainline.experiments import reasons
from mainline.experiments.reasons import Reasons
from mainline.package.predictor import Predictor
from mainline.text import few
from usecase import features, interface

ROWS = 200  # of a slice, and of all
ORDERS = 20  # a row


@dataclass(frozen=True)
class Reliance:
    """How far a reason moves predictions in a slice and in all rows, up or down, and what it adds on the average."""

    name: str
    here: float
    everywhere: float
    error: float
    """Of the difference: one standard error."""
    adds: float
    adds_everywhere: float

    def side(self, z: float) -> str:
        """Say whether the model surely relies on it `more` or `less` here; '' within so many standard errors."""
        apart = self.here - self.everywhere
        return "" if not abs(apart) > z * self.error else "more" if apart > 0 else "less"


@dataclass(frozen=True)
class Slice:
    """A slice, its reliances with the largest first, and the mean typical and actual prediction of the rows used."""

    column: str
    value: str
    rows: int
    of: int
    used: int
    reliances: tuple[Reliance, ...]
    reference: float
    prediction: float
    z: float
    """Standard errors beyond which a difference counts although there are so many reasons (Bonferroni)."""


def chosen(text: str, offered: Mapping[str, Array]) -> tuple[str, str]:
    """Read COLUMN=VALUE and hold it to the slices that there are.

    Raises:
        MainlineError: naming what is meant, or what there is.
    """
    column, equals, value = text.partition("=")
    if not offered:
        raise MainlineError("--slice: slices() of src/usecase/scoring.py names none.")
    if not equals:
        raise MainlineError(f"--slice: {text!r} is not COLUMN=VALUE, such as {_example(offered)}.")
    if column not in offered:
        raise MainlineError(f"--slice: there is no column '{column}'; {nearest(column, offered)}")
    values = np.unique(offered[column].astype("U")).tolist()
    if value not in values:
        raise MainlineError(f"--slice: no test row has {column}={value}; {_nearest(value, values)}")
    return column, value


def measure(
    loaded: tuple[Predictor, Mapping[str, Any], Sequence[Mapping[str, Any]]],
    params: Params, text: str, confidence: float, tell: Callable[[str], None],
) -> Slice:  # fmt: skip
    """Measure reliances in a slice of the test rows and in all.

    Args:
        loaded: a package with its profile and its examples.
        params: the declared parameters.
        text: COLUMN=VALUE.
        confidence: that none of the differences that count is chance.
        tell: is called before what takes long.

    Raises:
        MainlineError: when there is no such slice, or it has fewer rows than `evaluation.slice_min_rows`.
    """
    rows = dataset.read(
        dataset.FOLDER, params.parts.test, [field.name for field in interface.REQUEST], reasons.names(loaded[0])
    )
    offered = loaded[0].scoring.slices(rows.request)
    column, value = chosen(text, offered)
    inside = np.flatnonzero(offered[column].astype("U") == value)
    least = params.evaluation.slice_min_rows
    if len(inside) < least:
        raise MainlineError(
            f"--slice: too few rows: {column}={value} has {len(inside):,} of at least {least:,} "
            "(evaluation.slice_min_rows)."
        )
    here, everywhere = rows.take(_evenly(inside)), rows.take(_evenly(np.arange(len(rows))))
    tell(f"explaining {len(here)} rows of the slice and {len(everywhere)} of all")
    found, whole = _explain(loaded, here), _explain(loaded, everywhere)
    reliances = [
        _compare(name, found.added[name], whole.added[name], found.cluster, whole.cluster) for name in found.added
    ]
    reliances.sort(key=lambda one: -one.here)
    z = NormalDist().inv_cdf(1 - (1 - confidence) / (2 * len(reliances)))
    return Slice(
        column, value, len(inside), len(rows), len(here), tuple(reliances), found.reference, found.prediction, z
    )


@dataclass(frozen=True)
class _Explained:
    """Per reason what it adds to each of n predictions, the cluster of each, and the means of what is predicted."""

    added: Mapping[str, Array]
    cluster: Array
    reference: float
    prediction: float


def _explain(
    loaded: tuple[Predictor, Mapping[str, Any], Sequence[Mapping[str, Any]]], rows: Prepared
) -> _Explained:  # fmt: skip
    every = [
        Reasons(*loaded, one.request, one.features).attribute(ORDERS)
        for one in (rows.take(np.array([place])) for place in range(len(rows)))
    ]
    names = every[0].values
    added = {name: np.array([one.values[name] for one in every]) for name in names}
    reference, prediction = (float(np.mean(values)) for values in zip(*_ends(every), strict=True))
    return _Explained(added, dataset.clusters(features, rows), reference, prediction)


def _ends(every: Sequence[Any]) -> Iterator[tuple[float, float]]:
    return ((one.reference, one.prediction) for one in every)


def _compare(name: str, here: Array, everywhere: Array, cluster: Array, all_clusters: Array) -> Reliance:
    inside, whole = np.abs(here), np.abs(everywhere)
    error = np.hypot(_error(inside, cluster), _error(whole, all_clusters))
    return Reliance(name, inside.mean(), whole.mean(), float(error), here.mean(), everywhere.mean())


def _error(values: Array, cluster: Array) -> float:
    """Return the standard error of the mean of n values; values of one cluster may be alike."""
    codes = np.unique(cluster, return_inverse=True)[1]
    count = codes.max() + 1
    if count < 2:
        return float("inf")
    sums = np.bincount(codes, weights=values - values.mean())
    return float(np.sqrt(np.sum(sums**2) * count / (count - 1)) / len(values))


def _evenly(places: Array) -> Array:
    """Take `ROWS` places, evenly over all of them."""
    return places[np.unique(np.linspace(0, len(places) - 1, min(ROWS, len(places))).astype(int))]


def _example(offered: Mapping[str, Array]) -> str:
    column = next(iter(offered))
    return f"{column}={offered[column][0]}"


def _nearest(value: str, values: Sequence[str]) -> str:
    """Name the value that was meant, or the first ones that there are."""
    said = nearest(value, values)
    if "?" in said:
        return said
    return f"known: {few(values, 12)}"
