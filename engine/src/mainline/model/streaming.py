"""Fit preprocessing on tables of which memory holds one at a time."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from mainline.model.medians import medians

Tables = Callable[[], Iterable[pd.DataFrame]]
"""Yields tables of `frames.table` one after another, the same ones at each call."""


def fit(preprocessing: Pipeline, tables: Tables, numeric: int) -> None:
    """Fit what `estimator.build` puts before an estimator to what a fit on all tables together would give.

    Categories and medians are the same, means and variances up to their last bits. Tables are read once for the
    categories, and three times more if numbers are imputed and scaled.

    Args:
        preprocessing: the steps before the estimator, not fitted.
        tables: with equal columns, numbers first.
        numeric: how many columns are numbers.
    """
    first, known = pd.DataFrame(), list[set[Any]]()
    for table in tables():
        first, known = table.iloc[:0], known or [set() for _ in table.columns[numeric:]]
        for place, seen in enumerate(known):
            seen.update(table.iloc[:, numeric + place].unique())
    preprocessing.fit(_each_category(first, [sorted(seen) for seen in known], numeric))
    numbers = preprocessing[0].named_transformers_.get("numeric")
    if not isinstance(numbers, Pipeline):
        return  # they pass as they are
    imputer, scaler = numbers[0], clone(numbers[1])
    imputer.statistics_ = medians(lambda: (table.iloc[:, :numeric].to_numpy() for table in tables()), numeric)
    for table in tables():
        scaler.partial_fit(imputer.transform(table.iloc[:, :numeric]))
    numbers.steps[1] = (numbers.steps[1][0], scaler)


def _each_category(empty: pd.DataFrame, categories: list[list[Any]], numeric: int) -> pd.DataFrame:
    """Return a table in which each category of each text column occurs, and each number is 0."""
    rows = max(map(len, categories), default=1)
    numbers = pd.DataFrame(np.zeros((rows, numeric)), columns=empty.columns[:numeric])
    text = {
        name: np.resize(np.array(found, object), rows)
        for name, found in zip(empty.columns[numeric:], categories, strict=True)
    }
    return pd.concat([numbers, pd.DataFrame(text, dtype=object)], axis=1)
