"""Production on the candidate's rows: only where its answers and its request mean the same."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mainline.contract import Array, Field
from mainline.gate import gather, holdout
from mainline.gate.holdout import Holdout, NotComparableError
from tests.mainline.gate import made

FIELD = Field("x", "number", "a number", 1.0, unit="miles")
ROWS = Holdout({"x": np.array([1.0, 2.0])}, np.zeros(2), np.zeros(2), {})


def _model(predicted: Array, field: Field = FIELD, **response: str) -> Any:
    """Stand for a released package that predicts the same for any rows, with its own answers and request."""
    package = made.predictor(field, **response)
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


def test_code_of_production_that_breaks_is_an_obstacle() -> None:
    """A released package may fail in any way on rows that it was not made for; the gate goes on and says so."""
    broken = _model(np.ones(2))
    broken.features.compute = lambda *_: {}["gone"]
    released = made.equal().production
    assert released is not None
    predicted, obstacle = gather.predict(replace(released, predictor=broken), ROWS, _model(np.ones(2)), "")
    assert predicted is None
    assert obstacle == "v1.0.0 cannot predict the candidate's holdout: its code failed with KeyError: 'gone'."
