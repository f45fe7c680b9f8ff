"""Feature tables in memory: the same lookup joins them in training and answers a request."""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainline.conformance.tables import check_rows, check_table
from mainline.contract import Array, Columns, FeatureTable

_SPAN = np.int64(1) << 40
"""Minutes between the time axes of two entities: more than any window reaches."""

_FLOOR = np.int64(-1) << 38
"""The event time of a static row: before everything."""

_NOWHERE = -2 * int(_SPAN)
"""Where the time axis of an unknown entity starts: before all rows."""


class Table:
    """Rows of one feature table, sorted by entity and time, ready for point-in-time lookup.

    For a query of (entity, moment) the answer is the entity's newest row whose event time is at most
    `moment - lag`, if it is at most `keep` minutes older than that; otherwise NaN. This is what
    `pandas.merge_asof` computes (held by a test), fast enough for one row at a time: a row that expires before
    the entity's next one is followed by a row of NaN, so that an answer is one binary search and nothing else.
    """

    def __init__(
        self, declared: FeatureTable, key: Array | None, time: NDArray[np.int64] | None, values: Array
    ) -> None:
        """Sort and index m rows.

        Args:
            declared: name, key, columns and availability.
            key: shape (m,), entity of each row, as str; None for a table without a key, whose rows count for all.
            time: shape (m,), event times in minutes UTC; None for a static table.
            values: shape (m, c), one float column per declared column.
        """
        self.declared = declared
        named = np.full(len(values), "") if key is None else np.array(entities(key), "U")
        self.keys, codes = np.unique(named, return_inverse=True)
        moments = np.full(len(values), _FLOOR) if time is None else np.asarray(time, dtype=np.int64)
        # One sorted axis for all entities, each in a span of its own.
        axis = codes * _SPAN + moments
        order = np.argsort(axis, kind="stable")
        axis, values = axis[order], values[order].astype(np.float64)
        reach = _SPAN // 2 if declared.keep is None else declared.keep
        self._expired = np.flatnonzero(np.diff(axis, append=len(self.keys) * _SPAN + _SPAN) > reach) + 1
        self._axis = np.insert(axis, self._expired, axis[self._expired - 1] + reach + 1)
        answers = np.insert(values, self._expired, np.nan, axis=0)
        answers = np.insert(answers, 0, np.nan, axis=0)  # what a search before the first row finds
        self._answers = dict(zip(declared.columns, answers.T.copy(), strict=True))
        start: dict[Any, int] = {name: code * int(_SPAN) - declared.lag for code, name in enumerate(self.keys.tolist())}
        # An entity named by a whole number is found by that too, as int64 or float64: these are equal to Python's own.
        self._start = start | {int(name): place for name, place in start.items() if _is_whole(name)}

    def __len__(self) -> int:
        return len(self._axis) - len(self._expired)

    def look_up(self, columns: Mapping[str, Array], moment: NDArray[np.int64]) -> dict[str, Array]:
        """Return the declared columns as of each moment, shape (n,) each, NaN where nothing is known.

        Args:
            columns: n requests; the table's key, if it has one, is one of them.
            moment: shape (n,), prediction times in minutes UTC.
        """
        if self.declared.key:
            starts = map(self._start.get, columns[self.declared.key], repeat(_NOWHERE))
            wanted = np.fromiter(starts, np.int64, len(moment))
        else:
            wanted = np.full(len(moment), -self.declared.lag)
        if not self.declared.static:
            wanted += moment
        rows = self._axis.searchsorted(wanted, "right")
        return {name: values.take(rows) for name, values in self._answers.items()}

    def arrays(self) -> dict[str, Array]:
        """Return the m rows in order as plain arrays: `key` if there is one, `time` and `values`; see `from_arrays`."""
        added = np.arange(len(self._expired)) + self._expired
        axis = np.delete(self._axis, added)
        codes = (axis + _SPAN // 2) // _SPAN
        return {
            **({"key": self.keys[codes]} if self.declared.key else {}),
            "time": axis - codes * _SPAN,
            "values": np.column_stack([np.delete(values[1:], added) for values in self._answers.values()]),
        }


def entities(key: Array) -> Sequence[str] | Array:
    """Name n entities by text: 7 and 7.0 are "7", since whole numbers are float64 where one may be absent."""
    if key.dtype.kind == "f":
        return ["" if number != number else f"{number:.17g}" for number in key.tolist()]
    return [*map(str, key.tolist())] if key.dtype.kind in "iu" else key


def _is_whole(name: str) -> bool:
    return len(name) < 20 and name.isascii() and name.removeprefix("-").isdecimal() and str(int(name)) == name


def from_arrays(declared: FeatureTable, arrays: Mapping[str, Array]) -> Table:
    """Build a table from `key`, `time` and `values`; inverse of `Table.arrays`."""
    return Table(declared, arrays.get("key"), None if declared.static else arrays["time"], arrays["values"])


def from_columns(declared: FeatureTable, rows: Columns, previous: Columns | None = None) -> Table:
    """Build a table from the columns of a period; the period before serves what came before their first row, if any.

    Args:
        declared: name, key, columns and availability.
        rows: `key` if it declares one, `time` unless static, and the declared columns.
        previous: the same for the period before.
    """
    check_table(declared, rows)
    check_rows(declared, rows)
    parts: list[tuple[Columns, Any]] = [(rows, slice(None))]
    if previous is not None:
        earlier = previous["time"] < rows["time"].min() if len(rows["time"]) else slice(None)
        parts.insert(0, (previous, earlier))
    column = {name: np.concatenate([part[name][chosen] for part, chosen in parts]) for name in rows}
    values = np.column_stack([column[name].astype(np.float64) for name in declared.columns])
    return Table(declared, column.get("key"), column.get("time"), values)


def from_periods(declared: FeatureTable, periods: Sequence[Columns]) -> Table:
    """Build a table from the columns of periods that follow each other, oldest first.

    It answers as the table of each period and the one before did: rows of a period count from their first time on, and
    what an entity had is forgotten once it has no row for a whole period. A request that is answered after the next
    period's first row, or before its own period's, may be answered otherwise (see `differs`).
    """
    wanted = (*(["key"] if declared.key else []), "time", *declared.columns)
    if declared.key:
        periods = [{**rows, "key": np.asarray(entities(rows["key"]))} for rows in periods]
    known: Columns
    known, previous = periods[0], None
    for rows in periods[1:]:
        if len(rows["time"]):
            start = int(rows["time"].min())
            before = {name: values[known["time"] < start] for name, values in known.items()}
            parts = [before, *_forgotten(declared, before, previous, start), rows]
            known, previous = {name: np.concatenate([part[name] for part in parts]) for name in wanted}, start
    return from_columns(declared, known)


def _forgotten(declared: FeatureTable, rows: Columns, since: int | None, start: int) -> list[Columns]:
    """Return rows of NaN at `start` for the entities that have no row since the period before began.

    Without a key there is nothing to forget: the first row of a period takes the place of all before.
    """
    if not declared.key or since is None or (declared.keep is not None and since + declared.keep < start):
        return []
    keys = np.array(entities(rows["key"]), "U")
    silent = np.setdiff1d(keys, keys[rows["time"] >= since])
    if not len(silent):
        return []
    nothing = {name: np.full(len(silent), np.nan) for name in declared.columns}
    return [{**nothing, "key": silent.astype(object), "time": np.full(len(silent), start)}]


def differs(one: Mapping[str, Array], other: Mapping[str, Array]) -> Array:
    """Say for each of n rows whether two answers of `Table.look_up` differ; NaN equals NaN. Shape (n,)."""
    pairs = [(values, other[name]) for name, values in one.items()]
    return np.any([(a != b) & ~((a != a) & (b != b)) for a, b in pairs], axis=0)


def look_up_all(
    tables: Mapping[str, Table], columns: Mapping[str, Array], moment: NDArray[np.int64]
) -> dict[str, dict[str, Array]]:
    """Look n requests up in every table as of their prediction times."""
    return {name: table.look_up(columns, moment) for name, table in tables.items()}
