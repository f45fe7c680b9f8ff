"""The ONNX graph that a model type of the user's own offers: `to_onnx(columns)`, after that of its preprocessing.

A package answers by such graphs alone. skops, which packs what has no graph, would need the user's code to load it.
"""

from collections.abc import Mapping
from typing import Any

from onnx import ModelProto, compose
from skl2onnx import __max_supported_opset__ as highest_opset

from mainline import faults
from mainline.declared import own_model
from mainline.errors import MainlineError, ParamsError

OFFERED = "to_onnx"
REMEDY = (
    "let to_onnx compute what the class predicts: n x columns of float32 in; the last output n predictions, or n x K "
    "probabilities of K classes (engine/docs/estimators.md)"
)
MINIMAL_IR = 8
"""The version of ONNX's own format from which on opset 15 and later may be written."""


def is_own(estimator: Any) -> bool:
    """Say whether an estimator, or a class of estimators, is the use case's own."""
    kind = estimator if isinstance(estimator, type) else type(estimator)
    return own_model.is_own(kind.__module__)


def check(estimator: Any) -> None:
    """Refuse an own estimator that offers no graph, before it is fitted.

    Raises:
        ParamsError: saying what to write.
    """
    if is_own(estimator) and not callable(getattr(estimator, OFFERED, None)):
        found = f"{type(estimator).__name__} has no {OFFERED}, and no package may need code of yours to predict"
        raise ParamsError("model.type", found, f"write `def {OFFERED}(self, columns)`: {REMEDY}")


def of(estimator: Any) -> ModelProto:
    """Return the graph of a fitted own estimator.

    Raises:
        ParamsError: when it is not a graph, or one that does not fit.
    """
    name = type(estimator).__name__
    graph = getattr(estimator, OFFERED)(estimator.n_features_in_)
    if not isinstance(graph, ModelProto):
        found = f"{name}.{OFFERED} returns {type(graph).__name__}"
        raise ParamsError("model.type", found, "return onnx.ModelProto, as onnx.helper.make_model makes it")
    if len(graph.graph.input) != 1 or not len(graph.graph.output):
        found = f"{name}.{OFFERED} has {len(graph.graph.input)} inputs and {len(graph.graph.output)} outputs"
        raise ParamsError("model.type", found, REMEDY)
    opset = opsets(graph).get("", 0)
    if opset > highest_opset:
        found = f"{name}.{OFFERED} writes opset {opset}, and preprocessing is written up to {highest_opset}"
        remedy = f"give make_model `opset_imports=[make_opsetid('', {highest_opset})]`"
        raise ParamsError("model.type", found, remedy)
    return graph


def opsets(graph: ModelProto) -> Mapping[str, int]:
    """Return the version of each set of operators that a graph is written in, by domain; that of ONNX itself is ''."""
    return {"" if used.domain == "ai.onnx" else used.domain: used.version for used in graph.opset_import}


def after(first: ModelProto, own: ModelProto) -> ModelProto:
    """Let an own graph read what another computes.

    Args:
        first: computes a matrix; written for the opsets of `own`, of which it may name lower versions.
        own: from `of`.
    """
    versions = {**opsets(first), **opsets(own)}
    for model in (first, own):
        model.ir_version = max(MINIMAL_IR, first.ir_version)
        del model.opset_import[:]
        for domain, version in versions.items():
            model.opset_import.add(domain=domain, version=version)
    return compose.merge_models(
        first, own, io_map=[(first.graph.output[0].name, own.graph.input[0].name)], prefix2="own_"
    )


def refusal(estimator: Any, error: Exception) -> MainlineError:
    """Return the error of an own estimator whose graph was not made, or does not run."""
    reason = " ".join(str(error).split())[:300].rstrip(".")
    found = f"the graph of {type(estimator).__name__}.{OFFERED} does not run ({type(error).__name__}: {reason})"
    return faults.explain(error) or ParamsError("model.type", found, REMEDY)
