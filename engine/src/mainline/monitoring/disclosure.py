"""What of a record others may read: no text that few rows had, and no number that a single row had."""

from collections.abc import Callable, Sequence

import numpy as np

from mainline.limits.sketches import RARE, Numbers, Texts
from mainline.monitoring.store import Record, Rolled

_SMALLEST = -300
"""The smallest power of ten that an end is moved by."""

Known = Callable[[str, str], frozenset[str] | None]
"""From a package's digest and a feature to the values that training had; None if nobody can say."""


def public(record: Record, known: Known) -> Record:
    """Return a record without the values of text that are rare, and without numbers that single rows had."""

    def bare(rolled: Rolled) -> Rolled:
        sketch = rolled.sketch
        texts = {name: without_rare(column, known(rolled.digest, name)) for name, column in sketch.texts.items()}
        numbers = {name: without_values(column) for name, column in sketch.numbers.items()}
        predicted = sketch.predicted
        if isinstance(predicted, Numbers):
            predicted = without_values(predicted)
        bared = {"texts": texts, "numbers": numbers, "predicted": predicted}
        return rolled.model_copy(update={"sketch": sketch.model_copy(update=bared)})

    return record.model_copy(update={"days": [bare(rolled) for rolled in record.days]})


def without_rare(texts: Texts, known: frozenset[str] | None) -> Texts:
    """Leave out values that fewer than `RARE` rows have, which may say who it was.

    Those that training had are not a secret of production and keep their name. A value that it had not counts among the
    others, as it does for the checks; where nobody knows what training had (None), such rows are counted as rare.
    """
    kept = {value: rows for value, rows in texts.counts.items() if rows >= RARE or value in (known or ())}
    gone = sum(texts.counts.values()) - sum(kept.values())
    more = {"rare": texts.rare + gone} if known is None else {"others": texts.others + gone}
    return texts.model_copy(update={"counts": kept, **more})


def without_values(numbers: Numbers) -> Numbers:
    """Take away what single rows had: the ends become ends of bins, or have one digit, and sums of few rows are 0.

    A number that at least `RARE` rows have and no other one, as of a feed that stands still, is kept.
    """
    rows = sum(numbers.counts)
    low, high = numbers.low, numbers.high
    if low is None or high is None or (low == high and rows >= RARE):
        return numbers
    sums = {} if rows >= RARE else {"total": 0.0, "squares": 0.0}
    ends = {"low": 0.0 - _outward(-low, [-edge for edge in numbers.edges]), "high": _outward(high, numbers.edges)}
    return numbers.model_copy(update=ends | sums)


def _outward(number: float, edges: Sequence[float]) -> float:
    """Return the next edge of a bin that is not below a number, or else the next number of one digit."""
    further = min((edge for edge in edges if edge >= number), default=None)
    if further is not None:
        return further
    near = float(f"{number:.0e}")
    if near >= number:
        return near
    step = 10.0 ** max(np.floor(np.log10(abs(number))), _SMALLEST)
    return float(f"{near + step:.0e}")
