"""The features of n rows, computed from their requests and from the tables that are known to them, and checked."""

from bdb import BdbQuit
from collections.abc import Mapping
from pathlib import Path

from mainline import personal
from mainline.conformance.arrays import check_computed, check_moment
from mainline.conformance.code import portable
from mainline.conformance.names import check_known, check_policy
from mainline.conformance.requests import check_time
from mainline.conformance.tables import check_tables
from mainline.contract import Array, Columns
from mainline.data import sides, vocabulary
from mainline.data.feature_values import Place, check_converted, check_finite, check_missing, check_types, first_failing
from mainline.data.lookup import Table, look_up_all
from mainline.data.moments import prediction_time
from mainline.declared.params import Params
from mainline.errors import MainlineError
from usecase import features, interface, tables


def check(params: Params) -> tuple[str, ...]:
    """Return the names of all features, if what is declared of them can be computed.

    Raises:
        UseCaseError, PolicyError: on the first thing wrong.
    """
    portable(Path("src/usecase/features.py"))
    check_tables(tables.FEATURE_TABLES, (field.name for field in interface.REQUEST))
    offered = (*features.NUMERIC, *features.CATEGORICAL)
    allowed = personal.columns(interface)
    check_policy(offered, interface.REQUEST, interface.BANNED, tables.FEATURE_TABLES, interface.KEY, allowed)
    check_time(not params.data.snapshot, features, tables.FEATURE_TABLES, sides.group(interface))
    check_known("features.py: MISSING", _allowed_to_miss(), offered, "compute")
    return offered


def compute(request: Columns, known: Mapping[str, Table], period: str) -> dict[str, Array]:
    """Compute the features of a period's n requests, each of shape (n,), as of the moments they are predicted at.

    Raises:
        UseCaseError: naming the feature, and the first row, where a value is none that a model can be fitted on.
    """
    moment, rows = prediction_time(features, request), len(next(iter(request.values())))
    check_moment(moment, rows)
    times = [field.name for field in interface.REQUEST if field.kind == "time"]
    shown = [name for name in interface.KEY if name not in personal.columns(interface)]
    place = Place(period, {name: request[name] for name in shown}, times)
    computed = _compute(request, look_up_all(known, request, moment), place)
    check_computed(computed, (*features.NUMERIC, *features.CATEGORICAL), rows)
    check_types(computed, features.NUMERIC, features.CATEGORICAL, place)
    check_finite(computed, features.NUMERIC, place)
    check_missing(computed, _allowed_to_miss(), place)
    return computed


def _compute(request: Columns, looked_up: Mapping[str, Columns], place: Place) -> dict[str, Array]:
    """Compute the features of n rows; an error is noted with the first row that raises it."""

    def compute(rows: Array | slice) -> dict[str, Array]:
        found = {name: {column: values[rows] for column, values in table.items()} for name, table in looked_up.items()}
        asked = vocabulary.request({name: values[rows] for name, values in request.items()}, interface)
        return dict(features.compute(asked, vocabulary.tables(found)))

    try:
        return compute(slice(None))
    except (BdbQuit, MainlineError):
        raise
    except Exception as error:
        rows = len(next(iter(request.values())))
        check_converted(error, features.NUMERIC, rows, place)
        row = first_failing(compute, rows)
        error.add_note(f"in {place.period}" if row is None else f"first in {place.of(row)}")
        raise


def _allowed_to_miss() -> Mapping[str, float]:
    """By feature, the share of a period's rows that may lack it, if the use case declares any."""
    return getattr(features, "MISSING", {})
