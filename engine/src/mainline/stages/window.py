"""The batches and moving tables of each period of a window, made when they are asked for and kept while they are near.

A period's tables are built from it and the period before, and its features look into the tables of both. So they
depend on three periods: `reach`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mainline.data.moments import is_timed
from mainline.data.storage import read_frame
from usecase import features, schema, tables

if TYPE_CHECKING:
    import pandas as pd

    Batches = Mapping[str, pd.DataFrame]

VALIDATED = Path("data/validated")
NEAR = 2
"""Periods before a period that its features depend on: its tables reach one back, and those before them one more."""
Item = TypeVar("Item")


class Window:
    """The periods of a window, in order, whose tables are built on the static ones."""

    def __init__(self, periods: Sequence[str], static: "Batches") -> None:
        self.periods = periods
        self._static = static
        self._batches: dict[int, dict[str, pd.DataFrame]] = {}
        self._moving: dict[int, dict[str, pd.DataFrame]] = {}

    def batches(self, number: int) -> "dict[str, pd.DataFrame]":
        """Return the validated batches of a period; who changes them changes nothing for others."""
        batches = _kept(self._batches, number, partial(read_batches, self.periods[number]))
        return _apart(batches)

    def moving(self, number: int) -> "dict[str, pd.DataFrame]":
        """Return the moving tables of a period."""
        return _kept(self._moving, number, partial(self._build, number))

    def _build(self, number: int) -> "dict[str, pd.DataFrame]":
        earlier = self.batches(number - 1) if number else None
        return build_moving(earlier, self.batches(number), _apart(self._static))


def reach(periods: Sequence[str], number: int) -> list[Path]:
    """List the files that the features of a period depend on."""
    return [file for period in periods[max(0, number - NEAR) : number + 1] for file in files(period).values()]


def build_moving(earlier: "Batches | None", batches: "Batches", static: "Batches") -> "dict[str, pd.DataFrame]":
    """Build the moving tables of a period; data without time has none, and may leave `build_moving` out."""
    if not is_timed(features) and not hasattr(tables, "build_moving"):
        return {}
    return dict(tables.build_moving(earlier, batches, static))


def read_batches(period: str) -> "dict[str, pd.DataFrame]":
    """Read the validated batches of a period."""
    return {name: read_frame(file) for name, file in files(period).items()}


def files(period: str) -> dict[str, Path]:
    """Return the file of each validated batch of a period."""
    batched = [name for name in schema.TABLES if name not in schema.STATIC]
    return {name: VALIDATED / name / f"{period}.parquet" for name in batched}


def static_files() -> dict[str, Path]:
    """Return the file of each validated static table."""
    return {name: VALIDATED / f"{name}.parquet" for name in schema.STATIC}


def _apart(batches: "Batches") -> "dict[str, pd.DataFrame]":
    """Return tables of the same values; pandas copies what is changed of them, and only then."""
    return {name: rows.copy(deep=False) for name, rows in batches.items()}


def _kept(known: dict[int, Item], number: int, make: Callable[[], Item]) -> Item:
    """Return what is known of a period, or make it; what is two periods back is let go."""
    if number not in known:
        known[number] = make()
        for old in [other for other in known if other < number - 1]:
            del known[old]
    return known[number]
