"""LightGBM: what is pinned, and what it fitted as arrays."""

import re
from collections.abc import Mapping
from typing import Any

import lightgbm
import numpy as np

from mainline.contract import Array
from mainline.model.boosting.ensemble import Ensemble, Link, Tree, round_down

ROUNDS = "n_estimators"
PINNED: Mapping[str, Any] = {"n_jobs": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1}
_OTHER_WORDS = {
    "bagging_fraction": "subsample", "bagging_freq": "subsample_freq", "bin_construct_sample_cnt": "subsample_for_bin",
    "boosting": "boosting_type", "feature_fraction": "colsample_bytree", "lambda_l1": "reg_alpha",
    "lambda_l2": "reg_lambda", "min_data_in_leaf": "min_child_samples", "min_gain_to_split": "min_split_gain",
    "min_sum_hessian_in_leaf": "min_child_weight", "num_iterations": "n_estimators",
}  # fmt: skip
"""The library's own words for what the estimator has another for, which would win over it in silence."""
_FILES = "leave it out: a file that it names is not a dependency of a stage"
REFUSED: Mapping[str, str] = {
    "categorical_feature": "leave it out: preprocessing.categorical makes numbers of text",
    "deterministic": "leave it out: it is on",
    "device_type": "leave it out: a model is fitted on the processor, where it repeats",
    "early_stopping_round": "write model.fit.early_stopping: rounds, which keeps rows aside for it",
    "force_col_wise": "leave it out: force_row_wise is on, so that a fit repeats",
    "force_row_wise": "leave it out: it is on, so that a fit repeats",
    "linear_tree": "leave it out: a linear model in a leaf cannot be exported",
    "num_threads": "leave it out: a model is fitted on one thread",
    "seed": "leave it out: seed in params.yaml is it",
    "verbosity": "leave it out",
    "zero_as_missing": "leave it out: what is missing is NaN, and 0 is a number",
    **dict.fromkeys(("forcedbins_filename", "forcedsplits_filename", "input_model", "output_model"), _FILES),
    **{name: f"write {word}" for name, word in _OTHER_WORDS.items()},
}
ERRORS: tuple[type[Exception], ...] = (lightgbm.basic.LightGBMError,)
_LINKS: Mapping[str, Link] = {
    **dict.fromkeys(("regression", "regression_l1", "huber", "fair", "quantile", "mape"), "identity"),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "exp"),
    "cross_entropy": "logistic",
    **dict.fromkeys(("binary", "multiclass"), "softmax"),
}
"""How the sums of each objective become what `predict` or `predict_proba` says."""
_CATEGORICAL, _DEFAULT_LEFT, _MISSING, _NAN = 1, 2, 0b1100, 2 << 2
"""Bits of a node's `decision_type`; of those that say what counts as missing, the value that says NaN."""


def names(fitted: Any) -> set[str]:
    """Return every hyperparameter that a fitted estimator knows: its own, and those that its model's text names."""
    listed = fitted.booster_.model_to_string().partition("\nparameters:")[2]
    return {*type(fitted)().get_params(), *re.findall(r"^\[(\w+):", listed, re.MULTILINE)}


def ensemble(fitted: Any) -> Ensemble:
    """Return the trees of a fitted estimator.

    LightGBM compares float64 thresholds; rounded down to float32, they part the same rows. What a feature lacks in no
    row that was fitted on counts as 0.

    Raises:
        ValueError: saying why arrays cannot hold what it answers.
    """
    text = fitted.booster_.model_to_string().partition("end of trees")[0]
    head, *trees = (dict(re.findall(r"^(\w+)=(.*)$", part, re.MULTILINE)) for part in text.split("\nTree="))
    objective, *options = head["objective"].split(" ")
    if objective not in _LINKS or "sqrt" in options:
        raise ValueError(f"objective {head['objective']} cannot be exported; each of {', '.join(_LINKS)} can")
    width = int(head["num_tree_per_iteration"])
    scale = float(next((option.partition(":")[2] for option in options if option.startswith("sigmoid:")), 1))
    forest = "\naverage_output\n" in text.partition("\nTree=")[0]
    if forest:
        scale *= width / len(trees)
    two = objective == "binary"
    return Ensemble(
        [_tree(tree, scale) for tree in trees],
        [1 if two else number % width for number in range(len(trees))],
        len(trees) if forest else width,
        np.zeros(2 if two else width, np.float32),
        "BRANCH_LEQ",
        _LINKS[objective],
    )


def _tree(tree: Mapping[str, str], scale: float) -> Tree:
    """Number the nodes of a tree: its splits first, then its leaves."""
    leaves = _numbers(tree["leaf_value"]) * scale
    splits = len(leaves) - 1
    none = np.zeros(len(leaves), np.int64)
    if not splits:
        return Tree(none, leaves.astype(np.float32), none - 1, none - 1, none)
    decision, threshold = _numbers(tree["decision_type"]).astype(np.int64), _numbers(tree["threshold"])
    if (decision & _CATEGORICAL).any() or tree.get("is_linear", "0") != "0":
        raise ValueError("a split by category, or a linear model in a leaf, cannot be exported")
    # Without NaN among the rows that were fitted on, NaN is taken for 0.
    missing_left = np.where((decision & _MISSING) == _NAN, decision & _DEFAULT_LEFT > 0, threshold >= 0)
    left, right = (_place(_numbers(tree[side]).astype(np.int64), splits) for side in ("left_child", "right_child"))
    return Tree(
        np.append(_numbers(tree["split_feature"]).astype(np.int64), none),
        np.append(round_down(threshold), leaves).astype(np.float32),
        np.append(left, none - 1),
        np.append(right, none - 1),
        np.append(missing_left.astype(np.int64), none),
    )


def _numbers(text: str) -> Array:
    return np.array(text.split(" "), np.float64)


def _place(children: Array, splits: int) -> Array:
    """Return the places of children; LightGBM counts leaves from -1 downwards."""
    return np.where(children < 0, splits - children - 1, children)
