"""Metrics of three or more classes: of each class against the others, and their mean over classes (macro).

A label is the place of its class, a prediction the probabilities of all K, shape (n, K); the class that is said is the
most probable one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mainline.contract import Array
from mainline.model.metric import Metric


@dataclass(frozen=True)
class OneClass(Metric):
    """A metric of two classes for one of K, against all others: of its probability, or of whether it is said."""

    of_two: Metric
    code: int
    is_said: bool

    def is_defined(self, actual: Array) -> bool:
        """See `Metric`."""
        return self.of_two.is_defined(self._labels(actual))

    def keep(self, actual: Array, predicted: Array, cluster: Array, clusters: int, weight: Array) -> Any:
        """Keep what the metric of two classes does."""
        score = (predicted.argmax(axis=1) == self.code) * 1.0 if self.is_said else predicted[:, self.code]
        return self.of_two.keep(self._labels(actual), score, cluster, clusters, weight)

    def combine(self, statistics: Any, counts: Array) -> Array:
        """See `Metric`."""
        return self.of_two.combine(statistics, counts)

    def _labels(self, actual: Array) -> Array:
        return (actual == self.code).astype(float)


@dataclass(frozen=True)
class Macro(Metric):
    """The mean of a metric over the classes that have rows, each counted once however many they are."""

    parts: tuple[OneClass, ...]

    def is_defined(self, actual: Array) -> bool:
        """See `Metric`."""
        return any(part.is_defined(actual) for part in self.parts)

    def keep(
        self, actual: Array, predicted: Array, cluster: Array, clusters: int, weight: Array
    ) -> list[tuple[Any, Array]]:
        """Keep for each class what its metric does, and its rows in each cluster."""
        return [
            (
                part.keep(actual, predicted, cluster, clusters, weight),
                np.bincount(cluster[actual == part.code], minlength=clusters),
            )
            for part in self.parts
        ]

    def combine(self, statistics: Sequence[tuple[Any, Array]], counts: Array) -> Array:
        """See `Metric`; a class is left out of the samples in which it has no rows."""
        total, classes = np.zeros((2, len(counts)))
        for part, (kept, rows) in zip(self.parts, statistics, strict=True):
            value, there = part.combine(kept, counts), counts @ rows > 0
            total += np.where(there, value, 0)
            classes += there
        with np.errstate(invalid="ignore"):
            return np.asarray(total / classes)


def log_loss(actual: Array, predicted: Array, edge: float) -> Array:
    """Return the loss of n rows: the logarithm of the probability of the true class, kept off zero by `edge`."""
    return np.asarray(-np.log(np.clip(_of_truth(actual, predicted), edge, 1)))


def brier(actual: Array, predicted: Array) -> Array:
    """Return the squared distance of n rows' probabilities from the truth, summed over classes: from 0 to 2."""
    return np.asarray(((predicted - _truth(actual, predicted)) ** 2).sum(axis=1))


def is_right(actual: Array, predicted: Array) -> Array:
    """Say of n rows whether the most probable class is the true one."""
    return np.asarray(predicted.argmax(axis=1) == actual)


def excess(actual: Array, predicted: Array) -> Array:
    """Return for n rows how far each class's probability is above the truth, and a one; shape (n, K + 1)."""
    return np.column_stack([predicted - _truth(actual, predicted), np.ones(len(actual))])


def largest_excess(sums: Array) -> Array:
    """Return the mean excess of the class for which it is the farthest from zero, from sums of shape (k, K + 1)."""
    means = sums[:, :-1] / sums[:, -1:]
    return np.asarray(np.take_along_axis(means, np.abs(means).argmax(axis=1)[:, None], axis=1)[:, 0])


def _truth(actual: Array, predicted: Array) -> Array:
    return np.asarray(actual[:, None] == np.arange(predicted.shape[1]))


def _of_truth(actual: Array, predicted: Array) -> Array:
    return np.asarray(predicted[np.arange(len(actual)), actual.astype(int)])
