"""A package's request and response as JSON Schema, for clients and for the service."""

from collections.abc import Sequence
from typing import Any

from mainline.contract import Field
from mainline.data.columns import bounds

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPE = {"string": "string", "integer": "integer", "number": "number", "time": "string"}


def of_request(name: str, fields: Sequence[Field]) -> dict[str, Any]:
    """Describe one row of a request: every field, nothing else."""
    return {
        "$schema": DIALECT,
        "title": f"{name} request",
        "type": "object",
        "properties": {field.name: _property(field) for field in fields},
        "required": [field.name for field in fields if not field.optional],
        "additionalProperties": False,
    }


def of_response(name: str, field: Field) -> dict[str, Any]:
    """Describe one prediction."""
    return {
        "$schema": DIALECT,
        "title": f"{name} response",
        "type": "object",
        "properties": {field.name: _property(field)},
        "required": [field.name],
        "additionalProperties": False,
    }


def _property(field: Field) -> dict[str, Any]:
    kind: str | list[str] = [_TYPE[field.kind], "null"] if field.optional else _TYPE[field.kind]
    described: dict[str, Any] = {"type": kind, "description": field.description, "examples": [field.example]}
    low, high = bounds(field)
    optional = {
        "format": "date-time" if field.kind == "time" else None, "unit": field.unit or None,
        "minimum": low, "maximum": high, "pattern": field.pattern,
    }  # fmt: skip
    return described | {key: value for key, value in optional.items() if value is not None}
