"""Rows of a CSV or Parquet file, part by part, and files of predictions, written whole.

Parquet needs pyarrow, which is not among the service's own libraries; CSV needs nothing.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from mainline import files
from mainline.contract import Kind
from mainline.errors import MainlineError

Rows = list[dict[str, Any]]


def kind_of(source: Path) -> str:
    """Return `csv` or `parquet`.

    Raises:
        MainlineError: when the file is neither, or is not there.
    """
    kinds = {".parquet": "parquet", ".csv": "csv"}
    if source.suffix not in kinds:
        raise MainlineError(f"{source} is neither a .parquet nor a .csv file; these are read.")
    if not source.is_file():
        raise MainlineError(f"there is no {source}; name a .parquet or .csv file.")
    return kinds[source.suffix]


def read(source: Path, part_rows: int) -> tuple[list[str], Iterator[Rows], str]:
    """Return the names of the columns, the rows in parts of so many, and how many rows there are about.

    Raises:
        MainlineError: when the file cannot be read, now or when a part is asked for.
    """
    return (_read_csv if kind_of(source) == "csv" else _read_parquet)(source, part_rows)


def write(path: Path, rows: Rows, source: Path, columns: Sequence[str], added: Mapping[str, Kind]) -> None:
    """Write rows of a source with columns that were added to it, each of its kind, in the format of the source."""
    with files.replacing(path) as target:
        if kind_of(source) == "csv":
            _write_csv(target, rows, [*columns, *added])
        else:
            _write_parquet(target, rows, source, added)


def _read_csv(source: Path, part_rows: int) -> tuple[list[str], Iterator[Rows], str]:
    with _open_csv(source) as file, _csv_errors(reader := csv.reader(file, strict=True), source):
        columns = next(reader, [])

    def parts() -> Iterator[Rows]:
        with _open_csv(source) as file, _csv_errors((reader := csv.DictReader(file, strict=True)).reader, source):
            while rows := list(islice(reader, part_rows)):
                yield rows

    return columns, parts(), _guess_rows(source)


def _open_csv(source: Path) -> TextIO:
    return source.open(encoding="utf-8-sig", newline="")  # Excel begins a file with a byte order mark


@contextmanager
def _csv_errors(reader: Any, source: Path) -> Iterator[None]:
    """Say where a file stops being CSV in UTF-8."""
    try:
        yield
    except UnicodeDecodeError as error:
        remedy = "save it as UTF-8, or say --raw if src/usecase/ reads files such as this"
        raise MainlineError(f"{source} is not UTF-8 {_undecodable(source)}; {remedy}.") from error
    except csv.Error as error:
        raise MainlineError(f"{source} is not CSV after line {reader.line_num} ({error}); correct it.") from error


def _undecodable(source: Path) -> str:
    """Say where the first byte is that is not UTF-8: text is decoded in blocks, which know no lines."""
    with source.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f"in line {number} (byte 0x{line[error.start]:02x} at place {error.start + 1})"
    return "any more: it changed while it was read"


def _guess_rows(source: Path) -> str:
    """Guess from the length of its first lines how many rows a CSV file has."""
    with source.open("rb") as file:
        head = file.readlines(2**16)
    size = sum(map(len, head))
    return f"about {round(source.stat().st_size / size * len(head)) - 1:,}" if size else "0"


def _read_parquet(source: Path, part_rows: int) -> tuple[list[str], Iterator[Rows], str]:
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MainlineError("pyarrow reads Parquet and is not installed here; install it, or send CSV.") from error

    def parts() -> Iterator[Rows]:
        with _parquet_errors(source):
            for batch in file.iter_batches(part_rows, use_threads=False):
                yield _in_utc(batch).to_pylist()

    with _parquet_errors(source):
        file = pq.ParquetFile(source)
    return list(file.schema_arrow.names), parts(), f"{file.metadata.num_rows:,}"


def in_utc(kind: Any, unit: str = "") -> Any:
    """Return the type of a Parquet column with its moments in UTC, and in another unit if one is named."""
    import pyarrow as pa

    return pa.timestamp(unit or kind.unit, "UTC" if kind.tz else None) if pa.types.is_timestamp(kind) else kind


def _in_utc(batch: Any) -> Any:
    """Return rows whose moments are in UTC, so that writing them in the zone of the file applies it once."""
    import pyarrow as pa

    return batch.cast(pa.schema([field.with_type(in_utc(field.type)) for field in batch.schema]))


@contextmanager
def _parquet_errors(source: Path) -> Iterator[None]:
    """Say that a file is not a Parquet file, or stops being one, or holds a value that Python has not."""
    try:
        yield
    except (OSError, ValueError, OverflowError, NotImplementedError) as error:  # pyarrow's own are among them
        said = " ".join(str(error).split())
        raise MainlineError(f"{source} cannot be read as Parquet ({said}); write it again.") from error


def _write_csv(path: Path, rows: Rows, header: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(path: Path, rows: Rows, source: Path, added: Mapping[str, Kind]) -> None:
    """Write rows with the source's own types, whatever this part happens to hold, and what was added."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"number": pa.float64(), "integer": pa.int64(), "string": pa.string()}
    schema = pq.read_schema(source)
    for name, kind in added.items():
        schema = schema.append(pa.field(name, types[kind]))
    pq.write_table(pa.Table.from_pylist(rows, schema), path, compression="zstd")
