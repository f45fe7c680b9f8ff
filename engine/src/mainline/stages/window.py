"""The batches and moving tables of each period of a window, made when they are asked for and kept while they are near.

A period's tables are built from it and the period before, and its features look into the tables of both. So they
depend on three periods: `near`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mainline.data.moments import is_timed
from mainline.data.storage import decode_frame, read_frame
from mainline.stages.tasks import Inputs
from usecase import features, schema, tables

if TYPE_CHECKING:
    import pandas as pd

    Batches = Mapping[str, pd.DataFrame]

VALIDATED = Path("data/validated")
NEAR = 2
"""Periods before a period that its features depend on: its tables reach one back, and those before them one more."""
Item = TypeVar("Item")


class Window:
    """The batches and moving tables of periods that follow each other, built on the static tables.

    A file has one content while a window is used: what was made of it is kept for the next period.
    """

    def __init__(self, static: "Batches") -> None:
        self._static = static
        self._batches: dict[str, dict[str, pd.DataFrame]] = {}
        self._moving: dict[str, dict[str, pd.DataFrame]] = {}

    def batches(self, inputs: Inputs, period: str) -> "dict[str, pd.DataFrame]":
        """Return the validated batches of a period; who changes them changes nothing for others."""
        batches = _kept(self._batches, period, partial(_decode, inputs, period))
        return _apart(batches)

    def moving(self, inputs: Inputs, span: Sequence[str]) -> "dict[str, pd.DataFrame]":
        """Return the moving tables of the last period of a span, which reach back to the one before, if any."""
        return _kept(self._moving, span[-1], partial(self._build, inputs, span[-2:]))

    def _build(self, inputs: Inputs, span: Sequence[str]) -> "dict[str, pd.DataFrame]":
        *earlier, batches = (self.batches(inputs, period) for period in span)
        return build_moving(earlier[0] if earlier else None, batches, _apart(self._static))


def near(periods: Sequence[str], number: int) -> tuple[str, ...]:
    """List the periods that the features of one depend on, the oldest first and itself last."""
    return tuple(periods[max(0, number - NEAR) : number + 1])


def batch_files(periods: Sequence[str]) -> tuple[Path, ...]:
    """List the files of the batches of some periods."""
    return tuple(file for period in periods for file in files(period).values())


def build_moving(earlier: "Batches | None", batches: "Batches", static: "Batches") -> "dict[str, pd.DataFrame]":
    """Build the moving tables of a period; data without time has none, and may leave `build_moving` out."""
    if not is_timed(features) and not hasattr(tables, "build_moving"):
        return {}
    return dict(tables.build_moving(earlier, batches, static))


def files(period: str) -> dict[str, Path]:
    """Return the file of each validated batch of a period."""
    batched = [name for name in schema.TABLES if name not in schema.STATIC]
    return {name: VALIDATED / name / f"{period}.parquet" for name in batched}


def static_files() -> dict[str, Path]:
    """Return the file of each validated static table."""
    return {name: VALIDATED / f"{name}.parquet" for name in schema.STATIC}


def decode(inputs: Inputs, file: Path) -> "pd.DataFrame":
    """Read a batch or a static table: of what work is given, else of the file.

    Raises:
        DataError: when it is not there, or is not a Parquet file.
    """
    if file.as_posix() not in inputs:
        return read_frame(file)
    return decode_frame(inputs[file.as_posix()], file)


def _apart(batches: "Batches") -> "dict[str, pd.DataFrame]":
    """Return tables of the same values; pandas copies what is changed of them, and only then."""
    return {name: rows.copy(deep=False) for name, rows in batches.items()}


def _decode(inputs: Inputs, period: str) -> "dict[str, pd.DataFrame]":
    return {name: decode(inputs, file) for name, file in files(period).items()}


def _kept(known: dict[str, Item], period: str, make: Callable[[], Item]) -> Item:
    """Return what is known of a period, or make it; all but the one used before it is let go."""
    item = known.pop(period) if period in known else make()
    for old in [*known][:-1]:
        del known[old]
    known[period] = item
    return item
