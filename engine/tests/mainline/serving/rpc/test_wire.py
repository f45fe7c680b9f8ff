"""The messages of gRPC, held to bytes that were written by hand from the protocol's field numbers."""

from typing import Any

import pytest

from mainline.serving.rpc.wire import CLASSES

TENSOR = b"\x0a\x01x\x12\x04FP64\x1a\x01\x02"
"""Name (1), datatype (2) and a packed shape (3)."""


@pytest.mark.parametrize(
    ("name", "fields", "written"),
    [
        ("ServerLiveResponse", {"live": True}, b"\x08\x01"),
        ("ModelReadyRequest", {"name": "m", "version": "v"}, b"\x0a\x01m\x12\x01v"),
        (
            "ModelMetadataResponse",
            {"platform": "p", "inputs": [{"name": "x", "datatype": "FP64", "shape": [2]}]},
            b"\x1a\x01p\x22" + bytes([len(TENSOR)]) + TENSOR,
        ),
        (
            "ModelInferRequest",
            {"id": "i", "inputs": [{"name": "x", "datatype": "FP64", "shape": [2]}], "raw_input_contents": [b"r"]},
            b"\x1a\x01i\x2a" + bytes([len(TENSOR)]) + TENSOR + b"\x3a\x01r",
        ),
        ("ModelInferResponse", {"id": "i", "raw_output_contents": [b"r"]}, b"\x1a\x01i\x32\x01r"),
        ("InferTensorContents", {"int64_contents": [1, 2]}, b"\x1a\x02\x01\x02"),
        ("InferTensorContents", {"bytes_contents": [b"t"]}, b"\x42\x01t"),
        ("InferParameter", {"bool_param": False}, b"\x08\x00"),
        (
            "InferRequestedOutputTensor",
            {"parameters": {"k": {"string_param": "v"}}},
            b"\x12\x08\x0a\x01k\x12\x03\x1a\x01v",
        ),
    ],
)  # fmt: skip
def test_message_is_what_the_protocol_says(name: str, fields: dict[str, Any], written: bytes) -> None:
    """Each kind of field is on the wire as its number and type say, and reads back."""
    message = CLASSES[name](**fields)
    assert message.SerializeToString() == written
    assert CLASSES[name].FromString(written) == message
