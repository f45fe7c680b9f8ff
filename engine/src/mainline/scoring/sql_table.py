"""Predictions as rows of a table, by SQL in one transaction.

A key that is there is replaced, so that running twice gives the same rows; a kill at any moment leaves those of before.
"""

from collections.abc import Sequence

import pyarrow as pa
import sqlalchemy as sql
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mainline.declared.destinations import Destination
from mainline.errors import MainlineError
from mainline.scoring import sql_columns, sql_connection
from mainline.scoring.outgoing import Outgoing, SendError

_REMEDY = "Do the table's types and rules fit the predictions?"


def send(destination: Destination, outgoing: Outgoing, columns: Sequence[str]) -> int:
    """Write the rows of a file; a table that is not there is made, with the key as its primary key.

    Returns:
        How many rows it has now of this file.

    Raises:
        MainlineError: when the table cannot hold them, or a row has no key, or the key of another one.
        SendError: when the database refuses or is lost.
    """
    _check_keys(destination, outgoing)
    engine = sql_connection.connect(str(destination.url_from))
    try:
        with engine.connect() as connection:
            with sql_connection.answering(connection):
                sql_connection.limit(connection)
                table = sql_columns.prepared(connection, destination, outgoing, columns)
            rows = _insert(connection, table, destination, outgoing, columns)
            with sql_connection.answering(connection):
                connection.commit()
            return rows
    except sql_connection.SilenceError as error:
        raise SendError(
            destination.place, f"the database gave no answer for {sql_connection.SILENCE:g} s",
            f"Does the server work at what {destination.url_from} says?",
        ) from error  # fmt: skip
    except DBAPIError as error:
        raise _refusal(destination, error) from error
    except SQLAlchemyError as error:  # also a value that is not of its column's type, found before it is sent
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise SendError(destination.place, reason, _REMEDY) from error
    finally:
        engine.dispose()


def _check_keys(destination: Destination, outgoing: Outgoing) -> None:
    """Refuse rows that would replace each other, or that no key finds again.

    Raises:
        MainlineError: naming the key of one of them.
    """
    keys = pa.concat_tables(list(outgoing.tables(destination.key)) or [outgoing.schema.empty_table()])
    named = ", ".join(destination.key)
    for name in destination.key:
        if keys[name].null_count:
            raise MainlineError(
                f"{keys[name].null_count:,} rows of {outgoing.name} have no {name}, a part of the key of "
                f"{destination.place}; nothing was sent. Give each row its key ({named})."
            )
    groups = keys.group_by(destination.key).aggregate([([], "count_all")])
    twice = groups.filter(pa.compute.greater(groups["count_all"], 1))
    if len(twice):
        first = ", ".join(str(twice[name][0].as_py()) for name in destination.key)
        raise MainlineError(
            f"{outgoing.name} has {twice['count_all'][0].as_py()} rows of the key {first} ({named}), and "
            f"{destination.place} would keep one of them; nothing was sent. Remove rows, or declare a key that tells "
            "them apart."
        )


def _insert(
    connection: sql.Connection, table: sql.Table, destination: Destination, outgoing: Outgoing, columns: Sequence[str]
) -> int:
    statement = sql_connection.INSERTS[connection.dialect.name](table)
    replaced = {name: statement.excluded[name] for name in columns if name not in destination.key}
    statement = statement.on_conflict_do_update(index_elements=destination.key, set_=replaced)
    rows = 0
    for part in outgoing.tables(columns):
        if len(part):
            with sql_connection.answering(connection):
                connection.execute(statement, part.to_pylist())
        rows += len(part)
    return rows


def _refusal(destination: Destination, error: DBAPIError) -> SendError:
    """Say in a line what a database has refused, and what helps."""
    state = sql_connection.state(error)
    if state == sql_connection.DENIED or "readonly" in str(error.orig):
        remedy = f"Its user needs the rights to select, insert and update in {destination.table}."
    elif state == sql_connection.LOCK:
        held = f"Another session holds {destination.table} for longer than {sql_connection.LOCKED:g} s"
        remedy = f"{held}; end it, or try again later."
    elif state == sql_connection.SLOW:
        allowed = f"A statement may take {sql_connection.STATEMENT:g} s"
        remedy = f"{allowed}. Is the database overloaded, or does a trigger work so long?"
    elif state[:2] in ("22", "23", "42"):
        remedy = _REMEDY
    else:
        remedy = f"Does the server answer at what {destination.url_from} says?"
    return SendError(destination.place, str(error.orig).partition("\n")[0], remedy)
