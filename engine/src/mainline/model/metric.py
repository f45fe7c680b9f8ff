"""What a metric is: a number from n labels and predictions, and the same for clusters of rows that are counted again.

It is computed in two steps. `statistics` keeps of the rows what each of G clusters adds, and `combine` makes the
metric of that for any number of times that each cluster is counted. So a bootstrap over clusters costs no pass over
the rows, and is as exact as one that repeats them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mainline.contract import Array

Direction = Literal["lower", "higher", "zero"]
"""Where better is. A metric that should be zero, such as the bias, is reported, and no model is chosen by it."""

Rows = Callable[[Array, Array], Array]
"""Labels and predictions of n rows in, numbers of each row out."""


@dataclass(frozen=True)
class Metric(ABC):
    """A metric by name, such as `rmse`."""

    name: str
    direction: Direction

    @abstractmethod
    def statistics(self, actual: Array, predicted: Array, cluster: Array, clusters: int) -> Any:
        """Keep what is needed of n rows; `cluster` is each row's, from 0 to `clusters` - 1."""

    @abstractmethod
    def combine(self, statistics: Any, counts: Array) -> Array:
        """Return the metric of k samples, shape (k,). Counts, shape (k, clusters): how often each has a cluster."""

    def value(self, actual: Array, predicted: Array) -> float:
        """Return the metric of n rows; NaN where it has none, as the ROC AUC of rows of one class."""
        whole = self.statistics(actual, predicted, np.zeros(len(actual), int), 1)
        return float(self.combine(whole, np.ones((1, 1)))[0])

    def lack(self, value: Any) -> Any:
        """Return what is compared between models, where less is better: the metric, or what it lacks to 1."""
        return 1 - value if self.direction == "higher" else value

    def is_defined(self, actual: Array) -> bool:
        """Whether n rows with these labels have this metric, whatever is predicted."""
        return len(actual) > 0

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

    def statistics(self, actual: Array, predicted: Array, cluster: Array, clusters: int) -> Array:
        """Return each cluster's sums, shape (clusters, p)."""
        columns = self.parts(actual, predicted).T
        return np.stack([np.bincount(cluster, column, clusters) for column in columns], axis=1)

    def combine(self, statistics: Array, counts: Array) -> Array:
        """See `Metric`; NaN where nothing is divided by nothing."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.of(counts @ statistics)


@dataclass(frozen=True)
class Mean(Metric):
    """The mean of a loss of each row, or the root of it."""

    losses: Rows
    root: bool = False

    def statistics(self, actual: Array, predicted: Array, cluster: Array, clusters: int) -> Array:
        """Return each cluster's sum of losses and number of rows, shape (clusters, 2)."""
        loss = self.losses(actual, predicted)
        return np.stack([np.bincount(cluster, loss, clusters), np.bincount(cluster, minlength=clusters)], axis=1)

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
    """A quantile of a loss of each row, between its neighbours as `numpy.quantile` has it."""

    losses: Rows
    share: float

    def statistics(self, actual: Array, predicted: Array, cluster: Array, clusters: int) -> tuple[Array, Array]:  # noqa: ARG002
        """Return the losses in order, and the cluster of each."""
        loss = self.losses(actual, predicted)
        order = np.argsort(loss, kind="stable")
        return loss[order], cluster[order]

    def combine(self, statistics: tuple[Array, Array], counts: Array) -> Array:
        """See `Metric`."""
        loss, cluster = statistics
        return np.array([self._of_sample(loss, np.cumsum(count[cluster])) for count in counts])

    def _of_sample(self, loss: Array, upto: Array) -> float:
        """Return the quantile of losses in order, of which `upto` are counted up to each of them."""
        if not len(loss) or np.isnan(loss[-1]):
            return float("nan")
        place = self.share * (upto[-1] - 1)
        low, high = loss[np.searchsorted(upto, [np.floor(place), np.ceil(place)], side="right")]
        return float(low + (high - low) * (place - np.floor(place)))
