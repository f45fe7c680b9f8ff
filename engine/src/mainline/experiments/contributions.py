"""Why one prediction is what it is: a share of it for each feature, from the packaged model alone.

Shapley values by sampling (Strumbelj and Kononenko 2014) against one reference row, the typical training row, as in
baseline Shapley (Sundararajan and Najmi 2020). Going from the reference to the row in a random order of
features, each feature is credited with the change in prediction at its turn; the mean over many orders is its
contribution. Within an order the changes add up to prediction minus reference, so the contributions do as
well. Each order is also gone through backwards, which takes out much of the chance (antithetic sampling).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mainline.contract import Array, Columns

ORDERS = 200
SEED = 20130901

Predict = Callable[[Mapping[str, Array]], Array]
"""Features of n rows in, n predictions out."""


@dataclass(frozen=True)
class Contributions:
    """Predictions of the reference and of the row; per feature its contribution and the standard error of sampling."""

    reference: float
    prediction: float
    values: Mapping[str, float]
    errors: Mapping[str, float]

    @property
    def gap(self) -> float:
        """What the contributions lack of prediction minus reference: nothing but the rounding of the last bits."""
        return self.prediction - self.reference - sum(self.values.values())


def typical(profile: Mapping[str, Mapping[str, Any]], names: list[str]) -> dict[str, Array]:
    """Build the reference row from a package's profile: the median number, the most frequent text. Shape (1,) each."""
    return {name: _typical(profile[name]) for name in names}


def attribute(
    predict: Predict, row: Mapping[str, Array], reference: Mapping[str, Array], orders: int = ORDERS
) -> Contributions:
    """Attribute a prediction to its features.

    Args:
        predict: the model.
        row: the features, shape (1,) each.
        reference: the same features of the reference row.
        orders: how many random orders are gone through, an even number.
    """
    names = list(row)
    drawn = _orders(len(names), orders)
    mixed = _mixtures(drawn, row, reference)
    predicted = predict(mixed).reshape(orders, len(names) + 1)
    changes = np.empty((orders, len(names)))
    np.put_along_axis(changes, drawn, np.diff(predicted, axis=1), axis=1)  # turns become features
    pairs = (changes[0::2] + changes[1::2]) / 2  # an order and its reverse are one draw
    errors = pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))
    values = changes.mean(axis=0)
    return Contributions(
        float(predicted[0, 0]),
        float(predicted[0, -1]),
        dict(zip(names, values.tolist(), strict=True)),
        dict(zip(names, errors.tolist(), strict=True)),
    )


def _orders(features: int, orders: int) -> Array:
    """Draw orders of the features and put each one's reverse after it; shape (orders, features)."""
    random = np.random.default_rng(SEED)
    drawn = random.permuted(np.tile(np.arange(features), (orders // 2, 1)), axis=1)
    return np.stack([drawn, drawn[:, ::-1]], axis=1).reshape(orders, features)


def _mixtures(orders: Array, row: Mapping[str, Array], reference: Mapping[str, Array]) -> dict[str, Array]:
    """Build every row on the way from the reference to the row, order after order; features + 1 rows each."""
    turns = np.argsort(orders, axis=1)  # (orders, features): the turn at which a feature is replaced
    steps = np.arange(orders.shape[1] + 1)
    replaced = turns[:, None, :] < steps[None, :, None]  # (orders, steps, features)
    flat = replaced.reshape(-1, orders.shape[1])
    return {name: np.where(flat[:, index], row[name], reference[name]) for index, name in enumerate(row)}


def _typical(column: Mapping[str, Any]) -> Array:
    if column["kind"] == "text":
        return np.array([next(iter(column["shares"]), "")], dtype=object)
    deciles = column.get("deciles")
    return np.array([deciles[5] if deciles else np.nan], dtype=np.float32)


def of_examples(examples: Columns) -> dict[str, Array]:
    """Take a typical value out of each column of n requests: the middle number, the commonest text. Shape (1,) each."""
    return {name: values[:1] if not len(values) else _middle(values) for name, values in examples.items()}


def _middle(values: Array) -> Array:
    """Return a value that is there: the middle one of those that are not NaN, or the most frequent text."""
    if values.dtype.kind in "UO":
        found, counts = np.unique(values.astype("U"), return_counts=True)
        return np.array([found[counts.argmax()]], values.dtype)
    known = np.sort(values[values == values])
    return known[len(known) // 2 :][:1] if len(known) else values[:1]
