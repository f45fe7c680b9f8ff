"""A boosted ensemble as arrays, whatever library fitted it: what it answers, and the nodes of ONNX that answer it."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from onnx import TensorProto, helper

from mainline.contract import Array

Link = Literal["identity", "exp", "logistic", "softmax"]
"""How the sums of leaves become a prediction."""
ML = "ai.onnx.ml"


class Tree(NamedTuple):
    """A tree of n nodes, each array of shape (n,); the first node is the root, and a leaf's `left` is -1."""

    feature: Array
    """The column that a split compares."""
    value: Array
    """float32: the threshold of a split, the answer of a leaf."""
    left: Array
    """The node where rows go that pass the comparison."""
    right: Array
    missing_left: Array
    """Whether rows that lack the feature go left."""


class Ensemble(NamedTuple):
    """T trees that sum into K columns, of two classes into the second of two."""

    trees: Sequence[Tree]
    targets: Sequence[int]
    """Of each tree, the column that it adds to."""
    together: int
    """Trees of one iteration."""
    base: Array
    """float32, shape (K,): the sums before the first tree."""
    comparison: Literal["BRANCH_LT", "BRANCH_LEQ"]
    """How a feature is compared with a threshold, in float32."""
    link: Link


def staged(ensemble: Ensemble, matrix: Array) -> Iterator[Array]:
    """Yield what is predicted of n rows after each iteration, shape (n,), or (n, K) for K classes.

    Args:
        ensemble: T trees over c columns.
        matrix: shape (n, c).
    """
    rows = matrix.astype(np.float32)
    sums = np.tile(ensemble.base.astype(np.float64), (len(rows), 1))
    for count, (tree, target) in enumerate(zip(ensemble.trees, ensemble.targets, strict=True), start=1):
        sums[:, target] += _answers(tree, rows, ensemble.comparison)
        if count % ensemble.together == 0:
            yield respond(sums, ensemble.link)


def _answers(tree: Tree, rows: Array, comparison: str) -> Array:
    """Return the answer of a tree for each of n rows, shape (n,)."""
    compare = np.less if comparison == "BRANCH_LT" else np.less_equal
    at, waiting = np.zeros(len(rows), np.int64), np.arange(len(rows))
    while len(waiting := waiting[tree.left[at[waiting]] >= 0]):
        here = at[waiting]
        found = rows[waiting, tree.feature[here]]
        left = np.where(np.isnan(found), tree.missing_left[here], compare(found, tree.value[here]))
        at[waiting] = np.where(left, tree.left[here], tree.right[here])
    return tree.value[at]


def respond(sums: Array, link: Link) -> Array:
    """Turn the sums of n rows, shape (n, K), into values of shape (n,), or into probabilities of shape (n, K)."""
    if link == "softmax":
        raised = np.exp(sums - sums.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)
    one = sums[:, 0].copy()
    if link == "exp":
        return np.exp(one)
    return 1 / (1 + np.exp(-one)) if link == "logistic" else one


def round_down(thresholds: Array) -> Array:
    """Round float64 down to float32: of a float32, "at most" then says the same of both."""
    with np.errstate(over="ignore"):
        rounded = thresholds.astype(np.float32)
    return np.where(rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def append(model: Any, ensemble: Ensemble) -> None:
    """Let an ONNX model that computes a matrix of features answer what an ensemble predicts of it, in place."""
    graph = model.graph
    given, answer = graph.output[0].name, "prediction"
    after = {"exp": "Exp", "logistic": "Sigmoid"}.get(ensemble.link)
    sums = "sums" if after else answer
    graph.node.append(helper.make_node("TreeEnsembleRegressor", [given], [sums], domain=ML, **_attributes(ensemble)))
    if after:
        graph.node.append(helper.make_node(after, [sums], [answer]))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(answer, TensorProto.FLOAT, [None, len(ensemble.base)]))
    if ML not in {used.domain for used in model.opset_import}:
        model.opset_import.append(helper.make_opsetid(ML, 3))


def _attributes(ensemble: Ensemble) -> dict[str, Any]:
    sizes = [len(tree.left) for tree in ensemble.trees]
    of_node = np.repeat(np.arange(len(sizes)), sizes)
    place = np.concatenate([np.arange(size) for size in sizes])
    whole = Tree(*(np.concatenate(columns) for columns in zip(*ensemble.trees, strict=True)))
    leaf = whole.left < 0
    split = {name: np.where(leaf, 0, getattr(whole, name)).tolist() for name in Tree._fields}
    return {
        "n_targets": len(ensemble.base),
        "base_values": ensemble.base.tolist(),
        "post_transform": "SOFTMAX" if ensemble.link == "softmax" else "NONE",
        "nodes_treeids": of_node.tolist(),
        "nodes_nodeids": place.tolist(),
        "nodes_modes": np.where(leaf, "LEAF", ensemble.comparison).tolist(),
        "nodes_featureids": split["feature"],
        "nodes_values": split["value"],
        "nodes_truenodeids": split["left"],
        "nodes_falsenodeids": split["right"],
        "nodes_missing_value_tracks_true": split["missing_left"],
        "target_treeids": of_node[leaf].tolist(),
        "target_nodeids": place[leaf].tolist(),
        "target_ids": np.repeat(np.asarray(ensemble.targets), sizes)[leaf].tolist(),
        "target_weights": whole.value[leaf].tolist(),
    }
