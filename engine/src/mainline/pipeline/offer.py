"""What the source offers beyond the window."""

from datetime import date

from mainline import periods
from mainline.declared.window import Data
from mainline.errors import SourceError


def lacking(period: str) -> str:
    """Return '' if the source has a table of a period or snapshot, else why it does not; what it gives is let go."""
    from usecase import source

    try:
        if any(found == period for _, found, _ in source.fetch([period])):
            return ""
    except SourceError as error:
        return str(error)
    return "The source gave no rows of it."


def newer(data: Data, least: int, today: date) -> tuple[str, ...]:
    """Return periods after the window that are over and that the source has, until they have `least` days.

    Data without time has none: a snapshot is newer because somebody names it.
    """
    found: list[str] = []
    if data.snapshot:
        return ()
    while days(found) < least:
        period = periods.shift(data.through, len(found) + 1)
        if periods.span(period)[1] > today or lacking(period):
            break
        found.append(period)
    return tuple(found)


def days(several: list[str] | tuple[str, ...]) -> int:
    """Return how many days periods have."""
    return sum((end - first).days for first, end in map(periods.span, several))
