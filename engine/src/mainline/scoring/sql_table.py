"""Predictions as rows of a table, by SQL in one transaction.

A key that is there is replaced, so that running twice gives the same rows; a kill at any moment leaves those of before.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pyarrow as pa
import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.schema import CreateTable

from mainline.declared.destinations import Destination
from mainline.errors import MainlineError
from mainline.scoring.outgoing import Outgoing, SendError

_INSERTS: Mapping[str, Callable[[sql.Table], Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
"""Databases whose `insert` replaces a row with the same key by itself."""
_LIMITS = {
    "connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}  # fmt: skip
"""How long PostgreSQL's client waits for a server that is gone: seconds, and for what was sent milliseconds."""
STATEMENT, LOCKED = 600.0, 60.0
"""Seconds that PostgreSQL allows a statement, such as thousands of rows; and whoever holds a lock on the table."""
SILENCE = 630.0
"""Seconds until a server that does not even say that counts as silent."""
_SLOW, _LOCK = "57014", "55P03"
"""PostgreSQL's states of a statement that was ended, and of a lock that was not given in time."""
_DENIED = "42501"
"""PostgreSQL's state of a right that is missing."""
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
    engine = _engine(destination)
    try:
        with engine.connect() as connection:
            with _answering(connection):
                _limit(connection)
                table = _table(connection, destination, outgoing, columns)
            rows = _insert(connection, table, destination, outgoing, columns)
            with _answering(connection):
                connection.commit()
            return rows
    except _SilenceError as error:
        raise SendError(
            destination.place, f"the database gave no answer for {SILENCE:g} s",
            f"Does the server work at what {destination.url_from} says?",
        ) from error  # fmt: skip
    except DBAPIError as error:
        raise _refusal(destination, error) from error
    except SQLAlchemyError as error:  # also a value that is not of its column's type, found before it is sent
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise SendError(destination.place, reason, _REMEDY) from error
    finally:
        engine.dispose()


class _SilenceError(Exception):
    """A database did not answer."""


@contextmanager
def _answering(connection: sql.Connection) -> Iterator[None]:
    """Cut the connection if what is asked in the block is not answered in time: a client of PostgreSQL waits for ever.

    SQLite, which is a file, has its own limit.

    Raises:
        _SilenceError: when it was cut.
    """
    driver: Any = connection.connection.driver_connection
    if not hasattr(driver, "fileno"):
        yield
        return
    with socket.socket(fileno=os.dup(driver.fileno())) as line:
        cut = threading.Event()

        def end() -> None:
            cut.set()
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(SILENCE, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except SQLAlchemyError as error:
            if cut.is_set():
                raise _SilenceError from error
            raise
        finally:
            timer.cancel()
            timer.join()


def _limit(connection: sql.Connection) -> None:
    """Let PostgreSQL itself end what takes too long, so that nothing of it goes on there."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"set local lock_timeout = {int(LOCKED * 1000)}")
        connection.exec_driver_sql(f"set local statement_timeout = {int(STATEMENT * 1000)}")


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


def _engine(destination: Destination) -> sql.Engine:
    """Prepare to connect; the address is named by its variable alone, since it holds a password.

    Raises:
        MainlineError: when it is not an address, or of a database that has no such `insert`.
    """
    name = str(destination.url_from)
    try:
        address = sql.make_url(os.environ[name])
        kind = address.get_backend_name()
        if kind not in _INSERTS:
            raise MainlineError(
                f"{name} leads to {kind}; a table of PostgreSQL or SQLite takes predictions by their key. For another "
                "database declare a folder in a bucket, and load its files from there."
            )
        limits = {key: value for key, value in _LIMITS.items() if key not in address.query}
        engine = sql.create_engine(address, connect_args=limits if kind == "postgresql" else {"timeout": 60})
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise MainlineError(
            f"{name} is not an address that SQLAlchemy reads ({type(error).__name__}); write it such as "
            "postgresql+psycopg://NAME:PASSWORD@HOST/DATABASE."
        ) from None
    if kind == "sqlite":  # Python's driver would commit a new table by itself
        sql.event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        sql.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("begin immediate"))
    return engine


def _table(
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
            if _state(error) != _DENIED:
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


def _insert(
    connection: sql.Connection, table: sql.Table, destination: Destination, outgoing: Outgoing, columns: Sequence[str]
) -> int:
    statement = _INSERTS[connection.dialect.name](table)
    replaced = {name: statement.excluded[name] for name in columns if name not in destination.key}
    statement = statement.on_conflict_do_update(index_elements=destination.key, set_=replaced)
    rows = 0
    for part in outgoing.tables(columns):
        if len(part):
            with _answering(connection):
                connection.execute(statement, part.to_pylist())
        rows += len(part)
    return rows


def _refusal(destination: Destination, error: DBAPIError) -> SendError:
    """Say in a line what a database has refused, and what helps."""
    state = _state(error)
    if state == _DENIED or "readonly" in str(error.orig):
        remedy = f"Its user needs the rights to select, insert and update in {destination.table}."
    elif state == _LOCK:
        remedy = f"Another session holds {destination.table} for longer than {LOCKED:g} s; end it, or try again later."
    elif state == _SLOW:
        remedy = f"A statement may take {STATEMENT:g} s. Is the database overloaded, or does a trigger work so long?"
    elif state[:2] in ("22", "23", "42"):
        remedy = _REMEDY
    else:
        remedy = f"Does the server answer at what {destination.url_from} says?"
    return SendError(destination.place, str(error.orig).partition("\n")[0], remedy)


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""
