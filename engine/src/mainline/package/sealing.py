"""The feature tables that go into a package: all that the test periods need, as the pipeline looked it up."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from mainline.contract import Array, Columns, FeatureTable
from mainline.data.lookup import Table, differs, from_columns, from_periods
from mainline.data.storage import read_columns
from mainline.errors import MainlineError

FOLDER = Path("data/tables")
MOST = 0.01
"""The share of a period's rows that may be looked up across the border of their period."""


def read(declared: FeatureTable, periods: Sequence[str]) -> Table:
    """Return a table over the given periods, oldest first; the whole of one that does not go by periods."""
    fixed = FOLDER / f"{declared.name}.parquet"
    if fixed.exists():
        return from_columns(declared, read_columns(fixed))
    return from_periods(declared, [read_columns(FOLDER / declared.name / f"{period}.parquet") for period in periods])


def strangers(
    declared: Iterable[FeatureTable],
    sealed: Mapping[str, Table],
    periods: tuple[str, str],
    request: Columns,
    moment: Array,
) -> Array:
    """Say which of a period's n rows the sealed tables answer otherwise than the tables that it was prepared with.

    A row that is predicted after the first row of the next period's table now sees that row, which was not known when
    its period was prepared.

    Args:
        declared: the feature tables of the use case.
        sealed: the same over all test periods.
        periods: the period before, and the period.
        request: the period's n requests.
        moment: shape (n,), their prediction times in minutes UTC.

    Raises:
        MainlineError: when these are more than `MOST`.
    """
    found = np.zeros(len(moment), bool)
    for table in declared:
        own = read(table, periods)
        found |= differs(own.look_up(request, moment), sealed[table.name].look_up(request, moment))
    if found.mean() > MOST:
        raise MainlineError(
            f"{found.sum():,} of {len(found):,} rows of {periods[1]} are predicted outside of their period, where a "
            "package over several test periods knows more than the pipeline did. Let the source assign events to the "
            "period of their prediction time, or set split.test to 1."
        )
    return found
