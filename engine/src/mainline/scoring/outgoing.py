"""Finished predictions of a file on their way to a destination: parts of typed rows, the same after any restart."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mainline import credentials
from mainline.contract import Field, Kind
from mainline.errors import MainlineError
from mainline.package import manifest as manifests
from mainline.package.responses import Response
from mainline.scoring import cells, formats
from mainline.scoring.files import PART_ROWS, PREDICTIONS, STATE

PACKAGE = "package"
"""The column with the digest of the package that predicted; `./mainline lineage` leads from it to the commit."""
_TYPES: Mapping[Kind, pa.DataType] = {
    "number": pa.float64(), "integer": pa.int64(), "string": pa.string(), "time": pa.timestamp("us", "UTC"),
}  # fmt: skip


class SendError(MainlineError):
    """A destination did not take predictions; what it had before is there, and so are the predictions."""

    def __init__(self, place: str, reason: object, remedy: str) -> None:
        said = credentials.hide(" ".join(str(reason).split())[:300]).rstrip(". ")
        super().__init__(
            f"{place} did not take the predictions: {said}. {remedy} What was there before is unchanged, and nothing "
            "is predicted again when you run the same command."
        )


@dataclass(frozen=True)
class Outgoing:
    """The predictions of one file.

    Args:
        name: of the file, without its suffix.
        parts: its files of predictions, in order.
        schema: the columns of all parts, and `PACKAGE` at the end.
        predicted: how many of them, before `PACKAGE`, were added to the file's own.
        digest: of the package.
        kinds: what each column of a CSV file holds; None if the parts are Parquet.
    """

    name: str
    parts: tuple[Path, ...]
    schema: pa.Schema
    predicted: int
    digest: str
    kinds: Mapping[str, Kind] | None

    def columns(self, key: Sequence[str], keep: Sequence[str] | None) -> list[str]:
        """Name the columns that go to a destination: its key, what it keeps, the prediction and the package.

        Raises:
            MainlineError: when the file lacks one.
        """
        names = self.schema.names
        chosen = {*key, *(names if keep is None else keep), *names[-1 - self.predicted :]}
        missing = [name for name in (*key, *(keep or ())) if name not in names]
        if missing:
            raise MainlineError(
                f"the predictions of {self.name} have no column '{missing[0]}', which deploy/ declares for a "
                f"destination; they have {', '.join(names)}."
            )
        return [name for name in names if name in chosen]

    def tables(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield the rows in parts.

        Raises:
            MainlineError: when a cell of a CSV file is not of its column's kind.
        """
        schema = pa.schema([self.schema.field(name) for name in columns])
        for part in self.parts:
            _, batches, _ = formats.read(part, PART_ROWS)
            for rows in batches:
                yield pa.Table.from_pylist([self._row(row) for row in rows], schema)

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        if self.kinds is None:
            return {**row, PACKAGE: self.digest}
        read = cells.request(row, [Field(name, kind, "", "") for name, kind in self.kinds.items()])
        return {name: _typed(value, self.kinds[name]) for name, value in read.items()} | {PACKAGE: self.digest}


def gather(package: Path, output: Path, name: str) -> Outgoing:
    """Find the predictions that a folder holds.

    Args:
        package: that predicted.
        output: the folder, with `predictions` in it.
        name: of the file.

    Raises:
        PackageError: when the package cannot be used.
        MainlineError: when a column of the file has the name of the column that is added.
    """
    manifest, _ = manifests.opened(package)
    response = Response(manifest)
    parts = tuple(sorted(path for path in (output / PREDICTIONS).iterdir() if path.name.startswith("part-")))
    own, _, _ = formats.read(parts[0], 1)
    if PACKAGE in own:
        raise MainlineError(f"{name} has a column '{PACKAGE}', which a destination gets with the digest; rename it.")
    is_marked = json.loads((output / STATE).read_text(encoding="utf-8"))["run"].get("slack") is not None
    predicted = len(response.columns) + is_marked
    kinds: dict[str, Kind] | None = None
    if parts[0].suffix == ".csv":
        kinds = dict.fromkeys(own, "string") | {field["name"]: field["kind"] for field in manifest["request"]}
        kinds |= dict(zip(own[len(own) - predicted :], response.columns.values(), strict=False))
        kinds = {column: kinds[column] for column in own}
        schema = pa.schema([pa.field(column, _TYPES[kind]) for column, kind in kinds.items()])
    else:
        schema = pa.schema([field.with_type(formats.in_utc(field.type, "us")) for field in pq.read_schema(parts[0])])
    return Outgoing(name, parts, schema.append(pa.field(PACKAGE, pa.string())), predicted, manifest["digest"], kinds)


def _typed(value: Any, kind: Kind) -> Any:
    """Return a value as Arrow takes it: its row was predicted, so that it can be read."""
    if value is None:
        return None
    if kind == "time":
        return datetime.fromisoformat(value)
    return {"integer": int, "number": float, "string": str}[kind](value)
