"""Where raw data comes from: drawn here, hour by hour, with a truth that a test knows.

A week begins and ends with the clock of the city: the fifth has an hour less. People ride at 8 and at 17 o'clock, half
as much at the weekend, and more if it was warm an hour ago.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from mainline.errors import SourceError

WEEKS = ("2024-W09", "2024-W10", "2024-W11", "2024-W12", "2024-W13", "2024-W14")
ZONE = "Europe/Berlin"


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
        random = np.random.default_rng(WEEKS.index(week))
        hours = _hours(week)
        warmth = pd.Series(12 + 6 * np.sin(np.arange(len(hours)) / 11) + random.normal(0, 1, len(hours)))
        yield "weather", week, pd.DataFrame({"measured_at": hours.tz_convert("UTC"), "warmth": warmth})
        bicycles = random.integers(300, 600, len(hours))
        rides = random.poisson(_rides(hours, warmth.shift(1, fill_value=12).to_numpy()) * bicycles / 450)
        shown = hours.tz_localize(None)  # as the city counts them
        yield "hours", week, pd.DataFrame({"starts_at": shown, "bicycles": bicycles, "rides": rides})


def _hours(week: str) -> pd.DatetimeIndex:
    first = pd.Timestamp.fromisocalendar(int(week[:4]), int(week[-2:]), 1)
    return pd.date_range(first, first + pd.Timedelta(weeks=1), freq="h", inclusive="left", tz=ZONE, unit="ms")


def _rides(hours: pd.DatetimeIndex, warmth: np.ndarray) -> np.ndarray:
    peaks = np.isin(hours.hour, (8, 17)) * 80 + np.isin(hours.hour, (9, 16)) * 40
    return (10 + peaks * np.where(hours.day_of_week < 5, 1, 0.5)) * (1 + warmth / 30)
