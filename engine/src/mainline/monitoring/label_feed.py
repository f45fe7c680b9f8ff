"""What became known of events after they were predicted: from the use case, a file, or a folder of files.

A label has the columns of `interface.KEY`, the label's own, and `known_at`: when it became known (UTC). A time of the
key is read as in a request: without an offset by the clock of the zone that its field declares. A label that is empty
says that the event never gets one, such as an order that was cancelled. Of two labels of one event the one that became
known last counts, so corrections are new rows.
"""

import importlib
import importlib.util
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mainline import clocks, faults, missing_values
from mainline.conformance.requests import KNOWN
from mainline.contract import Array, Classes, Field
from mainline.data import columns as typed
from mainline.errors import MainlineError, UseCaseError
from mainline.labels import classes, encode
from mainline.limits.sketches import LARGEST
from mainline.monitoring import event_times
from mainline.text import count

VALUE = "event.label"
"""The label's column once it is read; a field of the key may be called `label`."""
MODULE = "usecase.labels"
Fetch = Callable[[datetime, datetime], pd.DataFrame]
"""Brings the labels that became known from one time up to another, both UTC."""
_NAMED = "name a .csv or .parquet file, or a folder of them (--labels)"
_CSV = {"string": "str", "integer": "Int64", "number": "float64", "time": "str"}


class LabelError(MainlineError):
    """Labels are not what they must be."""

    def __init__(self, place: object, found: str, remedy: str) -> None:
        super().__init__(" ".join(f"{place}: {found}; {remedy}.".split()))


@dataclass(frozen=True)
class Wanted:
    """What a label is looked up by, what it is called, and the classes that it names if it is not a number."""

    key: tuple[Field, ...]
    label: str
    classes: Classes = ()

    @property
    def names(self) -> list[str]:
        """The columns of the key."""
        return [field.name for field in self.key]

    @property
    def is_text(self) -> bool:
        """Whether the label is one of several texts, so that a cell such as `NA` names a class."""
        return bool(self.classes) and isinstance(self.classes[0], str)


def wanted(interface: Any) -> Wanted:
    """Return what a use case's labels are.

    Raises:
        UseCaseError: when nothing names an event, so that no label can be joined.
    """
    if not interface.KEY:
        raise UseCaseError("src/usecase/interface.py: KEY is empty, so no label can be joined to its prediction.")
    return Wanted(
        tuple(field for field in interface.REQUEST if field.name in interface.KEY), interface.LABEL, classes(interface)
    )


def bring(place: Path | None, kind: Wanted | None) -> Fetch | None:
    """Return what brings labels: files that are named, or the use case; None if there is neither, or no key.

    Raises:
        LabelError: when there is nothing at the place that is named.
    """
    if place is not None and not place.exists():
        raise LabelError(place, "there are no labels", _NAMED)
    if kind is None:
        return None
    if place is not None:
        return lambda _, until: read(place, kind, until)
    return (lambda since, until: fetch(since, until, kind)) if is_offered() else None


def is_offered() -> bool:
    """Say whether the use case has labels of its own, in `src/usecase/labels.py`."""
    return importlib.util.find_spec(MODULE) is not None


def fetch(since: datetime, until: datetime, kind: Wanted) -> pd.DataFrame:
    """Ask the use case for the labels that became known from `since` up to `until`, both UTC; see `check`.

    Raises:
        MainlineError: when what it returns is not labels, or it fails in a way that is expected, see `faults`.
    """
    try:
        given = importlib.import_module(MODULE).fetch(since, until)
    except Exception as error:
        expected = faults.explain(error)
        if expected is None:
            raise
        raise expected from error
    return check(given, kind, "src/usecase/labels.py: fetch", until)


def read(place: Path, kind: Wanted, until: datetime | None = None) -> pd.DataFrame:
    """Read a .csv or .parquet file of labels, or all of a folder, as they were known before a time; see `check`.

    Files whose name begins with a point are left out: programs write so what is not whole yet.

    Raises:
        LabelError: when there is none, or one is not labels.
    """
    named = (path for path in place.glob("[!.]*") if path.suffix in (".csv", ".parquet"))
    files = sorted(named) if place.is_dir() else [place]
    if not files or not all(file.is_file() for file in files):
        raise LabelError(place, "there are no labels", _NAMED)
    found = [check(_read_file(file, kind), kind, file, until) for file in files]
    return latest(pd.concat(found, ignore_index=True), kind)


