"""The prediction log into the store: each file once, again if it has grown, and nothing lost without a word."""

import errno
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mainline import progress
from mainline.errors import MainlineError
from mainline.monitoring import logfiles, loglines
from mainline.monitoring.logfiles import Listing, LogFile
from mainline.monitoring.loglines import Reader
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Dropped, Record, Rolled, Store
from mainline.text import clean, count

_REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""What the system says of a disk that takes no more."""


@dataclass(frozen=True)
class Summary:
    """What a store holds after a roll-up, and what it could not take.

    `missing` are files that a server wrote and nobody rolled up, `unread` those that could not be read now, `unknown`
    lines by the digest of a package that is not here, `dropped` what is kept no more.
    """

    records: Mapping[str, Record]
    taken: int
    missing: tuple[str, ...]
    unread: tuple[str, ...]
    copies: tuple[str, ...]
    strange: tuple[str, ...]
    dropped: Dropped

    @property
    def rows(self) -> int:
        """All predictions that are rolled up."""
        return sum(record.rows for record in self.records.values())

    @property
    def bad(self) -> int:
        """Lines that no service writes."""
        return sum(record.bad for record in self.records.values())

    @property
    def torn(self) -> int:
        """Files that end in a half line, which a kill leaves."""
        return sum(record.torn for record in self.records.values())

    @property
    def unknown(self) -> dict[str, int]:
        """Lines of packages that are not here, by digest."""
        found: dict[str, int] = defaultdict(int)
        for record in self.records.values():
            for digest, lines in record.unknown.items():
                found[digest] += lines
        return dict(found)


def roll(logs: Path | None, store: Store, packages: Mapping[str, Packaged]) -> Summary:
    """Roll up what is new in a log: files that the store has not seen, have grown, or wait for their package.

    Without a log the store holds what other machines rolled up.

    Raises:
        MainlineError: when there is no log, the store cannot be used, or another roll-up works in it.
    """
    listing = logfiles.find(*filter(None, [logs, *store.received()]))
    with store.owned(), _writing(store):
        records = store.records()
        unread, taken = [], 0
        with loglines.open_reader(store.scratch) as reader:
            roller = _Roller(store, reader, dict(packages))
            for file in listing.files:
                if _is_done(file, records.get(file.identity), packages):
                    continue
                record = roller.roll(file, not logfiles.is_written(file, listing.files))
                if record is None:
                    unread.append(file.name)
                    continue
                store.keep(record)
                records[record.identity] = record
                taken += 1
        _require_current(store, records)
        store.sweep(records.values())
        store.write_sketches(records.values())
    return _summarize(listing, records, store.dropped(), taken, unread)


def _is_done(file: LogFile, record: Record | None, packages: Mapping[str, Packaged]) -> bool:
    """Say whether a record tells all of a file; a copy that is shorter than what was rolled up adds nothing."""
    if record is None:
        return False
    if record.size > file.size:
        return True
    return record.is_current and record.content == file.content and not record.unknown.keys() & packages.keys()


def _require_current(store: Store, records: Mapping[str, Record]) -> None:
    """Refuse records of before that could not be made again.

    Raises:
        MainlineError: when the log does not have their files any more.
    """
    old = [record for record in records.values() if not record.is_current]
    if old:
        raise MainlineError(
            f"{store.folder} has {count(len(old), 'record')} of before predictions were counted, and the log has their "
            f"files no more ({clean(old[0].name)}). Name another folder (--store), or bring the files back."
        )


@dataclass
class _Roller:
    """Rolls up one file after another; the packages that the last one named are tried first."""

    store: Store
    reader: Reader
    packages: dict[str, Packaged]

    def roll(self, file: LogFile, ended: bool) -> Record | None:
        """Write the rows of a file and return its record; None if it vanished meanwhile or cannot be read."""
        source = self.store.scratch / file.name
        try:
            lines = logfiles.take(file, source, ended)
            try:
                return self._record(file, source, lines, ended)
            except duckdb.InvalidInputException:
                loglines.drop_deep(source)
                return self._record(file, source, lines, ended)
        except (FileNotFoundError, duckdb.InvalidInputException) as error:
            progress.say(f"{file.name} could not be read ({str(error).splitlines()[0][:200]}).")
            return None
        finally:
            source.unlink(missing_ok=True)

    def _record(self, file: LogFile, source: Path, lines: int, ended: bool) -> Record:
        days: list[Rolled] = []
        unknown: dict[str, int] = {}
        kept = 0
        for digest, package in list(self.packages.items()):
            held = self.reader.hold(source, package)
            if held:
                kept += held
                days += self._write(file, package)
                self.packages = {digest: package} | self.packages
            if kept == lines:
                break
        else:
            named = self.reader.count_lines(source)
            unknown = {name: count for name, count in named.items() if _is_digest(name) and name not in self.packages}
        return Record(
            name=file.name,
            identity=file.identity,
            content=file.content,
            size=file.size,
            lines=lines,
            bad=lines - kept - sum(unknown.values()),
            torn=int(ended and file.torn > 0),
            unknown=unknown,
            days=days,
        )

    def _write(self, file: LogFile, package: Packaged) -> Iterator[Rolled]:
        """Write the rows that are held, a file for each day."""
        for day in self.reader.days(package):
            target = self.store.target(file.name, file.content, day.day, package.digest)
            self.reader.write(day.day, self.store.folder / target)
            yield Rolled(
                day=day.day, version=day.version, digest=package.digest, columns=target, sketch=day.sketch,
                hours=day.hours,
            )  # fmt: skip


@contextmanager
def _writing(store: Store) -> Iterator[None]:
    """Say in one line what keeps a store from being written; records are written whole, so totals stay right.

    Raises:
        MainlineError: when the disk is full, or the store may not be written for another reason of the system.
    """
    try:
        yield
    except (OSError, duckdb.IOException) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno in _REFUSED else ""
        if isinstance(error, duckdb.IOException):  # DuckDB reads and writes nothing but files of the store
            reason = next((said for said in map(os.strerror, _REFUSED) if said in str(error)), "") or clean(str(error))
        if not reason:
            raise
        raise MainlineError(
            f"{store.folder} cannot be written ({reason[:200]}). What is rolled up counts, the rest waits in the log: "
            "make room, or name another folder (--store), and run it again."
        ) from error


def _is_digest(text: str) -> bool:
    return len(text) == 64 and not text.strip("0123456789abcdef")


def _summarize(
    listing: Listing, records: Mapping[str, Record], dropped: Dropped, taken: int, unread: list[str]
) -> Summary:
    numbers: dict[str, set[int]] = defaultdict(set)
    for name in {record.name for record in records.values()} | {file.name for file in listing.files}:
        writer, number = logfiles.named(name)
        numbers[writer].add(number)
    missing = [
        f"{writer}-{number:06d}"
        for writer, gone in logfiles.holes(numbers)
        for number in gone
        if number > dropped.of(writer).number
    ]
    return Summary(records, taken, tuple(missing), tuple(unread), listing.copies, listing.strange, dropped)
