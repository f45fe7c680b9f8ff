"""Boosting stops where the loss on the newest training rows is least; no other row has a say."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mainline.data.dataset import Prepared
from mainline.declared import fit as declared_fit
from mainline.declared import params
from mainline.declared.fit import Fit
from mainline.declared.window import Data, Split
from mainline.errors import ParamsError, UseCaseError
from mainline.stages import fitting
from tests.mainline.stages.gradual import (
    HGB,
    LGBM,
    PERIODS,
    REQUEST,
    ROWS,
    XGB,
    count_less,
    declare,
    draw,
    exported,
    fitted,
    predict,
    settle,
    write,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _periods(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in a folder with four prepared periods."""
    settle(monkeypatch, tmp_path)


def stopping(type_: str = XGB, **more: Any) -> params.Params:
    """Declare more rounds than are worth it."""
    fit = {"early_stopping": {"rounds": 5, "periods": 1}, **more}
    return declare(type_, fit, n_estimators=400, learning_rate=0.3)


@pytest.mark.parametrize("type_", [XGB, LGBM])
def test_the_model_is_that_of_so_many_rounds_on_the_older_periods(
    type_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says how many rounds are kept."""
    stopped = fitted(stopping(type_))
    kept = int(capsys.readouterr().out.partition("after round ")[2].split()[0])
    assert 3 < kept < 200
    at_once = fitted(declare(type_, {}, n_estimators=kept, learning_rate=0.3), PERIODS[:-1])
    assert np.array_equal(predict(stopped), predict(at_once))


@pytest.mark.parametrize("by", ["window", "period"])
def test_the_newest_period_reaches_the_model_by_the_count_of_rounds_alone(by: str) -> None:
    """With other labels there, the rounds that both keep are the same."""
    before = fitted(stopping(by=by))
    rows = draw(3)
    write(PERIODS[-1], Prepared(rows.request, rows.features, rows.label * 1e3))
    after = fitted(stopping(by=by))
    trees = [pipe[-1].get_booster().get_dump() for pipe in (before, after)]
    shared = min(map(len, trees))
    assert shared > 0
    assert trees[0][:shared] == trees[1][:shared]


def test_by_period_gives_the_same_bytes() -> None:
    """Pages on the disk stop where memory does."""
    assert exported(stopping(by="window")) == exported(stopping(by="period"))


@pytest.mark.parametrize("by", ["window", "period"])
def test_a_class_that_only_the_newest_period_has_is_refused(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows stop the fit, and nobody fits on them; without early stopping they are enough."""
    interface = SimpleNamespace(TASK="multiclass", CLASSES=("a", "b", "c"), REQUEST=REQUEST)
    monkeypatch.setattr(fitting, "interface", interface)
    monkeypatch.setattr(fitting, "scoring", SimpleNamespace(fit_target=lambda label, _: label))
    for number, period in enumerate(PERIODS):
        rows = draw(number)
        label = np.where(rows.features["distance"] > 0, 1, 2 * (period == PERIODS[-1]))
        write(period, Prepared(rows.request, rows.features, label))
    type_ = "xgboost.XGBClassifier"
    fitted(declare(type_, {"by": by}, n_estimators=2))
    with pytest.raises(ParamsError, match=r"early_stopping: 'c' labels no row to fit on, but rows of the newest"):
        fitted(declare(type_, {"by": by, "early_stopping": {"rounds": 5, "periods": 1}}, n_estimators=2))


@pytest.mark.parametrize("by", ["window", "period"])
def test_newest_rows_of_which_none_counts_are_refused(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each loss on them would be 0 by 0, and the first round the best."""
    count_less(1e6, monkeypatch)
    rows = draw(3)
    write(PERIODS[-1], Prepared(rows.request, rows.features, np.full(ROWS, 1e6)))
    with pytest.raises(UseCaseError, match=f"weight returns 0 for each of {ROWS} rows"):
        fitted(stopping(by=by))


def test_a_library_that_stops_by_itself_is_refused() -> None:
    """scikit-learn's boosting has hyperparameters of its own for that."""
    with pytest.raises(ParamsError, match="HistGradientBoostingRegressor does not take it"):
        fitted(declare(HGB, {"early_stopping": {"rounds": 5}}))


@pytest.mark.parametrize(
    ("fit", "data", "split", "given", "said"),
    [
        ({"passes": 2}, {}, {}, {}, "passes: is 2, and rows come at once"),
        ({"by": "period"}, {"snapshot": "a"}, {}, {}, "by: asks for periods, and data without time have none"),
        ({"early_stopping": {"rounds": 5}}, {"snapshot": "a"}, {}, {}, "early_stopping: asks for periods"),
        ({"early_stopping": {"rounds": 5}}, {}, {"refit": True}, {}, "declare one of the two"),
        ({"early_stopping": {"rounds": 5, "periods": 2}}, {}, {}, {}, "keeps 2 of 2 training periods from the fit"),
        ({"early_stopping": {"rounds": 5}}, {}, {}, {"eval_metric": "mae"}, "the objective's own loss does that"),
    ],
)
def test_a_declaration_that_asks_for_rows_that_are_not_there_is_refused(
    fit: Any, data: Any, split: Any, given: Any, said: str
) -> None:
    """Before anything runs."""
    window = Data.model_validate(data or {"from": "2013-01", "through": "2013-04"})
    parted = Split.model_validate({"validation": 1, "test": 1, **split})
    with pytest.raises(ParamsError, match=said):
        declared_fit.check(Fit.model_validate(fit), given, window, parted)