def check(given: Any, kind: Wanted, place: object, until: datetime | None = None) -> pd.DataFrame:
    """Return labels in the types of the request: the key's columns, `VALUE` (float64) and `KNOWN` (minutes UTC).

    What became known at a time or later is left out before the last of each event is taken: a correction of tomorrow
    takes today's label from nobody.

    Raises:
        LabelError: naming the column that is missing, or that is not what it must be.
    """
    if not isinstance(given, pd.DataFrame):
        raise LabelError(place, f"it is a {type(given).__name__}", "give a pandas table")
    missing = [name for name in (*kind.names, kind.label, KNOWN) if name not in given]
    if missing:
        raise LabelError(place, f"there is no column '{missing[0]}'", f"it has {', '.join(map(str, given.columns))}")
    try:
        known = _minutes(given[KNOWN])
        found = typed.from_batch({field.name: _key(given[field.name], field) for field in kind.key}, kind.key)
        keys = {name: found[name] for name in kind.names}
        value = _places(given[kind.label], kind.classes)
    except (ValueError, TypeError, OverflowError) as error:
        raise LabelError(place, f"a value cannot be read ({_first_line(error)})", "correct it") from error
    labels = pd.DataFrame({**keys, VALUE: value, KNOWN: known})
    return latest(labels if until is None else labels[known < math.ceil(until.timestamp() / 60)], kind)


def _places(values: pd.Series, names: Classes) -> Array:
    """Return n labels as float64, of classes their places; NaN where there is none.

    Raises:
        ValueError: for what is not a finite number whose square is one, or not a class.
    """
    if not names:
        numbers = pd.to_numeric(values).to_numpy("float64", na_value=float("nan"))
        if np.isinf(numbers).any():
            raise ValueError("an infinite number")
        if (np.abs(numbers) > LARGEST).any():
            raise ValueError(f"a number beyond {LARGEST:g}")
        return numbers
    found = encode(values.to_numpy(object, na_value=float("nan")), names)
    others = values[np.isnan(found) & (values.notna() & (values != "")).to_numpy()]
    if len(others):
        raise ValueError(f"{others.iloc[0]!r} is none of {', '.join(map(str, names))}")
    return found


def latest(labels: pd.DataFrame, kind: Wanted) -> pd.DataFrame:
    """Keep of each event the label that became known last; of two at the same minute the one that comes later."""
    ordered = labels.sort_values(KNOWN, kind="stable")
    return ordered.drop_duplicates(kind.names, keep="last").reset_index(drop=True)


def _read_file(file: Path, kind: Wanted) -> pd.DataFrame:
    try:
        if file.suffix == ".parquet":
            return pd.read_parquet(file)
        types: Mapping[str, str] = {field.name: _CSV[field.kind] for field in kind.key}
        if kind.is_text:
            return _read_csv(file, {**types, kind.label: "str"}, {})
        absent = {kind.label: list(missing_values.IN_NUMBERS)}
        return _read_csv(file, types, absent)
    except (OSError, ValueError, TypeError, OverflowError, Warning) as error:  # pyarrow's and pandas' are among them
        found = f"it cannot be read ({_first_line(error)})"
        raise LabelError(file, found, "name a .csv or .parquet file of labels") from error


def _read_csv(file: Path, types: Mapping[str, str], absent: Mapping[str, list[str]]) -> pd.DataFrame:
    """Read a file whose lines have as many values as it has columns.

    Raises:
        ParserWarning: for a line with more of them, whose values pandas would otherwise count into other columns.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return pd.read_csv(file, dtype=types, keep_default_na=False, na_values=absent, index_col=False)


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:200]


def _key(values: pd.Series, field: Field) -> Any:
    """Return a key's column as a batch has it: times as datetime64 in UTC.

    Raises:
        ValueError: when one is missing that a request must have, or is a fraction where it must be whole.
    """
    absent = values.isna()
    if absent.any() and not (field.optional or field.kind == "string"):
        raise ValueError(f"'{field.name}' is missing in {int(absent.sum()):,} of {count(len(values), 'row')}")
    if field.kind == "integer" and pd.api.types.is_float_dtype(values.dtype):
        fractions = values[~absent & (values % 1 != 0)]
        if len(fractions):
            raise ValueError(f"'{field.name}' is {fractions.iloc[0]}, which is not a whole number")
    if field.kind == "time":
        return event_times.of_column(values, clocks.of(field)).to_numpy("datetime64[m]")
    return values.to_numpy()


def _minutes(times: pd.Series) -> Any:
    """Return times as minutes since 1970-01-01 UTC."""
    return event_times.of_column(times, None).to_numpy("datetime64[m]").astype("int64")
