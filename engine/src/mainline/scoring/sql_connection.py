"""A database that is asked for as long as its answer may take, and no longer."""

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from mainline.errors import MainlineError

INSERTS: Mapping[str, Callable[[sql.Table], Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
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
SLOW, LOCK = "57014", "55P03"
"""PostgreSQL's states of a statement that was ended, and of a lock that was not given in time."""
DENIED = "42501"
"""PostgreSQL's state of a right that is missing."""


def connect(name: str) -> sql.Engine:
    """Prepare to connect; `name` is the variable with the address, which is not told, since it holds a password.

    Raises:
        MainlineError: when it is not an address, or of a database that has no such `insert`.
    """
    try:
        address = sql.make_url(os.environ[name])
        kind = address.get_backend_name()
        if kind not in INSERTS:
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


class SilenceError(Exception):
    """A database did not answer."""


@contextmanager
def answering(connection: sql.Connection) -> Iterator[None]:
    """Cut the connection if what is asked in the block is not answered in time: a client of PostgreSQL waits for ever.

    SQLite, which is a file, has its own limit.

    Raises:
        SilenceError: when it was cut.
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
                raise SilenceError from error
            raise
        finally:
            timer.cancel()
            timer.join()


def limit(connection: sql.Connection) -> None:
    """Let PostgreSQL itself end what takes too long, so that nothing of it goes on there."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"set local lock_timeout = {int(LOCKED * 1000)}")
        connection.exec_driver_sql(f"set local statement_timeout = {int(STATEMENT * 1000)}")


def state(error: DBAPIError) -> str:
    """Return PostgreSQL's five signs for what went wrong, or none."""
    return getattr(error.orig, "sqlstate", None) or ""
