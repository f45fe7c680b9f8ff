"""Training itself: it learns, it can memorise, it stays finite, and it repeats."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from mainline.contract import Array
from mainline.data.dataset import Prepared
from mainline.declared import params
from mainline.errors import ParamsError, UseCaseError
from mainline.model import estimator, export, frames, runtime
from mainline.model.metrics import scorer
from mainline.stages import fitting
from mainline.stages.fitting import fit
from tests.project import LIMIT, ROOT

HGB, RIDGE = "sklearn.ensemble.HistGradientBoostingRegressor", "sklearn.linear_model.Ridge"
TREE = "sklearn.tree.DecisionTreeRegressor"
NUMERIC, CATEGORICAL = ["distance", "wind", "noise"], ["carrier"]


def fit_target(label: Array, columns: Mapping[str, Array]) -> Array:
    """What is fitted: the delay that comes on top of the departure's."""
    return label - columns["dep_delay"]


def install(patch: pytest.MonkeyPatch) -> None:
    """Put a small regression in the place of the use case that ships."""
    patch.setattr(fitting, "interface", SimpleNamespace(TASK="regression"))
    patch.setattr(fitting, "scoring", SimpleNamespace(fit_target=fit_target))


@pytest.fixture(autouse=True)
def use_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train on the small regression in every test."""
    install(monkeypatch)


def declare(type_: str = HGB, numeric: Any = "auto", **hyperparameters: Any) -> params.Params:
    """Return the parameters that fitting reads."""
    return params.Params.model_construct(
        model=params.Model(type=type_, params=hyperparameters),
        preprocessing=params.Preprocessing(numeric=numeric, categorical="ordinal"),
        features=(*NUMERIC, *CATEGORICAL),
        seed=7,
    )


def draw(count: int, seed: int = 5) -> Prepared:
    """Draw flights whose gain depends on distance, wind, which is missing now and then, and carrier, plus noise."""
    random = np.random.default_rng(seed)
    numbers: dict[str, Array] = {name: random.normal(size=count).astype(np.float32) for name in NUMERIC}
    numbers["wind"][random.random(count) < 0.1] = np.nan
    carrier = random.choice(np.array(["A", "B", "C"], dtype=object), count)
    gain = 5 * numbers["distance"] + np.nan_to_num(numbers["wind"]) ** 2 + 3 * (carrier == "A")
    delay = random.normal(0, 20, count).round()
    label = gain + delay + random.normal(size=count)
    return Prepared({"dep_delay": delay}, numbers | {"carrier": carrier}, label)


def predict(pipeline: Pipeline, rows: Prepared) -> Array:
    """Predict with scikit-learn."""
    return frames.predict(pipeline, frames.table(rows.features, NUMERIC, CATEGORICAL), "regression")


@cache
def trained() -> Pipeline:
    """Fit forty rounds of boosting on 600 flights."""
    return fit(declare(max_iter=40, min_samples_leaf=5), draw(600))


def rmse(rows: Prepared, raw: Array) -> float:
    """Measure raw predictions as the pipeline does."""
    return scorer("regression").primary.value(rows.label, raw + rows.request["dep_delay"])


def to_onnx(pipeline: Pipeline, rows: Prepared) -> tuple[bytes, dict[str, Any]]:
    """Export as the stage does."""
    content, exported = export.export(pipeline, HGB, "regression", NUMERIC, CATEGORICAL, rows.features, 1e-3)
    assert exported.format == "onnx"
    return content, exported.describe()


def digest() -> str:
    """Train and export from nothing; return the sha256 of model.onnx."""
    with pytest.MonkeyPatch.context() as patch:
        install(patch)
        content, _ = to_onnx(trained(), draw(600))
    return hashlib.sha256(content).hexdigest()


def test_loss_falls_with_each_iteration() -> None:
    """On training rows every round of boosting lowers the loss, at first by more than at last."""
    rows = draw(600)
    curve = estimator.learning_curve(trained(), frames.table(rows.features, NUMERIC, CATEGORICAL), "regression")
    losses = np.array([rmse(rows, raw) for raw in curve])
    assert len(losses) == 40
    assert (np.diff(losses) < 0).all()
    assert losses[0] - losses[1] > 5 * (losses[-2] - losses[-1])


def test_model_beats_the_mean_on_new_rows() -> None:
    """What is learned holds for rows that were not fitted on."""
    rows, fitted_on = draw(2000, seed=6), draw(600)
    mean = np.mean(fit_target(fitted_on.label, fitted_on.request))
    assert rmse(rows, predict(trained(), rows)) < 0.5 * rmse(rows, np.full(len(rows), mean))


def test_tiny_set_is_memorised() -> None:
    """A model with nothing to hold it back fits a few flights exactly, so the features and the target arrive."""
    rows = draw(30)
    pipeline = fit(declare(max_iter=300, min_samples_leaf=1, learning_rate=0.3), rows)
    assert rmse(rows, predict(pipeline, rows)) < 0.01


def test_departure_delay_is_taken_off_and_put_back() -> None:
    """The model is fitted on the gain alone: other delays with the same gains give the same model."""
    rows = draw(200)
    later = Prepared({"dep_delay": rows.request["dep_delay"] + 30}, rows.features, rows.label + 30)
    raw = [predict(fit(declare(max_iter=10), fitted_on), rows) for fitted_on in (rows, later)]
    np.testing.assert_allclose(raw[0], raw[1], rtol=0, atol=1e-9)


@pytest.mark.parametrize("extreme", [1e30, -1e30, 3e38, 0.0, np.nan, np.inf, -np.inf])
def test_extreme_values_give_finite_predictions(extreme: float) -> None:
    """A feature as large as it gets, infinite or missing gives a number within the range of the training targets."""
    rows = draw(600)
    loaded = runtime.load(*to_onnx(trained(), rows))
    target = fit_target(rows.label, rows.request)
    for name in NUMERIC:
        found = loaded.predict({**rows.features, name: np.full(len(rows), extreme, np.float32)})
        assert np.isfinite(found).all()
        assert target.min() - 5 < found.min() <= found.max() < target.max() + 5


def test_same_data_gives_the_same_bytes_in_two_processes() -> None:
    """Trained and exported twice under the pinned settings, model.onnx is the same to the last byte."""
    program = "from tests.mainline.model import test_training; print(test_training.digest())"
    pinned = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, env=os.environ | pinned,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    (one, failure), (two, _) = (run.communicate(timeout=LIMIT) for run in runs)
    assert one == two
    assert len(one.split()[-1]) == 64, failure


def test_refused_hyperparameter_names_the_estimator() -> None:
    """What scikit-learn refuses comes back as one line about params.yaml."""
    with pytest.raises(
        ParamsError, match=r"^params.yaml: model\.params: .* refuses: The 'max_iter' parameter .*; correct"
    ):
        fit(declare(max_iter=-1), draw(50))


def test_data_that_the_estimator_refuses_is_one_line() -> None:
    """Numbers passed through to an estimator that takes no gaps are refused in one line."""
    with pytest.raises(
        ParamsError, match=r"^params.yaml: model\.params: Ridge refuses: Input X contains NaN"
    ) as raised:
        fit(declare(RIDGE, numeric="passthrough"), draw(50))
    assert "\n" not in str(raised.value)


def weighing(monkeypatch: pytest.MonkeyPatch, weight: Any) -> None:
    """Let the use case weigh its rows."""
    monkeypatch.setattr(fitting, "scoring", SimpleNamespace(fit_target=fit_target, weight=weight))


def test_a_row_of_weight_two_counts_as_two_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree of late flights that weigh double is the tree of data that has them twice."""
    rows = draw(300)
    late = np.flatnonzero(rows.request["dep_delay"] > 0)
    repeated = np.concatenate([np.arange(300), late])
    again = Prepared(
        {name: values[repeated] for name, values in rows.request.items()},
        {name: values[repeated] for name, values in rows.features.items()},
        rows.label[repeated],
    )
    twice, plain = (predict(fit(declare(TREE, max_depth=4), of), rows) for of in (again, rows))
    weighing(monkeypatch, lambda _, columns: 1.0 + (columns["dep_delay"] > 0))
    weighed = predict(fit(declare(TREE, max_depth=4), rows), rows)
    np.testing.assert_allclose(weighed, twice, atol=1e-9)
    assert not np.allclose(weighed, plain)


