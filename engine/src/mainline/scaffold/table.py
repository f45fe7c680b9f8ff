"""A table as it is delivered: from text, Parquet or SQLite to columns, each with its kind."""

import argparse
import contextlib
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from mainline.errors import nearest
from mainline.scaffold import dialect
from mainline.scaffold.column import Column, of_arrow, of_text
from mainline.scaffold.dialect import Dialect, TableError
from mainline.text import count

TEXT, PARQUET = (".csv", ".tsv", ".txt"), (".parquet",)
FEWEST = 20
"""Rows of a table from which anything can be learned."""


@dataclass(frozen=True)
class Options:
    """What a person says about the way the files are written; '' where it is to be told."""

    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    date_format: str = ""
    missing: tuple[tuple[str, str], ...] = ()
    """Columns, each with a text that stands for a missing value in it."""

    @classmethod
    def given(cls, arguments: argparse.Namespace) -> "Options":
        """Take the options of a command; see `options.add_table`."""
        missing = tuple((column, text) for column, text in arguments.missing)
        return cls(arguments.encoding, arguments.delimiter, arguments.decimal, arguments.date_format, missing)

    def missing_in(self, name: str) -> tuple[str, ...]:
        """Return what a person says stands for a missing value in a column."""
        return tuple(text for column, text in self.missing if column == name)


