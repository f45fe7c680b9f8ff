"""What servers say that they wrote to their log, by writer: their pages of metrics, saved to files.

A server counts the rows that it has written, so a page that was saved before a roll-up tells of rows that are lost.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from mainline.errors import MainlineError
from mainline.monitoring.logfiles import named
from mainline.monitoring.rollup import Summary

_WRITTEN = re.compile(r'^mainline_log_rows_total\{writer="([0-9a-f]{8})"\} (\d+(?:\.\d*)?(?:e\+?\d+)?)$', re.MULTILINE)


def read(pages: Iterable[Path]) -> dict[str, int]:
    """Return the rows that each writer has written, by the latest of its pages.

    Raises:
        MainlineError: when a page cannot be read, or says nothing of a log.
    """
    found: dict[str, int] = {}
    for page in pages:
        try:
            text = page.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MainlineError(f"{page} cannot be read ({error}). Save a server's /metrics there.") from error
        written = {writer: int(float(rows)) for writer, rows in _WRITTEN.findall(text)}
        if not written:
            remedy = "Save the /metrics of a server that logs there"
            raise MainlineError(f"{page} names no mainline_log_rows_total of a writer. {remedy}.")
        found.update({writer: max(rows, found.get(writer, 0)) for writer, rows in written.items()})
    return found


def lacking(summary: Summary, written: Mapping[str, int]) -> dict[str, int]:
    """Return the rows that each writer has written and nobody has rolled up; writers without any are left out."""
    rolled: dict[str, int] = defaultdict(int, {writer: past.rows for writer, past in summary.dropped.writers.items()})
    for record in summary.records.values():
        writer, number = named(record.name)
        rolled[writer] += record.rows if number > summary.dropped.of(writer).number else 0
    gaps = {writer: rows - rolled[writer] for writer, rows in sorted(written.items())}
    return {writer: rows for writer, rows in gaps.items() if rows > 0}
