"""Real rows for the claims: a period of what the pipeline validated here, or else of what the source has."""

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
from mainline.data.validation import check, why_unlabelled
from mainline.declared import params
from mainline.errors import MainlineError
from mainline.stages.prepare import arrays, declared_table, in_utc
from mainline.stages.window import VALIDATED, build_moving


class NoDataError(MainlineError):
    """Nothing was run here, and the source does not answer."""


@dataclass(frozen=True)
class Batches:
    """A period of every table, or a snapshot: validated rows by the table's name; static tables have no period."""

    period: str
    origin: str
    batched: dict[str, pd.DataFrame]
    static: dict[str, pd.DataFrame]

    @property
    def events(self) -> pd.DataFrame:
        """The events of the period."""
        return self.batched[module("schema").EVENTS]

    def labelled(self) -> pd.DataFrame:
        """Return the events that have a label."""
        return self.events[self.why_unlabelled() == ""]

    def why_unlabelled(self) -> pd.Series:
        """Say why each event has no label; '' if it has one."""
        return why_unlabelled(module("schema"), self.events, module("interface").LABEL)

    def requests(self) -> dict[str, Array]:
        """Return the requests of the labelled events."""
        return from_batch(arrays(in_utc(self.labelled())), module("interface").REQUEST)

    def known(self) -> dict[str, Table]:
        """Build every feature table, as preparation does for a first period."""
        tables = module("tables")
        static = tables.build_static(self.static)
        moving = build_moving(None, self.batched, static)
        return {name: from_columns(declared_table(name), arrays(rows)) for name, rows in {**static, **moving}.items()}

    def replaced(self, **tables: pd.DataFrame) -> "Batches":
        """Return the same with other rows of some batched tables."""
        return replace(self, batched=self.batched | tables)


@cache
def load() -> Batches:
    """Return the newest validated period of the window, or else the first one of the source.

    Raises:
        NoDataError: if neither is here.
    """
    for period in reversed(params.load().data.periods):
        if all((VALIDATED / name / f"{period}.parquet").is_file() for name in _batched()):
            return Batches(
                period, str(VALIDATED),
                {name: read_frame(VALIDATED / name / f"{period}.parquet") for name in _batched()},
                {name: read_frame(VALIDATED / f"{name}.parquet") for name in module("schema").STATIC},
            )  # fmt: skip
    return _fetched(params.load().data.periods[0])


def _fetched(period: str) -> Batches:
    schemas = module("schema").TABLES
    try:
        delivered = {(table, of): rows for table, of, rows in module("source").fetch((period,))}
    except Exception as error:  # a source that is away may raise anything
        raise NoDataError(
            f"data/validated is empty, and src/usecase/source.py has nothing to give here "
            f"({faults.explain(error) or repr(error)}); run `make repro`, then `make test`."
        ) from error
    rows = {name: check(frame, schemas[name], name, of or "").accepted for (name, of), frame in delivered.items()}
    static = {name: rows[name] for name in module("schema").STATIC}
    return Batches(period, "src/usecase/source.py", {name: rows[name] for name in _batched()}, static)


def _batched() -> list[str]:
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
