"""Shares of a table without time: which of its rows validate and test, by the same hash as in preparation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mainline.contract import Array
from mainline.data import sides
from mainline.scaffold.dialect import TableError
from mainline.text import count

STEPS = (0.15, 0.2, 0.25, 0.3, 0.35)
"""Shares of rows that validate, and that test, in the order in which they are tried."""


@dataclass(frozen=True)
class Shares:
    """What a split by hashes makes of the labelled rows of a table."""

    share: float
    """Share that validates, and that tests."""
    rows_of_test: int
    units_of_test: int
    """How many different groups, keys or requests the test rows have: what is alike is on one side."""
    units: int
    """How many all rows have."""

    @property
    def is_usual(self) -> bool:
        """Whether the first of all shares gives rows to every side."""
        return self.share == STEPS[0]


def infer(columns: Sequence[Array], codes: Array, is_class: bool, noun: str) -> Shares:
    """Take the smallest share that gives rows to every side, and of each class some to fit on.

    Args:
        columns: what rows are split by, each of shape (n,).
        codes: the label, shape (n,); NaN where it is missing.
        is_class: whether the codes are classes.
        noun: what rows are split by, such as `different request`.

    Raises:
        TableError: when none does.
    """
    labelled = ~np.isnan(codes)
    hashes = sides.hashes([values[labelled] for values in columns])
    for share in STEPS:
        marked = sides.cut(hashes, share, share)
        if all(chosen.any() for chosen in marked.values()) and _fits(marked, codes[labelled], is_class):
            test = marked["test"]
            return Shares(share, int(test.sum()), len(np.unique(hashes[test])), len(np.unique(hashes)))
    units = len(np.unique(hashes))
    raise TableError(
        f"{count(int(labelled.sum()), 'row')} with a label have {count(units, noun)}, too few to fit on some, validate "
        "and test: what is alike stays on one side. Name a column that tells the rows apart with --key, or --keep one "
        "that is left out."
    )


def _fits(marked: Mapping[str, Array], codes: Array, is_class: bool) -> bool:
    """Say whether each class is among the rows that are fitted on."""
    return not is_class or len(np.unique(codes[marked["train"]])) == len(np.unique(codes))
