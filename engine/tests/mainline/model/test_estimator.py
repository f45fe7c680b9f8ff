"""Declared parameters as a scikit-learn pipeline."""

import re
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from mainline.contract import Task
from mainline.declared import estimators
from mainline.declared.params import Model, Preprocessing
from mainline.errors import ParamsError
from mainline.model import estimator, frames

HGB, RIDGE = "sklearn.ensemble.HistGradientBoostingRegressor", "sklearn.linear_model.Ridge"
BAD: dict[str, Any] = {"type": RIDGE, "params": {"alpha": "high"}}
BAG = "sklearn.ensemble.BaggingRegressor"
LOGISTIC = "sklearn.linear_model.LogisticRegression"
ROWS = {
    "size": np.array([1.0, np.nan, 3.0, 4.0]),
    "age": np.array([2.0, 1.0, 4.0, np.nan]),
    "code": np.array(["a", "b", "a", ""], dtype=object),
}
TARGET = np.array([1.0, 2.0, 3.0, 4.0])


def build(
    type_: str, task: Task = "regression", numeric: Any = "auto", categorical: Any = "ordinal", **params: Any
) -> Pipeline:
    """Build a pipeline over two numbers and a text, with seed 7."""
    preprocessing = Preprocessing(numeric=numeric, categorical=categorical)
    return estimator.build(Model(type=type_, params=params), preprocessing, ["size", "age"], ["code"], task, 7)


def fit(pipeline: Pipeline, target: np.ndarray = TARGET) -> Pipeline:
    """Fit on the rows above."""
    return pipeline.fit(frames.table(ROWS, ["size", "age"], ["code"]), target)


@pytest.mark.parametrize(
    ("type_", "params", "said"),
    [
        (RIDGE, {"alpa": 1}, r"model\.params\.alpa: is not a parameter of .*Ridge; did you mean 'alpha'\?"),
        (
            RIDGE,
            {"trees": 9, "alpha": 1, "depth": 2},
            r"model\.params: trees and depth are not parameters of .*Ridge; wri",
        ),
        (RIDGE, {"trees": 9}, r"model\.params\.trees: is not a parameter of .*; known: alpha, copy_X, fit_intercept"),
        ("sklearn.linear_model.Rigde", {}, r"model\.type: .*has no estimator 'Rigde'; did you mean 'Ridge'\?"),
        ("sklearn.linear_modell.Ridge", {}, r"model\.type: there is no module sklearn\.linear_modell"),
        ("sklearn.linear_model.ridge_regression", {}, r"model\.type: .* has no estimator 'ridge_regression'"),
        ("sklearn.metrics.DistanceMetric", {}, r"model\.type: .* has no estimator 'DistanceMetric'"),
        ("sklearn.preprocessing.StandardScaler", {}, r"model\.type: .*StandardScaler is not a regression estimator"),
        (
            LOGISTIC,
            {},
            r"model\.type: .*LogisticRegression is not a regression estimator; the use case's TASK is regression",
        ),
        ("sklearn.ensemble.VotingRegressor", {}, r"model\.type: .*VotingRegressor cannot be built .*'estimators'"),
        ("sklearn.pipeline.Pipeline", {"verbose": True}, r"model\.type: .*Pipeline cannot be built .*'steps'"),
        ("sklearn.ensemble.BaseEnsemble", {}, r"model\.type: .*BaseEnsemble cannot be built .*abstract"),
    ],
)
def test_what_cannot_be_built_is_refused(type_: str, params: dict[str, Any], said: str) -> None:
    """An estimator or hyperparameter that doesn't exist or doesn't fit the task is refused in one line."""
    with pytest.raises(ParamsError, match=f"^params.yaml: {said}"):
        build(type_, **params)


def test_regressor_is_refused_for_classification() -> None:
    """A task of classification needs a classifier."""
    with pytest.raises(ParamsError, match=r"Ridge is not a classification estimator; the use case's TASK is class"):
        build(RIDGE, "classification")


