"""Features as scikit-learn's pipeline takes them, and its predictions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mainline.contract import Array, Task


def table(features: Mapping[str, Array], numeric: Sequence[str], categorical: Sequence[str]) -> pd.DataFrame:
    """Arrange n rows of features as the pipeline expects them: numbers first, then text.

    Numbers have the precision of float32, which every runtime reads, and the type float64, in which scikit-learn then
    computes: sums of large terms with other signs (kernel ridge) would lose all their digits in float32.
    """
    rows = len(next(iter(features.values())))
    values = np.empty((rows, len(numeric)), np.float64, order="F")  # filled in place: many rows stand here once
    for place, name in enumerate(numeric):
        values[:, place] = np.asarray(features[name], np.float32)
    numbers = pd.DataFrame(values, columns=list(numeric), copy=False)
    text = pd.DataFrame({name: features[name] for name in categorical}, dtype=object)
    return pd.concat([numbers, text], axis=1)


def predict(pipeline: Any, rows: pd.DataFrame, task: Task) -> Array:
    """Predict n rows: values or probabilities of the positive class, shape (n,); of more classes, shape (n, K)."""
    return pipeline.predict(rows) if task == "regression" else of_task(pipeline.predict_proba(rows), task)


def of_task(probabilities: Array, task: Task) -> Array:
    """Keep of the probabilities of each class, shape (n, K), what a task predicts."""
    return probabilities[:, 1] if task == "classification" else probabilities
