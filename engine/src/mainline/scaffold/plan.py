"""All that is concluded of a table, which every file of the use case is written from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mainline.contract import Array
from mainline.scaffold.column import Column
from mainline.scaffold.findings import Finding
from mainline.scaffold.labels import Label
from mainline.scaffold.schedule import Schedule
from mainline.scaffold.shares import Shares
from mainline.scaffold.table import Table


@dataclass(frozen=True)
class Plan:
    """All that the files say of a table."""

    table: Table
    label: str
    target: Label
    key: str
    group: str
    time: Schedule | None
    shares: Shares | None
    """How rows without time are split; None if they have a time."""
    features: tuple[str, ...]
    left_out: dict[str, str]
    """Columns that are not features, with the reason."""
    suspects: tuple[str, ...]
    """Those of them that say the label."""
    findings: tuple[Finding, ...]
    takes_year: bool = False
    """Whether the year is a feature of times that are years, although each new one is beyond those fitted on."""

    @property
    def columns(self) -> Mapping[str, Column]:
        """The columns of the table."""
        return self.table.columns

    @property
    def numbers(self) -> tuple[str, ...]:
        """The features that are numbers."""
        return tuple(name for name in self.features if self.columns[name].is_number)

    @property
    def texts(self) -> tuple[str, ...]:
        """The features that are text."""
        return tuple(name for name in self.features if not self.columns[name].is_number)

    @property
    def codes(self) -> Array:
        """The label as numbers, NaN where it is missing, shape (n,)."""
        return self.target.codes(self.columns[self.label])

    @property
    def labelled(self) -> int:
        """How many rows have a label."""
        return int((~np.isnan(self.codes)).sum())

    @property
    def rows_of_first_file(self) -> int:
        """How many rows the first file has."""
        return self.table.rows_by_file[0]

    @property
    def rows_of_test(self) -> int:
        """How many rows test."""
        return self.time.rows_of_test if self.time else self.shares.rows_of_test if self.shares else 0

    @property
    def different(self) -> int:
        """How many rows there are to learn from, if rows of one request count once."""
        return self.shares.units if self.shares and not self.group else self.labelled

    @property
    def units_of_test(self) -> int:
        """How many rows test, if what is alike counts once."""
        return self.shares.units_of_test if self.shares else self.rows_of_test

    @property
    def split_by(self) -> tuple[str, ...]:
        """The columns of which rows that are alike stay on one side, if the data has no time."""
        return (self.group,) if self.group else (self.key,) if self.key else self.features

    @property
    def doubtful(self) -> list[tuple[str, str, int]]:
        """Texts of label and features that may stand for missing values: the column, the text, and its rows."""
        names = (self.label, *self.features)
        return [(name, text, rows) for name in names for text, rows in self.columns[name].doubtful.items()]

    @property
    def unit(self) -> str:
        """What is split, in words."""
        return "group" if self.group else "key" if self.key else "different request"