def test_classifier_without_probabilities_is_refused() -> None:
    """A prediction is a probability, so a classifier that gives none is refused."""
    with pytest.raises(ParamsError, match=r"LinearSVC gives no probabilities; declare a classifier with predict_proba"):
        build("sklearn.svm.LinearSVC", "classification")


def test_hyperparameters_reach_the_estimator() -> None:
    """What params.yaml declares is what the estimator has."""
    assert build(RIDGE, alpha=3.5)[-1].get_params()["alpha"] == 3.5


TREE: dict[str, Any] = {"type": "sklearn.tree.DecisionTreeRegressor", "params": {"max_depth": 2}}
STACK: dict[str, Any] = {
    "type_": "sklearn.ensemble.StackingRegressor",
    "estimators": [["line", {"type": RIDGE}], ["tree", TREE]],
    "final_estimator": {
        "type": "sklearn.pipeline.Pipeline",
        "params": {"steps": [["scale", {"type": "sklearn.preprocessing.StandardScaler"}], ["line", {"type": RIDGE}]]},
    },
    "cv": 2,
}


def test_estimators_are_made_of_others() -> None:
    """A hyperparameter that is an estimator, in a list with its name or alone, is made, with the seed, and fitted."""
    made = build(**STACK, final_estimator__line__alpha=9.0, tree__max_depth=3)[-1]
    assert [(name, type(part).__name__) for name, part in made.estimators] == [
        ("line", "Ridge"), ("tree", "DecisionTreeRegressor"),
    ]  # fmt: skip
    assert (made.estimators[1][1].max_depth, made.estimators[1][1].random_state) == (3, 7)
    assert made.final_estimator.steps[1][1].alpha == 9.0
    assert np.isfinite(fit(build(**STACK)).predict(frames.table(ROWS, ["size", "age"], ["code"]))).all()


def test_a_part_may_be_declared_by_its_name() -> None:
    """What replaces a part of a part is made as any other."""
    voters: dict[str, Any] = {"estimators": [["bag", {"type": "sklearn.ensemble.BaggingRegressor"}]]}
    made = build("sklearn.ensemble.VotingRegressor", **voters, bag__estimator=TREE)[-1]
    assert type(made.estimators[0][1].estimator).__name__ == "DecisionTreeRegressor"


def test_parts_that_take_no_gaps_get_none() -> None:
    """An ensemble takes missing values if each part does."""
    trees: dict[str, Any] = {"estimators": [["one", TREE], ["two", {"type": HGB}]]}
    assert build("sklearn.ensemble.VotingRegressor", **trees)[0].transformers[0][1] == "passthrough"
    assert build(**STACK)[0].transformers[0][1] != "passthrough"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"final_estimator": {"type": "sklearn.linear_model.Rigde"}},
            r"final_estimator\.type: .* no estimator 'Rigde'",
        ),
        ({"final_estimator": {"type": RIDGE, "params": {"alpa": 1}}}, r"final_estimator\.params\.alpa: is not a para"),
        ({"final_estimator__alpa": 1}, r"final_estimator__alpa: is of no part"),
        ({"finl_estimator__alpha": 1}, r"finl_estimator__alpha: is not a parameter of .* did you mean 'final_estim"),
        ({"estimators": [["line", {"type": "sklearn.no.Ridge"}]]}, r"estimators\.line\.type: there is no module"),
    ],
)
def test_a_wrong_part_is_named_by_its_place(changed: dict[str, Any], said: str) -> None:
    """What is wrong with a part is one line that says which part it is."""
    with pytest.raises(ParamsError, match=rf"^params.yaml: model\.params\.{said}"):
        build(**(STACK | changed))


