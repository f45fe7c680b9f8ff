"""CatBoost: what is pinned, and what it fitted as arrays."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

import catboost
import numpy as np

from mainline.model.boosting.ensemble import Ensemble, Link, Tree

ROUNDS = "iterations"
PINNED: Mapping[str, Any] = {"thread_count": 1, "verbose": False, "allow_writing_files": False}
_OTHER_WORDS = {
    "colsample_bylevel": "rsm", "eta": "learning_rate", "max_bin": "border_count", "max_depth": "depth",
    "min_child_samples": "min_data_in_leaf", "n_estimators": ROUNDS, "num_boost_round": ROUNDS,
    "num_leaves": "max_leaves", "num_trees": ROUNDS, "objective": "loss_function", "reg_lambda": "l2_leaf_reg",
}  # fmt: skip
"""The library's own words for what it has another for; it refuses the two together."""
_PROCESSOR = "leave it out: a model is fitted on the processor, where it repeats"
_SILENT = "leave it out"
_NUMBERS = "leave it out: preprocessing.categorical makes numbers of text"
_FILES = "leave it out: a file that it names is not a dependency of a stage"
_STOPPING = "leave it out, and search iterations by tune: no rows are kept from this fit to stop it"
REFUSED: Mapping[str, str] = {
    "allow_writing_files": "leave it out: files beside the model are not written",
    "ignored_features": "leave it out: features in params.yaml are those that are used",
    "random_seed": "leave it out: seed in params.yaml is it",
    "thread_count": "leave it out: a model is fitted on one thread",
    "task_type": _PROCESSOR,
    **dict.fromkeys(("device_config", "devices", "gpu_cat_features_storage", "gpu_ram_part"), _PROCESSOR),
    **dict.fromkeys(("data_partition", "pinned_memory_size"), _PROCESSOR),
    **dict.fromkeys(("logging_level", "metric_period", "name", "silent", "train_dir", "verbose"), _SILENT),
    **dict.fromkeys(("cat_features", "embedding_features", "text_features", "one_hot_max_size"), _NUMBERS),
    **dict.fromkeys(("input_borders", "output_borders", "save_snapshot", "snapshot_file"), _FILES),
    "snapshot_interval": _FILES,
    **dict.fromkeys(("early_stopping_rounds", "eval_fraction", "od_pval", "od_type", "od_wait"), _STOPPING),
    "use_best_model": _STOPPING,
    **{name: f"write {word}" for name, word in _OTHER_WORDS.items()},
}
ERRORS: tuple[type[Exception], ...] = (catboost.CatBoostError,)
_LINKS: Mapping[str, Link] = {
    **dict.fromkeys(("RMSE", "MAE", "Quantile", "Huber", "LogCosh", "Lq", "MAPE", "Expectile"), "identity"),
    **dict.fromkeys(("Poisson", "Tweedie"), "exp"),
    **dict.fromkeys(("Logloss", "CrossEntropy", "MultiClass"), "softmax"),
}
"""How the sums of each loss become what `predict` or `predict_proba` says."""
_TWO_CLASSES = ("Logloss", "CrossEntropy")


def names(fitted: Any) -> set[str]:
    """Return every hyperparameter that a fitted estimator knows: all are parameters of its constructor."""
    return {*signature(type(fitted)).parameters}