@dataclass(frozen=True)
class Table:
    """The rows of all files, by column; `dialect` is None for Parquet."""

    files: tuple[Path, ...]
    dialect: Dialect | None
    columns: dict[str, Column]
    rows_by_file: tuple[int, ...]
    duplicates: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    """Columns of a type that no request can hold, with the reason."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values())).values)


def listed(given: Sequence[Path]) -> list[Path]:
    """Return files, and in place of each folder the tables in it, by name.

    Raises:
        TableError: when a folder has none.
    """
    files: list[Path] = []
    for path in given:
        if not path.is_dir():
            files.append(path)
            continue
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() in TEXT + PARQUET)
        if not inside:
            below = [file.suffix for file in path.glob("*/*") if file.suffix.lower() in TEXT + PARQUET]
            named = (
                f"name those in its folders: {path / '*' / '*'}{below[0]}"
                if below
                else "name a folder or a file of them"
            )
            raise TableError(f"{path} holds no file of {', '.join(TEXT + PARQUET)}; {named}.")
        files += inside
    return files


def read(files: Sequence[Path], options: Options) -> Table:
    """Read files of the same columns as one table.

    Raises:
        TableError: when a file cannot be read, the files differ, or there are too few rows.
    """
    kinds = {file.suffix.lower() for file in files}
    for file in files:
        if not file.is_file():
            raise TableError(f"there is no file {file}.")
        if file.suffix.lower() not in TEXT + PARQUET:
            raise TableError(f"{file} is none of {', '.join(TEXT + PARQUET)}; save the table as CSV or Parquet.")
    if kinds & set(TEXT) and kinds & set(PARQUET):
        raise TableError("some files are text and some are Parquet; name files of one kind.")
    table = _parquet(files, options) if kinds <= set(PARQUET) else _text(files, options)
    unknown = next((name for name, _ in options.missing if name not in {*table.columns, *table.left_out}), None)
    if unknown is not None:
        raise TableError(f"--missing: {files[0]} has no column '{unknown}'; {nearest(unknown, table.columns)[:300]}")
    if table.rows < FEWEST:
        raise TableError(
            f"{files[0]} has {count(table.rows, 'row')}; a model, and what judges it, need {FEWEST} or more."
        )
    return table


def query(url: str, statement: str, target: Path) -> Path:
    """Write what a query of SQLite gives to a CSV file.

    Raises:
        TableError: when the address is not of SQLite, or the query fails.
    """
    scheme, _, place = url.partition("://")
    if scheme != "sqlite":
        raise TableError(
            f"{scheme} needs a driver that is not in the lock; only sqlite:///FILE is read here. Let the database's "
            "own program write the rows, and name the file: `psql --csv --command 'select ...' > rows.csv`."
        )
    path = Path(place.removeprefix("/"))
    if not path.is_file():
        raise TableError(f"there is no file {path}; write sqlite:///FILE, or sqlite:////FILE for an absolute path.")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("pragma query_only = on")
            found = connection.execute(statement)
            names = [name for name, *_ in found.description or ()]
            rows = pd.DataFrame.from_records(found.fetchall(), columns=names, coerce_float=True)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise TableError(f"{path}: the query fails ({' '.join(str(error).split())[:200]}).") from error
    if not names:
        raise TableError(f"{path}: the query gives no rows; say a select.")
    rows.to_csv(target, index=False)
    return target


def _text(files: Sequence[Path], options: Options) -> Table:
    found = {file: dialect.of_file(file, options.encoding, options.delimiter, options.decimal) for file in files}
    headers = {file: dialect.check_widths(file, found[file]) for file in files}
    first = files[0]
    for file in files:
        _check_same(first, file, headers[first], headers[file])
        if found[file] != found[first]:
            raise TableError(f"{file} is {found[file].describe()}; {first} is {found[first].describe()}.")
    parts = [
        pd.read_csv(
            file, sep=found[first].delimiter, encoding=found[first].encoding, dtype="str", keep_default_na=False,
            na_filter=False,
        )
        for file in files
    ]  # fmt: skip
    whole = pd.concat([part.set_axis(headers[file], axis=1) for part, file in zip(parts, files, strict=True)])
    whole = whole[headers[first]].reset_index(drop=True)
    how = found[first]
    made = {
        name: of_text(name, whole[name].to_numpy(object), how, options.date_format, options.missing_in(name))
        for name in headers[first]
    }
    _check_format(options.date_format, made)
    return Table(tuple(files), how, made, tuple(map(len, parts)), int(whole.duplicated().sum()))


def _parquet(files: Sequence[Path], options: Options) -> Table:
    tables = []
    for file in files:
        try:
            tables.append(parquet.ParquetFile(file).read(use_threads=False))
        except (OSError, ValueError, NotImplementedError) as error:
            said = " ".join(str(error).split())
            raise TableError(f"{file} cannot be read as Parquet ({said}); write it again.") from error
        _check_same(files[0], file, tables[0].column_names, tables[-1].column_names)
    names = tables[0].column_names
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TableError(f"{files[0]} has the column '{twice}' twice; rename or remove one.")
    whole = pa.concat_tables([table.select(names) for table in tables], promote_options="permissive")
    made: dict[str, Column] = {}
    left_out = {}
    for name in names:
        column = of_arrow(name, whole[name], options.missing_in(name))
        if column is None:
            left_out[name] = f"it holds {whole[name].type}"
        else:
            made[name] = column
    if not made:
        raise TableError(f"{files[0]} has no column of numbers, text or times.")
    shown = pd.DataFrame({name: column.values for name, column in made.items()})
    return Table(tuple(files), None, made, tuple(map(len, tables)), int(shown.duplicated().sum()), left_out)


def _check_format(wanted: str, columns: Mapping[str, Column]) -> None:
    """Refuse a way of writing dates that no column is written in."""
    if not wanted or any(column.format == wanted for column in columns.values()):
        return
    formats = {f"'{name}' as {column.format}" for name, column in columns.items() if column.format}
    likely = [column.times for column in columns.values() if column.times]
    known = f"Times are written: {', '.join(sorted(formats))}." if formats else "No column is read as times."
    shown = f" '{likely[0].example}' looks like one." if likely else ""
    raise TableError(
        f"--date-format '{wanted}': no column is written so. {known}{shown} Write it in the signs of Python's "
        "strptime, with the year: '%d.%m.%Y' is 31.12.2024, '%m/%d/%y %I:%M %p' is 12/31/24 5:04 PM."
    )


def _check_same(first: Path, other: Path, names: Sequence[str], others: Sequence[str]) -> None:
    differing = sorted(set(names) ^ set(others))
    if differing:
        has, lacks = (first, other) if differing[0] in names else (other, first)
        raise TableError(f"{has} has the column '{differing[0]}' and {lacks} has not; name files of the same columns.")


def identifier(text: str, default: str) -> str:
    """Return letters, digits and _ of a text, as Python, SQL and a folder can be named."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40].strip("_")
    return plain if re.match(r"[a-z]", plain) else default