@pytest.mark.parametrize(
    ("params", "place"),
    [
        ({"estimators": [["line", BAD]]}, "model.params.estimators.line.params.alpha"),
        ({"estimators": [["line", {"type": RIDGE}], ["bag", {"type": BAG, "params": {"estimator": BAD}}]]},
         "model.params.estimators.bag.params.estimator.params.alpha"),
        ({"estimators": [["line", {"type": RIDGE}]], "line__alpha": "high"},
         "model.params.estimators.line.params.alpha"),
        ({"estimators": [["line", {"type": RIDGE}]], "n_jobs": None, "weights": "all"}, "model.params.weights"),
    ],
)  # fmt: skip
def test_a_value_that_a_part_does_not_take_is_named_by_its_place(params: dict[str, Any], place: str) -> None:
    """scikit-learn is asked about the hyperparameters of each part before there are rows."""
    with pytest.raises(ParamsError, match=rf"{re.escape(place)}: The '\w+' parameter of \w+ must be"):
        estimator.check(Model(type="sklearn.ensemble.VotingRegressor", params=params), "regression", 7)


RIDGE_PART: dict[str, Any] = {"type": RIDGE}


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"estimators": [[1, RIDGE_PART]]}, r"estimators: has an estimator named 1; name it by a text without '__'"),
        ({"estimators": [["a__b", RIDGE_PART]]}, r"estimators: has an estimator named 'a__b'; name it by a text"),
        (
            {"estimators": [["a", RIDGE_PART], ["a", RIDGE_PART]]},
            r"has two estimators named 'a'; give each its own name",
        ),
        ({"estimators": {"a": RIDGE_PART}}, r"has an estimator under 'a'; write a list: \[\[a, \{type: \.\.\.\}\], "),
        ({"estimators": [{"a": RIDGE_PART}]}, r"estimators\[0\]: has an estimator under 'a'; write a list"),
        (
            {"estimators": [["a", {"type": 5}]]},
            r"estimators\[0\]\[1\]\.type: is 5; write an import path, such as sklea",
        ),
    ],
)
def test_estimators_that_are_not_written_as_ones_are_refused(params: dict[str, Any], said: str) -> None:
    """Before scikit-learn sees them, whose errors are of its inside."""
    with pytest.raises(ParamsError, match=said):
        estimators.check("sklearn.ensemble.VotingRegressor", params)


def test_a_vote_without_probabilities_says_what_gives_them() -> None:
    """Several classifiers that vote by majority give no probability; averaging theirs does."""
    voters = {"estimators": [["one", {"type": LOGISTIC}]]}
    with pytest.raises(ParamsError, match=r"gives no probabilities; .* voting: soft"):
        build("sklearn.ensemble.VotingClassifier", "classification", **voters)
    build("sklearn.ensemble.VotingClassifier", "classification", **voters, voting="soft")


def test_seed_reaches_the_estimator() -> None:
    """The declared seed is the estimator's random state, where it has one, unless one is declared apart."""
    assert build(HGB)[-1].random_state == 7
    assert build(HGB, random_state=3)[-1].random_state == 3
    assert "random_state" not in build("sklearn.neighbors.KNeighborsRegressor")[-1].get_params()


def test_numbers_pass_to_an_estimator_that_takes_missing_values() -> None:
    """With `auto`, histogram gradient boosting sees NaN as NaN and text as codes."""
    seen = fit(build(HGB))[:-1].transform(frames.table(ROWS, ["size", "age"], ["code"]))
    np.testing.assert_array_equal(seen[:, 0], ROWS["size"])
    assert seen[:, 2].tolist() == [1, 2, 1, 0]


def test_numbers_are_imputed_for_an_estimator_that_takes_no_missing_values() -> None:
    """With `auto`, ridge regression sees no NaN and numbers of mean 0."""
    seen = fit(build(RIDGE))[:-1].transform(frames.table(ROWS, ["size", "age"], ["code"]))
    assert np.isfinite(seen.astype(float)).all()
    assert seen[:, 0].mean() == pytest.approx(0, abs=1e-6)


