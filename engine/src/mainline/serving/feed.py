"""Newer rows of moving feature tables, from a directory: one CSV file per table, written whole and renamed."""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mainline import missing_values
from mainline.contract import Array, FeatureTable
from mainline.data.columns import parse_time
from mainline.data.lookup import Table, from_columns
from mainline.errors import MainlineError
from mainline.serving.answering.model import Model
from mainline.serving.watching import Signature, signature

_LATEST = 2**32
"""Minutes from 1970 to beyond the year 9999."""


class FeedError(MainlineError):
    """A file of the feed does not hold the rows of the table it is named after."""

    def __init__(self, file: object, found: str) -> None:
        super().__init__(f"{file}: {found}. The rows before stay in use; write the file again, whole, and rename it.")


class Feed:
    """The files of one directory, and which of them each model has taken in."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._taken: dict[tuple[str, str], Signature] = {}

    def refresh(self, model: Model) -> list[str]:
        """Give a model the files that are new to it; return the names of the tables.

        Raises:
            FeedError: for the first file that does not fit, after the others were taken in; it is not tried again.
        """
        taken, problems = {}, []
        for name, table in model.predictor.tables.items():
            path = self.directory / f"{name}.csv"
            found = signature(path)
            if table.declared.static or found is None or self._taken.get((model.digest, name)) == found:
                continue
            self._taken[model.digest, name] = found
            try:
                taken[name] = read(path, table)
            except MainlineError as error:
                problems.append(error)
        if taken:
            model.replace_tables({**model.tables, **taken})
        if problems:
            raise problems[0]
        return list(taken)


def read(path: Path, packaged: Table) -> Table:
    """Return a package's table with the rows of a file in place of its own from the file's first time on.

    Raises:
        FeedError: when the file lacks a column, has no rows, or a value is neither a number nor a time.
    """
    declared = packaged.declared
    rows = _rows(path, declared)
    arrays = packaged.arrays()
    values = dict(zip(declared.columns, arrays["values"].T, strict=True))
    try:
        return from_columns(declared, rows, {name: arrays[name] for name in _leading(declared)} | values)
    except MainlineError as error:
        raise FeedError(path, str(error).rstrip(".")) from error


def _leading(declared: FeatureTable) -> list[str]:
    """Return the columns before the declared ones: whose row it is, if the table has a key, and of when."""
    return ["key", "time"] if declared.key else ["time"]


def _rows(path: Path, declared: FeatureTable) -> Mapping[str, Array]:
    wanted = [*_leading(declared), *declared.columns]
    if not path.is_file():  # a pipe would be waited for, and with it everything else that is followed
        raise FeedError(path, "it is not a file; write one and rename it into place")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = sorted(set(wanted) - set(reader.fieldnames or []))
            if missing:
                raise FeedError(path, f"it has no column '{missing[0]}'; it needs {', '.join(wanted)}")
            if len(set(reader.fieldnames or [])) < len(reader.fieldnames or []):
                raise FeedError(path, "it has a column twice")
            found = list(reader)
            if any(None in row or None in row.values() for row in found):
                raise FeedError(path, "it has a row with more or fewer cells than the header")
            rows = [[row[name] for name in wanted] for row in found]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FeedError(path, f"it cannot be read ({error})") from error
    if not rows:
        raise FeedError(path, "it has no rows")
    texts = dict(zip(wanted, zip(*rows, strict=True), strict=True))
    named = {"key": np.array(texts["key"], object)} if declared.key else {}
    try:
        columns = {name: _numbers(texts[name]) for name in declared.columns}
        return {**named, "time": np.array([_minutes(text) for text in texts["time"]]), **columns}
    except (ValueError, AttributeError, TypeError) as error:
        raise FeedError(path, f"it has a value of another type ({error})") from error


def _numbers(texts: tuple[str, ...]) -> Array:
    values = np.array([np.nan if text.strip() in missing_values.IN_NUMBERS else float(text) for text in texts])
    if np.isinf(values).any():
        raise ValueError("an infinite number")
    return values


def _minutes(text: str) -> int:
    minutes = int(text) if text.lstrip("-").isdigit() else parse_time(text)
    if abs(minutes) > _LATEST:
        raise ValueError(f"time {text} is beyond the year 9999")
    return minutes
