"""Tensors of gRPC as those of HTTP, and back: the contents in typed fields, or as bytes (`raw_..._contents`).

In bytes a number is 8 bytes, the lowest first, and a text its length in 4 bytes and then its UTF-8. Messages have no
null: a number that is NaN is an absent value, and so is a tensor that is left out.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mainline.serving.answering.problems import Problem
from mainline.serving.rpc.wire import CLASSES

FIELDS = {"FP64": "fp64_contents", "INT64": "int64_contents", "BYTES": "bytes_contents"}
"""Where a tensor's values are, for the data types that a model's fields have."""
_RAW = {"FP64": "<f8", "INT64": "<i8"}


def request_of(message: Any) -> dict[str, Any]:
    """Return an inference request as it would be in JSON.

    Raises:
        Problem: invalid-request, when contents are not what a tensor says that they are.
    """
    raw = message.raw_input_contents
    if raw and len(raw) != len(message.inputs):
        detail = f"raw_input_contents: has {len(raw)} entries for {len(message.inputs)} tensors; send one for each."
        raise Problem("invalid-request", detail)
    inputs = []
    for number, tensor in enumerate(message.inputs):
        data = _raw_values(tensor, raw[number]) if raw else _values(tensor)
        inputs.append({"name": tensor.name, "shape": [*tensor.shape], "datatype": tensor.datatype, "data": data})
    return {"id": message.id, "inputs": inputs, "outputs": [{"name": output.name} for output in message.outputs]}


def answer_of(answer: Mapping[str, Any], raw: bool) -> bytes:
    """Write an inference answer; its contents as bytes if those of the request were."""
    message = CLASSES["ModelInferResponse"](
        model_name=answer["model_name"], model_version=answer["model_version"], id=answer["id"]
    )
    _set_parameters(message, answer["parameters"])
    for output in answer["outputs"]:
        tensor = message.outputs.add(name=output["name"], datatype=output["datatype"], shape=output["shape"])
        _set_parameters(tensor, output.get("parameters", {}))
        values = [value.encode() for value in output["data"]] if output["datatype"] == "BYTES" else output["data"]
        if raw:
            message.raw_output_contents.append(as_bytes(output["datatype"], values))
        else:
            getattr(tensor.contents, FIELDS[output["datatype"]]).extend(values)
    return bytes(message.SerializeToString())


def _values(tensor: Any) -> Sequence[Any]:
    """Return the values of typed fields; those of a data type that no field has are not looked at."""
    if tensor.datatype not in FIELDS:
        return []
    values = getattr(tensor.contents, FIELDS[tensor.datatype])
    return _plain(tensor, values)


def _raw_values(tensor: Any, raw: bytes) -> Sequence[Any]:
    if tensor.datatype in _RAW:
        if len(raw) % 8:
            raise _unfit(tensor, f"{len(raw)} bytes, which are no whole number of values of 8 bytes")
        return _plain(tensor, np.frombuffer(raw, _RAW[tensor.datatype]).tolist())
    return _plain(tensor, _texts(tensor, raw)) if tensor.datatype == "BYTES" else []


def _texts(tensor: Any, raw: bytes) -> list[bytes]:
    texts, place = [], 0
    while place < len(raw):
        begin = place + 4
        if begin > len(raw):
            raise _unfit(tensor, "a length of less than 4 bytes at the end")
        place = begin + struct.unpack_from("<I", raw, place)[0]
        if place > len(raw):
            raise _unfit(tensor, "a text that is longer than what is there")
        texts.append(raw[begin:place])
    return texts


def _plain(tensor: Any, values: Sequence[Any]) -> list[Any]:
    """Return values as JSON has them."""
    if tensor.datatype == "BYTES":
        try:
            return [value.decode() for value in values]
        except UnicodeDecodeError as error:
            raise _unfit(tensor, "text that is not UTF-8") from error
    return [None if math.isnan(value) else value for value in values] if tensor.datatype == "FP64" else [*values]


def as_bytes(datatype: str, values: Sequence[Any]) -> bytes:
    """Write the values of a tensor as `raw_..._contents` have them; texts are bytes already."""
    if datatype == "BYTES":
        return b"".join(struct.pack("<I", len(value)) + value for value in values)
    return np.array(values, _RAW[datatype]).tobytes()


def _set_parameters(message: Any, parameters: Mapping[str, str]) -> None:
    for name, value in parameters.items():
        message.parameters[name].string_param = value


def _unfit(tensor: Any, found: str) -> Problem:
    return Problem("invalid-request", f"{tensor.name[:100]}: holds {found}; send what its datatype and shape say.")
