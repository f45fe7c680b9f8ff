"""Numbers of which the label is a sum, each times a weight: a total, a mean of shares, an exact formula."""

from collections.abc import Mapping, Sequence

import numpy as np

from mainline.contract import Array

ALMOST_EXACT = 0.998
"""Share of the label's variance that a sum explains in rows that its weights were not fitted to."""
_EXACT = 1e-9
_MOST_ROWS = 4
"""Rows for each column that weights are fitted to, since more make them no better."""
_FEWEST = 2000
_COUNTING = (1e-2, 1e-4, 1e-6)
"""Weights beside the largest one from which on a column belongs to the sum, the shortest sum first."""
_MISSING = 0.2
"""Share of its cells that a column may lack; rows that lack any are passed over."""
_WHOLE = 0.5
"""Share of rows without a gap below which columns are chosen first, so that gaps of other columns cost no rows."""
_CHOSEN = 20


def of_label(numbers: Mapping[str, Array], label: Array) -> tuple[list[str], str]:
    """Return the columns whose weighted sum is the label, almost exactly, and how exact; nothing if there is none.

    Weights are fitted by least squares to half of the rows, and the sum is held to the others. If there are more
    columns than those rows can tell, the ones that the rest of the label goes with are chosen one after another
    (orthogonal matching pursuit, Pati and others 1993). If gaps leave few rows whole, that is tried with the columns
    that such a pursuit chooses in half of the rows, where a gap is taken as the column's mean; the others judge.

    Args:
        numbers: columns of n numbers, NaN where a value is missing.
        label: n numbers without a gap.
    """
    kept = {name: values for name, values in numbers.items() if np.isnan(values).mean() <= _MISSING}
    found = _of_whole_rows(kept, label)
    if found[0] or len(kept) < 2 or _whole(np.column_stack([*kept.values()])).mean() >= _WHOLE:
        return found
    chosen_by, judges = np.array_split(np.random.default_rng(0).permutation(len(label)), 2)
    chosen = _likely(kept, label, chosen_by[: 2 * _FEWEST])
    return _of_whole_rows({name: kept[name][judges] for name in chosen}, label[judges])


def _whole(matrix: Array) -> Array:
    """Say of each row whether it has no gap."""
    return np.asarray(~np.isnan(matrix).any(axis=1))


def _likely(numbers: Mapping[str, Array], label: Array, rows: Array) -> list[str]:
    """Return the columns that the label goes with in some rows, where a gap is taken as the column's mean."""
    matrix = np.column_stack([*(values[rows] for values in numbers.values()), label[rows]])
    there = ~np.isnan(matrix)
    number = np.maximum(there.sum(axis=0), 1)
    apart = np.where(there, matrix - np.where(there, matrix, 0).sum(axis=0) / number, 0)
    spread = np.sqrt((apart**2).sum(axis=0) / number)
    unit = apart / np.where(spread > 0, spread, np.inf)
    names = list(numbers)
    return [names[place] for place in sorted(_pursue(unit, min(_CHOSEN, len(names), len(rows))))]


def _of_whole_rows(kept: Mapping[str, Array], label: Array) -> tuple[list[str], str]:
    """Return what `of_label` does, by the rows that have no gap."""
    names = list(kept)
    matrix = np.column_stack([*kept.values(), label])
    matrix = matrix[_whole(matrix)]
    matrix = np.random.default_rng(0).permutation(matrix)[: 2 * max(_FEWEST, _MOST_ROWS * len(names))]
    half = len(matrix) // 2
    spread = matrix[:half].std(axis=0) if half else np.zeros(len(names) + 1)
    if len(names) < 2 or not spread[-1]:
        return [], ""
    unit = np.where(spread > 0, spread, np.inf)  # what is the same in each row adds nothing
    fitted, held = np.split((matrix - matrix[:half].mean(axis=0)) / unit, [half])
    most = half // 3
    places = list(range(len(names))) if len(names) <= most else _pursue(fitted, most // 2)
    weights, missed = _fit(fitted, held, places)
    found: list[int] = []
    for least in _COUNTING:
        if missed <= 1 - ALMOST_EXACT and not found:
            large = [place for place, weight in zip(places, weights, strict=True) if weight > least * weights.max()]
            found = large if _fit(fitted, held, large)[1] <= max(2 * missed, _EXACT) else []
    if len(found) < 2:
        return [], ""
    found.sort()
    return [names[place] for place in found], _said(fitted, held, found, spread)


def _fit(fitted: Array, held: Array, places: Sequence[int]) -> tuple[Array, float]:
    """Return the size of each column's weight, and the share of the label's variance that is missed in other rows."""
    weights = np.linalg.lstsq(fitted[:, places], fitted[:, -1], rcond=None)[0]
    rest = held[:, -1] - held[:, places] @ weights
    total = float(((held[:, -1] - held[:, -1].mean()) ** 2).sum())
    return np.abs(weights), float((rest**2).sum()) / total if total else 1.0


def _pursue(fitted: Array, most: int) -> list[int]:
    """Choose columns one after another, each the one that what is left of the label goes with."""
    chosen: list[int] = []
    rest = fitted[:, -1]
    while len(chosen) < most and float((rest**2).mean()) > _EXACT:
        strength = np.abs(fitted[:, :-1].T @ rest)
        strength[chosen] = -1
        chosen.append(int(strength.argmax()))
        rest = fitted[:, -1] - fitted[:, chosen] @ np.linalg.lstsq(fitted[:, chosen], fitted[:, -1], rcond=None)[0]
    return chosen


def _said(fitted: Array, held: Array, places: Sequence[int], spread: Array) -> str:
    """Say whether all weights are 1, and how exact the sum is."""
    weights, missed = _fit(fitted, held, places)
    plain = np.allclose(weights * spread[-1] / spread[places], 1, atol=1e-6)
    exact = "exactly" if missed <= _EXACT else f"{min(1 - missed, 0.9999):.2%} of its variance"
    return "sum" if plain and missed <= _EXACT else f"weighted sum ({exact})"
