"""Does a released package predict what it predicted when it was measured, on the rows that it shares with a candidate?

Where it does not, its inputs are others now, such as feature tables that lack what they had, or data that was
corrected. What it loses by that is not its quality.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mainline.contract import Array, Columns
from mainline.data import sides
from mainline.data.dataset import HASH
from mainline.data.moments import is_timed, prediction_time
from mainline.data.predictions import WEIGHT
from mainline.data.storage import read_columns
from mainline.gate.holdout import Holdout
from mainline.model.batches import differ
from mainline.package.predictor import Predictor

PREDICTIONS = "test_predictions.parquet"
COMPUTED = ("predicted", "baseline", HASH, WEIGHT)
"""Columns outside a row's identity, which is its key, its prediction time if any, and its label; probabilities too."""


def differing(model: Predictor, folder: Path, holdout: Holdout, predicted: Array) -> tuple[int, int]:
    """Return how many shared rows are predicted otherwise than they were, and how many rows are shared.

    Args:
        model: the released package, loaded.
        folder: where it lies, with the predictions that were kept with it.
        holdout: the candidate's n rows.
        predicted: shape (n,), or (n, k) for k classes: what the released package predicts on them now.
    """
    kept = read_columns(folder / PREDICTIONS)
    request = {field.name: holdout.request[field.name] for field in model.request}
    now = {**holdout.request, "actual": holdout.label}
    if is_timed(model.features):
        now["prediction_time"] = prediction_time(model.features, request)
    if sides.ROW in kept:
        now[sides.ROW] = sides.identities(request, list(request))
    classes = model.response.probabilities
    names = [name for name in kept if name not in (*COMPUTED, *classes)]
    if not set(names) <= set(now):
        return 0, 0
    places = {row: place for place, row in enumerate(_identities(kept, names))}
    shared = [(here, places[row]) for here, row in enumerate(_identities(now, names)) if row in places]
    pairs = np.array(shared, int).reshape(-1, 2)
    then = np.column_stack([kept[name] for name in classes]) if classes else kept["predicted"]
    wrong = differ(then[pairs[:, 1]], predicted[pairs[:, 0]], model.tolerance)
    return int(wrong.sum()), len(pairs)


def _identities(columns: Columns, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield what tells each of n rows from the others; NaN, which equals nothing, as None."""
    values = [[None if value != value else value for value in columns[name].tolist()] for name in names]
    return zip(*values, strict=True)
