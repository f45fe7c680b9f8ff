"""Few rows to train on, of what the pipeline validated here or the source has; they are prepared as in the pipeline."""

from functools import cache

import numpy as np
import pandas as pd

from mainline.claims.batches import NoDataError, load
from mainline.claims.declarations import module
from mainline.contract import Array
from mainline.data.dataset import Prepared
from mainline.declared import estimator_parts
from mainline.declared.params import Params
from mainline.labels import classes
from mainline.stages import fitting
from mainline.stages.prepare import featurise

MOST = 1000
"""Rows to train on; of each class there are at least `EACH`, if the period has so many."""
EACH = 20
REPEATED = 50
"""How often each row of a tiny set is there, at least."""
LEAST = ("min_samples_leaf", "min_samples_split", "min_child_samples", "n_neighbors")
"""Hyperparameters that say how many rows are too few to be told from others."""
EXTREME = 0.05
"""The share of rows with the largest targets, of which one is told from the row with the smallest."""


@cache
def few() -> Prepared:
    """Return some rows of a period, prepared.

    Raises:
        NoDataError: if there are none here, or a class has none.
    """
    batches = load()
    events = batches.labelled()
    order = np.random.default_rng(5).permutation(len(events))
    labels = events[module("interface").LABEL].to_numpy()[order]
    names = pd.unique(labels) if module("interface").TASK != "regression" else ()
    first = [np.flatnonzero(labels == name)[:EACH] for name in names]
    chosen = np.unique(np.concatenate([np.arange(min(MOST, len(order))), *first]))
    rows = featurise(events.iloc[np.sort(order[chosen])], batches.known(), batches.period)
    weight = fitting.weigh(rows)
    rows = rows if weight is None else rows.take(weight > 0)
    lacking = [name for code, name in _classes() if not (rows.label == code).any()]
    if lacking or not len(rows):
        raise NoDataError(
            f"{batches.origin} has no row of {lacking[0] if lacking else 'any label'} in {batches.period}."
        )
    return rows


def tiny(settings: Params, rows: Prepared) -> Prepared:
    """Return rows of as different features as can be, two with other targets or one of each class, each repeated.

    Raises:
        NoDataError: if none differ.
    """
    features = {name: rows.features[name] for name in settings.features}
    first, *others = _groups(rows)
    chosen = [int(first[0])]
    for group in others:
        apart = np.min([_differing(features, group, place) for place in chosen], axis=0)
        if not apart.max():
            raise NoDataError(f"No row of {load().period} differs from those with another label in any feature.")
        chosen.append(int(group[np.argmax(apart)]))
    return rows.take(np.tile(chosen, _times(settings)))  # in turn, so that an estimator's own folds hold each of them


def _groups(rows: Prepared) -> list[Array]:
    """Return the places of rows that one each is chosen of: of each class, or of small and of large targets."""
    if _classes():
        return [np.flatnonzero(rows.label == code) for code, _ in _classes()]
    target = module("scoring").fit_target(rows.label, rows.request)
    order = np.argsort(target, kind="stable")
    large = order[-max(1, int(EXTREME * len(order))) :]
    large = large[target[large] > target[order[0]]]
    if not len(large):
        raise NoDataError(f"The rows of {load().period} have one target: nothing in them can be learned.")
    return [order[:1], large]


def _differing(features: dict[str, Array], group: Array, place: int) -> Array:
    """Count the features in which each of n places differs from one place; a missing number differs from none."""
    count = np.zeros(len(group), int)
    for values in features.values():
        here, there = values[place], values[group]
        known = np.isfinite(there) & np.isfinite(here) if values.dtype.kind in "f" else True
        count += (there != here) & known
    return count


def _times(settings: Params) -> int:
    parts = estimator_parts.parts(settings.model.type, settings.model.params)
    given = ((name.rpartition("__")[2], value) for part in parts for name, value in part.params.items())
    asked = [value for name, value in given if name in LEAST and isinstance(value, int)]
    return max(REPEATED, 2 * max(asked, default=0))


def _classes() -> list[tuple[int, object]]:
    """Return code and name of each class; none of a regression."""
    interface = module("interface")
    return [] if interface.TASK == "regression" else list(enumerate(classes(interface) or (0, 1)))