@pytest.mark.parametrize(("weight", "said"), [(-1.0, "-1 for row 0"), (np.nan, "nan for row 0"), (0.0, "0 for each")])
def test_weights_that_weigh_nothing_are_refused(monkeypatch: pytest.MonkeyPatch, weight: float, said: str) -> None:
    """A weight below zero, none at all, or nothing but zeros is said, and nothing is fitted."""
    weighing(monkeypatch, lambda label, _: np.full(len(label), weight))
    with pytest.raises(UseCaseError, match=f"scoring.py: weight returns {said}"):
        fit(declare(RIDGE), draw(50))


def test_an_estimator_without_weights_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that an estimator would leave unread stop the fit."""
    weighing(monkeypatch, lambda label, _: np.ones(len(label)))
    with pytest.raises(ParamsError, match=r"KNeighborsRegressor takes no weights, and scoring.weight gives them"):
        fit(declare("sklearn.neighbors.KNeighborsRegressor"), draw(50))


@pytest.mark.parametrize("numeric", ["passthrough", "impute-scale"])
def test_many_rows_cost_no_other_model_and_no_other_answer(monkeypatch: pytest.MonkeyPatch, numeric: str) -> None:
    """A fit that lets go of its table is scikit-learn's own, and rows predicted piece by piece are answered alike."""
    monkeypatch.setattr(fitting, "classes", lambda _: ())
    monkeypatch.setattr(fitting, "scoring", SimpleNamespace(fit_target=fit_target, respond=lambda raw, _: raw))
    declared, rows = declare(numeric=numeric), draw(500)
    fitted = fit(declared, rows)
    table, target = frames.table(rows.features, NUMERIC, CATEGORICAL), fit_target(rows.label, rows.request)
    whole = estimator.build(declared.model, declared.preprocessing, NUMERIC, CATEGORICAL, "regression", 7)
    expected = whole.fit(table, target).predict(table)
    monkeypatch.setattr(fitting, "PIECE", 33)
    np.testing.assert_array_equal(fitting.predict(fitted, rows, declared), expected)
