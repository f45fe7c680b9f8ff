"""Hyperparameters of XGBoost, LightGBM and CatBoost, refused before there are rows."""

import math
from typing import Any

import pytest

from mainline.contract import Task
from mainline.errors import ParamsError
from mainline.model import estimator
from mainline.model.boosting import libraries, trial
from tests.mainline.model.boosting.fitted import FAMILIES, NUMERIC, TASKS, build, draw, fit, label, rounds, table

XGB, XGB_CLASSIFIER = FAMILIES["xgboost"]
LGBM, LGBM_CLASSIFIER = FAMILIES["lightgbm"]
CAT, CAT_CLASSIFIER = FAMILIES["catboost"]


@pytest.mark.parametrize(
    ("type_", "task", "params", "said"),
    [
        (XGB, "regression", {"max_depht": 3}, r"max_depht: is not a parameter of .*; did you mean 'max_depth'\?"),
        (XGB, "regression", {"quantile_alpha": 0.9}, r"params\.quantile_alpha: is not a parameter of xgboost"),
        (XGB, "regression", {"max_depth": -1}, r"params\.max_depth: value -1 for .* should be greater equal to 0;"),
        (XGB, "regression", {"grow_policy": "wide"}, r"params\.grow_policy: Invalid Input: 'wide', valid values are"),
        (XGB, "regression", {"n_estimators": 0}, r"params\.n_estimators: n_estimators must be 1 or more"),
        (XGB, "regression", {"n_estimators": "a"}, r"params\.n_estimators: 'str' object cannot be interpreted as an"),
        (XGB, "regression", {"max_depth": 3, "learning_rate": "fast"}, r"params\.learning_rate: Some trailing char"),
        (XGB, "regression", {"learning_rate": math.nan}, r"params\.learning_rate: is nan; write a finite number"),
        (XGB, "regression", {"objective": "reg:no"}, r"params\.objective: Unknown objective function: `reg:no`; corr"),
        (XGB, "regression", {"booster": "dart"}, r"params\.booster: may not be declared; leave it out: trees"),
        (XGB, "regression", {"eta": 0.1}, r"params\.eta: may not be declared; write learning_rate\."),
        (XGB, "classification", {}, r"model\.type: xgboost\.XGBRegressor is not a classification estimator"),
        (XGB_CLASSIFIER, "regression", {}, r"model\.type: xgboost\.XGBClassifier is not a regression estimator"),
        (
            XGB_CLASSIFIER, "classification", {"objective": "binary:hinge"},
            r"params\.objective: objective binary:hinge cannot be exported; each of .*binary:logistic",
        ),
        (
            XGB, "regression", {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.9]},
            "answers 2 numbers for a row; one is asked for",
        ),
        (XGB_CLASSIFIER, "classification", {"objective": "reg:logistic"}, r"objective: is not one of a classification"),
        (LGBM_CLASSIFIER, "classification", {"objective": "cross_entropy"}, r"objective: is not one of a class"),
        (LGBM, "regression", {"objective": "binary"}, r"params\.objective: is not one of a regression; leave it out"),
        (LGBM, "regression", {"num_leafs": 3}, r"num_leafs: is not a parameter of .*; did you mean 'num_leaves'"),
        (LGBM, "regression", {"nthread": 3}, r"params\.nthread: is not a parameter of lightgbm\.LGBMRegressor; "),
        (LGBM, "regression", {"num_leaves": 1}, r"params\.num_leaves: Check failed: \(num_leaves\) > \(1\); correct"),
        (LGBM, "regression", {"learning_rate": "x"}, r"params\.learning_rate: Unknown token x"),
        (LGBM, "regression", {"num_leaves": 7, "n_estimators": "a"}, r"params\.n_estimators: '<=' not supported bet"),
        (LGBM, "regression", {"learning_rate": math.inf}, r"params\.learning_rate: is inf; write a finite number"),
        (LGBM, "regression", {"num_threads": 3}, r"params\.num_threads: may not be declared; .* on one thread\."),
        (LGBM, "regression", {"lambda_l2": 3}, r"params\.lambda_l2: may not be declared; write reg_lambda\."),
        (LGBM, "regression", {"linear_tree": True}, r"params\.linear_tree: may not be declared; .* cannot be exported"),
        (LGBM, "regression", {"reg_sqrt": True}, r"objective regression sqrt cannot be exported"),
        (
            LGBM_CLASSIFIER, "multiclass", {"objective": "multiclassova"},
            r"params\.objective: objective multiclassova num_class:3 sigmoid:1 cannot be exported; each of ",
        ),
        (CAT, "regression", {"dept": 3}, r"params\.dept: is not a parameter of catboost.*; did you mean 'depth'"),
        (CAT, "regression", {"n_estimators": 3}, r"params\.n_estimators: may not be declared; write iterations\."),
        (CAT, "regression", {"depth": -1}, r"params\.depth: Can't parse parameter .depth. with value: -1; correct"),
        (CAT, "regression", {"iterations": 0}, r"params\.iterations: Iterations count should be positive; corr"),
        (CAT, "regression", {"iterations": "a"}, r"params\.iterations: Can't parse parameter"),
        (CAT, "regression", {"learning_rate": math.nan}, r"params\.learning_rate: is nan; write a finite number"),
        (CAT, "regression", {"grow_policy": "wide"}, r"params\.grow_policy: Key 'wide' not found in .*'Lossguide'"),
        (CAT, "regression", {"loss_function": "Huber"}, r"params\.loss_function: Metric Huber requires delta"),
        (CAT, "regression", {"max_leaves": 5}, r"params\.max_leaves: max_leaves option works only with lossguide"),
        (
            CAT, "regression", {"loss_function": "RMSEWithUncertainty"},
            r"params\.loss_function: loss_function RMSEWithUncertainty cannot be exported; each of RMSE, MAE",
        ),
        (
            CAT_CLASSIFIER, "multiclass", {"loss_function": "MultiClassOneVsAll"},
            r"params\.loss_function: loss_function MultiClassOneVsAll cannot be exported; each of ",
        ),
        (CAT, "regression", {"cat_features": [2]}, r"cat_features: may not be declared; .*preprocessing\.categorical"),
        (CAT, "regression", {"early_stopping_rounds": 5}, r"early_stopping_rounds: may not be declared; .*by tune"),
        (CAT, "regression", {"task_type": "GPU"}, r"task_type: may not be declared; leave it out: a model is"),
        (CAT, "classification", {}, r"model\.type: catboost\.CatBoostRegressor is not a classification estimator"),
    ],
)  # fmt: skip
def test_what_cannot_be_fitted_or_exported_is_refused(
    type_: str, task: Task, params: dict[str, Any], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A name, a value or an objective that will not do is one line of ours, and nothing of the library's beside it."""
    with pytest.raises(ParamsError, match=said):
        build(type_, task, **params)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("type_", "task"), TASKS)
