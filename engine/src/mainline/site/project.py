"""The site of the project that is checked out here."""

import contextlib
from pathlib import Path

from mainline import progress
from mainline.errors import MainlineError
from mainline.registry.history import DEFAULT
from mainline.score import total
from mainline.score.total import Score
from mainline.seconds import DAY
from mainline.site import build as folders
from mainline.site import finder, output, pages, record
from mainline.site.build import Built
from mainline.site.record import Record


def build(folder: Path, now: float, with_score: bool = True) -> Built:
    """Bring a folder in line with what git holds here.

    Args:
        folder: where the site is, or is to be.
        now: in seconds since 1970; figures go up to the last second of its day in UTC, so that a day has one site.
        with_score: whether the score is measured.

    Raises:
        MainlineError: as `build.build` and `record.read`.
    """
    found = record.read()
    score = _score(found, now) if with_score else None
    listed = list(pages.of(found, score, _end(now)))
    with progress.counted(len(listed) + 1, "page") as show:
        return folders.build(listed, lambda entries: finder.of(entries, found.artifact), folder, output.code(), show)


def _end(now: float) -> int:
    """Return the end of a day in UTC."""
    return int(now // DAY + 1) * DAY - 1


def _score(found: Record, now: float) -> Score | None:
    """Measure the score of what is checked out; None where it cannot be, as without a pipeline."""
    first = found.first
    with contextlib.suppress(MainlineError):
        return total.measure(first.name if first else DEFAULT, now)
    return None