def test_imputing_may_be_declared() -> None:
    """`impute-scale` fills gaps also where the estimator would take them, a column without any value included."""
    pipeline = build(HGB, numeric="impute-scale")
    rows = frames.table(ROWS | {"age": np.full(4, np.nan)}, ["size", "age"], ["code"])
    seen = pipeline.fit(rows, TARGET)[:-1].transform(rows)
    assert seen.shape == (4, 3)
    assert np.isfinite(seen.astype(float)).all()


@pytest.mark.parametrize("type_", [HGB, RIDGE])
@pytest.mark.parametrize("categorical", ["ordinal", "one-hot"])
def test_unknown_category_is_predicted(type_: str, categorical: str) -> None:
    """A text that no training row had gets a number, with codes as with one column per text."""
    pipeline = fit(build(type_, categorical=categorical))
    rows = frames.table(ROWS | {"code": np.array(["new", "", "a", "b"], dtype=object)}, ["size", "age"], ["code"])
    assert np.isfinite(frames.predict(pipeline, rows, "regression")).all()


def test_text_may_become_a_column_per_value() -> None:
    """With `one-hot` each text of the training rows has a column of its own, beside the numbers."""
    seen = fit(build(HGB, categorical="one-hot"))[:-1].transform(frames.table(ROWS, ["size", "age"], ["code"]))
    np.testing.assert_array_equal(seen[:, 2:], [[0, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]])


@pytest.mark.parametrize(("numeric", "categorical"), [(["size", "age"], []), ([], ["code"])])
def test_one_kind_of_feature_is_enough(numeric: list[str], categorical: list[str]) -> None:
    """A model may have numbers alone or text alone."""
    preprocessing = Preprocessing(numeric="auto", categorical="ordinal")
    pipeline = estimator.build(Model(type=RIDGE, params={}), preprocessing, numeric, categorical, "regression", 7)
    rows = frames.table(ROWS, numeric, categorical)
    assert frames.predict(pipeline.fit(rows, TARGET), rows, "regression").shape == (4,)


def test_table_is_numbers_of_single_precision_then_text() -> None:
    """Columns are in the order asked for; numbers are those of float32, in the type that is computed in."""
    rows = frames.table({**ROWS, "size": ROWS["size"] + 0.1}, ["age", "size"], ["code"])
    assert list(rows) == ["age", "size", "code"]
    assert [str(kind) for kind in rows.dtypes] == ["float64", "float64", "object"]
    np.testing.assert_array_equal(rows["size"], (ROWS["size"] + 0.1).astype(np.float32).astype(np.float64))


def test_classifier_predicts_the_probability_of_the_positive_class() -> None:
    """The number per row is the probability of 1, between 0 and 1."""
    pipeline = fit(build(LOGISTIC, "classification", C=100.0), np.array([0, 0, 1, 1]))
    found = frames.predict(pipeline, frames.table(ROWS, ["size", "age"], ["code"]), "classification")
    assert ((found > 0.5) == [False, False, True, True]).all()
    assert ((found > 0) & (found < 1)).all()


@pytest.mark.parametrize(
    ("type_", "task", "target"),
    [
        (HGB, "regression", TARGET),
        ("sklearn.ensemble.HistGradientBoostingClassifier", "classification", np.array([0, 0, 1, 1])),
    ],
)
def test_learning_curve_ends_at_the_prediction(type_: str, task: Task, target: np.ndarray) -> None:
    """There is one prediction per iteration, and the last is the model's own."""
    pipeline = fit(build(type_, task, max_iter=5, min_samples_leaf=1), target)
    rows = frames.table(ROWS, ["size", "age"], ["code"])
    curve = estimator.learning_curve(pipeline, rows, task)
    assert len(curve) == 5
    np.testing.assert_array_equal(curve[-1], frames.predict(pipeline, rows, task))
    assert not np.array_equal(curve[0], curve[-1])


def test_model_fitted_at_once_has_no_learning_curve() -> None:
    """An estimator that doesn't learn in stages has no curve."""
    rows = frames.table(ROWS, ["size", "age"], ["code"])
    assert estimator.learning_curve(fit(build(RIDGE)), rows, "regression") == []
