"""Do offline and online differences rank alike? Spearman's coefficient, with an interval over candidates."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from mainline.contract import Array

DRAWS, SEED, LEAST = 2000, 2013, 4


@dataclass(frozen=True)
class Rank:
    """Spearman's rank correlation of n pairs, and its interval; NaN where it cannot be told."""

    pairs: int
    groups: int
    value: float
    low: float
    high: float


def spearman(first: Array, second: Array) -> float:
    """Return the correlation of the ranks of two columns of shape (n,), ties sharing theirs; NaN if one is constant."""
    if len(first) < 2:
        return float("nan")
    ranks = np.stack([rankdata(first), rankdata(second)])
    ranks -= ranks.mean(axis=1, keepdims=True)
    scale = float(np.sqrt((ranks**2).sum(axis=1).prod()))
    return float((ranks[0] * ranks[1]).sum() / scale) if scale else float("nan")


def rank(first: Array, second: Array, group: Array, confidence: float) -> Rank:
    """Correlate n pairs, of which those of one group go together: whole groups are drawn with replacement.

    Args:
        first: shape (n,).
        second: shape (n,).
        group: shape (n,), such as the candidate that is compared with several versions.
        confidence: of the percentile interval (Efron and Tibshirani 1993, chapter 13).
    """
    value = spearman(first, second)
    groups = [np.flatnonzero(group == one) for one in np.unique(group)]
    if len(groups) < LEAST:
        return Rank(len(first), len(groups), value, float("nan"), float("nan"))
    random, drawn = np.random.default_rng(SEED), []
    for _ in range(DRAWS):
        rows = np.concatenate([groups[place] for place in random.integers(len(groups), size=len(groups))])
        drawn.append(spearman(first[rows], second[rows]))
    known = np.array(drawn)[np.isfinite(drawn)]
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Rank(len(first), len(groups), value, float(low), float(high))
