"""What servers say that they wrote to their log, and refused: their pages of metrics, saved to files.

A server counts the rows that it has written, so a page that was saved before a roll-up tells of rows that are lost.
What does not fit the request model is in no log, so its counter alone tells of a client that changed a unit.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Page:
    """What a server counted since it began: rows by writer, requests, those refused, and fields that did not fit."""

    written: Mapping[str, int]
    asked: int
    refused: int
    fields: Mapping[str, int]

    @property
    def server(self) -> str:
        """The process that counted; after a restart it is another one."""
        return min(self.written)

    def since(self, before: "Page") -> "Page":
        """Return what the server counted after another page of it."""
        fields = {name: number - before.fields.get(name, 0) for name, number in self.fields.items()}
        return Page(self.written, self.asked - before.asked, self.refused - before.refused, fields)


def read(paths: Iterable[Path]) -> list[Page]:
    """Read pages of metrics.

    Raises:
        MainlineError: when a page cannot be read, or says nothing of a log.
    """
    return [_page(path) for path in paths]


def written(pages: Iterable[Page]) -> dict[str, int]:
    """Return the rows that each writer has written, by the latest of its pages."""
    found: dict[str, int] = {}
    for page in pages:
        found.update({writer: max(rows, found.get(writer, 0)) for writer, rows in page.written.items()})
    return found


def unfit(pages: Iterable[Page], allowed: float) -> list[str]:
    """Say of each server that refused a larger share of its requests than is allowed since they do not fit the model.

    Of several pages of a server the requests between the first and the last count: a share of all requests since the
    server began hides what changed today, the more the longer it runs.
    """
    by_server: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        by_server[page.server].append(page)
    said = []
    for server, known in sorted(by_server.items()):
        first, last = min(known, key=_asked), max(known, key=_asked)
        is_between = last.asked > first.asked
        counted = last.since(first) if is_between else last
        if counted.refused > allowed * counted.asked:
            when = "between its first page here and its last" if is_between else "since it began"
            said.append(_say_unfit(server, counted, when))
    return said


def _say_unfit(server: str, counted: Page, when: str) -> str:
    fields = [name for name, number in sorted(counted.fields.items(), key=lambda field: -field[1]) if number > 0]
    named = few([clean(name)[:80] for name in fields], _NAMED)
    where = f", most often in {named}" if named else ""
    return (
        f"Server {server} refused {counted.refused:,} of {count(counted.asked, 'request')} {when}: "
        f"they do not fit the request model{where}, and are in no log. Next: look at what changed at the clients, such "
        "as a unit."
    )


def lacking(summary: Summary, written: Mapping[str, int]) -> dict[str, int]:
    """Return the rows that each writer has written and nobody has rolled up; writers without any are left out."""
    rolled: dict[str, int] = defaultdict(int, {writer: past.rows for writer, past in summary.dropped.writers.items()})
    for record in summary.records.values():
        writer, number = named(record.name)
        rolled[writer] += record.rows if number > summary.dropped.of(writer).number else 0
    gaps = {writer: rows - rolled[writer] for writer, rows in sorted(written.items())}
    return {writer: rows for writer, rows in gaps.items() if rows > 0}


def _page(path: Path) -> Page:
    text = _read(path)
    written = {writer: _whole(rows) for writer, rows in _WRITTEN.findall(text)}
    if not written:
        remedy = "Save the /metrics of a server that logs there"
        raise MainlineError(f"{path} names no mainline_log_rows_total of a writer. {remedy}.")
    asked, refused = (sum(map(_whole, sort.findall(text))) for sort in (_REQUESTS, _UNFIT))
    return Page(written, asked, refused, {name: _whole(number) for name, number in _FIELDS.findall(text)})


def _asked(page: Page) -> int:
    return page.asked


def _whole(number: str) -> int:
    return int(float(number))


def _read(page: Path) -> str:
    """Return a page of metrics.

    Raises:
        MainlineError: when it cannot be read.
    """
    try:
        return page.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MainlineError(f"{page} cannot be read ({error}). Save a server's /metrics there.") from error
