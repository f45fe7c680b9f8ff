"""What a metric is: a number from n labels and predictions, and the same for clusters of rows that are counted again.

A row of weight 2 counts as two rows, and one of weight 0 as none. A metric is computed in two steps: `statistics` keeps
of the rows what each of G clusters adds, and `combine` makes the metric of that for any number of times that each
cluster is counted. So a bootstrap over clusters costs no pass over the rows, and is as exact as one that repeats them.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from mainline.contract import Array
from mainline.model import weights

Direction = Literal["lower", "higher", "zero"]
"""Where better is. A metric that should be zero, such as the bias, is reported, and no model is chosen by it."""

Rows = Callable[[Array, Array], Array]
"""Labels and predictions of n rows in, numbers of each row out."""

PINBALL = re.compile(r"pinball_(0\.\d{1,4})")
"""The loss of a model that predicts a quantile, measured if one is declared, such as `pinball_0.9`."""

_ROUNDING = 1e-12  # what a sum of weights may be off by must not reach the next row


def quantile_of(metric: str | None) -> float | None:
    """Return which quantile a model predicts that is compared by this metric; None if it predicts another thing."""
    found = PINBALL.fullmatch(metric or "")
    return float(found[1]) or None if found else None


class Losses(NamedTuple):
    """The losses of n rows in order, with the cluster of each and its weight; None where all weigh the same."""

    loss: Array
    cluster: Array
    weight: Array | None


@dataclass(frozen=True)
class Metric(ABC):
    """A metric by name, such as `rmse`, in the unit of the label or in one of its own, which most do not have."""

    name: str
    direction: Direction
    of_label: bool = field(default=False, kw_only=True)
    unit: str = field(default="", kw_only=True)

    def statistics(
        self, actual: Array, predicted: Array, cluster: Array, clusters: int, weight: Array | None = None
    ) -> Any:
        """Keep what is needed of n rows.

        Args:
            actual: their labels.
            predicted: their predictions.
            cluster: of each row, from 0 to `clusters` - 1.
            clusters: how many there are.
            weight: of each row; None where none counts more than another.
        """
        counting, actual, predicted, cluster = weights.counted(weight, actual, predicted, cluster)
        return self.keep(actual, predicted, cluster, clusters, counting)

    @abstractmethod
    def keep(self, actual: Array, predicted: Array, cluster: Array, clusters: int, weight: Array) -> Any:
        """Keep what is needed of rows that each have a weight above 0."""

    @abstractmethod
    def combine(self, statistics: Any, counts: Array) -> Array:
        """Return the metric of k samples, shape (k,). Counts, shape (k, clusters): how often each has a cluster."""

    def value(self, actual: Array, predicted: Array, weight: Array | None = None) -> float:
        """Return the metric of n rows; NaN where it has none, as the ROC AUC of rows of one class."""
        whole = self.statistics(actual, predicted, np.zeros(len(actual), int), 1, weight)
        return float(self.combine(whole, np.ones((1, 1)))[0])

    def lack(self, value: Any) -> Any:
        """Return what is compared between models, where less is better: the metric, or what it lacks to 1."""
        return 1 - value if self.direction == "higher" else value

    def is_defined(self, actual: Array) -> bool:
        """Whether n rows with these labels have this metric, whatever is predicted."""
        return len(actual) > 0

    def unit_for(self, label: str) -> str:
        """Return the unit of its values, given that of the label."""
        return label if self.of_label else self.unit

    @property
    def compared(self) -> str:
        """Name what is compared between models."""
        return f"1 - {self.name}" if self.direction == "higher" else self.name


@dataclass(frozen=True)
class Sums(Metric):
    """A function of sums over the rows: `parts` has shape (n, p), `of` takes sums of shape (k, p) to shape (k,)."""

    parts: Rows
    of: Callable[[Array], Array]
    needs: Callable[[Array], bool] | None = None
    """What labels must have for it to be defined, beside that there are any."""

    def is_defined(self, actual: Array) -> bool:
        """See `Metric`."""
        return len(actual) > 0 and (self.needs is None or self.needs(actual))

    def keep(self, actual: Array, predicted: Array, cluster: Array, clusters: int, weight: Array) -> Array:
        """Return each cluster's sums, shape (clusters, p)."""
        columns = self.parts(actual, predicted).T
        return np.stack([np.bincount(cluster, column * weight, clusters) for column in columns], axis=1)

    def combine(self, statistics: Array, counts: Array) -> Array:
        """See `Metric`; NaN where nothing is divided by nothing."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.of(counts @ statistics)


@dataclass(frozen=True)
class Mean(Metric):
    """The mean of a loss of each row, or the root of it."""

    losses: Rows
    root: bool = False

    def keep(self, actual: Array, predicted: Array, cluster: Array, clusters: int, weight: Array) -> Array:
        """Return each cluster's sum of losses and of weights, shape (clusters, 2)."""
        loss = self.losses(actual, predicted) * weight
        return np.stack([np.bincount(cluster, each, clusters) for each in (loss, weight)], axis=1)

    def combine(self, statistics: Array, counts: Array) -> Array:
        """See `Metric`."""
        sums = counts @ statistics
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.of_mean(sums[:, 0] / sums[:, 1])

    def of_mean(self, mean: Any) -> Any:
        """Return the metric of a mean loss."""
        return np.sqrt(mean) if self.root else mean


@dataclass(frozen=True)
class Quantile(Metric):
    """A quantile of a loss of each row, between its neighbours as `numpy.quantile` has it.

    Of rows with different weights it is the smallest loss that so large a share of their weight does not exceed, as
    with `method="inverted_cdf"`: what lies between two losses would depend on the unit of the weights.
    """

    losses: Rows
    share: float

    def keep(self, actual: Array, predicted: Array, cluster: Array, clusters: int, weight: Array) -> Losses:  # noqa: ARG002
        """Put the losses in order."""
        loss = self.losses(actual, predicted)
        order = np.argsort(loss, kind="stable")
        equal = bool((weight == weight[:1]).all())
        return Losses(loss[order], cluster[order], None if equal else weight[order])

    def combine(self, statistics: Losses, counts: Array) -> Array:
        """See `Metric`."""
        loss, cluster, weight = statistics
        if weight is None:
            return np.array([self._between(loss, np.cumsum(count[cluster])) for count in counts])
        return np.array([self._reached(loss, np.cumsum(count[cluster] * weight)) for count in counts])

    def _between(self, loss: Array, upto: Array) -> float:
        """Return the quantile of losses in order, of which `upto` are counted up to each of them."""
        if not len(loss) or np.isnan(loss[-1]):
            return float("nan")
        place = self.share * (upto[-1] - 1)
        low, high = loss[np.searchsorted(upto, [np.floor(place), np.ceil(place)], side="right")]
        return float(low + (high - low) * (place - np.floor(place)))

    def _reached(self, loss: Array, upto: Array) -> float:
        """Return the first of losses in order up to which the share of their weight is reached."""
        if np.isnan(loss[-1]) or not upto[-1]:
            return float("nan")
        return float(loss[np.searchsorted(upto, self.share * upto[-1] * (1 - _ROUNDING))])
