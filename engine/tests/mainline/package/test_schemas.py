"""JSON Schemas of request and response."""

import json
import re
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mainline.contract import Field
from mainline.data.columns import from_rows
from mainline.errors import RequestError
from mainline.package.responses import Response
from mainline.package.schemas import of_request, of_response
from usecase import interface

Schema = dict[str, Any]
PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "null": (type(None),)
}  # fmt: skip
FIELDS = (
    Field("at", "time", "When", "2013-09-01T10:00:00Z"),
    Field("size", "number", "How large", 1.5, "miles", minimum=0, maximum=10),
    Field("count", "integer", "How many", 7),
    Field("tail", "string", "Which", "N1", pattern="^N", optional=True),
)
GOOD = {"at": "2013-09-01T10:00:00Z", "size": 1.5, "count": 7, "tail": "N1"}
KEYWORDS = {"type", "description", "examples", "format", "unit", "minimum", "maximum", "pattern"}


def problems(row: dict[str, Any], schema: Schema) -> list[str]:
    """Validate an object by the keywords that our schemas use; return what is wrong."""
    assert (schema["type"], schema["additionalProperties"]) == ("object", False)
    missing = [f"{name} is missing" for name in schema["required"] if name not in row]
    unknown = [f"{name} is unknown" for name in row if name not in schema["properties"]]
    known = {name: value for name, value in row.items() if name in schema["properties"]}
    return missing + unknown + [f"{n} is {v!r}" for n, v in known.items() if not fits(v, schema["properties"][n])]


def types(schema: Schema) -> list[str]:
    """List the types that a value may have."""
    return [schema["type"]] if isinstance(schema["type"], str) else schema["type"]


def fits(value: Any, schema: Schema) -> bool:
    """Say whether one value keeps its schema."""
    if not isinstance(value, tuple(kind for name in types(schema) for kind in PYTHON[name])) or isinstance(value, bool):
        return False
    if value is None:
        return True
    if isinstance(value, str):
        dated = schema.get("format") != "date-time" or datetime.fromisoformat(value).tzinfo is not None
        return dated and re.search(schema.get("pattern", ""), value) is not None
    return schema.get("minimum", value) <= value <= schema.get("maximum", value)


def test_fields_are_described_as_declared() -> None:
    """Bounds, patterns and units are there where declared, an optional field may be null, a time is a date-time."""
    assert of_request("a-model", FIELDS) == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a-model request",
        "type": "object",
        "properties": {
            "at": {
                "type": "string", "description": "When", "examples": ["2013-09-01T10:00:00Z"], "format": "date-time",
            },
            "size": {
                "type": "number", "description": "How large", "examples": [1.5], "unit": "miles",
                "minimum": 0, "maximum": 10,
            },
            "count": {"type": "integer", "description": "How many", "examples": [7]},
            "tail": {"type": ["string", "null"], "description": "Which", "examples": ["N1"], "pattern": "^N"},
        },
        "required": ["at", "size", "count"],
        "additionalProperties": False,
    }  # fmt: skip


def test_optional_integer_says_how_far_it_goes() -> None:
    """What may be absent is kept as float64, so the schema allows no integer that float64 does not hold exactly."""
    fields = (Field("rooms", "integer", "How many", 4, optional=True), Field("floor", "integer", "n", 1, minimum=0))
    described = of_request("a-model", fields)["properties"]
    assert described["rooms"] == {
        "type": ["integer", "null"], "description": "How many", "examples": [4],
        "minimum": -(2**53), "maximum": 2**53,
    }  # fmt: skip
    assert "maximum" not in described["floor"]


def test_response_is_one_required_field() -> None:
    """The response's schema is that of its one field, required, with nothing beside it."""
    schema = of_response("a-model", Response({"response": asdict(FIELDS[1]), "task": "regression"}))
    assert schema == of_request("a-model", FIELDS[1:2]) | {"title": "a-model response"}
    assert [problems(row, schema) for row in ({"size": 0}, {}, {"size": 11})] == [
        [], ["size is missing"], ["size is 11"],
    ]  # fmt: skip


