"""Reading and writing the pipeline's files: Parquet for data, JSON and CSV for what git keeps.

Everything is written under another name first and then renamed, so a killed process leaves no half file.
"""

import csv
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mainline import files
from mainline.contract import Array
from mainline.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 6
"""Significant digits of numbers that git keeps: enough to compare, few enough to read in a diff."""


def fresh_directory(path: Path) -> Path:
    """Return an empty directory, whatever was there."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def write_frame(frame: "pd.DataFrame", path: Path) -> None:
    """Write a pandas table as Parquet.

    Raises:
        DataError: when a column holds values of several types, or two columns have one name.
    """
    _write_table(_table(frame, path), path)


def encode_frame(frame: "pd.DataFrame", path: Path) -> bytes:
    """Return the bytes that `write_frame` writes to a path.

    Raises:
        DataError: as `write_frame`.
    """
    return _encode(_table(frame, path))


def read_frame(path: Path, columns: Sequence[str] | None = None) -> "pd.DataFrame":
    """Read a Parquet file as a pandas table.

    Raises:
        DataError: when it is not there, or is not a Parquet file.
    """
    return _read_table(path, columns).to_pandas(use_threads=False)


def decode_frame(content: bytes, path: Path) -> "pd.DataFrame":
    """Read the bytes of a Parquet file as a pandas table; the path is for the error.

    Raises:
        DataError: when it is not a Parquet file.
    """
    with _readable(path, "Parquet"):
        return pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False).to_pandas(use_threads=False)


def write_columns(columns: Mapping[str, Array], path: Path) -> None:
    """Write columns of equal length n as Parquet."""
    _write_table(_of_columns(columns), path)


def encode_columns(columns: Mapping[str, Array]) -> bytes:
    """Return the bytes that `write_columns` writes."""
    return _encode(_of_columns(columns))


def read_columns(path: Path, columns: Sequence[str] | None = None) -> dict[str, Array]:
    """Read a Parquet file as numpy columns: text as objects with None where absent, numbers with NaN.

    Equal texts of a column are one object: a million rows of a category take 8 MB, not 60.

    Raises:
        DataError: as `read_frame`.
    """
    table = _read_table(path, columns)
    return {name: _values(column) for name, column in zip(table.column_names, table.columns, strict=True)}


def read_names(path: Path) -> list[str]:
    """Read the names of a Parquet file's columns.

    Raises:
        DataError: as `read_frame`.
    """
    with _readable(path, "Parquet"):
        return list(pq.ParquetFile(path).schema_arrow.names)


def read_length(path: Path) -> int:
    """Read how many rows a Parquet file has.

    Raises:
        DataError: as `read_frame`.
    """
    with _readable(path, "Parquet"):
        return int(pq.ParquetFile(path).metadata.num_rows)


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write readable, diffable JSON: numbers of `DIGITS` digits, NaN as null."""
    files.replace(path, json.dumps(tidy(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        DataError: when it is not there, or is not JSON.
    """
    with _readable(path, "JSON"):
        return json.loads(path.read_text(encoding="utf-8"))


def write_csv(rows: Iterable[Mapping[str, Any]], path: Path, header: Sequence[str] = ()) -> None:
    """Write rows of equal keys as CSV; NaN and None are empty cells. `header` is for when there are no rows."""
    rows = [tidy(row) for row in rows]
    with files.replacing(path) as target, target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def tidy(value: Any) -> Any:
    """Round numbers to `DIGITS` significant digits and turn numpy values and NaN into plain ones."""
    if isinstance(value, Mapping):
        return {str(key): tidy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [tidy(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
    return value


def _values(column: pa.ChunkedArray) -> Array:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column.to_numpy(zero_copy_only=False)
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return encoded.dictionary.to_numpy(zero_copy_only=False)[encoded.indices.to_numpy()]


def _of_columns(columns: Mapping[str, Array]) -> pa.Table:
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def _table(frame: "pd.DataFrame", path: Path) -> pa.Table:
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        remedy = "give each column one name and one type where src/usecase/ makes it"
        raise DataError(path, f"cannot be written: {_misfit(frame) or error}", remedy) from error


def _write_table(table: pa.Table, path: Path) -> None:
    with files.replacing(path) as target:
        pq.write_table(table, target, compression="zstd")


def _encode(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _read_table(path: Path, columns: Sequence[str] | None) -> pa.Table:
    with _readable(path, "Parquet"):
        return pq.ParquetFile(path).read(columns=list(columns) if columns is not None else None, use_threads=False)


@contextmanager
def _readable(path: Path, kind: str) -> Iterator[None]:
    """Say in one line that a file is absent, or not of its kind."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(path, "is not there", "`make repro` makes it, `./mainline pull` brings it") from error
    except (OSError, ValueError) as error:  # pyarrow's own errors are among them
        raise DataError(path, f"cannot be read as {kind} ({error})", "`./mainline restore` puts it back") from error


def _misfit(frame: "pd.DataFrame") -> str:
    """Name the column that Parquet cannot hold, with the types in it; '' where it is none by itself."""
    if not frame.columns.is_unique:
        return f"column '{frame.columns[frame.columns.duplicated()][0]}' stands twice"
    for name, values in frame.items():
        try:
            pa.array(values, from_pandas=True)
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            types = sorted({type(value).__name__ for value in values[values.notna()]})
            return f"column '{name}' holds {' and '.join(types)}"
    return ""
