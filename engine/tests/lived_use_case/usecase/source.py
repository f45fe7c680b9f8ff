"""Deliveries of nine weeks, drawn here: two minutes a kilogram, and ten more in the south.

The labels of one week were recorded in seconds; a model that is fitted on them is worse, and nothing else tells.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from mainline.errors import SourceError

WEEKS = tuple(f"2024-W{number:02d}" for number in range(1, 10))
IN_SECONDS = "2024-W05"
ROWS_PER_DAY, DAYS = 60, 7


def describe() -> dict[str, str]:
    """Name the source, so that a snapshot says where it came from."""
    return {"source": "drawn", "version": "1", "licence": "CC0-1.0"}


def fetch(weeks: Sequence[str]) -> Iterator[tuple[str, str | None, pd.DataFrame]]:
    """Yield (table, week, rows) for each weekly batch.

    Raises:
        SourceError: when the source has no data for a week of the window.
    """
    for week in weeks:
        if week not in WEEKS:
            raise SourceError(f"there is no {week}; there are {WEEKS[0]} to {WEEKS[-1]}.")
        random, rows = np.random.default_rng(WEEKS.index(week)), ROWS_PER_DAY * DAYS
        monday = pd.Timestamp.fromisocalendar(int(week[:4]), int(week[-2:]), 1).tz_localize("UTC").as_unit("ms")
        number = np.tile(np.arange(ROWS_PER_DAY), DAYS)
        minute = np.repeat(np.arange(DAYS) * 1440, ROWS_PER_DAY) + 480 + number
        weight, south = random.uniform(1, 30, rows), random.integers(0, 2, rows)
        minutes = 2 * weight + 10 * south + random.normal(0, 3, rows)
        yield "deliveries", week, pd.DataFrame({
            "begins_at": monday + pd.to_timedelta(minute, unit="min").as_unit("ms"),
            "number": number,
            "weight": weight,
            "district": np.where(south, "south", "north"),
            "minutes": minutes * (60 if week == IN_SECONDS else 1),
        })  # fmt: skip
