"""A package's request and response as JSON Schema, for clients and for the service."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mainline.contract import Field
from mainline.data.columns import bounds
from mainline.package.responses import Response

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PERSONAL = "x-personal"
"""The member of a property that says why a personal field is needed."""
_TYPE = {"string": "string", "integer": "integer", "number": "number", "time": "string"}


def of_request(name: str, fields: Sequence[Field], personal: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Describe one row of a request: every field, nothing else; of a `personal` one also why it is needed."""
    reasons = {name: {PERSONAL: reason} for name, reason in (personal or {}).items()}
    return {
        "$schema": DIALECT,
        "title": f"{name} request",
        "type": "object",
        "properties": {field.name: _property(field) | reasons.get(field.name, {}) for field in fields},
        "required": [field.name for field in fields if not field.optional],
        "additionalProperties": False,
    }


def of_response(name: str, response: Response) -> dict[str, Any]:
    """Describe one prediction: a number by its name, or a class and the probability of each."""
    properties = _of_classes(response) if response.classes else _of_number(response)
    return {"$schema": DIALECT, "title": f"{name} response", **_closed(properties)}


def _of_number(response: Response) -> dict[str, Any]:
    field, *ends = (response.field, *list(response.columns)[1:])
    described = {"low": "Lower end", "high": "Upper end"}
    level = (
        f"of the interval that is to hold {response.interval['level'] * 100:g}% of all cases"
        if response.interval
        else ""
    )
    return {field.name: _property(field)} | {
        name: _property(replace(field, name=name, description=f"{described[name.rpartition('_')[2]]} {level}"))
        for name in ends
    }


def _of_classes(response: Response) -> dict[str, Any]:
    field, names = response.field, [str(name) for name in response.classes]
    share = {"type": "number", "minimum": 0, "maximum": 1}
    example = {name: float(name == str(field.example)) for name in names}
    probabilities = {
        "description": "The probability of each class; they sum to 1", "examples": [example],
        **_closed(dict.fromkeys(names, share)),
    }  # fmt: skip
    return {"class": {**_property(field), "enum": list(response.classes)}, "probabilities": probabilities}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    """Describe an object of these properties, all of them and no others."""
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def _property(field: Field) -> dict[str, Any]:
    kind: str | list[str] = [_TYPE[field.kind], "null"] if field.optional else _TYPE[field.kind]
    described: dict[str, Any] = {"type": kind, "description": field.description, "examples": [field.example]}
    low, high = bounds(field)
    if field.zone:
        described["description"] += f". A time without an offset is read by the clock of {field.zone}"
    optional = {
        "format": "date-time" if field.kind == "time" and not field.zone else None, "unit": field.unit or None,
        "minimum": low, "maximum": high, "pattern": field.pattern,
    }  # fmt: skip
    return described | {key: value for key, value in optional.items() if value is not None}
