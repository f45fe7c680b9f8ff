"""Days as numbers since 1970-01-01, as rows and sketches have them, and as dates."""

from datetime import date

_FIRST = date(1970, 1, 1).toordinal()


def of(day: date) -> int:
    """Return the number of a day."""
    return day.toordinal() - _FIRST


def day(number: int) -> date:
    """Return the day of a number."""
    return date.fromordinal(_FIRST + int(number))
