"""From a fitted pipeline to a graph of ONNX: its preprocessing, and after that what its estimator predicts."""

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np
from onnx import helper
from skl2onnx import convert_sklearn
from skl2onnx.common import tree_ensemble
from skl2onnx.common._container import ModelComponentContainer
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from skl2onnx.operator_converters import decision_tree, gradient_boosting, random_forest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline

from mainline.contract import Task
from mainline.model import own_graph
from mainline.model.boosting import ensemble, libraries

_OF_TREES: tuple[Any, ...] = (decision_tree, gradient_boosting, random_forest)
"""The converters of skl2onnx that write decision trees."""
LARGEST = 1_000_000
"""Nodes of decision trees: as ONNX they take 40 MB, and 0.5 GB of memory in each process that answers."""


class SizeError(Exception):
    """Trees that would take too much memory as ONNX."""

    def __init__(self) -> None:
        super().__init__(f"as ONNX more than {LARGEST:,} nodes of trees would take too much memory")


def to_onnx(pipeline: Pipeline, numeric: int, categorical: int, task: Task) -> bytes:
    """Convert a fitted pipeline over so many columns of numbers and of text.

    Raises:
        SizeError: when trees have more than `LARGEST` nodes.
        Exception: of any other kind, when the estimator has no conversion.
    """
    inputs = [("numeric", FloatTensorType([None, numeric])), ("categorical", StringTensorType([None, categorical]))]
    options = {id(pipeline): {"zipmap": False}} if task != "regression" else None
    library = libraries.of(pipeline[-1])
    own = own_graph.of(pipeline[-1]) if own_graph.is_own(pipeline[-1]) else None
    is_apart = library is not None or own is not None
    with _faithful_trees():
        model = convert_sklearn(
            pipeline[:-1] if is_apart else pipeline,
            name="model",
            initial_types=[pair for pair in inputs if pair[1].shape[1]],
            options=None if is_apart else options,
            target_opset={**own_graph.opsets(own)} if own else None,
        )
    if library:
        ensemble.append(model, library.ensemble(pipeline[-1]))
    if own:
        model = own_graph.after(model, own)
    if isinstance(pipeline[-1], HistGradientBoostingRegressor) and pipeline[-1].loss in ("poisson", "gamma"):
        _exponentiate(model.graph)
    return bytes(model.SerializeToString())


def _exponentiate(graph: Any) -> None:
    """Let a graph answer e to what it computes: skl2onnx 1.20 sums boosted logarithms, and leaves them so."""
    name = graph.output[0].name
    for node in graph.node:
        node.output[:] = [f"log_{output}" if output == name else output for output in node.output]
    graph.node.append(helper.make_node("Exp", [f"log_{name}"], [name], name="exp"))


@contextmanager
def _faithful_trees() -> Iterator[None]:
    """Let skl2onnx 1.20 convert trees so that they can be written, and faithfully.

    It passes numpy integers and booleans on to protobuf, which takes Python's own only. It rounds thresholds, which are
    float64, to the nearest float32: where that rounds up, a feature equal to the rounded threshold takes the other
    branch. Its own remedy, rounding down, is switched on for decision trees alone. And it sends a missing value to the
    right in every tree but those of histogram gradient boosting, whatever the tree has learned.
    """
    original = ModelComponentContainer.add_node

    def add_node(self: Any, kind: Any, inputs: Any, outputs: Any, *args: Any, **attributes: Any) -> Any:
        for name, value in attributes.items():
            if isinstance(value, list) and value and all(isinstance(item, Integral | np.bool_) for item in value):
                attributes[name] = [int(item) for item in value]
        return original(self, kind, inputs, outputs, *args, **attributes)

    original_tree_node = tree_ensemble.add_node

    def add_tree_node(*args: Any, **options: Any) -> None:
        original_tree_node(*args, **{**options, "adjust_threshold_for_sklearn": True})

    original_tree = tree_ensemble.add_tree_to_attribute_pairs

    def add_tree(attributes: Any, is_classifier: bool, tree: Any, *args: Any, **options: Any) -> None:
        sides = attributes["nodes_missing_value_tracks_true"]
        before = len(sides)
        if before + tree.node_count > LARGEST:
            raise SizeError
        original_tree(attributes, is_classifier, tree, *args, **options)
        nodes = tree.__getstate__()["nodes"]
        sides[before:] = ((nodes["left_child"] >= 0) & (nodes["missing_go_to_left"] > 0)).astype(int).tolist()

    ModelComponentContainer.add_node = add_node
    tree_ensemble.add_node = add_tree_node
    for converter in _OF_TREES:
        converter.add_tree_to_attribute_pairs = add_tree
    try:
        yield
    finally:
        ModelComponentContainer.add_node = original
        tree_ensemble.add_node = original_tree_node
        for converter in _OF_TREES:
            converter.add_tree_to_attribute_pairs = original_tree
