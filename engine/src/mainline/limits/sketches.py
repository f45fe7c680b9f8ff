"""Counts of the rows of one day, version and writer. Two sketches of one package add up to the sketch of all rows.

Numbers are counted in bins that the package fixes, so sums of counts are exact; missing values and values that are not
whole are counted apart, and the moments are sums. Of a text the `NAMES` most frequent values are counted by name and
all others together.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mainline.contract import Array, Columns

NAMES = 1000
"""Values of a text that a sketch names."""
LONGEST = 100
"""Characters of such a name; longer values count among the others."""
RARE = 10
"""Rows from which on a value that training did not have is named where others read it."""
SLACK = 0.1
"""How far beyond the ends of training a number may lie, as a share of what is between them: seasons go a little on."""
LARGEST = 1e140
"""Larger numbers count as this one, so that sums of squares stay finite."""
PREDICTION = "prediction"
_BINS = 20
Count = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """A piece of a sketch: known keys, exact types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Numbers(Part):
    """A column of numbers: `counts[i]` rows lie above `edges[i - 1]` and up to `edges[i]`.

    `outside` of them lie before the first or after the last edge by more than `SLACK` of what is between these.
    """

    edges: list[float]
    counts: list[Count]
    missing: Count
    fractional: Count
    outside: Count = 0
    total: float
    squares: float
    low: float | None
    high: float | None


class Texts(Part):
    """A column of text: rows by value, the others, those without one, and those whose value is too rare to be named."""

    counts: dict[str, Count]
    others: Count
    missing: Count
    rare: Count = 0


class Sketch(Part):
    """The sketch of some rows of one package."""

    format: Literal[1] = 1
    digest: str
    rows: Count
    requests: Count
    numbers: dict[str, Numbers]
    texts: dict[str, Texts]
    predicted: Numbers | Texts | None = None
    """The predictions; of several classes the most probable ones by name."""


@dataclass(frozen=True)
class Bins:
    """How rows are counted: the upper ends of the bins of each number and of predictions, and the texts by name.

    Predictions of several classes have no bins; `classes` names them.
    """

    numbers: Mapping[str, Sequence[float]]
    texts: Sequence[str]
    predicted: Sequence[float]
    classes: Sequence[str] = ()


def edges(values: Iterable[float]) -> tuple[float, ...]:
    """Return the upper ends of bins between some quantiles, each once."""
    return tuple(float(value) for value in np.unique(np.asarray(list(values), np.float64)))


def edges_of_predictions(predicted: Array) -> tuple[float, ...]:
    """Return the ends of bins that hold a twentieth of n predictions each; of several classes none."""
    return edges(np.quantile(predicted, np.linspace(0, 1, _BINS + 1))) if predicted.ndim == 1 else ()


def of_columns(columns: Columns, predicted: Array | None, bins: Bins, digest: str = "") -> Sketch:
    """Sketch n rows; `predicted`, shape (n,) or (n, K), may be None."""
    rows = len(next(iter(columns.values())))
    return Sketch(
        digest=digest, rows=rows, requests=rows,
        numbers={name: count_numbers(columns[name].astype(np.float64), ends) for name, ends in bins.numbers.items()},
        texts={name: _count_texts(columns[name]) for name in bins.texts},
        predicted=None if predicted is None else count_predictions(predicted, bins),
    )  # fmt: skip


def count_predictions(predicted: Array, bins: Bins) -> Numbers | Texts:
    """Count n predictions: in bins, or of K classes, shape (n, K), the most probable ones."""
    if predicted.ndim == 1:
        return count_numbers(predicted, bins.predicted)
    said = np.bincount(predicted.argmax(axis=1), minlength=len(bins.classes)).tolist()
    return count_texts(dict(zip(bins.classes, said, strict=True)), 0)


def of_predictions(sketch: Sketch) -> Sketch:
    """Return a sketch of the predictions alone, as a column of that name."""
    found = sketch.predicted
    return sketch.model_copy(update={
        "numbers": {PREDICTION: found} if isinstance(found, Numbers) else {},
        "texts": {PREDICTION: found} if isinstance(found, Texts) else {},
    })  # fmt: skip


