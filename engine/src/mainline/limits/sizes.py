"""What a test says of predictions of each size: the metric that so many small and large ones should have.

This is direct loss estimation. It reads nothing of a request, so it holds where a request says something wrong: then a
baseline that reads the same request errs as the model does, and the ratio of the two stays as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mainline.contract import Array
from mainline.model.metric import Mean, Metric, Sums


@dataclass(frozen=True)
class Sizes:
    """The n rows of a test: labels, predictions, shape (n,) or (n, K), and weights, if rows do not count the same.

    `edges` are the upper ends of the bins of the sketch; of K classes there are none, and each class is a bin.
    """

    metric: Metric
    edges: Sequence[float]
    actual: Array
    predicted: Array
    weight: Array | None

    @cached_property
    def bins(self) -> int:
        """The bins in which the test has rows: its ends, and what lies beyond them, count with their neighbours."""
        return self.predicted.shape[1] if self.predicted.ndim > 1 else max(1, len(self.edges) - 1)

    def place(self, predicted: Array) -> Array:
        """Return the bin of each of n predictions, shape (n,)."""
        if predicted.ndim > 1:
            return np.asarray(predicted.argmax(axis=1))
        return self.join(np.searchsorted(self.edges, predicted, side="left"))

    def join(self, places: Array) -> Array:
        """Return the bins of places in the sketch, which also counts what lies beyond the test."""
        return np.clip(places, 1, self.bins) - 1

    def estimate(self, counts: Array) -> Array:
        """Return the metric of k groups of predictions, shape (k,), from their counts by bin, shape (k, bins)."""
        kept, rows = self._kept
        return self.metric.combine(kept, counts / np.where(rows, rows, np.inf))

    @cached_property
    def _kept(self) -> tuple[Array, Array]:
        place = self.place(self.predicted)
        kept = self.metric.statistics(self.actual, self.predicted, place, self.bins, self.weight)
        return kept, np.bincount(place, minlength=self.bins)


def of(
    metric: Metric, edges: Sequence[float], actual: Array, predicted: Array, weight: Array | None = None
) -> Sizes | None:
    """Return what a test says; None if the metric is not made of sums over rows."""
    return Sizes(metric, edges, actual, predicted, weight) if isinstance(metric, Mean | Sums) else None
