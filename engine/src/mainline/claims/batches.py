"""Real rows for the claims: a month of what the pipeline validated here, or else of what the source has."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from mainline import faults
from mainline.claims.declarations import module
from mainline.contract import Array
from mainline.data.columns import from_batch
from mainline.data.lookup import Table, from_columns
from mainline.data.storage import read_frame
from mainline.data.validation import check
from mainline.declared import params
from mainline.errors import MainlineError
from mainline.stages.prepare import VALIDATED, arrays, declared_table


class NoDataError(MainlineError):
    """Nothing was run here, and the source does not answer."""


@dataclass(frozen=True)
class Batches:
    """A month of every table: validated rows by the table's name; static tables have no month."""

    month: str
    origin: str
    monthly: dict[str, pd.DataFrame]
    static: dict[str, pd.DataFrame]

    @property
    def events(self) -> pd.DataFrame:
        """The events of the month."""
        return self.monthly[module("schema").EVENTS]

    def labelled(self) -> pd.DataFrame:
        """Return the events that have a label."""
        return self.events[module("schema").unlabelled(self.events) == ""]

    def requests(self) -> dict[str, Array]:
        """Return the requests of the labelled events."""
        return from_batch(arrays(self.labelled()), module("interface").REQUEST)

    def known(self) -> dict[str, Table]:
        """Build every feature table, as preparation does for a first month."""
        tables = module("tables")
        static = tables.build_static(self.static)
        moving = tables.build_moving(None, self.monthly, static)
        return {name: from_columns(declared_table(name), arrays(rows)) for name, rows in {**static, **moving}.items()}

    def replaced(self, **tables: pd.DataFrame) -> "Batches":
        """Return the same with other rows of some monthly tables."""
        return replace(self, monthly=self.monthly | tables)


@cache
def load() -> Batches:
    """Return the newest validated month of the window, or else the first month of the source.

    Raises:
        NoDataError: if neither is here.
    """
    for month in reversed(params.load().data.periods):
        if all((VALIDATED / name / f"{month}.parquet").is_file() for name in _monthly()):
            return Batches(
                month, str(VALIDATED),
                {name: read_frame(VALIDATED / name / f"{month}.parquet") for name in _monthly()},
                {name: read_frame(VALIDATED / f"{name}.parquet") for name in module("schema").STATIC},
            )  # fmt: skip
    return _fetched(params.load().data.periods[0])


def _fetched(month: str) -> Batches:
    schemas = module("schema").TABLES
    try:
        delivered = {(table, of): rows for table, of, rows in module("source").fetch((month,))}
    except Exception as error:  # a source that is away may raise anything
        raise NoDataError(
            f"data/validated is empty, and src/usecase/source.py has nothing to give here "
            f"({faults.explain(error) or repr(error)}); run `make repro`, then `make test`."
        ) from error
    rows = {name: check(frame, schemas[name], name, of or "").accepted for (name, of), frame in delivered.items()}
    static = {name: rows[name] for name in module("schema").STATIC}
    return Batches(month, "src/usecase/source.py", {name: rows[name] for name in _monthly()}, static)


def _monthly() -> list[str]:
    return [name for name in module("schema").TABLES if name not in module("schema").STATIC]


def moments(rows: pd.DataFrame) -> Array:
    """Return when n rows of a table begin to be, in minutes UTC: their earliest time; the smallest integer without."""
    times = [arrays(rows[[name]])[str(name)] for name in rows if pd.api.types.is_datetime64_any_dtype(rows[name].dtype)]
    if not times:
        return np.full(len(rows), np.iinfo(np.int64).min)
    return np.min([values.astype("datetime64[m]").astype(np.int64) for values in times], axis=0)


def floats(rows: pd.DataFrame) -> Iterator[str]:
    """Name the columns of a table that were measured: those that hold fractions."""
    return (str(name) for name in rows if rows[name].dtype.kind == "f")