def count_numbers(values: Array, edges: Sequence[float]) -> Numbers:
    """Count n numbers; NaN, and what is not finite, is missing.

    Args:
        values: float64 of shape (n,).
        edges: the upper ends of all bins but the last, ascending.
    """
    known = values[np.isfinite(values)]
    known = np.clip(known, -LARGEST, LARGEST)
    bins = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    return Numbers(
        edges=list(edges),
        counts=bins.tolist(),
        missing=len(values) - len(known),
        fractional=int(np.count_nonzero(known != np.floor(known))),
        outside=_count_outside(known, edges),
        total=float(known.sum()),
        squares=float(np.square(known).sum()),
        low=float(known.min()) if len(known) else None,
        high=float(known.max()) if len(known) else None,
    )


def count_outside(values: Array, edges: Sequence[float]) -> int:
    """Count the numbers of n, shape (n,), that lie far before the first or after the last edge."""
    return _count_outside(np.clip(values[np.isfinite(values)], -LARGEST, LARGEST), edges)


def _count_outside(known: Array, edges: Sequence[float]) -> int:
    if not edges:
        return 0
    slack = SLACK * (edges[-1] - edges[0])
    return int(np.count_nonzero((known < edges[0] - slack) | (known > edges[-1] + slack)))


def count_texts(counted: Mapping[str, int], missing: int) -> Texts:
    """Take the rows by value, and those without one."""
    named = {name: rows for name, rows in counted.items() if len(name) <= LONGEST}
    most = sorted(named.items(), key=lambda item: (-item[1], item[0]))[:NAMES]
    kept = dict(sorted(most))
    return Texts(counts=kept, others=sum(counted.values()) - sum(kept.values()), missing=missing)


def add(sketches: Sequence[Sketch]) -> Sketch:
    """Add up sketches of one package; at least one.

    Raises:
        ValueError: when they are of several packages, whose bins differ.
    """
    first = sketches[0]
    if any(sketch.digest != first.digest for sketch in sketches):
        raise ValueError("sketches of several packages do not add up")
    return Sketch(
        digest=first.digest,
        rows=sum(sketch.rows for sketch in sketches),
        requests=sum(sketch.requests for sketch in sketches),
        numbers={name: _add_numbers([sketch.numbers[name] for sketch in sketches]) for name in first.numbers},
        texts={name: _add_texts([sketch.texts[name] for sketch in sketches]) for name in first.texts},
        predicted=_add_predicted([sketch.predicted for sketch in sketches if sketch.predicted is not None]),
    )


def _add_predicted(parts: Sequence[Numbers | Texts]) -> Numbers | Texts | None:
    numbers = [part for part in parts if isinstance(part, Numbers)]
    texts = [part for part in parts if isinstance(part, Texts)]
    return _add_numbers(numbers) if numbers else _add_texts(texts) if texts else None


def _count_texts(values: Array) -> Texts:
    counted = Counter(values.tolist())
    missing = counted.pop("", 0)
    return count_texts(counted, missing)


def _add_numbers(parts: Sequence[Numbers]) -> Numbers:
    lows = [part.low for part in parts if part.low is not None]
    highs = [part.high for part in parts if part.high is not None]
    return Numbers(
        edges=parts[0].edges,
        counts=np.sum([part.counts for part in parts], axis=0).tolist(),
        missing=sum(part.missing for part in parts),
        fractional=sum(part.fractional for part in parts),
        outside=sum(part.outside for part in parts),
        total=sum(part.total for part in parts),
        squares=sum(part.squares for part in parts),
        low=min(lows, default=None),
        high=max(highs, default=None),
    )


def _add_texts(parts: Sequence[Texts]) -> Texts:
    together: Counter[str] = Counter()
    for part in parts:
        together.update(part.counts)
    added = count_texts(together, sum(part.missing for part in parts))
    others, rare = (sum(getattr(part, name) for part in parts) for name in ("others", "rare"))
    return added.model_copy(update={"others": added.others + others, "rare": rare})
