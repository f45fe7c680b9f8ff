"""A model's contract as a schema of GraphQL: rows go in as REST takes them, and what REST answers comes out."""

from collections.abc import Mapping
from typing import Any

import orjson
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLFieldResolver,
    GraphQLFloat,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
)
from graphql.language import FloatValueNode, IntValueNode, ValueNode

from mainline.contract import Field
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import shown
from mainline.serving.answering.unusual_rows import REASONS


def of(model: Model, predict: GraphQLFieldResolver) -> GraphQLSchema:
    """Return the schema of a model; `predict` answers its one query."""
    fields = {field.name: _input(field) for field in model.reader.fields}
    row = GraphQLInputObjectType("Row", fields, description="One request; a time is text, as ISO 8601 writes it.")
    rows = GraphQLArgument(_needed(_list(row)), description="Send them as a variable.")
    query = GraphQLField(_prediction(model), {"rows": rows}, predict, description=model.response.description)
    return GraphQLSchema(GraphQLObjectType("Query", {"predict": query}))


def _input(field: Field) -> GraphQLInputField:
    scalar = _SCALARS[field.kind]
    described = field.description + (f" ({field.unit})" if field.unit else "")
    return GraphQLInputField(scalar if field.optional else _needed(scalar), description=described)


def _prediction(model: Model) -> GraphQLObjectType:
    features = {"rows": _list(GraphQLInt), **dict.fromkeys(("looked_up", "missing", "stale"), _list(GraphQLString))}
    members = {
        **dict.fromkeys(("model", "version", "request_id"), GraphQLString),
        "predictions": _list(_object("Answer", _members(model))),
        "features": _list(_object("Features", features, "What was known of which rows.")),
    }
    if model.unusual:
        reason = GraphQLEnumType("Reason", {str(each): each for each in REASONS})
        marks = {"rows": _list(GraphQLInt), "feature": GraphQLString, "reason": reason}
        members["unusual"] = _list(_object("Unusual", marks, "Rows outside of what the model has seen, and why."))
    return _object("Prediction", members)


def _members(model: Model) -> Mapping[str, Any]:
    if not model.classes:
        return dict.fromkeys(model.predictor.response.columns, GraphQLFloat)
    whole = all(isinstance(name, int) for name in model.classes)
    return {"class": INTEGER if whole else GraphQLString, "probabilities": PROBABILITIES}


def _object(name: str, members: Mapping[str, Any], description: str = "") -> GraphQLObjectType:
    fields = {member: GraphQLField(_needed(kind)) for member, kind in members.items()}
    return GraphQLObjectType(name, fields, description=description or None)


def _list(kind: Any) -> GraphQLList[Any]:
    return GraphQLList(_needed(kind))


def _needed(kind: Any) -> GraphQLNonNull[Any]:
    return GraphQLNonNull(kind)


def _integer(value: Any) -> int | float:
    """Take an integer as JSON has it; how large it may be, the model says.

    Raises:
        GraphQLError: when it is not one.
    """
    if type(value) is int or (type(value) is float and value.is_integer()):
        return value
    raise GraphQLError(f"Integer cannot represent {shown(value)}")


def _integer_literal(node: ValueNode, _variables: Any = None) -> int | float:
    if isinstance(node, IntValueNode | FloatValueNode):
        return _integer(orjson.loads(node.value))  # numbers of both languages are written alike
    raise GraphQLError("Integer cannot represent what is no number", node)


INTEGER = GraphQLScalarType(
    "Integer", description="A whole number of up to 64 bits. JavaScript reads those beyond 2^53 inexactly.",
    coerce_output_value=lambda value: value, coerce_input_value=_integer, coerce_input_literal=_integer_literal,
)  # fmt: skip
PROBABILITIES = GraphQLScalarType(
    "Probabilities", description="An object with the probability of each class by its name; they sum to 1.",
    coerce_output_value=lambda value: value,
)  # fmt: skip
_SCALARS: Mapping[str, GraphQLScalarType] = {
    "number": GraphQLFloat, "integer": INTEGER, "string": GraphQLString, "time": GraphQLString,
}  # fmt: skip
