"""Statistics of a column, for validation and monitoring, and the distance between two periods."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mainline.contract import Array

TOP = 25
"""Categories named in a profile; the others are pooled."""


def describe(columns: Mapping[str, Array]) -> dict[str, dict[str, Any]]:
    """Profile columns of equal length n: numbers by moments and deciles, text by the shares of its values."""
    return {name: _text(values) if values.dtype.kind in "OUS" else _number(values) for name, values in columns.items()}


def stability_index(before: Array, after: Array) -> float:
    """Measure how far the distribution of m values moved from that of n earlier ones.

    The population stability index: sum over bins of (p - q) ln(p / q), over the deciles of the earlier values,
    the categories of a text column, and a bin for missing values. Empty bins count as half a row.
    """
    if before.dtype.kind in "OUS":
        names = sorted(set(before))
        old, new = (_shares(_per_name(values, names)) for values in (before, after))
    else:
        inner = np.nanquantile(before, np.linspace(0.1, 0.9, 9)) if np.isfinite(before).any() else np.zeros(0)
        edges = np.unique(inner)
        old, new = (_shares(_per_bin(values, edges)) for values in (before, after))
    return float(np.sum((new - old) * np.log(new / old)))


def share_between(parts: Sequence[Array]) -> float:
    """Return the share of the variance of all values that lies between the means of the parts, 0 to 1."""
    values = np.concatenate(parts)
    total = float(np.sum((values - values.mean()) ** 2))
    between = sum(len(part) * float(part.mean() - values.mean()) ** 2 for part in parts if len(part))
    return between / total if total else 0.0


def _per_name(values: Array, names: Sequence[str]) -> Array:
    """Count n texts by name; the last count is of those that are none of the names."""
    counts = Counter(values.tolist())
    known = [counts[name] for name in names]
    return np.array([*known, len(values) - sum(known)])


def _per_bin(values: Array, edges: Array) -> Array:
    """Count n numbers between the edges; the last count is of missing ones."""
    bins = np.searchsorted(edges, values, side="left")
    return np.bincount(np.where(np.isnan(values), len(edges) + 1, bins), minlength=len(edges) + 2)


def _shares(rows: Array) -> Array:
    rows = np.maximum(rows, 0.5)
    return rows / rows.sum()


def _number(values: Array) -> dict[str, Any]:
    values = values.astype(np.float64)
    known = values[~np.isnan(values)]
    profile: dict[str, Any] = {"kind": "number", "missing": 1 - len(known) / max(len(values), 1)}
    if len(known):
        profile |= {
            "mean": known.mean(),
            "std": known.std(),
            "deciles": np.quantile(known, np.linspace(0, 1, 11)).tolist(),
        }
    return profile


def _text(values: Array) -> dict[str, Any]:
    counts = Counter(values.tolist())
    absent = counts.pop("", 0)
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    shares = {name: count / len(values) for name, count in most}
    missing = 1 - (len(values) - absent) / max(len(values), 1)
    return {"kind": "text", "missing": missing, "distinct": len(counts), "shares": shares}
