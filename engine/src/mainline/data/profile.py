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


def without_values(described: Mapping[str, Any]) -> dict[str, Any]:
    """Take out of a column's profile what single rows had: the values of a text, the moments and ends of a number."""
    kept = {name: described[name] for name in ("kind", "missing", "distinct") if name in described}
    return kept | ({"shares": {}} if "shares" in described else {})


def stability_index(before: Array, after: Array) -> float:
    """Measure how far the distribution of m values moved from that of n earlier ones.

    The population stability index: sum over bins of (p - q) ln(p / q), over the deciles of the earlier values,
    the categories of a text column, and a bin for missing values. Empty bins count as half a row.
    """
    if before.dtype.kind in "OUS":
        return stability_of(Counter(before.tolist()), after)
    ordered = np.sort(before)
    edges = _edges(ordered)
    return _index(_per_bin_ordered(ordered, edges), _per_bin(after, edges))


def stability_of(before: Mapping[str, int], after: Array) -> float:
    """Measure the same of texts, against the rows with each value of earlier ones."""
    names = sorted(before)
    return _index(np.array([*(before[name] for name in names), 0]), _per_name(after, names))


def bins(columns: Mapping[str, Array]) -> dict[str, dict[str, Any]]:
    """Count n rows in the bins that `stability_from` compares later ones by, when these are not at hand any more."""
    return {name: _bins(values) for name, values in columns.items()}


def stability_from(before: Mapping[str, Any], after: Array) -> float:
    """Measure the same against earlier rows of which the counts are kept, as `bins` gives them.

    The rarest texts, beyond `TOP`, are one bin.
    """
    count = _per_name(after, before["names"]) if "names" in before else _per_bin(after, np.array(before["edges"]))
    return _index(np.array(before["rows"]), count)


def share_between(parts: Sequence[Array]) -> float:
    """Return the share of the variance of all values that lies between the means of the parts, 0 to 1."""
    values = np.concatenate(parts)
    total = float(np.sum((values - values.mean()) ** 2))
    between = sum(len(part) * float(part.mean() - values.mean()) ** 2 for part in parts if len(part))
    return between / total if total else 0.0


def _index(before: Array, after: Array) -> float:
    """Return the stability index from the rows in each bin."""
    old, new = _shares(before), _shares(after)
    return float(np.sum((new - old) * np.log(new / old)))


def _edges(values: Array) -> Array:
    """Return the inner deciles of n numbers, each once; none where no number is known."""
    known = np.isfinite(values).any()
    return np.unique(np.nanquantile(values, np.linspace(0.1, 0.9, 9))) if known else np.zeros(0)


def _bins(values: Array) -> dict[str, Any]:
    if values.dtype.kind in "OUS":
        names = sorted(name for name, _ in Counter(values.tolist()).most_common(TOP))
        return {"names": names, "rows": _per_name(values, names).tolist()}
    edges = _edges(values)
    return {"edges": edges.tolist(), "rows": _per_bin(values, edges).tolist()}


def _per_name(values: Array, names: Sequence[str]) -> Array:
    """Count n texts by name; the last count is of those that are none of the names."""
    counts = Counter(values.tolist())
    known = [counts[name] for name in names]
    return np.array([*known, len(values) - sum(known)])


def _per_bin(values: Array, edges: Array) -> Array:
    """Count n numbers between the edges; the last count is of missing ones."""
    bins = np.searchsorted(edges, values, side="left")
    return np.bincount(np.where(np.isnan(values), len(edges) + 1, bins), minlength=len(edges) + 2)


def _per_bin_ordered(values: Array, edges: Array) -> Array:
    """Count n ascending numbers likewise, the missing ones last, by looking the edges up among them."""
    known = len(values) - int(np.isnan(values).sum())
    ends = np.searchsorted(values[:known], edges, side="right")
    return np.diff(np.concatenate([[0], ends, [known, len(values)]]))


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
