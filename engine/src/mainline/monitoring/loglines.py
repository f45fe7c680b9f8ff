"""One file of the prediction log as columns: DuckDB reads lines of the service, and writes Parquet.

A line is kept if it has a time, a version, and in every column as many values as predictions, and if each row has the
fields that a request must have. What a client sent is text and numbers in these columns, never SQL or a path.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import orjson

from mainline.contract import Array, Field, Kind
from mainline.errors import MainlineError
from mainline.limits import sketches
from mainline.limits.sketches import PREDICTION, Numbers, Sketch, Texts
from mainline.monitoring.packages import Packaged

MEMORY = "200MB"
"""What DuckDB may hold; what is more goes to a file beside the store."""
_TYPES: dict[Kind, str] = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "time": "VARCHAR"}
_SINGLE = {"inputs": "input", "features": "feature", "probabilities": "probability"}
_DEPTH = 6
_PIECE = 2**22
_LONGEST = 2**24 - 2**10
"""Bytes of a line that DuckDB reads."""
_PLAIN = (str, int, float, type(None))
_TIME = "%Y-%m-%dT%H:%M:%S.%g+00:00"
_VERSION = r"[A-Za-z0-9][A-Za-z0-9._+/-]{0,99}"
_ALWAYS = {
    "time": "VARCHAR",
    "request_id": "VARCHAR",
    "key": "VARCHAR",
    "version": "VARCHAR",
    "digest": "VARCHAR",
    "seconds": "DOUBLE",
    "stale": "VARCHAR[][]",
    "experiment": "VARCHAR",
    "client": "VARCHAR",
}


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
        source = _source(file, {"digest": "VARCHAR"})
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
        _check_names(_inputs(package))
        _check_names(_features(package))
        _check_names(package.classes)
        structs = {"inputs": _inputs(package), "features": _features(package), **_probabilities(package)}
        columns = {**_ALWAYS, PREDICTION: f"{_predicted(package)}[]"}
        columns |= {struct: _struct(names) for struct, names in structs.items()}
        lists = [f"len({_path(struct, name)})" for struct, names in structs.items() for name in names] + ["len(stale)"]
        # One expression for all columns: a condition each takes ten times as long.
        even = (
            f"{' + '.join(lists)} = {len(lists)} * len(prediction) and greatest({', '.join(lists)}) = len(prediction)"
        )
        values = [
            f"unnest({_path(struct, name)}) as {_named(_SINGLE[struct], name)}"
            for struct, names in structs.items() for name in names
        ]  # fmt: skip
        present = [f"{_named('input', field.name)} is not null" for field in package.request if not field.optional]
        lines = f"""
            select try_strptime(time, '{_TIME}') as moment, * from {_source(file, columns)}
            where digest = $digest and regexp_full_match(version, $version) and len(prediction) > 0
        """  # noqa: S608
        rows = f"""
            select moment as time, strftime(moment, '%Y-%m-%d') as day, request_id, key, version, experiment, client,
                seconds, (generate_subscripts(prediction, 1) - 1)::integer as "row", {", ".join(values)},
                unnest(prediction) as prediction, unnest(stale) as stale
            from ({lines}) where moment between '2000-01-01' and '2200-01-01' and {even}
        """  # noqa: S608
        self._connection.execute(
            f"{into} select * from ({rows}) where {' and '.join(present) or 'true'}",  # noqa: S608
            {"digest": package.digest, "version": _VERSION},
        )

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
            f"copy (select * exclude (day, version) from held where day = $day) to '{_text(partial)}' "  # noqa: S608
            "(format parquet, compression zstd)",
            {"day": day},
        )
        os.replace(partial, target)

    def _sketch(self, day: str, package: Packaged) -> Sketch:
        features = {name: f"feature.{name}" for name in package.bins.numbers}
        columns = ["row", *features.values(), *([] if package.classes else [PREDICTION])]
        found = self._connection.execute(
            f"select {', '.join(map(_quoted, columns))} from held where day = $day",  # noqa: S608
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
            f"select coalesce({_quoted(column)}, ''), count(*) from held where day = $day group by 1",  # noqa: S608
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


def _check_names(names: Iterable[str]) -> None:
    """Refuse names that differ in their case alone, which SQL takes for one."""
    found: dict[str, str] = {}
    for name in names:
        other = found.setdefault(name.casefold(), name)
        if other != name:
            raise MainlineError(
                f"'{other}' and '{name}' differ in their case alone, and the roll-up cannot tell them apart. Rename "
                "one in src/usecase/, and release the model."
            )


def _inputs(package: Packaged) -> dict[str, str]:
    return {field.name: _type(field) for field in package.request}


def _features(package: Packaged) -> dict[str, str]:
    return dict.fromkeys(package.numbers, "DOUBLE") | dict.fromkeys(package.texts, "VARCHAR")


def _predicted(package: Packaged) -> str:
    return "VARCHAR" if package.classes else "DOUBLE"


def _probabilities(package: Packaged) -> dict[str, dict[str, str]]:
    """Name the lists of probabilities that a line of several classes has."""
    return {"probabilities": dict.fromkeys(package.classes, "DOUBLE")} if package.classes else {}


def _type(field: Field) -> str:
    return _TYPES[field.kind]


def _struct(columns: dict[str, str]) -> str:
    return f"STRUCT({', '.join(f'{_quoted(name)} {kind}[]' for name, kind in columns.items())})"


def _source(file: Path, columns: dict[str, str]) -> str:
    """Write the call that reads lines: one that is not JSON is a row of nulls, a value of another type is null."""
    listed = ", ".join(f"{_literal(name)}: {_literal(kind)}" for name, kind in columns.items())
    return (
        f"read_json('{_text(file)}', format = 'newline_delimited', columns = {{{listed}}}, ignore_errors = true, "
        "compression = 'none')"
    )


def _path(struct: str, name: str) -> str:
    return f"{struct}.{_quoted(name)}"


def _named(kind: str, name: str) -> str:
    """Name a column of the table, as `input.origin`."""
    return _quoted(f"{kind}.{name}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(path: Path) -> str:
    return str(path).replace("'", "''")


def _filled(values: object) -> Array:
    """Return numbers with NaN where there is none."""
    return np.ma.filled(np.ma.asarray(values, np.float64), np.nan)
