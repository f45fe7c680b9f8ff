"""What a feature costs: the tables that are kept for it, the time to look them up, and its share of a prediction.

`features.compute` makes all features in one go, so its own time cannot be told apart by feature; it is measured as a
whole. Times are of the processor, per row, for many rows at once, the fastest of some repeats.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline

from mainline.contract import Array, Columns
from mainline.data.dataset import Prepared
from mainline.data.lookup import Table, from_columns
from mainline.data.moments import prediction_time
from mainline.data.storage import read_columns
from mainline.declared.params import Params
from mainline.errors import MainlineError
from mainline.model import export, runtime
from mainline.stages import fitting
from usecase import features, interface, tables

TABLES = Path("data/tables")
REPEATS = 7
PARITY_ROWS = 500


@dataclass(frozen=True)
class TableCost:
    """A feature table: the features that change with it, microseconds to look one row up, bytes of its arrays."""

    features: frozenset[str]
    microseconds: float
    size: int


@dataclass(frozen=True)
class Costs:
    """What it takes to get from requests to features: each table, and `features.compute` in microseconds per row."""

    tables: Mapping[str, TableCost]
    compute: float

    def saved_without(self, feature: str, chosen: frozenset[str]) -> tuple[float, int]:
        """Return microseconds and bytes that leaving out one of the chosen features saves in tables.

        A table is saved only if no other chosen feature needs it.
        """
        freed = [cost for cost in self.tables.values() if cost.features & chosen == {feature}]
        return sum(cost.microseconds for cost in freed), sum(cost.size for cost in freed)


def measure(part: str, rows: Prepared) -> Costs:
    """Measure lookups and `features.compute` on n rows of a part.

    Raises:
        MainlineError: when its feature tables are not there.
    """
    moment = prediction_time(features, rows.request)
    held = {table.name: _read(table.name, part) for table in tables.FEATURE_TABLES}
    looked = {name: table.look_up(rows.request, moment) for name, table in held.items()}
    expected = features.compute(rows.request, looked)
    found = {
        name: TableCost(
            _depending(name, rows.request, looked, expected),
            _per_row(lambda table=table: table.look_up(rows.request, moment), len(rows)),  # type: ignore[misc]
            sum(array.nbytes for array in table.arrays().values()),
        )
        for name, table in held.items()
    }
    return Costs(found, _per_row(lambda: features.compute(rows.request, looked), len(rows)))


def packaged(pipeline: Pipeline, params: Params, rows: Prepared) -> runtime.Runtime:
    """Return the model as it would be packaged, held to a few of the rows."""
    few = {name: values[:PARITY_ROWS] for name, values in rows.features.items()}
    content, exported = export.export(
        pipeline, params.model.type, interface.TASK, *fitting.names(params, rows), few, params.limits.parity
    )
    return runtime.load(content, exported.describe())


def slower(model: runtime.Runtime, other: runtime.Runtime, rows: Prepared) -> float:
    """Return by how many microseconds per row one model predicts n rows more slowly than another, measured in turn."""
    works = [lambda chosen=chosen: chosen.predict(rows.features) for chosen in (model, other)]
    fastest = [_seconds(work) for work in works]
    for _ in range(REPEATS - 1):
        fastest = [min(before, _seconds(work)) for before, work in zip(fastest, works, strict=True)]
    return (fastest[0] - fastest[1]) / len(rows) * 1e6


def _read(name: str, part: str) -> Table:
    declared = next(table for table in tables.FEATURE_TABLES if table.name == name)
    fixed = TABLES / f"{name}.parquet"
    path = fixed if fixed.is_file() else TABLES / name / f"{part}.parquet"
    if not path.is_file():
        raise MainlineError(f"there is no {path}. Run `make repro` first.")
    return from_columns(declared, read_columns(path))


def _depending(name: str, request: Columns, looked: Mapping[str, Columns], expected: Columns) -> frozenset[str]:
    """Name the features that come out differently when every value of one table is another."""
    other = {column: np.nan_to_num(values) + 1 for column, values in looked[name].items()}
    computed = features.compute(request, {**looked, name: other})
    return frozenset(feature for feature, values in computed.items() if not _same(values, expected[feature]))


def _same(one: Array, other: Array) -> bool:
    return bool(((one == other) | ((one != one) & (other != other))).all())


def _per_row(work: Callable[[], object], rows: int) -> float:
    return min(_seconds(work) for _ in range(REPEATS)) / rows * 1e6


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