def ensemble(fitted: Any) -> Ensemble:
    """Return the trees of a fitted estimator.

    CatBoost compares float32 numbers with float32 borders, as ONNX does: a row goes right if its feature is greater. A
    missing value counts as less or as greater than every number, as `nan_mode` says, and as less where no row lacked
    the feature.

    Raises:
        ValueError: saying why arrays cannot hold what it answers.
    """
    loss = str(fitted.get_all_params()["loss_function"]).partition(":")[0]
    if loss not in _LINKS:
        raise ValueError(f"loss_function {loss} cannot be exported; each of {', '.join(_LINKS)} can")
    model = _as_json(fitted)
    missing_right = {
        feature["feature_index"]
        for feature in model["features_info"].get("float_features", ())
        if feature["nan_value_treatment"] == "AsTrue"
    }
    grown = model.get("oblivious_trees")
    answered = (
        [_symmetric(tree, missing_right) for tree in grown]
        if grown is not None
        else [_uneven(tree, missing_right) for tree in model["trees"]]
    )
    # A leaf answers one number for each of w columns, where a tree of arrays answers one: it becomes w trees.
    found = [tree._replace(value=tree.value[:, column]) for tree in answered for column in range(tree.value.shape[1])]
    scale, bias = model["scale_and_bias"]
    width = len(bias)
    two = loss in _TWO_CLASSES
    return Ensemble(
        [_scaled(tree, scale) for tree in found],
        [1 if two else number % width for number in range(len(found))],
        width,
        np.array([0.0, *bias] if two else bias, np.float32),
        "BRANCH_LEQ",
        _LINKS[loss],
    )


def _as_json(fitted: Any) -> dict[str, Any]:
    """Return the model as the library writes it; it writes to files alone."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.json"
        fitted.save_model(str(file), format="json")
        return dict(json.loads(file.read_text(encoding="utf-8")))


def _symmetric(tree: Mapping[str, Any], missing_right: set[int]) -> Tree:
    """Lay out a tree whose splits of one depth are the same; its values have shape (n, w).

    Its nodes are numbered by depth. Split d is bit d of a leaf's number in the library's list, so that a leaf's place
    among the leaves of ours, where split 0 is the highest bit, has the same bits in reverse.
    """
    splits = tree["splits"] or []
    depth = len(splits)
    inner, leaves = 2**depth - 1, 2**depth
    level = np.repeat(np.arange(depth), 2 ** np.arange(depth))
    place = np.arange(leaves)
    listed = sum(((place >> (depth - 1 - bit)) & 1) << bit for bit in range(depth)) if depth else place
    values = np.asarray(tree["leaf_values"], np.float64).reshape(leaves, -1)[listed]
    feature = np.array([split["float_feature_index"] for split in splits], np.int64)[level]
    border = np.array([split["border"] for split in splits], np.float64)[level]
    none = np.zeros(leaves, np.int64)
    first = 2 * np.arange(inner) + 1
    return Tree(
        np.append(feature, none),
        np.concatenate([np.repeat(border[:, None], values.shape[1], axis=1), values]),
        np.append(first, none - 1),
        np.append(first + 1, none - 1),
        np.append(~np.isin(feature, list(missing_right)), none).astype(np.int64),
    )


def _uneven(tree: Mapping[str, Any], missing_right: set[int]) -> Tree:
    """Lay out a tree that is grown by leaf or by depth; its values have shape (n, w)."""
    nodes: list[Mapping[str, Any]] = list(_walk(tree))
    number = {id(node): place for place, node in enumerate(nodes)}
    width = max(len(_answer(node)) for node in nodes)
    splits: list[Any] = [node.get("split") for node in nodes]
    feature = np.array([split["float_feature_index"] if split else 0 for split in splits], np.int64)
    return Tree(
        feature,
        np.array([[node["split"]["border"]] * width if node.get("split") else _answer(node) for node in nodes]),
        np.array([number[id(node["left"])] if node.get("split") else -1 for node in nodes]),
        np.array([number[id(node["right"])] if node.get("split") else -1 for node in nodes]),
        np.array([bool(split) and split["float_feature_index"] not in missing_right for split in splits], np.int64),
    )


def _walk(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    if node.get("split"):
        yield from _walk(node["left"])
        yield from _walk(node["right"])


def _answer(node: Mapping[str, Any]) -> Sequence[float]:
    """Return the numbers of a leaf; none of a split."""
    value = node.get("value", [])
    return value if isinstance(value, list) else [value]


def _scaled(tree: Tree, scale: float) -> Tree:
    leaf = tree.left < 0
    return tree._replace(value=np.where(leaf, tree.value * scale, tree.value).astype(np.float32))
