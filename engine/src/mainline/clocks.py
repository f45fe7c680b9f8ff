"""Local clocks: from UTC to the wall clock of a place and back, by changes that travel in the package.

A field of REQUEST that names its zone has a second column, `NAME_local`: the same moments as the clock of the place
shows them. A text or a batch without an offset is read by that clock. Where the clock is changed, one rule holds: **the
offset before the change counts.** So of an hour that the clock shows twice the first one is meant, and 2:30 in an hour
that it leaves out is the moment half an hour after the change. This is what RFC 5545, section 3.3.5, and `fold=0` of
PEP 495 say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from mainline.contract import Array, Field

FIRST, LAST = 1900, 2100
"""Years in which changes of a clock are known; before and after, the first and the last offset hold."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = 4 * 1440
"""Minutes between two looks at a clock: no zone of the tz database was changed and changed back within them."""


@dataclass(frozen=True)
class Clock:
    """The wall clock of a zone."""

    changes: NDArray[np.int64]
    """Shape (k,): the moments at which it is changed, in minutes since 1970-01-01 UTC, ascending."""
    ahead: NDArray[np.int64]
    """Shape (k + 1,): minutes that it is ahead of UTC before the first change and from each on."""

    def local(self, utc: Array) -> Array:
        """Return what the clock shows at n moments, in minutes since 1970-01-01T00:00 of the place; NaN stays NaN."""
        return np.asarray(utc + self.ahead[self.changes.searchsorted(utc, "right")])

    def utc(self, local: Array) -> Array:
        """Return the moments of n readings, in minutes UTC; where the clock is changed, the offset before counts."""
        shown = self.changes + np.maximum(self.ahead[:-1], self.ahead[1:])
        return np.asarray(local - self.ahead[shown.searchsorted(local, "right")])

    def as_json(self) -> dict[str, list[int]]:
        """Return what a manifest holds; inverse of `from_json`."""
        return {"changes": self.changes.tolist(), "ahead": self.ahead.tolist()}


def from_json(written: Mapping[str, Any]) -> Clock:
    """Read a clock from a manifest."""
    return Clock(np.array(written["changes"], np.int64), np.array(written["ahead"], np.int64))


@dataclass(frozen=True)
class ClockedField(Field):
    """A field of a package, with the clock that the package was made with."""

    clock: Clock | None = None


def read_field(written: Mapping[str, Any], clocks: Mapping[str, Any]) -> Field:
    """Read a field from a manifest, with the clock of its zone if it names one."""
    zone = written.get("zone")
    return ClockedField(**written, clock=from_json(clocks[zone])) if zone else Field(**written)


def write_field(field: Field) -> dict[str, Any]:
    """Return a field as a manifest holds it: without a zone if it names none."""
    written = {part.name: getattr(field, part.name) for part in fields(Field)}
    return written if field.zone else {name: value for name, value in written.items() if name != "zone"}


def of_fields(request: Iterable[Field]) -> dict[str, dict[str, list[int]]]:
    """Return the clocks of all zones that the fields name, as a manifest holds them."""
    return {field.zone: clock.as_json() for field in request if (clock := of(field)) is not None}


def of(field: Field) -> Clock | None:
    """Return the clock of a field's zone: that of its package, or else of the tz database here; None without a zone."""
    if isinstance(field, ClockedField):
        return field.clock
    return of_zone(field.zone) if field.zone else None


@cache
def of_zone(name: str) -> Clock:
    """Return the clock of a zone of the tz database, such as Europe/Berlin, to the minute.

    Raises:
        ValueError, OSError: for what is not the name of a zone (`zoneinfo.ZoneInfoNotFoundError` is a KeyError).
    """
    zone = ZoneInfo(name)

    def ahead(minute: int) -> int:
        offset = zone.fromutc((_EPOCH + timedelta(minutes=minute)).replace(tzinfo=zone)).utcoffset() or timedelta()
        return offset // timedelta(minutes=1)

    changes: list[int] = []
    begin, end = ((datetime(year, 1, 2, tzinfo=UTC) - _EPOCH) // timedelta(minutes=1) for year in (FIRST, LAST))
    offsets = [ahead(begin)]
    for low in range(begin, end, _STEP):
        high = low + _STEP
        if ahead(high) != offsets[-1]:
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if ahead(middle) != offsets[-1] else (middle, high)
            changes.append(high)
            offsets.append(ahead(high))
    return Clock(np.array(changes, np.int64), np.array(offsets, np.int64))


def name_of(field: str) -> str:
    """Name the column that holds a field's moments as its own clock shows them."""
    return f"{field}_local"


def names_of(request: Iterable[Field]) -> list[str]:
    """Name the columns of requests: the fields, and their local clocks."""
    given = tuple(request)
    return [field.name for field in given] + [name_of(field.name) for field in given if field.zone]


def with_local(columns: Mapping[str, Array], request: Iterable[Field]) -> dict[str, Array]:
    """Return n requests with the column of each local clock, in minutes since 1970-01-01T00:00 of the place."""
    added = {
        name_of(field.name): clock.local(columns[field.name]) for field in request if (clock := of(field)) is not None
    }
    return {**columns, **added}
