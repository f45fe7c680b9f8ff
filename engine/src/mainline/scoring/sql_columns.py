"""The table that takes predictions: made, or held to what will be written."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import sqlalchemy as sql
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from mainline.declared.destinations import Destination
from mainline.errors import MainlineError
from mainline.scoring import sql_connection
from mainline.scoring.outgoing import Outgoing, SendError


def prepared(
    connection: sql.Connection, destination: Destination, outgoing: Outgoing, columns: Sequence[str]
) -> sql.Table:
    """Return the table as it is, held to what will be written; or make it.

    Raises:
        MainlineError: when a column is missing, must be filled and is not, or the key is not unique.
    """
    schema, _, name = str(destination.table).rpartition(".")
    meta, found = sql.MetaData(schema=schema or None), sql.inspect(connection)
    if not found.has_table(name, schema=schema or None):
        made = sql.Table(name, meta, *_columns(outgoing.schema, columns, destination.key))
        try:
            made.create(connection)
        except DBAPIError as error:
            if sql_connection.state(error) != sql_connection.DENIED:
                raise
            ddl = " ".join(str(CreateTable(made).compile(connection)).split())
            raise SendError(
                destination.place, error.orig, f"It is not there, and may not be made. Have it made: {ddl};"
            ) from error
        return made
    there = {column["name"]: column for column in found.get_columns(name, schema=schema or None)}
    _check_columns(there, destination, columns)
    _check_types(there, destination, outgoing.schema, columns, connection.dialect.name)
    unique: list[Sequence[str | None]] = [found.get_pk_constraint(name, schema=schema or None)["constrained_columns"]]
    unique += [one["column_names"] for one in found.get_unique_constraints(name, schema=schema or None)]
    unique += [one["column_names"] for one in found.get_indexes(name, schema=schema or None) if one["unique"]]
    if not any(set(one) == set(destination.key) for one in unique):
        raise MainlineError(
            f"{destination.place} does not hold its key to be unique, so that a second run would add rows; nothing was "
            f"sent. Run: alter table {destination.table} add unique ({', '.join(destination.key)});"
        )
    return sql.Table(name, meta, *(sql.Column(column, there[column]["type"]) for column in columns))


def _check_columns(there: Mapping[str, ReflectedColumn], destination: Destination, columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in there]
    if missing:
        raise MainlineError(
            f"{destination.place} has no column '{missing[0]}'; it has {', '.join(there)}. Nothing was "
            "sent. Add the column, or list under `keep` of the destination what is to be sent."
        )
    for name, column in there.items():
        has_value = column["nullable"] or column["default"] is not None or "identity" in column
        if name not in columns and not has_value:
            raise MainlineError(
                f"{destination.place} wants a value of '{name}', which the predictions do not have; nothing was "
                "sent. Give it a default, or let it be null."
            )


def _check_types(
    there: Mapping[str, ReflectedColumn], destination: Destination, schema: pa.Schema, columns: Sequence[str], kind: str
) -> None:
    """Refuse what a database would change without a word: a number that it rounds, a time whose zone it drops.

    Raises:
        MainlineError: naming the column.
    """
    for name in columns:
        holds, comes = there[name]["type"], schema.field(name).type
        rounds = pa.types.is_floating(comes) and isinstance(holds, sql.Integer)
        shifts = (
            pa.types.is_timestamp(comes) and comes.tz is not None and kind == "postgresql"
            and isinstance(holds, sql.DateTime) and not holds.timezone
        )  # fmt: skip
        if rounds or shifts:
            change = "round it" if rounds else "drop its zone"
            raise MainlineError(
                f"{destination.place} holds '{name}' as {holds}, which would {change}; nothing was sent. Make the "
                f"column {'double precision' if rounds else 'timestamp with time zone'}."
            )


def _columns(schema: pa.Schema, columns: Sequence[str], key: Sequence[str]) -> list[sql.Column[Any]]:
    """Declare the columns of a new table; the prediction and its package are last, as in the file."""
    return [sql.Column(name, _type(schema.field(name).type), primary_key=name in key) for name in columns]


def _type(kind: pa.DataType) -> Any:
    is_a = pa.types
    if is_a.is_timestamp(kind):
        return sql.DateTime(timezone=kind.tz is not None)
    known: Mapping[Any, Any] = {
        is_a.is_boolean: sql.Boolean, is_a.is_integer: sql.BigInteger, is_a.is_floating: sql.Double,
        is_a.is_date: sql.Date, is_a.is_decimal: sql.Numeric, is_a.is_binary: sql.LargeBinary,
        is_a.is_large_binary: sql.LargeBinary,
    }  # fmt: skip
    return next((column() for is_one, column in known.items() if is_one(kind)), sql.Text())
