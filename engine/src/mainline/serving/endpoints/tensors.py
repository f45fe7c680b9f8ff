"""The tensors of the Open Inference Protocol: those of requests as rows, those of answers from predictions.

A request field is an input tensor of its name, with one value per row, so its shape is [n] or [n, 1]. An absent
optional value is null, or its tensor is left out. The response field is an output tensor, and so is each end of its
interval, if there is one. Where it is one of k classes, their probabilities are a second one, of shape [n, k] with the
names of its columns in its parameter `classes`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from mainline.contract import Field
from mainline.errors import nearest
from mainline.package.responses import Prediction
from mainline.serving.answering.batching import Rows
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import Problem, shown

DATATYPES = {"string": "BYTES", "time": "BYTES", "integer": "INT64", "number": "FP64"}
_REQUEST_KEYS = ("id", "parameters", "inputs", "outputs")
_TENSOR_KEYS = ("name", "shape", "datatype", "parameters", "data")


def rows(content: Any, model: Model, most: int) -> Rows:
    """Turn an inference request's tensors into rows.

    Raises:
        Problem: invalid-request, too-many-rows.
    """
    _check_keys("the request", content, _REQUEST_KEYS, required=("inputs",))
    if not isinstance(content.get("id", ""), str):
        raise _invalid("id", content["id"], "send text")
    _check_outputs(content.get("outputs", []), model)
    tensors = content["inputs"]
    if not isinstance(tensors, list) or not tensors:
        raise _invalid("inputs", tensors, "send a list of tensors")
    fields = {field.name: field for field in model.predictor.request}
    columns: dict[str, Sequence[Any]] = {}
    for tensor in tensors:
        _check_keys("a tensor", tensor, _TENSOR_KEYS, required=("name", "shape", "datatype", "data"))
        name = tensor["name"]
        if not isinstance(name, str) or name not in fields:
            hint = nearest(name, fields) if isinstance(name, str) else f"known: {', '.join(sorted(fields))}"
            raise _invalid("name", name, hint)
        if name in columns:
            raise _invalid(name, name, "send each tensor once")
        columns[name] = _values(tensor, fields[name], most)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise _invalid("shape", sorted(lengths), "give every tensor the same number of rows")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def of_request(model: Model) -> list[dict[str, Any]]:
    """Describe all input tensors: one for each field."""
    return [_tensor(field) for field in model.predictor.request]


def of_response(model: Model) -> list[dict[str, Any]]:
    """Describe all output tensors: the prediction with the ends of its interval, or class and probabilities."""
    if model.classes:
        return [_tensor(model.response), *_probabilities(model)]
    return [_tensor(replace(model.response, name=name)) for name in model.predictor.response.columns]


def outputs(model: Model, predictions: list[Prediction], wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Return the output tensors of n predictions, all of them or those that are wanted."""
    rows = len(predictions)
    if not (model.classes or model.predictor.response.interval):
        return [{"name": model.response.name, "shape": [rows], "datatype": "FP64", "data": predictions}]
    if not model.classes:
        columns = zip(*map(model.predictor.response.cells, predictions), strict=True)
        numbers = {
            tensor["name"]: {**tensor, "shape": [rows], "data": list(column)}
            for tensor, column in zip(of_response(model), columns, strict=True)
        }
        return [numbers[each] for each in wanted or numbers]
    classes = {**_tensor(model.response), "shape": [rows], "data": [found["class"] for found in predictions]}
    (shares,) = _probabilities(model)
    data = [share for found in predictions for share in found["probabilities"].values()]
    shares |= {"shape": [rows, len(model.classes)], "parameters": {"classes": _classes(model)}, "data": data}
    tensors = {tensor["name"]: tensor for tensor in (classes, shares)}
    return [tensors[each] for each in wanted or tensors]


def _values(tensor: Mapping[str, Any], field: Field, most: int) -> Sequence[Any]:
    """Return the n values of a tensor of shape [n] or [n, 1]."""
    name, shape, data = field.name, tensor["shape"], tensor["data"]
    if tensor["datatype"] != DATATYPES[field.kind]:
        raise _invalid(f"{name}.datatype", tensor["datatype"], f"it must be {DATATYPES[field.kind]}")
    whole = isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape)
    if not whole or len(shape) not in (1, 2) or shape[1:] not in ([], [1]):
        raise _invalid(f"{name}.shape", shape, "it must be [n] or [n, 1]")
    if not isinstance(data, list):
        raise _invalid(f"{name}.data", data, "send a list of values")
    if len(data) > most:
        raise Problem("too-many-rows", f"{name} has {len(data)} values; send at most {most} rows in one request.")
    if data and all(isinstance(value, list) and len(value) == 1 for value in data):
        data = [value[0] for value in data]
    if len(data) != shape[0]:
        raise _invalid(f"{name}.data", len(data), f"the shape says {shown(shape[0])} values")
    return data


def _check_outputs(outputs: Any, model: Model) -> None:
    if not isinstance(outputs, list):
        raise _invalid("outputs", outputs, "send a list")
    for output in outputs:
        _check_keys("an output", output, ("name", "parameters"), required=("name",))
        names = [tensor["name"] for tensor in of_response(model)]
        if output["name"] not in names:
            raise _invalid("outputs", output["name"], f"the {'outputs are' if names[1:] else 'only output is'} "
                           f"{' and '.join(names)}")  # fmt: skip


def _check_keys(what: str, value: Any, known: Sequence[str], required: Sequence[str]) -> None:
    if not isinstance(value, dict):
        raise _invalid(what, value, f"send an object of {', '.join(known)}")
    for name in value:
        if name not in known:
            raise _invalid(shown(name)[1:-1], value[name], f"{what} has {', '.join(known)}")
    for name in required:
        if name not in value:
            raise Problem("invalid-request", f"{what} has no '{name}'; it needs {', '.join(required)}.")
    if not isinstance(value.get("parameters", {}), dict):
        raise _invalid("parameters", value["parameters"], "send an object")


def _invalid(field: str, value: object, allowed: str) -> Problem:
    allowed = allowed if allowed.endswith("?") else f"{allowed}."
    error = {"field": field, "value": shown(value), "allowed": allowed}
    return Problem("invalid-request", f"{field}: is {shown(value)}; {allowed}", errors=[error])


def _probabilities(model: Model) -> list[dict[str, Any]]:
    """Describe the tensor of probabilities, if there are classes; its name is no other's."""
    name = f"{model.response.name}_probabilities"
    return [{"name": name, "datatype": "FP64", "shape": [-1, len(model.classes)]}] if model.classes else []


def _classes(model: Model) -> str:
    """Return the names of the classes as the text of a JSON list: a parameter is not a list."""
    return orjson.dumps(model.classes).decode()


def _tensor(field: Field) -> dict[str, Any]:
    return {"name": field.name, "datatype": DATATYPES[field.kind], "shape": [-1]}
