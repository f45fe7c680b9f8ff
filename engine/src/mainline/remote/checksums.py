"""Objects of the cache that were hashed once and whose files have not changed since, by what the file system says.

A file counts as unchanged while its inode, its size and both of its times are what they were: the time of its content,
which anybody can set, and that of its entry, which the system sets at each write. What changed beneath the file system,
such as a bit on the disk, is not seen by them.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from mainline import files
from mainline.remote.store import Damage, Store

RECORD = Path(".dvc/tmp/hashed.json")
"""The marks of the files that were hashed, by path. In a clone that may not be written nothing is remembered."""
_SETTLED = 2_000_000_000
"""Nanoseconds after which another write cannot give a file the same time again; some disks count seconds."""

Mark = tuple[int, int, int, int]
"""Inode, size in bytes, and the times of content and entry in nanoseconds since 1970."""


def check(here: Store, oids: Iterable[str]) -> Damage:
    """Compare objects of the cache with their names, as `Store.check`, but hash only what may have changed."""
    chosen = sorted(set(oids))
    known, now = _read(), time.time_ns()
    marks = {oid: _mark(here.path(oid)) for oid in chosen}
    doubtful = [oid for oid, mark in marks.items() if mark is None or known.get(here.path(oid)) != mark]
    if not doubtful:
        return Damage((), ())
    damage = here.check(doubtful)
    sound = {here.path(oid): marks[oid] for oid in doubtful if oid not in damage.all}
    # A file that was written while it was hashed, or just before, may have other content under the same mark.
    kept = {
        path: mark for path, mark in sound.items() if mark and mark == _mark(path) and max(mark[2:]) < now - _SETTLED
    }
    if kept:
        _write(known | kept)
    return damage


def _mark(path: str) -> Mark | None:
    """Return the mark of a file; None if the system tells none, of which the store says why."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns


def _read() -> dict[str, Mark]:
    try:
        return {str(path): tuple(mark) for path, mark in json.loads(RECORD.read_bytes()).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _write(marks: Mapping[str, Mark]) -> None:
    """Write the marks of files that are still there."""
    try:
        files.replace(RECORD, json.dumps({path: mark for path, mark in marks.items() if os.path.exists(path)}))
    except OSError:
        return
