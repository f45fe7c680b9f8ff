"""What servers say that they wrote to their log, and refused: their pages of metrics, saved to files.

A server counts the rows that it has written, so a page that was saved before a roll-up tells of rows that are lost.
What does not fit the request model is in no log, so its counter alone tells of a client that changed a unit.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from mainline.errors import MainlineError
from mainline.monitoring.logfiles import named
from mainline.monitoring.rollup import Summary
from mainline.text import clean, count, few

_NUMBER = r"(\d+(?:\.\d*)?(?:e\+?\d+)?)$"
_WRITTEN = re.compile(rf'^mainline_log_rows_total\{{writer="([0-9a-f]{{8}})"\}} {_NUMBER}', re.MULTILINE)
_REQUESTS = re.compile(rf"^mainline_requests_total\{{[^}}]*\}} {_NUMBER}", re.MULTILINE)
_UNFIT = re.compile(rf'^mainline_requests_total\{{[^}}]*outcome="invalid-request"\}} {_NUMBER}', re.MULTILINE)
_FIELDS = re.compile(rf'^mainline_invalid_fields_total\{{field="([^"]*)"\}} {_NUMBER}', re.MULTILINE)
_NAMED = 3
"""Fields that are named of those whose values did not fit."""


def read(pages: Iterable[Path]) -> dict[str, int]:
    """Return the rows that each writer has written, by the latest of its pages.

    Raises:
        MainlineError: when a page cannot be read, or says nothing of a log.
    """
    found: dict[str, int] = {}
    for page in pages:
        written = {writer: int(float(rows)) for writer, rows in _WRITTEN.findall(_read(page))}
        if not written:
            remedy = "Save the /metrics of a server that logs there"
            raise MainlineError(f"{page} names no mainline_log_rows_total of a writer. {remedy}.")
        found.update({writer: max(rows, found.get(writer, 0)) for writer, rows in written.items()})
    return found


def unfit(pages: Iterable[Path], allowed: float) -> list[str]:
    """Say of each server that refused a larger share of its requests than is allowed since they do not fit the model.

    Args:
        pages: pages of metrics; of several pages of a server the one with the most requests counts.
        allowed: the share of requests since the server began.

    Raises:
        MainlineError: when a page cannot be read.
    """
    latest: dict[str, tuple[float, float, str]] = {}
    for text in map(_read, pages):
        writers = [writer for writer, _ in _WRITTEN.findall(text)]
        asked, refused = (sum(map(float, sort.findall(text))) for sort in (_REQUESTS, _UNFIT))
        server = min(writers, default="")
        latest[server] = max((asked, refused, text), latest.get(server, (0.0, 0.0, "")))
    return [
        _say_unfit(server, int(asked), int(refused), text)
        for server, (asked, refused, text) in sorted(latest.items()) if refused > allowed * asked
    ]  # fmt: skip


def _say_unfit(server: str, asked: int, refused: int, text: str) -> str:
    fields = sorted(_FIELDS.findall(text), key=lambda field: -float(field[1]))
    named = few([clean(name)[:80] for name, _ in fields], _NAMED)
    where = f", most often in {named}" if named else ""
    return (
        f"Server {server} refused {refused:,} of {count(asked, 'request')} since it began: they do not fit the request "
        f"model{where}, and are in no log. Next: look at what changed at the clients, such as a unit."
    )


def lacking(summary: Summary, written: Mapping[str, int]) -> dict[str, int]:
    """Return the rows that each writer has written and nobody has rolled up; writers without any are left out."""
    rolled: dict[str, int] = defaultdict(int, {writer: past.rows for writer, past in summary.dropped.writers.items()})
    for record in summary.records.values():
        writer, number = named(record.name)
        rolled[writer] += record.rows if number > summary.dropped.of(writer).number else 0
    gaps = {writer: rows - rolled[writer] for writer, rows in sorted(written.items())}
    return {writer: rows for writer, rows in gaps.items() if rows > 0}


def _read(page: Path) -> str:
    """Return a page of metrics.

    Raises:
        MainlineError: when it cannot be read.
    """
    try:
        return page.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MainlineError(f"{page} cannot be read ({error}). Save a server's /metrics there.") from error
