"""Feature tables in memory: the same lookup joins them in training and answers a request."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainline.contract import Array, Columns, FeatureTable, check_rows, check_table

_SPAN = np.int64(1) << 40
"""Minutes between the time axes of two entities: more than any window reaches."""

_FLOOR = np.int64(-1) << 38
"""The event time of a static row: before everything."""


class Table:
    """Rows of one feature table, sorted by entity and time, ready for point-in-time lookup.

    For a query of (entity, moment) the answer is the entity's newest row whose event time is at most
    `moment - lag`, if it is at most `keep` minutes older than that; otherwise NaN. This is what
    `pandas.merge_asof` computes (held by a test), fast enough for one row at a time.
    """

    def __init__(self, declared: FeatureTable, key: Array, time: NDArray[np.int64] | None, values: Array) -> None:
        """Sort and index m rows.

        Args:
            declared: name, key, columns and availability.
            key: shape (m,), entity of each row, as str.
            time: shape (m,), event times in minutes UTC; None for a static table.
            values: shape (m, c), one float column per declared column.
        """
        self.declared = declared
        self.keys, codes = np.unique(key.astype("U"), return_inverse=True)
        moments = np.full(len(key), _FLOOR) if time is None else np.asarray(time, dtype=np.int64)
        axis = codes * _SPAN + moments
        order = np.argsort(axis, kind="stable")
        self._axis = axis[order]
        # One more row of NaN at the end is what a miss points at.
        self._values = np.vstack([values[order], np.full((1, values.shape[1]), np.nan)]).astype(np.float64)
        self._code_of = {str(name): index for index, name in enumerate(self.keys)}

    def __len__(self) -> int:
        return len(self._axis)

    def look_up(self, columns: Mapping[str, Array], moment: NDArray[np.int64]) -> dict[str, Array]:
        """Return the declared columns as of each moment, shape (n,) each, NaN where nothing is known.

        Args:
            columns: n requests; the table's key is one of them.
            moment: shape (n,), prediction times in minutes UTC.
        """
        code_of = self._code_of
        codes = np.fromiter((code_of.get(key, -1) for key in columns[self.declared.key]), np.int64, len(moment))
        seen = np.zeros_like(moment) if self.declared.static else moment - self.declared.lag
        wanted = codes * _SPAN + seen
        rows = np.searchsorted(self._axis, wanted, side="right") - 1
        # A row of another entity is at least half a span away; an unknown entity (-1) lies before all rows.
        reach = _SPAN // 2 if self.declared.keep is None else self.declared.keep
        if len(self):
            rows[(rows < 0) | (wanted - self._axis[rows] > reach)] = -1
        found = self._values[rows]
        return {name: found[:, index] for index, name in enumerate(self.declared.columns)}

    def arrays(self) -> dict[str, Array]:
        """Return the m rows in order as plain arrays: `key`, `time` and `values`; `from_arrays` takes them back."""
        codes = (self._axis + _SPAN // 2) // _SPAN
        return {"key": self.keys[codes], "time": self._axis - codes * _SPAN, "values": self._values[:-1]}


def from_arrays(declared: FeatureTable, arrays: Mapping[str, Array]) -> Table:
    """Build a table from `key`, `time` and `values`; inverse of `Table.arrays`."""
    return Table(declared, arrays["key"], None if declared.static else arrays["time"], arrays["values"])


def from_columns(declared: FeatureTable, rows: Columns, previous: Columns | None = None) -> Table:
    """Build a table from the columns of a month; the month before serves what came before their first row, if any.

    Args:
        declared: name, key, columns and availability.
        rows: `key`, `time` unless static, and the declared columns.
        previous: the same for the month before.
    """
    check_table(declared, rows)
    check_rows(declared, rows)
    parts: list[tuple[Columns, Any]] = [(rows, slice(None))]
    if previous is not None:
        earlier = previous["time"] < rows["time"].min() if len(rows["time"]) else slice(None)
        parts.insert(0, (previous, earlier))
    column = {name: np.concatenate([part[name][chosen] for part, chosen in parts]) for name in rows}
    values = np.column_stack([column[name].astype(np.float64) for name in declared.columns])
    return Table(declared, column["key"], column.get("time"), values)


def look_up_all(
    tables: Mapping[str, Table], columns: Mapping[str, Array], moment: NDArray[np.int64]
) -> dict[str, dict[str, Array]]:
    """Look n requests up in every table as of their prediction times."""
    return {name: table.look_up(columns, moment) for name, table in tables.items()}
