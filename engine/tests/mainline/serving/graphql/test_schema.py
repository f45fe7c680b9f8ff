"""A contract as a schema of GraphQL: kinds that no package of the other tests has."""

from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLSchema, execute_sync, parse, print_schema

from mainline.contract import Field
from mainline.serving.graphql import schema

LARGE = 2**63 - 1


def made(fields: list[Field], answer: Any = None, classes: tuple[Any, ...] = ()) -> GraphQLSchema:
    """Return the schema of a model with these fields, whose answer has the rows that it got as its `model`."""
    model: Any = SimpleNamespace(
        reader=SimpleNamespace(fields=fields), response=Field("y", "number", "What comes", 1.0), classes=classes,
        unusual=None, predictor=SimpleNamespace(response=SimpleNamespace(columns={"y": "number"})),
    )  # fmt: skip
    return schema.of(model, lambda _root, _info, rows: {"model": repr(rows), "predictions": [answer]})


WHOLE = made([Field("n", "integer", "How many", 1)])


@pytest.mark.parametrize("value", [0, -1, 2**31, 2**53 + 1, LARGE, -LARGE - 1, 4.0])
def test_integers_are_exact(value: Any) -> None:
    """64 bits pass as they are, as a variable and in the document."""
    by_variable = execute_sync(
        WHOLE, parse("query ($n: Integer!) { predict(rows: [{n: $n}]) { model } }"), variable_values={"n": value}
    )
    by_literal = execute_sync(WHOLE, parse(f"{{ predict(rows: [{{n: {value}}}]) {{ model }} }}"))
    assert by_variable.data == by_literal.data == {"predict": {"model": repr([{"n": value}])}}


@pytest.mark.parametrize("value", [1.5, True, "4", [], {}, None, float("inf"), float("nan")])
def test_what_is_no_integer_is_refused(value: Any) -> None:
    """Neither text nor a truth value is made into a number."""
    document = parse("query ($n: Integer!) { predict(rows: [{n: $n}]) { model } }")
    assert execute_sync(WHOLE, document, variable_values={"n": value}).data is None


@pytest.mark.parametrize("text", ["1.5", "true", '"4"', "[]", "{}", "null", "1e999", "x"])
def test_literal_that_is_no_integer_is_refused(text: str) -> None:
    """The same in a document."""
    result = execute_sync(WHOLE, parse(f"{{ predict(rows: [{{n: {text}}}]) {{ model }} }}"))
    assert result.errors
    assert not (result.data or {}).get("predict")


@pytest.mark.parametrize(("classes", "kind"), [(("a b", "c"), "String"), ((7, 11), "Integer")])
def test_classes_are_rest_s_members(classes: tuple[Any, ...], kind: str) -> None:
    """A class, which is text or a number, and an object with the probability of each by any name."""
    answer = {"class": classes[0], "probabilities": {str(name): 0.1 + 0.2 for name in classes}}
    told = made([Field("n", "integer", "How many", 1)], answer, classes)
    assert f"class: {kind}!" in print_schema(told)
    result = execute_sync(told, parse("{ predict(rows: []) { predictions { class probabilities } } }"))
    assert result.data == {"predict": {"predictions": [answer]}}


def test_fields_say_what_they_are() -> None:
    """What may be absent may be null, a time is text, and the description and unit of a field travel."""
    fields = [
        Field("at", "time", "When", "2024-06-01T07:00:00Z"),
        Field("far", "number", "How far", 1.0, "miles", optional=True),
    ]
    told = print_schema(made(fields))
    assert "at: String!" in told
    assert '"""How far (miles)"""\n  far: Float\n' in told
