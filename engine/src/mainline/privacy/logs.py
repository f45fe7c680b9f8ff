"""Rows of keys taken out of a prediction log, of what was rolled up of it, and the outcomes of their answers.

A file of the log that changes is rolled up again at the next look, so its record goes before the file is replaced. A
server that writes to the file meanwhile sees that its name is gone, and begins the next one.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from mainline import files
from mainline.exchange.place import Place
from mainline.monitoring import logfiles, shipping
from mainline.monitoring.store import Record, Store
from mainline.privacy.traces import Sought

_BY_ROW = ("inputs", "features", "probabilities")
_LISTS = ("prediction", "stale", "unusual")


@dataclass
class Found:
    """What there is of the keys: rows by file of the log, ids of their requests, rolled rows and outcomes by file."""

    logged: dict[Path, int] = field(default_factory=dict)
    requests: set[str] = field(default_factory=set)
    rolled: dict[Path, int] = field(default_factory=dict)
    outcomes: dict[Path, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Say how many rows of how many files."""
        parts = (("prediction log", self.logged), ("rows rolled up", self.rolled), ("outcomes", self.outcomes))
        return ", ".join(f"{name}: {sum(rows.values()):,} rows in {len(rows)} files" for name, rows in parts)


@dataclass(frozen=True)
class Kept:
    """Where an environment keeps what it answered."""

    log: Path | None
    place: Place

    @property
    def exists(self) -> bool:
        """Whether there is anything."""
        return any(self._files()) or any((self.place.monitoring / "rows").rglob("*.parquet"))

    def find(self, sought: Sought) -> Found:
        """Look for keys, and change nothing."""
        found = Found()
        for path in self._files():
            rows = 0
            for line in path.read_bytes().splitlines():
                hit = _rows(line, sought)
                if hit:
                    rows += len(hit[1])
                    found.requests.add(str(hit[0].get("request_id", "")))
            if rows:
                found.logged[path] = rows
        for path in sorted((self.place.monitoring / "rows").rglob("*.parquet")):
            rows = sum(_mask(path, sought))
            if rows:
                found.rolled[path] = rows
        for path in sorted(self.place.outcome_log.glob("*.jsonl")):
            rows = sum(_names(line, found.requests) for line in path.read_bytes().splitlines())
            if rows:
                found.outcomes[path] = rows
        return found

    def remove(self, found: Found, sought: Sought) -> None:
        """Take out what was found: outcomes first, since only the log says whose they are.

        Raises:
            MainlineError: when a roll-up works in the store, or the log is shipped.
        """
        if self.log is not None:
            shipping.let_go(self.log)
        for path in found.outcomes:
            _replace(path, lambda line: None if _names(line, found.requests) else line)
        if self.place.monitoring.is_dir():
            self._remove_rolled(found, sought)
        for path in found.logged:
            _replace(path, lambda line: _without(line, sought))

    def _remove_rolled(self, found: Found, sought: Sought) -> None:
        store = Store(self.place.monitoring)
        logged = {path.name for path in self._files()}
        changing = {path.name for path in found.logged}
        with store.owned():
            records = store.records()
            for identity, record in list(records.items()):
                parts = [store.folder / rolled.columns for rolled in record.days]
                if record.name in changing or (record.name in logged and not found.rolled.keys().isdisjoint(parts)):
                    (store.folder / "files" / f"{identity}.json").unlink(missing_ok=True)
                    del records[identity]
            store.sweep(records.values())
            for path in (path for path in found.rolled if path.exists()):
                kept = pq.read_table(path).filter([not hit for hit in _mask(path, sought)])
                with files.replacing(path) as target:
                    pq.write_table(kept, target, compression="zstd")
            for path in (store.folder / "skew").glob("*.csv"):
                if sought.in_file(path.read_bytes()):
                    path.unlink()

    def stale(self, records: Mapping[str, Record]) -> set[str]:
        """Return the identities of records of files that are here and begin otherwise now."""
        if self.log is None or not self.log.is_dir():
            return set()
        here = {file.name: file.identity for file in logfiles.find(self.log).files}
        return {identity for identity, one in records.items() if here.get(one.name, identity) != identity}

    def _files(self) -> Iterator[Path]:
        if self.log is not None and self.log.is_dir():
            yield from sorted(path for path in self.log.rglob("*.jsonl") if not path.is_symlink())


def _rows(line: bytes, sought: Sought) -> tuple[dict[str, Any], list[int]] | None:
    """Return a line of the log with the places of its rows that are of a key; None if none is, or it cannot be read."""
    if not sought.may_be_in(line):
        return None
    try:
        content = orjson.loads(line)
        values = content["inputs"][sought.column]
        hits = [place for place, value in enumerate(values) if sought.is_one(value)]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return (content, hits) if hits else None


def _without(line: bytes, sought: Sought) -> bytes | None:
    """Return a line of the log without the rows of keys; None if no row is left."""
    hit = _rows(line, sought)
    if hit is None:
        return line
    content, gone = hit
    if len(gone) == len(content["prediction"]):
        return None

    def rest(values: list[Any]) -> list[Any]:
        return [value for place, value in enumerate(values) if place not in gone]

    for name in _BY_ROW:
        if name in content:
            content[name] = {column: rest(values) for column, values in content[name].items()}
    return orjson.dumps(content | {name: rest(content[name]) for name in _LISTS if name in content})


def _names(line: bytes, requests: set[str]) -> bool:
    try:
        return orjson.loads(line).get("request_id") in requests
    except (orjson.JSONDecodeError, AttributeError):
        return False


def _mask(path: Path, sought: Sought) -> list[bool]:
    """Say of each rolled row whether it is of a key."""
    name = f"input.{sought.column}"
    if name not in pq.read_schema(path).names:
        return []
    return [sought.is_one(value) for value in pq.read_table(path, columns=[name])[name].to_pylist()]


def _replace(path: Path, change: Any) -> None:
    """Write a file of lines anew; what a server appended meanwhile is taken over from the old one."""
    with path.open("rb") as old:
        before = old.read()
        kept = [new + b"\n" for line in before.splitlines() if (new := change(line)) is not None]
        files.replace(path, b"".join(kept), mode=os.fstat(old.fileno()).st_mode & 0o777)
        more = old.read()
    if more:
        with path.open("ab") as file:
            file.writelines(new + b"\n" for line in more.splitlines() if (new := change(line)) is not None)
