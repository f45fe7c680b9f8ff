"""Rows as the Open Inference Protocol has them: tensors, and the requests of REST and gRPC that hold them."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import servers
from mainline.package.predictor import Predictor
from mainline.serving.endpoints.tensors import DATATYPES
from mainline.serving.rpc import tensor_contents
from mainline.serving.rpc.wire import CLASSES

Rows = Sequence[Mapping[str, Any]]
Tensors = Sequence[Mapping[str, Any]]


def whole_rows(counts: set[int]) -> dict[int, Rows]:
    """Return golden rows that have every field, by number: a tensor has no row without a value."""
    golden = json.loads((servers.PACKAGE / "golden.json").read_text())["requests"]
    whole = [row for row in golden if len(row) == max(map(len, golden)) and None not in row.values()]
    return {count: (whole * (count // len(whole) + 1))[:count] for count in counts}


def of_rows(predictor: Predictor, rows: Rows) -> Tensors:
    """Return the fields of rows of requests, each as a tensor."""
    fields = [field for field in predictor.request if field.name in rows[0]]
    return [_tensor(field.name, DATATYPES[field.kind], rows) for field in fields]


def of_features(rows: Rows) -> Tensors:
    """Return the columns of rows of features, each as a tensor: texts and numbers."""
    return [_tensor(name, "BYTES" if isinstance(value, str) else "FP64", rows) for name, value in rows[0].items()]


def asked(model: str, tensors: Tensors) -> tuple[str, str]:
    """Return path and body of the request of REST."""
    return f"/v2/models/{model}/infer", json.dumps({"inputs": tensors})


def message(model: str, tensors: Tensors, raw: bool) -> str:
    """Write tensors as the message of a call of gRPC, in hexadecimal; `raw`: their contents as bytes.

    A number that is absent is NaN there.
    """
    written = CLASSES["ModelInferRequest"](model_name=model)
    for tensor in tensors:
        sent = written.inputs.add(name=tensor["name"], datatype=tensor["datatype"], shape=tensor["shape"])
        is_text = tensor["datatype"] == "BYTES"
        values = [value.encode() if is_text else math.nan if value is None else value for value in tensor["data"]]
        if raw:
            written.raw_input_contents.append(tensor_contents.as_bytes(tensor["datatype"], values))
        else:
            getattr(sent.contents, tensor_contents.FIELDS[tensor["datatype"]]).extend(values)
    content: bytes = written.SerializeToString()
    return content.hex()


def _tensor(name: str, datatype: str, rows: Rows) -> dict[str, Any]:
    return {"name": name, "shape": [len(rows)], "datatype": datatype, "data": [row[name] for row in rows]}
