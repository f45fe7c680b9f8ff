"""The feature tables that go into a package: all that the test months need, as the pipeline looked it up."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from mainline.contract import Array, Columns, FeatureTable
from mainline.data.lookup import Table, differs, from_columns, from_months
from mainline.data.storage import read_columns
from mainline.errors import MainlineError

FOLDER = Path("data/tables")
MOST = 0.01
"""The share of a month's rows that may be looked up across the border of their month."""


def read(declared: FeatureTable, months: Sequence[str]) -> Table:
    """Return a table over the given months, oldest first; the whole of one that does not go by months."""
    fixed = FOLDER / f"{declared.name}.parquet"
    if fixed.exists():
        return from_columns(declared, read_columns(fixed))
    return from_months(declared, [read_columns(FOLDER / declared.name / f"{month}.parquet") for month in months])


def strangers(
    declared: Iterable[FeatureTable],
    sealed: Mapping[str, Table],
    months: tuple[str, str],
    request: Columns,
    moment: Array,
) -> Array:
    """Say which of a month's n rows the sealed tables answer otherwise than the tables that it was prepared with.

    A row that is predicted after the first row of the next month's table now sees that row, which was not known when
    its month was prepared.

    Args:
        declared: the feature tables of the use case.
        sealed: the same over all test months.
        months: the month before, and the month.
        request: the month's n requests.
        moment: shape (n,), their prediction times in minutes UTC.

    Raises:
        MainlineError: when these are more than `MOST`.
    """
    found = np.zeros(len(moment), bool)
    for table in declared:
        own = read(table, months)
        found |= differs(own.look_up(request, moment), sealed[table.name].look_up(request, moment))
    if found.mean() > MOST:
        raise MainlineError(
            f"{found.sum():,} of {len(found):,} rows of {months[1]} are predicted outside of their month, where a "
            "package over several test months knows more than the pipeline did. Let the source assign events to the "
            "month of their prediction time, or set split.test to 1."
        )
    return found
