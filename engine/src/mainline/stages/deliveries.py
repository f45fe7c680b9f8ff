"""What a source delivered for a period, taken from an earlier run while the source says that it has not changed.

A source says so by `version_of(period)`; nothing else can, since what it reads is elsewhere. What was kept is of the
same code, lock and settings (`fingerprint`), and matches its hash.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mainline import progress
from mainline.errors import UseCaseError
from mainline.stages import entries, fingerprint, presence
from mainline.stages.entries import DamagedError, Entry
from mainline.stages.harness import is_reused
from mainline.text import count

STAGE, RAW = "ingest", Path("data/raw")
Period = str | None
"""None stands for the tables without periods."""
Fetched = dict[tuple[str, Period], int]
"""The rows of each batch by its table and period, in the order in which the source delivers them."""


class Deliveries:
    """The periods of one run, each under its version; without versions, and where nothing is reused, none is kept."""

    def __init__(self, version_of: Callable[[Period], Any] | None) -> None:
        self._version_of = version_of if is_reused() else None
        self._fingerprint = fingerprint.take(STAGE, RAW) if self._version_of else None
        self._keys: dict[Period, str] = {}
        self._taken: dict[Period, Mapping[str, Any]] = {}

    def take(self, periods: Sequence[str]) -> list[Period]:
        """Write the files of periods that have not changed; return the others, which are to be fetched.

        Raises:
            UseCaseError: when a version is not a text.
        """
        for period in (None, *periods):
            self._keys[period] = self._key(period)
            entry = self._read(period) if self._keys[period] else None
            if entry is not None:
                entry.write()
                self._taken[period] = entry.report
        if self._taken:
            progress.say(f"{STAGE}: {len(self._taken.keys() - {None})} of {count(len(periods), 'period')} taken from "
                         "an earlier run")  # fmt: skip
        return [period for period in self._keys if period not in self._taken]

    def keep(self, fetched: Fetched) -> None:
        """Keep what was written of periods whose version is still the same, and forget what this run did not use."""
        used = {self._keys[period] for period in self._taken}
        for period in dict.fromkeys(period for _, period in fetched if period not in self._taken):
            if self._fingerprint and self._is_still(period):
                try:
                    entries.write(STAGE, self._keys[period], _entry(fetched, period))
                    used.add(self._keys[period])
                except OSError as error:
                    progress.say(f"{STAGE}: {_told(period)} cannot be kept for reuse: {error.strerror or error}.")
        entries.prune(STAGE, used)

    def rows(self, fetched: Fetched) -> dict[str, int]:
        """Count the rows of each table, in the order of a run that fetches all."""
        order = [name for report in self._taken.values() for name in report["order"]]
        counted = dict.fromkeys([*order, *(table for table, _ in fetched)], 0)
        new = [(table, rows) for (table, period), rows in fetched.items() if period not in self._taken]
        for table, rows in (*new, *(item for report in self._taken.values() for item in report["rows"].items())):
            counted[table] += rows
        return counted

    def _is_still(self, period: Period) -> bool:
        """Whether source and code are as they were before the fetch, so that the key names what was fetched."""
        files = self._fingerprint.files if self._fingerprint else ()
        key = self._keys[period]
        return bool(key) and not fingerprint.changed(files, presence.began(STAGE)) and key == self._key(period)

    def _key(self, period: Period) -> str:
        """Name what the source has of a period now; '' if nobody says."""
        if self._version_of is None or self._fingerprint is None:
            return ""
        version = self._version_of(period)
        if not isinstance(version, str):
            raise UseCaseError(
                f"src/usecase/source.py: version_of({period!r}) returns {version!r:.100}; return a text that changes "
                "with the data of that period, or '' if nobody knows."
            )
        named = json.dumps([self._fingerprint.digest, period, version])
        return f"{self._fingerprint.digest[:16]}-{hashlib.sha256(named.encode()).hexdigest()}" if version else ""

    def _read(self, period: Period) -> Entry | None:
        try:
            return entries.read(STAGE, self._keys[period])
        except DamagedError:
            progress.say(f"{STAGE}: what was kept of {_told(period)} is damaged; it is fetched again.")
            entries.remove(STAGE, self._keys[period])
        return None


def file_of(table: str, period: Period) -> Path:
    """Return the file of a batch."""
    return RAW / f"{table}.parquet" if period is None else RAW / table / f"{period}.parquet"


def _entry(fetched: Fetched, period: Period) -> Entry:
    """Take the bytes of a period's files, which were just written."""
    rows = {table: number for (table, of), number in fetched.items() if of == period}
    files = [file_of(table, period) for table in rows]
    order = [*dict.fromkeys(table for table, _ in fetched)]
    return Entry({file.as_posix(): file.read_bytes() for file in files}, {"rows": rows, "order": order})


def _told(period: Period) -> str:
    return "the tables without periods" if period is None else period