def test_response_with_an_interval_says_its_level_in_full() -> None:
    """Both ends are required, and 99.5 % is not said to be all cases."""
    interval = {"level": 0.995, "ends": [-1.0, 2.0]}
    schema = of_response("m", Response({"response": asdict(FIELDS[1]), "task": "regression", "interval": interval}))
    assert schema["required"] == ["size", "size_low", "size_high"]
    said = schema["properties"]["size_high"]["description"]
    assert said == "Upper end of the interval that is to hold 99.5% of all cases"


def test_response_of_classes_has_all_their_probabilities() -> None:
    """A class is one of those declared, as text or as a number, and each has a probability."""
    field = Field("kind", "integer", "Which", 2)
    schema = of_response("a-model", Response({"response": asdict(field), "task": "multiclass", "classes": [1, 2, 5]}))
    valid = jsonschema.Draft202012Validator(schema).is_valid
    good: dict[str, Any] = {"class": 5, "probabilities": {"1": 0, "2": 0.25, "5": 0.75}}
    assert valid(good)
    assert not valid(good | {"class": 3})
    assert not valid(good | {"class": "5"})
    assert not valid(good | {"probabilities": {"1": 0.5, "2": 0.5}})
    assert not valid(good | {"probabilities": {**good["probabilities"], "3": 0}})
    assert not valid(good | {"probabilities": {**good["probabilities"], "5": 1.5}})
    for described in schema["properties"].values():
        assert described["description"]
        assert jsonschema.Draft202012Validator(described).is_valid(described["examples"][0])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"gate": 1}, "gate is unknown"),
        ({"tail": "UA"}, "tail is 'UA'"),
        ({"size": 10.5}, "size is 10.5"),
        ({"size": -1}, "size is -1"),
        ({"size": None}, "size is None"),
        ({"count": 1.5}, "count is 1.5"),
        ({"count": True}, "count is True"),
        ({"at": "2013-09-01T10:00:00"}, "at is '2013-09-01T10:00:00'"),
    ],
)
def test_request_outside_the_declaration_does_not_fit(change: dict[str, Any], problem: str) -> None:
    """The schema turns down what the fields don't declare."""
    schema = of_request("a-model", FIELDS)
    assert problems(GOOD, schema) == problems(GOOD | {"tail": None}, schema) == []
    assert problems(GOOD | change, schema) == [problem]


@pytest.mark.parametrize("change", [{"gate": 1}, {"tail": "UA"}, {"size": 10.5}, {"size": None}, {"count": 1.5}])
def test_predictor_refuses_what_the_schema_does(change: dict[str, Any]) -> None:
    """A client that validates by the schema and one that sends as it likes are told the same."""
    assert len(from_rows([GOOD, GOOD | {"tail": None}], FIELDS)["size"]) == 2
    with pytest.raises(RequestError, match=f"^row 0: {next(iter(change))}: is "):
        from_rows([GOOD | change], FIELDS)


@pytest.mark.parametrize(("value", "fits"), [(7, True), (7.0, True), (7.5, False), (True, False), ("7", False)])
def test_integer_is_what_json_schema_calls_one(value: Any, fits: bool) -> None:
    """A number without a fraction is an integer to a validator of JSON Schema and to the predictor, however written."""
    row = GOOD | {"count": value}
    assert jsonschema.Draft202012Validator(of_request("a-model", FIELDS)).is_valid(row) == fits
    if fits:
        assert from_rows([row], FIELDS)["count"].tolist() == [7]
    else:
        with pytest.raises(RequestError, match=r"count: is .*; send an integer"):
            from_rows([row], FIELDS)


def test_shipped_schema_uses_json_schema_s_own_words() -> None:
    """Each property of the request that ships has keywords and types of the dialect, a unit, and a valid pattern."""
    schema = of_request(interface.NAME, interface.REQUEST)
    for described in schema["properties"].values():
        assert set(described) <= KEYWORDS
        assert set(types(described)) <= set(PYTHON)
        re.compile(described.get("pattern", ""))
    assert json.loads(json.dumps(schema, allow_nan=False)) == schema


def test_shipped_examples_fit() -> None:
    """The declared examples together are a valid request, which the predictor's own reading takes too."""
    example = {field.name: field.example for field in interface.REQUEST}
    assert problems(example, of_request(interface.NAME, interface.REQUEST)) == []
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
