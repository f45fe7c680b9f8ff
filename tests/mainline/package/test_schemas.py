"""JSON Schemas of request and response."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mainline.contract import Field
from mainline.data.columns import from_rows
from mainline.package.schemas import DIALECT, of_request, of_response
from usecase import interface

Schema = dict[str, Any]
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
KEYWORDS = {"type", "description", "examples", "format", "unit", "minimum", "maximum", "pattern"}


def problems(row: dict[str, Any], schema: Schema) -> list[str]:
    """Validate an object by the keywords that our schemas use; return what is wrong."""
    assert (schema["type"], schema["additionalProperties"]) == ("object", False)
    missing = [f"{name} is missing" for name in schema["required"] if name not in row]
    unknown = [f"{name} is unknown" for name in row if name not in schema["properties"]]
    known = {name: value for name, value in row.items() if name in schema["properties"]}
    return missing + unknown + [f"{n} is {v!r}" for n, v in known.items() if not fits(v, schema["properties"][n])]


def fits(value: Any, schema: Schema) -> bool:
    """Say whether one value keeps its schema."""
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not isinstance(value, tuple(kind for name in kinds for kind in TYPES[name])) or isinstance(value, bool):
        return False
    if value is None:
        return True
    if isinstance(value, str):
        dated = schema.get("format") != "date-time" or datetime.fromisoformat(value).tzinfo is not None
        return dated and re.search(schema.get("pattern", ""), value) is not None
    return schema.get("minimum", value) <= value <= schema.get("maximum", value)


@pytest.fixture(scope="module")
def request_schema() -> Schema:
    """The flights' request schema."""
    return of_request(interface.NAME, interface.REQUEST)


def test_schema_uses_json_schema_s_own_words(request_schema: Schema) -> None:
    """The schema names its dialect, and each property says its type with words of that dialect and a unit."""
    assert request_schema["$schema"] == DIALECT
    assert set(request_schema) == {"$schema", "title", "type", "properties", "required", "additionalProperties"}
    for described in request_schema["properties"].values():
        assert set(described) <= KEYWORDS
        assert {described["type"]} <= set(TYPES) if isinstance(described["type"], str) else True
        re.compile(described.get("pattern", ""))
    assert json.loads(json.dumps(request_schema, allow_nan=False)) == request_schema


def test_fields_are_described_as_declared() -> None:
    """Bounds, patterns and units are there where declared, an optional field may be null, a time is a date-time."""
    fields = (
        Field("at", "time", "When", "2013-09-01T10:00:00Z"),
        Field("size", "number", "How large", 1.5, "miles", minimum=0, maximum=10),
        Field("tail", "string", "Which", "N1", pattern="^N", optional=True),
    )
    schema = of_request("a-model", fields)
    assert schema["title"] == "a-model request"
    assert schema["required"] == ["at", "size"]
    assert schema["properties"] == {
        "at": {"type": "string", "description": "When", "examples": ["2013-09-01T10:00:00Z"], "format": "date-time"},
        "size": {
            "type": "number", "description": "How large", "examples": [1.5], "unit": "miles", "minimum": 0, "maximum": 10
        },
        "tail": {"type": ["string", "null"], "description": "Which", "examples": ["N1"], "pattern": "^N"},
    }  # fmt: skip


def test_bound_of_zero_is_kept() -> None:
    """A minimum of 0 is a minimum."""
    assert of_response("m", Field("p", "number", "P", 0.5, minimum=0, maximum=1))["properties"]["p"]["minimum"] == 0


def test_examples_of_every_field_fit(request_schema: Schema) -> None:
    """The declared examples together are a valid request, which the predictor's own reading takes too."""
    example = {field.name: field.example for field in interface.REQUEST}
    assert problems(example, request_schema) == []
    from_rows([example], interface.REQUEST)


def test_golden_requests_and_predictions_fit(package_dir: Path) -> None:
    """What the package was built with keeps the schemas that the package carries."""
    golden, asked, answered = (
        json.loads((package_dir / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("golden", "request.schema", "response.schema")
    )
    (name,) = answered["properties"]
    assert [problems(request, asked) for request in golden["requests"]] == [[]] * len(golden["requests"])
    assert [problems({name: value}, answered) for value in golden["predictions"]] == [[]] * len(golden["predictions"])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"gate": 1}, "gate is unknown"),
        ({"origin": "BOS"}, "origin is 'BOS'"),
        ({"dep_delay": 3001}, "dep_delay is 3001"),
        ({"dep_delay": None}, "dep_delay is None"),
        ({"flight": 1.5}, "flight is 1.5"),
        ({"flight": True}, "flight is True"),
        ({"time_hour": "2013-09-01T10:00:00"}, "time_hour is '2013-09-01T10:00:00'"),
    ],
)
def test_request_outside_the_declaration_does_not_fit(
    request_schema: Schema, change: dict[str, Any], problem: str
) -> None:
    """The schema turns down what the fields don't declare."""
    example = {field.name: field.example for field in interface.REQUEST}
    assert problems(example | change, request_schema) == [problem]


def test_response_is_one_number() -> None:
    """The response's schema is that of its one field, required."""
    schema = of_response("flight-delay", interface.RESPONSE)
    assert schema["required"] == list(schema["properties"]) == ["arr_delay"]
    assert schema["title"] == "flight-delay response"
    assert problems({"arr_delay": -7.5}, schema) == []
    assert problems({}, schema) == ["arr_delay is missing"]
