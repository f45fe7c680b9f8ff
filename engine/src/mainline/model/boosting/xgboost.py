"""XGBoost: what is pinned, and what it fitted as arrays."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xgboost

from mainline.model.boosting.ensemble import Ensemble, Link, Tree

ROUNDS = "n_estimators"
PINNED: Mapping[str, Any] = {"n_jobs": 1, "verbosity": 0}
REFUSED: Mapping[str, str] = {
    "alpha": "write reg_alpha",
    "booster": "leave it out: trees are boosted (gbtree), which is what can be exported",
    "callbacks": "leave them out",
    "device": "leave it out: a model is fitted on the processor, where it repeats",
    "early_stopping_rounds": "write model.fit.early_stopping: rounds, which keeps rows aside for it",
    "eta": "write learning_rate",
    "enable_categorical": "leave it out: preprocessing.categorical makes numbers of text",
    "feature_types": "leave it out: preprocessing.categorical makes numbers of text",
    "lambda": "write reg_lambda",
    "min_split_loss": "write gamma",
    "missing": "leave it out: what is missing is NaN",
    "multi_strategy": "leave it out: a tree of several outputs cannot be exported",
    "nthread": "leave it out: a model is fitted on one thread",
    "seed": "leave it out: seed in params.yaml is it",
    "validate_parameters": "leave it out: they are checked",
    "verbosity": "leave it out",
}
ERRORS: tuple[type[Exception], ...] = (xgboost.core.XGBoostError,)
_LINKS: Mapping[str, Link] = {
    **dict.fromkeys(
        (
            "reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror",
            "reg:quantileerror",
        ),
        "identity",
    ),
    **dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie"), "exp"),
    "reg:logistic": "logistic",
    **dict.fromkeys(("binary:logistic", "multi:softprob", "multi:softmax"), "softmax"),
}  # fmt: skip
"""How the sums of each objective become what `predict` or `predict_proba` says."""


def names(fitted: Any) -> set[str]:
    """Return every hyperparameter that a fitted estimator knows: its own, and those of its objective and its trees."""
    learner = json.loads(fitted.get_booster().save_config())["learner"]
    of_objective = (part for part in learner["objective"].values() if isinstance(part, dict))
    return set(type(fitted)().get_params()).union(learner["gradient_booster"]["tree_train_param"], *of_objective)


def ensemble(fitted: Any) -> Ensemble:
    """Return the trees of a fitted estimator.

    XGBoost compares in float32, as ONNX does. `base_score` is on the scale of the prediction, of three or more classes
    on that of the sums.

    Raises:
        ValueError: saying why arrays cannot hold what it answers.
    """
    learner = json.loads(bytes(fitted.get_booster().save_raw("json")))["learner"]
    objective, shape = learner["objective"]["name"], learner["learner_model_param"]
    if objective not in _LINKS:
        raise ValueError(f"objective {objective} cannot be exported; each of {', '.join(_LINKS)} can")
    if int(shape["num_target"]) > 1:
        raise ValueError(f"{objective} answers {shape['num_target']} numbers for a row; one is asked for")
    model = learner["gradient_booster"]["model"]
    if not model["trees"]:
        raise ValueError("n_estimators must be 1 or more")
    base = np.array(json.loads(shape["base_score"]), np.float64)
    if objective == "binary:logistic":
        base = np.array([0.0, _margin(base[0], "logistic")])
        targets = [1] * len(model["trees"])
    else:
        base = np.array([_margin(each, _LINKS[objective]) for each in base])
        targets = model["tree_info"]
    trees = [_tree(tree) for tree in model["trees"]]
    together = max(int(shape["num_class"]), 1) * int(model["gbtree_model_param"]["num_parallel_tree"])
    return Ensemble(trees, targets, together, base.astype(np.float32), "BRANCH_LT", _LINKS[objective])


def _margin(base_score: float, link: Link) -> float:
    if link == "exp":
        return float(np.log(base_score))
    return float(-np.log(1 / base_score - 1)) if link == "logistic" else float(base_score)


def _tree(tree: Mapping[str, Any]) -> Tree:
    return Tree(
        np.array(tree["split_indices"], np.int64),
        np.array(tree["split_conditions"], np.float32),
        np.array(tree["left_children"], np.int64),
        np.array(tree["right_children"], np.int64),
        np.array(tree["default_left"], np.int64),
    )
