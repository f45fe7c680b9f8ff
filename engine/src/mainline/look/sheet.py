"""The table that is looked at: its columns, its periods, and whose values are not shown."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from mainline.contract import Array
from mainline.data import identifiers
from mainline.scaffold import personal_columns, roles
from mainline.scaffold.column import Column

ROWS = 100_000
"""Rows that are looked at, evenly over all: more change no figure that is shown."""
LEVELS = 500
"""Different texts or numbers beyond which a column names single things, whose values are not shown."""


@dataclass(frozen=True)
class Sheet:
    """n rows of a table."""

    title: str
    columns: Mapping[str, Column]
    label: str
    """The column to predict; '' if none is named."""
    periods: tuple[str, ...]
    """In order; () if the rows have no time."""
    places: Array
    """The place of each row's period, shape (n,); -1 for a row of none."""
    total: int
    """Rows of the whole table, of which n are looked at."""
    duplicates: int
    """Rows of the whole table that repeat another one."""
    hidden: Mapping[str, str]
    """Columns of which no value is shown, each with the reason."""
    notes: tuple[str, ...] = ()
    """What is not looked at, and why."""

    @property
    def rows(self) -> int:
        """How many rows are looked at."""
        return len(self.places)


def step_of(total: int) -> int:
    """Return which rows are looked at: each of so many."""
    return max(1, -(-total // ROWS))


def hide(columns: Mapping[str, Column], label: str, declared: Collection[str], keys: Collection[str]) -> dict[str, str]:
    """Name the columns whose values could point at a person or at one row, each with the reason.

    Args:
        columns: of n rows.
        label: hidden only if it says something of a person; '' if there is none.
        declared: those that the use case declares as personal.
        keys: those that name a row together.
    """
    texts = pd.DataFrame({name: column.values for name, column in columns.items() if column.kind != "time"})
    looked = min(len(texts), identifiers.ROWS)
    held = identifiers.conclude(identifiers.count(texts, ()), looked) if looked else {}
    reasons = {}
    for name, column in columns.items():
        reason = _of_name(name, declared) or _of_values(held.get(name, {}))
        if name != label:
            reason = reason or _of_form(name, column, keys)
        if reason:
            reasons[name] = reason
    return reasons


def _of_name(name: str, declared: Collection[str]) -> str:
    if name in declared:
        return "it is declared as personal"
    return personal_columns.by_name(name, False)


def _of_values(kinds: Collection[str]) -> str:
    return f"it holds {' and '.join(sorted(kinds))}" if kinds else ""


def _of_form(name: str, column: Column, keys: Collection[str]) -> str:
    if column.is_number:
        names = roles.is_numbering(name) or roles.tells_apart(column) or name in keys
        return "it is a number that names rows or entities" if names and column.distinct > LEVELS else ""
    if column.kind == "text" and roles.is_prose(column):
        return "it is free text"
    if column.kind == "text" and (column.distinct > LEVELS or (column.distinct > 2 and roles.tells_apart(column))):
        return f"it has {column.distinct:,} different texts"
    return ""


def masks(column: Column) -> dict[object, str]:
    """Return a stand-in for each value: equal values have the same one, and nothing else is told."""
    return {value: f"#{place}" for place, value in enumerate(pd.unique(column.present).tolist(), start=1)}
