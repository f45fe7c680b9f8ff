"""A server's log into the store, and out of it into a roll-up: at least once, and rolled up once.

A machine may be gone with its disk before anybody rolls up what it answered. So each file of its log that it writes to
no more is put into the store, and noted beside the log after that: killed in between, the same file is sent again. It
has its name for itself: when it was begun, who wrote it as which of its files, the machine, and the content. A roll-up
knows a file by its first line, so one that comes twice, or that a machine still has, counts once.
"""

import contextlib
import fcntl
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mainline import exclusion, files, progress
from mainline.monitoring import logfiles
from mainline.monitoring.logfiles import LogFile
from mainline.monitoring.retention import Horizon
from mainline.monitoring.store import RECEIVED, Record, Store
from mainline.remote import objects, shipments, stores
from mainline.remote.store import Store as Remote
from mainline.repository import tree
from mainline.text import clean, count

NOTES = ".shipped"
"""The folder in the log's own with the names of files that the store has or had."""
_LOCK, _SENDING = "lock", ".sending"
_NAME = re.compile(r"(predictions-\d{8}T\d{6}-[0-9a-f]{8}-\d{6,9})\.([0-9a-f]{8})\.([0-9a-f]{32})\.jsonl")


@dataclass(frozen=True)
class Shipped:
    """What a look at a log came to: files and bytes that were sent, and files that a server still writes to."""

    files: int
    size: int
    written: int


def ship(log: Path, environment: str, mark: str) -> Shipped:
    """Put the files of a log that nobody writes to any more into the store.

    Args:
        log: the prediction log.
        environment: whose it is.
        mark: tells this machine from others (`Place.mark`).

    Raises:
        MainlineError: when there is no log, another process ships it, or the store does not take a file; what is here
            stays, for the next time.
    """
    logfiles.find(log)
    notes = log / NOTES
    notes.mkdir(exist_ok=True)
    with exclusion.alone(notes / _LOCK, "./mainline ship"):
        return _ship(log, notes, environment, mark)


def let_go(log: Path) -> None:
    """Remove what one that was killed held of a log: lines that the log itself may not have any more.

    Raises:
        MainlineError: when another process ships it.
    """
    notes = log / NOTES
    if notes.is_dir():
        with exclusion.alone(notes / _LOCK, "./mainline ship"):
            for left in notes.glob(f"*{_SENDING}"):
                left.unlink()


def _ship(log: Path, notes: Path, environment: str, mark: str) -> Shipped:
    remote, sent, size, written = None, 0, 0, 0
    found = logfiles.find(log).files
    _tidy(notes, {file.name for file in found} | {_LOCK})
    for seen in found:
        if (notes / seen.name).exists():
            continue
        if _is_written(seen):
            written += 1
            continue
        file = logfiles.look(seen.path)  # the server may have written on, and ended, while others were sent
        if file is None:
            continue
        with _held(file, notes) as copy:
            if copy is None:
                continue
            remote = remote or stores.open_remote()
            digest = _md5(copy)
            name = f"{file.path.stem}.{mark}.{digest}.jsonl"
            shipments.send(remote, copy, f"{shipments.folder(remote, environment)}/{name}", digest)
        files.replace(notes / file.name, f"{name}\n", durable=True)
        sent, size = sent + 1, size + file.size
    return Shipped(sent, size, written)


def receive(store: Store, environment: str) -> int:
    """Bring files that wait in the store and were not rolled up yet; return how many.

    Raises:
        MainlineError: when the store does not answer, or gives something else than was sent.
    """
    remote, records = stores.open_remote(), {record.name: record for record in store.records().values()}
    brought = 0
    for path, size in _waiting(remote, environment):
        stem, mark, digest = _parts(path)
        target = store.folder / RECEIVED / mark / f"{stem}.jsonl"
        record = records.get(target.name)
        known = record is not None and _is_told(record, size)
        if not known and not target.exists():
            brought += shipments.fetch(remote, path, target, digest)
    return brought


def settle(store: Store, environment: str, commit: str, since: Horizon) -> int:
    """Take out of the store what others can read as a record by now; return how many files that were.

    A file that was brought here goes too, also if another machine took it out of the store, or a kill left it.

    Args:
        store: what is rolled up.
        environment: whose files are settled.
        commit: what others read, after `sharing.give`.
        since: the days from which on they read it.

    Raises:
        MainlineError: when the store does not answer.
    """
    remote, records = stores.open_remote(), {record.name: record for record in store.records().values()}
    there = tree.entries(commit).keys()

    def is_shared(name: str, size: int) -> bool:
        record = records.get(name)
        return record is not None and _is_told(record, size) and _wanted(record, since) <= there

    gone = 0
    for path, size in _waiting(remote, environment):
        stem, _, _ = _parts(path)
        if is_shared(f"{stem}.jsonl", size):
            shipments.remove(remote, path)
            gone += 1
    for brought in (store.folder / RECEIVED).glob("*/*.jsonl"):
        if is_shared(brought.name, brought.stat().st_size):
            brought.unlink(missing_ok=True)
    return gone


def _wanted(record: Record, since: Horizon) -> set[str]:
    """Return the files by which others have a record and its rows, as far as both are kept."""
    wanted = {f"{rolled.columns}{objects.TRACKED}" for rolled in record.days if rolled.day >= since.rows}
    if not record.days or any(rolled.day >= since.records for rolled in record.days):
        wanted.add(f"files/{record.identity}.json")
    return wanted


def _is_told(record: Record, size: int) -> bool:
    """Say whether a record tells all of a file of so many bytes: no line of it waits for its package."""
    return record.size >= size and not record.unknown and record.is_current


def _waiting(remote: Remote, environment: str) -> list[tuple[str, int]]:
    """Return the files that wait, oldest first; what has another name is left out, and said."""
    found = sorted(shipments.listing(remote, environment).items())
    strange = [path for path, _ in found if not _NAME.fullmatch(Path(path).name)]
    if strange:
        progress.say(f"{count(len(strange), 'file')} in {remote.name} is no log of a server: {clean(strange[0])}.")
    return [(path, size) for path, size in found if path not in strange]


def _parts(path: str) -> tuple[str, str, str]:
    matched = _NAME.fullmatch(Path(path).name)
    assert matched is not None
    return matched[1], matched[2], matched[3]


def _is_written(file: LogFile) -> bool:
    """Say whether a server writes to a file: it holds a lock as long as it does, however it ends."""
    with contextlib.suppress(FileNotFoundError), file.path.open("rb") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextlib.contextmanager
def _held(file: LogFile, notes: Path) -> Iterator[Path | None]:
    """Hold the whole lines of a file while they are sent; None if it went meanwhile."""
    copy = notes / f"{file.name}{_SENDING}"
    try:
        try:
            logfiles.take(file, copy, ended=True)
        except FileNotFoundError:
            yield None
        else:
            yield copy
    finally:
        copy.unlink(missing_ok=True)


def _tidy(notes: Path, here: Iterable[str]) -> None:
    """Remove notes of files that the log has no more."""
    if notes.is_dir():
        known = set(here)
        for note in notes.iterdir():
            if note.name not in known:
                note.unlink(missing_ok=True)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
