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


def of_column(times: pd.Series, clock: Clock | None) -> pd.Series:
    """Return n times of a table, which are text or datetimes, in UTC; one without an offset is read by the clock.

    Raises:
        ValueError: when one is not a time, is missing, or says no offset and there is no clock.
    """
    if times.isna().any():
        raise ValueError("a time is missing")
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        return times.dt.tz_convert("UTC").dt.tz_localize(None)
    if pd.api.types.is_datetime64_any_dtype(times.dtype):
        if clock is None:
            raise ValueError("a time without a zone; say UTC")
        return pd.Series(of_readings(times, clock), times.index)
    texts = times.astype("str")
    if clock is None:
        _refuse(texts, ~has_offset(texts), "has no offset; write UTC, such as 2013-09-01T10:00:00Z")
    read = of_text(texts, clock, "coerce")
    _refuse(texts, read.isna(), "is not a time; write it as 2013-09-01T10:00:00Z")
    return read


def _refuse(texts: pd.Series, wrong: pd.Series, why: str) -> None:
    if wrong.any():
        raise ValueError(f"'{texts[wrong].iloc[0][:40]}' {why}")
