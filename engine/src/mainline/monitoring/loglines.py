"""One file of the prediction log as columns: DuckDB reads lines of the service, and writes Parquet.

A line is kept if it has a time, a version, and in every column as many values as predictions, and if each row has the
fields that a request must have. What a client sent is text and numbers in these columns, never SQL or a path.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import orjson

from mainline.contract import Array
from mainline.limits import sketches
from mainline.limits.sketches import PREDICTION, Numbers, Sketch, Texts
from mainline.monitoring import log_query
from mainline.monitoring.packages import Packaged

MEMORY = "200MB"
"""What DuckDB may hold; what is more goes to a file beside the store."""
_DEPTH = 6
_PIECE = 2**22
_LONGEST = 2**24 - 2**10
"""Bytes of a line that DuckDB reads."""
_PLAIN = (str, int, float, type(None))


@dataclass(frozen=True)
class Day:
    """The rows of one day (UTC) that one package answered; `hours` counts them by the hour."""

    day: str
    version: str
    digest: str
    hours: list[int]
    sketch: Sketch


class Reader:
    """A connection to DuckDB that holds the rows of one file and one package at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def count_lines(self, file: Path) -> dict[str, int]:
        """Return the lines of a file by the digest that they name; those that are not a JSON object name ''."""
        source = log_query.source(file, {"digest": "VARCHAR"})
        found = self._connection.execute(f"select coalesce(digest, ''), count(*) from {source} group by 1")  # noqa: S608
        return dict(found.fetchall())

    def hold(self, file: Path, package: Packaged) -> int:
        """Take the rows of a file that a package answered in the place of those held before; return their lines.

        DuckDB reads 2,048 lines at once. Lines of many rows each are too much for that, and are taken piece by piece.

        Raises:
            MainlineError: when DuckDB cannot tell the names of the package apart.
        """
        try:
            self._hold(file, package, "create or replace temp table held as")
        except duckdb.OutOfMemoryException:
            for number, piece in enumerate(_pieces(file)):
                self._hold(piece, package, "insert into held" if number else "create or replace temp table held as")
        return self._number('select count(*) from held where "row" = 0')

    def _hold(self, file: Path, package: Packaged, into: str) -> None:
        query, parameters = log_query.rows(file, package)
        self._connection.execute(f"{into} {query}", parameters)

    def days(self, package: Packaged) -> Iterator[Day]:
        """Describe the rows that are held by day."""
        found = self._connection.execute("select day, any_value(version) from held group by 1 order by 1")
        for day, version in found.fetchall():
            yield Day(day, version, package.digest, self._hours(day), self._sketch(day, package))

    def write(self, day: str, target: Path) -> None:
        """Write the rows of a day that are held, aside and then in its place."""
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        self._connection.execute(
            f"copy (select * exclude (day, version) from held where day = $day) to '{log_query.text(partial)}' "  # noqa: S608
            "(format parquet, compression zstd)",
            {"day": day},
        )
        os.replace(partial, target)

    def _sketch(self, day: str, package: Packaged) -> Sketch:
        features = {name: f"feature.{name}" for name in package.bins.numbers}
        columns = ["row", *features.values(), *([] if package.classes else [PREDICTION])]
        found = self._connection.execute(
            f"select {', '.join(map(log_query.quoted, columns))} from held where day = $day",  # noqa: S608
            {"day": day},
        ).fetchnumpy()
        numbers = {
            name: sketches.count_numbers(_filled(found[column]), package.bins.numbers[name])
            for name, column in features.items()
        }
        predicted: Numbers | Texts = (
            self._texts(day, PREDICTION) if package.classes
            else sketches.count_numbers(_filled(found[PREDICTION]), package.bins.predicted)
        )  # fmt: skip
        return Sketch(
            digest=package.digest,
            rows=len(found["row"]),
            requests=self._number('select count(*) from held where day = $day and "row" = 0', day),
            numbers=numbers,
            texts={name: self._texts(day, f"feature.{name}") for name in package.bins.texts},
            predicted=predicted,
        )

    def _hours(self, day: str) -> list[int]:
        """Return the rows of a day that are held by the hour."""
        found = self._connection.execute(
            "select hour(time), count(*) from held where day = $day group by 1", {"day": day}
        )
        counted = dict(found.fetchall())
        return [counted.get(hour, 0) for hour in range(24)]

    def _texts(self, day: str, column: str) -> Texts:
        found = self._connection.execute(
            f"select coalesce({log_query.quoted(column)}, ''), count(*) from held where day = $day group by 1",  # noqa: S608
            {"day": day},
        )
        counted = dict(found.fetchall())
        return sketches.count_texts(counted, counted.pop("", 0))

    def _number(self, query: str, day: str | None = None) -> int:
        found = self._connection.execute(query, {"day": day} if day else None).fetchone()
        assert found is not None
        return int(found[0])


@contextmanager
def open_reader(scratch: Path) -> Iterator[Reader]:
    """Yield a reader that spills to a folder; on one thread, so that rows keep their order."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "memory_limit": MEMORY,
        "temp_directory": str(scratch),
    }
    with duckdb.connect(config=settings) as connection:
        yield Reader(connection)


def _pieces(file: Path) -> Iterator[Path]:
    """Yield a file's lines in files of about `_PIECE` bytes, one at a time."""
    piece = file.with_suffix(".piece")
    with file.open("rb") as lines:
        try:
            while found := lines.readlines(_PIECE):
                piece.write_bytes(b"".join(found))
                yield piece
        finally:
            piece.unlink(missing_ok=True)


def drop_deep(file: Path) -> None:
    """Remove lines for which DuckDB refuses the whole file: deeper, or longer, than any that the service writes."""
    shallow = file.with_suffix(".shallow")
    with file.open("rb") as lines, shallow.open("wb") as kept:
        kept.writelines(line for line in lines if len(line) <= _LONGEST and _is_shallow(line))
    os.replace(shallow, file)


def _is_shallow(line: bytes) -> bool:
    """Say whether a line is JSON whose values lie at most `_DEPTH` deep."""
    try:
        level = [orjson.loads(line)]
    except orjson.JSONDecodeError:
        return False
    for _ in range(_DEPTH):
        inner = [value.values() if isinstance(value, dict) else value for value in level]
        level = [value for values in inner if not isinstance(values, _PLAIN) for value in values]
    return not level


def _filled(values: object) -> Array:
    """Return numbers with NaN where there is none."""
    return np.ma.filled(np.ma.asarray(values, np.float64), np.nan)
