"""Production on the candidate's rows: only where its answers and its request mean the same."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mainline.contract import Array, FeatureTable, Field
from mainline.data.lookup import Table, from_columns
from mainline.gate import holdout, sources
from mainline.gate.holdout import Holdout, NotComparableError
from tests.mainline.gate import samples

FIELD = Field("x", "number", "a number", 1.0, unit="miles")
ROWS = Holdout({"x": np.array([1.0, 2.0])}, np.zeros(2), np.zeros(2), {})


def _model(predicted: Array, field: Field = FIELD, **response: str) -> Any:
    """Stand for a released package that predicts the same for any rows, with its own answers and request."""
    package = samples.predictor(field, **response)
    package.tables = {}
    package.features = SimpleNamespace(prediction_time=lambda _: np.zeros(2, int), compute=lambda *_: {})
    package.runtime = SimpleNamespace(predict=lambda _: predicted)
    package.scoring = SimpleNamespace(respond=lambda raw, _: raw)
    return package


def test_a_model_of_the_same_meaning_predicts() -> None:
    """Words for people may differ, and a whole number is a number."""
    other = _model(np.ones(2), replace(FIELD, kind="integer", description="in other words"), description="so")
    assert holdout.predict(other, ROWS, _model(np.ones(2))).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (_model(np.ones(2), unit="hours"), "the unit of its response is 'hours', now it is 'minutes'"),
        (_model(np.ones(2), name="gain"), "the name of its response is 'gain', now it is 'delay'"),
        (_model(np.ones(2), replace(FIELD, name="y")), "needs the request field 'y', which the candidate dropped"),
        (_model(np.ones(2), replace(FIELD, unit="km")), "request field 'x' has another kind or unit now"),
        (_model(np.ones(2), replace(FIELD, kind="string")), "request field 'x' has another kind or unit now"),
        (_model(np.array([1.0, np.nan])), "1 of its predictions are not a number"),
    ],
)
def test_a_model_of_another_meaning_is_not_compared(model: Any, reason: str) -> None:
    """Errors in another unit, or from a request in another unit, would make any candidate look better."""
    with pytest.raises(NotComparableError, match=reason):
        holdout.predict(model, ROWS, _model(np.ones(2)))


def test_only_a_model_of_the_same_meaning_can_be_decayed_from() -> None:
    """What answers another question is passed over, after a response was renamed for good reasons too."""
    assert holdout.means_the_same(_model(np.ones(2)), _model(np.ones(2)))
    assert not holdout.means_the_same(_model(np.ones(2), unit="hours"), _model(np.ones(2)))


def test_code_of_production_that_breaks_is_an_obstacle() -> None:
    """A released package may fail in any way on rows that it was not made for; the gate goes on and says so."""
    broken = _model(np.ones(2))
    broken.features.compute = lambda *_: dict[str, Any]()["gone"]
    released = samples.equal().production
    assert released is not None
    predicted, obstacle = sources.predict(replace(released, predictor=broken), ROWS, _model(np.ones(2)), "")
    assert predicted is None
    assert obstacle == "v1.0.0 cannot predict the candidate's holdout: its code failed with KeyError: 'gone'."


@pytest.mark.parametrize(
    ("newest", "keep", "columns", "value"),
    [
        (100, None, ("gain",), 2.0),  # its rows never end, but it would have been fed newer ones
        (1020, 60, ("gain",), 2.0),  # they begin after the first prediction, and the candidate has older ones
        (100, 60, ("gain",), 2.0),  # they end before the holdout, and the candidate has newer ones
        (1000, 60, ("gain",), 1.0),
    ],
)
def test_a_table_that_does_not_cover_the_holdout_is_replaced_by_the_candidates(
    newest: int, keep: int | None, columns: tuple[str, ...], value: float
) -> None:
    """Newer rows would have been fed to production, older ones it had when it was fitted; only then others stand in."""
    seen = _looked_up(_table(newest, keep, columns, 1.0), _table(1000, keep, ("delay", "gain"), 2.0))
    assert seen.tolist() == [value, value]


@pytest.mark.parametrize(
    ("newest", "keep", "lack"),
    [(100, 60, "ends before the end"), (1020, 60, "begins after the start"), (1020, None, "begins after the start")],
)
def test_a_table_with_an_open_end_that_nobody_fills_is_not_compared(newest: int, keep: int | None, lack: str) -> None:
    """Lookups that the pipeline had and the package has not are never taken for production's quality."""
    said = f"table 'arrivals' {lack} of the holdout, and the candidate has no such .* build it in src/usecase/tables.py"
    with pytest.raises(NotComparableError, match=said):
        _looked_up(_table(newest, keep, ("gain",), 1.0), _table(1000, 60, ("delay",), 2.0))


def test_rows_without_an_end_answer_where_nobody_has_newer_ones() -> None:
    """A table whose rows stay valid goes on by itself."""
    assert _looked_up(_table(100, None, ("gain",), 1.0), _table(1000, 60, ("delay",), 2.0)).tolist() == [1.0, 1.0]


def _table(newest: int, keep: int | None, columns: tuple[str, ...], value: float) -> Table:
    """A table of one entity with one row, `newest` minutes after the epoch."""
    declared = FeatureTable("arrivals", "x", columns, keep=keep)
    known = {"key": np.array(["a"], object), "time": np.array([newest]), **{n: np.array([value]) for n in columns}}
    return from_columns(declared, known)


def _looked_up(own: Table, candidates: Table) -> Array:
    """Let production predict what it looks up at minute 1010."""
    production, candidate = _model(np.ones(2)), _model(np.ones(2))
    production.tables, candidate.tables = {"arrivals": own}, {"arrivals": candidates}
    production.features.prediction_time = lambda _: np.array([1010, 1010])
    production.features.compute = lambda _, tables: tables["arrivals"]
    production.runtime.predict = lambda looked: looked["gain"]
    rows = Holdout({"x": np.array(["a", "a"], object)}, np.zeros(2), np.zeros(2), {})
    return holdout.predict(production, rows, candidate)