def test_every_parameter_of_the_signature_is_known(type_: str, task: Task) -> None:
    """What a constructor lists, and what else its library knows of, may be declared and searched."""
    built = build(type_, task)[-1]
    known = estimator.names(built, task)
    assert type(built)().get_params().keys() <= set(known)
    assert {"max_bin", "border_count"} & set(known)


@pytest.mark.parametrize("type_", [XGB, LGBM, CAT])
def test_parameters_about_columns_are_left_to_the_fit(type_: str) -> None:
    """Constraints of the three columns that there are pass the trial, which has two."""
    constraints = (1, 0, -1) if type_ == XGB else [1, 0, -1]
    fit(type_, "regression", draw(), monotone_constraints=constraints)


@pytest.mark.parametrize(("type_", "task"), TASKS)
def test_seed_and_threads_are_pinned(type_: str, task: Task) -> None:
    """The declared seed is the estimator's, and it fits and predicts on one thread."""
    built = build(type_, task)[-1].get_params()
    assert (built["random_state"], built["thread_count" if type_.startswith("catboost") else "n_jobs"]) == (1, 1)


@pytest.mark.parametrize("type_", [XGB, LGBM, CAT])
def test_missing_values_reach_the_library(type_: str) -> None:
    """Numbers pass as they are, since both have a branch for what is missing."""
    assert build(type_, "regression")[0].transformers[0][1] == "passthrough"
    assert len(NUMERIC) == 2


@pytest.mark.parametrize("type_", [XGB, LGBM, CAT])
def test_weights_count(type_: str) -> None:
    """A row of weight 0 is as none."""
    rows, target = draw(), label(draw(), "regression")
    half = rows["size"] > 0
    kept = {name: values[half] for name, values in rows.items()}
    by_chance = {"learning_rate": 0.2, "random_strength": 0, "bootstrap_type": "No"} if type_ == CAT else {}
    pipeline = build(type_, "regression", **{rounds(type_): 5}, **by_chance)
    matrix = pipeline[:-1].fit_transform(table(rows))
    weighed = pipeline[-1].fit(matrix, target, sample_weight=half.astype(float)).predict(matrix)
    alone = pipeline[-1].fit(pipeline[:-1].transform(table(kept)), target[half]).predict(matrix)
    assert abs(weighed - alone).max() < 0.05
    assert abs(weighed - pipeline[-1].fit(matrix, target).predict(matrix)).max() > 0.05


def test_scikit_learn_has_no_part_here() -> None:
    """Estimators of scikit-learn are asked as before."""
    from sklearn.linear_model import Ridge

    assert libraries.of(Ridge()) is None


def test_a_reason_is_told_without_the_librarys_own_places() -> None:
    """Of a message with line numbers and a stack, what is left is the reason."""
    said = "[01:18:59] /workspace/src/gbm/gbm.cc:24: Unknown gbm type zz\nStack trace:\n  [bt] (0)"
    assert trial._first_line(ValueError(said)) == "Unknown gbm type zz"
    said = "Check failed: (a) > (1) at /__w/src/io/config_auto.cpp, line 352 .\n"
    assert trial._first_line(ValueError(said)) == "Check failed: (a) > (1)"
