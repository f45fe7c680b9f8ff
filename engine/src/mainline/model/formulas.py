"""What the metrics compute of n labels and predictions, each of shape (n,): by row, or as sums over rows."""

import numpy as np

from mainline.contract import Array
from mainline.declared.params import Costs

EDGE = 1e-7  # keeps the logarithm of a confident, wrong probability finite
_ROUNDING = 1e-12  # a share of a sum of squares below which a spread is none, but what rounding leaves of one


def errors(actual: Array, predicted: Array) -> Array:
    """Predicted minus actual."""
    return predicted - actual


def absolute(actual: Array, predicted: Array) -> Array:
    """The distance of the prediction from the label."""
    return np.abs(predicted - actual)


def squared(actual: Array, predicted: Array) -> Array:
    """The square of the distance."""
    return (predicted - actual) ** 2


def log_loss(actual: Array, predicted: Array) -> Array:
    """Minus the logarithm of the probability that the label had."""
    probability = np.clip(predicted, EDGE, 1 - EDGE)
    return -np.log(np.where(actual == 1, probability, 1 - probability))


def right(actual: Array, predicted: Array, threshold: float) -> Array:
    """Whether the prediction says the class that it is, from a threshold on."""
    return (predicted >= threshold) == (actual == 1)


def moments(actual: Array, predicted: Array) -> Array:
    """Squared error, and of the label's distance from its mean, which loses fewest digits, the sums' parts."""
    label = actual - actual.sum() / max(len(actual), 1)
    return np.stack([(predicted - actual) ** 2, label, label**2, np.ones(len(actual))], axis=1)


def explained(sums: Array) -> Array:
    """R squared, from the sums of `moments`."""
    error, label, square, rows = sums.T
    spread = square - label**2 / rows
    return 1 - error / np.where(spread > _ROUNDING * square, spread, np.nan)


def differ(actual: Array) -> bool:
    """Whether the labels are not all the same."""
    return bool((actual != actual[0]).any())


def has_positive(actual: Array) -> bool:
    """Whether a label is of the positive class."""
    return bool((actual == 1).any())


def decisions(actual: Array, predicted: Array, threshold: float) -> Array:
    """Rows that are right, found by mistake, and missed, shape (n, 3)."""
    positive, found = actual == 1, predicted >= threshold
    return np.stack([positive & found, ~positive & found, positive & ~found], axis=1)


def cost(actual: Array, predicted: Array, threshold: float, costs: Costs) -> Array:
    """What the mistakes cost, by their two kinds."""
    _, mistaken, missed = decisions(actual, predicted, threshold).T
    return np.asarray(costs.false_positive * mistaken + costs.false_negative * missed)


def precision(sums: Array) -> Array:
    """The share of rows found that are right, from the sums of `decisions`."""
    right, mistaken, _ = sums.T
    return _share(right, right + mistaken)


def recall(sums: Array) -> Array:
    """The share of positive rows that are found, from the same."""
    right, _, missed = sums.T
    return np.asarray(right / (right + missed))


def f1(sums: Array) -> Array:
    """The harmonic mean of precision and recall, from the same."""
    right, mistaken, missed = sums.T
    return np.where(right + missed > 0, _share(2 * right, 2 * right + mistaken + missed), np.nan)


def _share(part: Array, whole: Array) -> Array:
    """A share of nothing is zero: a model that never says yes is never right when it does."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)


def _above_zero(values: Array) -> Array:
    return np.where(values > 0, values, np.nan)


def poisson(actual: Array, predicted: Array) -> Array:
    """The deviance of a count from a mean above zero."""
    mean, count = _above_zero(predicted), np.where(actual >= 0, actual, np.nan)
    log = np.where(count == 0, 0.0, count * np.log(np.where(count > 0, count, 1.0) / mean))  # 0 log 0 is 0
    return 2 * (log - count + mean)


def gamma(actual: Array, predicted: Array) -> Array:
    """The deviance of an amount above zero from a mean above zero."""
    ratio = _above_zero(actual) / _above_zero(predicted)
    return 2 * (ratio - np.log(ratio) - 1)


def pinball(actual: Array, predicted: Array, quantile: float) -> Array:
    """The loss that a quantile has the least of."""
    over = predicted - actual
    return np.maximum((1 - quantile) * over, -quantile * over)
