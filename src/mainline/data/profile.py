"""What a column looks like: statistics to validate and monitor with, and how far two periods are apart."""

from collections.abc import Mapping
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
        edges = np.unique(before)
        old, new = (_shares(np.searchsorted(edges, _known(v, edges)), len(edges) + 1) for v in (before, after))
    else:
        inner = np.nanquantile(before, np.linspace(0.1, 0.9, 9)) if np.isfinite(before).any() else np.zeros(0)
        edges = np.unique(inner)
        old, new = (_shares(_binned(v, edges), len(edges) + 2) for v in (before, after))
    return float(np.sum((new - old) * np.log(new / old)))


def _known(values: Array, edges: Array) -> Array:
    """Replace text that `edges` lacks by something that sorts after all of it."""
    return np.where(np.isin(values, edges), values, chr(0x10FFFF))


def _binned(values: Array, edges: Array) -> Array:
    bins = np.searchsorted(edges, values, side="left")
    return np.where(np.isnan(values), len(edges) + 1, bins)


def _shares(bins: Array, count: int) -> Array:
    rows = np.maximum(np.bincount(bins, minlength=count), 0.5)
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
    names, counts = np.unique(values[values != ""], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:TOP]
    shares = {str(names[index]): counts[index] / len(values) for index in order}
    missing = 1 - counts.sum() / max(len(values), 1)
    return {"kind": "text", "missing": missing, "distinct": len(names), "shares": shares}
