"""Predictions for a file, part by part: a killed run goes on where it was, and bad rows are kept with their reasons.

Parquet needs pyarrow, which is not among the service's own libraries; CSV needs nothing.
"""

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from mainline import progress
from mainline.contract import Field
from mainline.errors import MainlineError
from mainline.serving.models import Model
from mainline.serving.problems import Problem
from mainline.serving.watching import signature

PART_ROWS = 20_000
STATE = "run.json"
Rows = list[dict[str, Any]]
_MISSING = ("", "NA", "NaN", "nan", "null", "None")


@dataclass(frozen=True)
class Scored:
    """What a run did."""

    rows: int
    quarantined: int
    parts: int
    skipped: int


def score(model: Model, source: Path, output: Path, part_rows: int = PART_ROWS) -> Scored:
    """Predict every row of a Parquet or CSV file into `output/predictions`, one file per part.

    Rows that do not fit the request model, and predictions outside the response model, go to `output/quarantine`.

    Raises:
        MainlineError: when the file cannot be read, lacks a column, or the output is of another run.
    """
    kind = _kind(source)
    columns, parts, total = _read_parquet(source, part_rows) if kind == "parquet" else _read_csv(source, part_rows)
    missing = sorted(
        field.name for field in model.predictor.request if not field.optional and field.name not in columns
    )
    if missing:
        raise MainlineError(
            f"{source} has no column '{missing[0]}'; it has {', '.join(columns)}. Add it or rename one."
        )
    state = _resume(model, source, output, part_rows)
    done: dict[str, list[int]] = state["done"]
    skipped = len(done)
    for number, rows in enumerate(parts):
        if str(number) not in done:
            with progress.clock(f"predicting {source.name}: {number * part_rows:,} of {total} rows done"):
                done[str(number)] = _score_part(model, rows, columns, output, f"part-{number:05d}", kind)
            _replace(output / STATE, lambda path: path.write_text(json.dumps(state)))
    rows_done, bad = (sum(counts[place] for counts in done.values()) for place in (0, 1))
    return Scored(rows_done, bad, len(done), skipped)


def predict_rows(model: Model, rows: Rows) -> list[float | str]:
    """Return the prediction of each row, or the reason why it has none."""
    try:
        answer = model.answer(model.reader.read(rows))
    except Problem as problem:
        if len(rows) == 1:
            return [problem.detail.removeprefix("row 0: ")]
        half = len(rows) // 2  # finds few bad rows among many good ones quickly
        return predict_rows(model, rows[:half]) + predict_rows(model, rows[half:])
    fits = answer.fits or [True] * len(rows)
    outside = f"{model.response.name} is outside the response model"
    return [value if fit else f"{outside}: {value!r}" for value, fit in zip(answer.predictions, fits, strict=True)]


def _score_part(model: Model, rows: Rows, columns: Sequence[str], output: Path, name: str, kind: str) -> list[int]:
    requests = [_request(row, model.predictor.request) for row in rows]
    outcomes = predict_rows(model, requests)
    column = _free(model.response.name, columns)
    good, bad = [], []
    for number, (row, request, outcome) in enumerate(zip(rows, requests, outcomes, strict=True)):
        if isinstance(outcome, str):
            bad.append({"row": number, "reason": outcome, "inputs": request})
        else:
            good.append({**row, column: outcome})
    write = _write_parquet if kind == "parquet" else _write_csv
    _replace(output / "predictions" / f"{name}.{kind}", lambda path: write(path, good, [*columns, column]))
    if bad:
        lines = "".join(json.dumps(entry, ensure_ascii=False, default=str) + "\n" for entry in bad)
        _replace(output / "quarantine" / f"{name}.jsonl", lambda path: path.write_text(lines, encoding="utf-8"))
    return [len(rows), len(bad)]


def _resume(model: Model, source: Path, output: Path, part_rows: int) -> dict[str, Any]:
    """Return what is done already of exactly this run.

    Raises:
        MainlineError: when the output folder holds another run.
    """
    run = {"source": str(source), "signature": list(signature(source) or ()), "digest": model.digest, "rows": part_rows}
    try:
        state = dict(json.loads((output / STATE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        if output.exists() and any(output.iterdir()):
            raise MainlineError(f"{output} is not empty and holds no run; name another folder.") from None
        return {"run": run, "done": {}}
    if state.get("run") != run:
        raise MainlineError(
            f"{output} holds predictions of another file, of the file as it was, or of another model. "
            "Name another folder, or remove this one."
        )
    return state


def _kind(source: Path) -> str:
    kinds = {".parquet": "parquet", ".csv": "csv"}
    if source.suffix not in kinds:
        raise MainlineError(f"{source} is no .parquet and no .csv file; these are read.")
    if not source.is_file():
        raise MainlineError(f"there is no {source}; name a .parquet or .csv file.")
    return kinds[source.suffix]


def _request(row: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    """Take a request's fields out of a row of a file, in the types that JSON would have given them."""
    return {field.name: _value(row.get(field.name), field.kind) for field in fields}


def _value(value: Any, kind: str) -> Any:
    if value is None or value != value or (isinstance(value, str) and value in _MISSING and kind != "string"):
        return None
    if kind == "string":
        return value or None
    if kind == "time":
        return _time_text(value)
    if isinstance(value, str):
        return _number(value)
    return int(value) if kind == "integer" and isinstance(value, float) and value.is_integer() else value


def _number(text: str) -> Any:
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text  # refused by name when it is read


def _time_text(value: Any) -> Any:
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value
        return moment.isoformat()
    return value


def _free(name: str, columns: Sequence[str]) -> str:
    """Name the prediction's column; a file may hold the label under the same name."""
    return name if name not in columns else f"predicted_{name}"


def _read_csv(source: Path, part_rows: int) -> tuple[list[str], Iterator[Rows], str]:
    try:
        with source.open(encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file), [])
    except UnicodeDecodeError as error:
        raise MainlineError(f"{source} is not UTF-8 ({error}); convert it.") from error

    def parts() -> Iterator[Rows]:
        with source.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, restkey="")
            while rows := list(islice(reader, part_rows)):
                yield rows

    return columns, parts(), _guess_rows(source)


def _guess_rows(source: Path) -> str:
    """Guess from the length of its first lines how many rows a CSV file has."""
    with source.open("rb") as file:
        head = file.readlines(2**16)
    size = sum(map(len, head))
    return f"about {round(source.stat().st_size / size * len(head)) - 1:,}" if size else "0"


def _read_parquet(source: Path, part_rows: int) -> tuple[list[str], Iterator[Rows], str]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MainlineError("pyarrow reads Parquet and is not installed here; install it, or send CSV.") from error
    try:
        file = pq.ParquetFile(source)
    except pa.ArrowException as error:
        raise MainlineError(f"{source} is no Parquet file ({error}).") from error
    batches = file.iter_batches(part_rows, use_threads=False)
    return list(file.schema_arrow.names), (batch.to_pylist() for batch in batches), f"{file.metadata.num_rows:,}"


def _write_csv(path: Path, rows: Rows, header: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(path: Path, rows: Rows, header: Sequence[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {name: pa.array([row[name] for row in rows]) for name in header}
    pq.write_table(pa.table(columns), path, compression="zstd")


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole under another name first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    write(partial)
    os.replace(partial, path)
