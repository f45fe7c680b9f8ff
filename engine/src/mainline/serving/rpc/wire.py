"""The messages of the Open Inference Protocol over gRPC, as a table of their fields.

Names and numbers are those that https://github.com/kserve/open-inference-protocol publishes. The classes are made from
the table when this is imported: code that a compiler generates works with the version of protobuf that it was made for
alone, and nobody can read it.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "inference.GRPCInferenceService"
_PACKAGE = "inference"
_TYPES = {
    "double": 1,
    "float": 2,
    "int64": 3,
    "uint64": 4,
    "int32": 5,
    "bool": 8,
    "string": 9,
    "bytes": 12,
    "uint32": 13,
}
_MESSAGE, _OPTIONAL, _REPEATED = 11, 1, 3
"""Numbers of `FieldDescriptorProto`."""
_TENSOR = {"name": "string 1", "datatype": "string 2", "shape": "repeated int64 3"}
_FILLED = {**_TENSOR, "parameters": "map InferParameter 4", "contents": "InferTensorContents 5"}
_MODEL = {"name": "string 1", "version": "string 2"}
_INFER = {
    "model_name": "string 1", "model_version": "string 2", "id": "string 3", "parameters": "map InferParameter 4",
}  # fmt: skip
MESSAGES: Mapping[str, Mapping[str, str]] = {
    "ServerLiveRequest": {},
    "ServerLiveResponse": {"live": "bool 1"},
    "ServerReadyRequest": {},
    "ServerReadyResponse": {"ready": "bool 1"},
    "ModelReadyRequest": _MODEL,
    "ModelReadyResponse": {"ready": "bool 1"},
    "ServerMetadataRequest": {},
    "ServerMetadataResponse": {**_MODEL, "extensions": "repeated string 3"},
    "ModelMetadataRequest": _MODEL,
    "ModelMetadataResponse": {
        "name": "string 1", "versions": "repeated string 2", "platform": "string 3",
        "inputs": "repeated TensorMetadata 4", "outputs": "repeated TensorMetadata 5",
    },
    "ModelInferRequest": {
        **_INFER, "inputs": "repeated InferTensor 5", "outputs": "repeated InferRequestedOutputTensor 6",
        "raw_input_contents": "repeated bytes 7",
    },
    "ModelInferResponse": {**_INFER, "outputs": "repeated InferTensor 5", "raw_output_contents": "repeated bytes 6"},
    "TensorMetadata": _TENSOR,
    "InferTensor": _FILLED,
    "InferRequestedOutputTensor": {"name": "string 1", "parameters": "map InferParameter 2"},
    "InferParameter": {
        "bool_param": "bool 1", "int64_param": "int64 2", "string_param": "string 3", "double_param": "double 4",
        "uint64_param": "uint64 5",
    },
    "InferTensorContents": {
        "bool_contents": "repeated bool 1", "int_contents": "repeated int32 2", "int64_contents": "repeated int64 3",
        "uint_contents": "repeated uint32 4", "uint64_contents": "repeated uint64 5",
        "fp32_contents": "repeated float 6", "fp64_contents": "repeated double 7", "bytes_contents": "repeated bytes 8",
    },
}  # fmt: skip
"""Each message with its fields: type and number. A tensor of a request and one of an answer have the same fields."""
_ONE_OF = {"InferParameter"}
"""Messages of which one field is set: also a value of 0 is on the wire."""


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="open_inference.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        if name in _ONE_OF:
            message.oneof_decl.add(name="choice")
        for field, declared in fields.items():
            _add_field(message, field, declared, in_oneof=name in _ONE_OF)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in MESSAGES
    }


def _add_field(message: Any, name: str, declared: str, in_oneof: bool) -> None:
    *how, kind, number = declared.split()
    field = message.field.add(name=name, number=int(number), label=_REPEATED if how else _OPTIONAL)
    if in_oneof:
        field.oneof_index = 0
    if how == ["map"]:
        # A map is a repeated message of key and value by another name.
        entry = message.nested_type.add(name=f"{name.title()}Entry", options={"map_entry": True})
        entry.field.add(name="key", number=1, label=_OPTIONAL, type=_TYPES["string"])
        entry.field.add(name="value", number=2, label=_OPTIONAL, type=_MESSAGE, type_name=f".{_PACKAGE}.{kind}")
        field.type, field.type_name = _MESSAGE, f".{_PACKAGE}.{message.name}.{entry.name}"
    elif kind in _TYPES:
        field.type = _TYPES[kind]
    else:
        field.type, field.type_name = _MESSAGE, f".{_PACKAGE}.{kind}"


CLASSES: Mapping[str, Any] = _classes()
"""The class of each message."""
