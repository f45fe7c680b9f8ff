"""Times as logs and files of labels hold them, read as requests are: one without an offset by the clock of its zone."""

from typing import Literal

import numpy as np
import pandas as pd

from mainline.clocks import Clock
from mainline.contract import Array

_OFFSET = r"[Tt ].*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$"
"""After the time of day: a date ends in two digits, too."""


def of_text(texts: pd.Series, clock: Clock | None, errors: Literal["raise", "coerce"] = "raise") -> pd.Series:
    """Return n ISO 8601 times as datetime64 in UTC; without an offset they are of the clock, or UTC if there is none.

    Args:
        texts: the times; what is missing stays missing.
        clock: of the field that the times are of.
        errors: what is done about text that is not a time; `coerce` takes it for missing.

    Raises:
        ValueError: for text that is not a time.
    """
    read = pd.to_datetime(texts, utc=True, format="ISO8601", errors=errors).dt.tz_localize(None)
    if clock is None:
        return read
    bare = read.notna() & ~has_offset(texts)
    return pd.Series(np.where(bare, of_readings(read, clock), read), texts.index)


def of_readings(readings: pd.Series, clock: Clock) -> Array:
    """Return n readings of a clock as datetime64 in UTC, to the minute."""
    minutes = readings.to_numpy("datetime64[m]").astype(np.int64)
    return clock.utc(minutes).astype("datetime64[m]")


def has_offset(texts: pd.Series) -> "pd.Series[bool]":
    """Say which of n times name their offset from UTC."""
    return texts.astype("str").str.contains(_OFFSET, regex=True).fillna(False)
