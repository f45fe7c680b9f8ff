"""Metrics of the order in which a classifier puts rows: area under the ROC curve, and average precision.

Neither is a mean over rows, so each keeps how the rows of clusters stand to each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mainline.contract import Array
from mainline.model.metric import Metric

CHUNK = 512
"""Scores that are counted at once: enough for a product of matrices, and little memory for any number of rows."""


class Pairs(NamedTuple):
    """Of G clusters: pairs in order, shape (G, G), of a positive row of one and a negative row of another; rows.

    A pair counts the product of the two weights, a row its weight.
    """

    concordant: Array
    positives: Array
    negatives: Array


class Ranks(NamedTuple):
    """Rows in descending order of score: the highest score of a positive row that each is at or above; and cluster.

    Scores are numbered from 0, the highest; rows below the last positive one are left out.
    """

    score: Array
    cluster: Array
    positive: Array
    weight: Array
    clusters: int


@dataclass(frozen=True)
class RocAuc(Metric):
    """The share of pairs of a positive and a negative row in which the positive one has the higher score.

    Equal scores count half (Mann and Whitney 1947). A sample that counts clusters w times has w'Aw pairs in order,
    where A counts those between any two clusters.
    """

    def is_defined(self, actual: Array) -> bool:
        """Whether rows of both classes are there."""
        return 0 < int(np.count_nonzero(actual == 1)) < len(actual)

    def keep(self, actual: Array, predicted: Array, cluster: Array, clusters: int, weight: Array) -> Pairs:
        """Count pairs between clusters."""
        positive = actual == 1
        score, owner = predicted[positive], cluster[positive]
        concordant = np.zeros((clusters, clusters))
        for other in np.unique(cluster[~positive]):
            rows = ~positive & (cluster == other)
            wins = _below(score, predicted[rows], weight[rows]) * weight[positive]
            concordant[:, other] = np.bincount(owner, wins, clusters)
        if not np.isfinite(predicted).all():
            concordant[:] = np.nan
        return Pairs(
            concordant, *(np.bincount(cluster[rows], weight[rows], clusters) for rows in (positive, ~positive))
        )

    def combine(self, statistics: Pairs, counts: Array) -> Array:
        """See `Metric`; NaN where a sample has rows of one class only."""
        found = ((counts @ statistics.concordant) * counts).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(found / ((counts @ statistics.positives) * (counts @ statistics.negatives)))


@dataclass(frozen=True)
class AveragePrecision(Metric):
    """The mean precision over the scores of positive rows, as a summary of precision and recall.

    Without interpolation, as scikit-learn's: the sum over scores of the precision there times the recall it adds.
    """

    def is_defined(self, actual: Array) -> bool:
        """Whether positive rows are there."""
        return bool((actual == 1).any())

    def keep(self, actual: Array, predicted: Array, cluster: Array, clusters: int, weight: Array) -> Ranks:
        """Put rows in order of their scores."""
        positive = actual == 1
        scores = np.unique(-predicted[positive])
        place = np.searchsorted(scores, -predicted, "left")
        order = np.argsort(place, kind="stable")[: np.count_nonzero(place < len(scores))]
        if not np.isfinite(predicted).all():
            order = order[:0]
        return Ranks(place[order], cluster[order], positive[order], weight[order], clusters)

    def combine(self, statistics: Ranks, counts: Array) -> Array:
        """See `Metric`; NaN where a sample has no positive row."""
        total, positives, rows = np.zeros((3, len(counts)))
        for score, cluster, positive, weight in _chunks(statistics):
            shape = (int(score[-1]) + 1, statistics.clusters)
            added = _counted(score[positive], cluster[positive], weight[positive], shape) @ counts.T  # (scores, k)
            all_rows = rows + np.cumsum(_counted(score, cluster, weight, shape) @ counts.T, axis=0)
            found = positives + np.cumsum(added, axis=0)
            total += (added * np.divide(found, all_rows, out=np.zeros_like(found), where=all_rows > 0)).sum(axis=0)
            positives, rows = found[-1], all_rows[-1]
        with np.errstate(invalid="ignore"):
            return np.asarray(total / positives)


def _below(score: Array, others: Array, weight: Array) -> Array:
    """Return for n scores the weight of the others that are lower; equal ones count half."""
    order = np.argsort(others, kind="stable")
    upto = np.concatenate([[0.0], np.cumsum(weight[order])])
    below = others[order]
    return np.asarray((upto[np.searchsorted(below, score, "left")] + upto[np.searchsorted(below, score, "right")]) / 2)


def _chunks(ranks: Ranks) -> Iterator[tuple[Array, Array, Array, Array]]:
    """Yield score from 0, cluster, class and weight of the rows of so many scores at a time."""
    last = int(ranks.score[-1]) + 1 if len(ranks.score) else 0
    for first in range(0, last, CHUNK):
        rows = slice(*np.searchsorted(ranks.score, [first, first + CHUNK]))
        yield ranks.score[rows] - first, ranks.cluster[rows], ranks.positive[rows], ranks.weight[rows]


def _counted(score: Array, cluster: Array, weight: Array, shape: tuple[int, int]) -> Array:
    """Sum weights of rows by score and cluster, in a table of that shape."""
    places = np.ravel_multi_index((score, cluster), shape)
    return np.bincount(places, weight, shape[0] * shape[1]).reshape(shape)
