"""What several machines know of production, on the branch that `artifact.branch` names: it adds up, and outlives them.

| place | holds |
|---|---|
| `files/IDENTITY.json` | the record of a file of some server's log, without what single rows had |
| `rows/DAY/DIGEST/NAME-CONTENT.parquet.dvc` | where the DVC store has its rows |
| `alarms.jsonl` | what happened to alarms |
| `notified.jsonl` | which messages about alarms were sent where |
| `monitoring.json` | the last result |
| `dropped.json` | what is kept no more of servers' logs; see `retention` |

Of two records of one file the longer one counts, or the one with more rows, as of a machine that has the package; so it
does not matter who pushes first, and what a push by force took away comes back with the next machine that has it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from mainline.declared import environments as declared
from mainline.declared.monitoring import Keep
from mainline.exchange.report import NAME
from mainline.monitoring import alarms, disclosure, notices, promise, retention, shared_rows
from mainline.monitoring.disclosure import Known
from mainline.monitoring.logfiles import named
from mainline.monitoring.result import TIME, Monitored
from mainline.monitoring.store import DROPPED, Record, Store, read_dropped
from mainline.registry import artifact, branches, origin
from mainline.remote.store import Store as StoredObjects
from mainline.repository import tree
from mainline.repository.git import blob
from mainline.repository.tree import Entry

RESULT = f"{NAME}.json"
NOTIFIED = "notified.jsonl"
_LARGEST = 5_000_000
"""Bytes of a record, at most."""


@dataclass(frozen=True)
class Taken:
    """What came from others: records, and how many files of the branch are not what a machine writes there."""

    records: int
    strange: int


def branch(environment: str) -> str:
    """Name the branch of an environment."""
    return artifact.branch("monitoring", environment)


def environments() -> list[str]:
    """Name the environments that somebody monitors, declared or not.

    Raises:
        MainlineError: when the remote does not answer.
    """
    start = f"{origin.HEADS}{branch('')}"
    remote = origin.remote()
    names = [name.removeprefix(start) for name in origin.refs(remote, f"{start}*")] if remote else []
    return [name for name in names if re.fullmatch(declared.NAME, name)]


def take(store: Store, environment: str, days: int) -> Taken:
    """Take what others rolled up and saw, with the rows of the last `days` days of traffic as far as they are stored.

    Raises:
        MainlineError: when the remote does not answer, or a roll-up works in the store.
    """
    tip = branches.fetch(branch(environment))
    if not tip:
        return Taken(0, 0)
    with store.owned():
        own = store.records()
        found = {path: read(path, blob(f"{tip}:{path}") or b"", store) for path in tree.entries(tip, "files")}
        records = [record for record in found.values() if record is not None]
        new = [record for record in records if (one := own.get(record.identity)) is None or one.told < record.told]
        shared_rows.take(store, tip, [*own.values(), *records], days)
        for record in new:
            store.keep(record)
        store.keep_dropped(retention.join(store.dropped(), read_dropped(blob(f"{tip}:{DROPPED}") or b"")))
        shared = _result(tip)
        promise.add(store, shared.promises if shared else [])
        alarms.add(store, alarms.read(blob(f"{tip}:{alarms.FILE}") or b""))
        notices.add(store, notices.read(blob(f"{tip}:{NOTIFIED}") or b""))
    return Taken(len(new), len(found) - len(records))


def give(
    store: Store, environment: str, found: Monitored, known: Known, keep: Keep, now: datetime | None = None
) -> str:
    """Put records, rows, alarms and the result where others read them, as far as they are kept; return the commit.

    A newer result stays, unless it says that it is of a time after `now`, as from a machine whose clock is wrong.

    Raises:
        MainlineError: when the remote does not take them; what is here stays.
    """
    records = store.records()
    now = now or datetime.now(UTC)
    horizon = retention.horizon(found.until, now, keep)

    def change(tip: str) -> Mapping[str, Entry | None]:
        there = tree.entries(tip) if tip else {}
        before = retention.join(store.dropped(), read_dropped((tip and blob(f"{tip}:{DROPPED}")) or b""))
        gone, dropped = retention.drop(records, before, horizon.records)
        kept = {identity: record for identity, record in records.items() if identity not in gone}
        changed = _records(store, kept, tip, there, known)
        changed |= shared_rows.give(store, kept, there, horizon.rows)
        joined = alarms.join((tip and blob(f"{tip}:{alarms.FILE}")) or b"", store.alarms())
        changed[alarms.FILE] = alarms.since(joined, horizon.records)
        sent = notices.join((tip and blob(f"{tip}:{NOTIFIED}")) or b"", store.notified())
        if sent:
            changed[NOTIFIED] = notices.recent(sent, alarms.read(joined), found.until)
        if not found.until < _until(tip) <= f"{now:{TIME}}":
            changed[RESULT] = (_joined(found, tip).model_dump_json(indent=2) + "\n").encode()
        if dropped.writers:
            changed[DROPPED] = (dropped.model_dump_json(indent=1) + "\n").encode()
        entries: dict[str, Entry | None] = {
            path: Entry("100644", tree.store(content)) for path, content in changed.items()
        }
        over = {path for path in there if _is_over(path, gone, horizon.rows)} | ({DROPPED} & there.keys())
        entries |= dict.fromkeys(over - entries.keys())
        return {path: entry for path, entry in entries.items() if there.get(path) != entry}

    said = f"monitoring: {found.verdict}, {found.until}"
    return branches.update(branch(environment), change, said, keep.looks)


def withdraw(
    environment: str, stale: Callable[[Mapping[str, Record]], set[str]], remotes: Sequence[StoredObjects]
) -> None:
    """Take away records that `stale` names, and pointers to rows that no store has any more.

    A store that this clone has for itself does not tell what others share: then pointers stay.

    Raises:
        MainlineError: when the remote does not answer, or does not take it.
    """
    name = branch(environment)
    if not branches.fetch(name):
        return
    is_shared = shared_rows.is_shared()

    def change(tip: str) -> Mapping[str, Entry | None]:
        there = tree.entries(tip) if tip else {}
        records = {
            record.identity: record for path in there if path.startswith("files/")
            if (record := _record(blob(f"{tip}:{path}") or b"")) is not None
        }  # fmt: skip
        pointers = {path: shared_rows.pointed(tip, path) for path in there if path.startswith("rows/")}
        lost = {output.oid for outputs in pointers.values() for output in outputs} if is_shared else set()
        for remote in remotes:
            lost = set(remote.lacks(lost))
        gone = {f"files/{identity}.json" for identity in stale(records)}
        gone |= {path for path, outputs in pointers.items() if any(output.oid in lost for output in outputs)}
        return dict.fromkeys(gone & there.keys())

    branches.update(name, change, "monitoring: forget a key")


def _record(content: bytes) -> Record | None:
    try:
        return Record.model_validate_json(content)
    except ValidationError:
        return None


def result(environment: str) -> tuple[Monitored | None, list[alarms.Line]]:
    """Return the last result of an environment and all lines of its alarms, as the branch has them now.

    A result that says to be of another environment is none: who may push to the branch may write any word there.

    Raises:
        MainlineError: when the remote does not answer.
    """
    tip = branches.fetch(branch(environment))
    if not tip:
        return None, []
    found = _result(tip)
    is_own = found is not None and found.environment == environment
    return found if is_own else None, alarms.read(blob(f"{tip}:{alarms.FILE}") or b"")


def read(path: str, content: bytes, store: Store) -> Record | None:
    """Read a record that somebody pushed; None if it is not one, or names another place than its own."""
    try:
        if len(content) > _LARGEST:
            return None
        record = Record.model_validate_json(content)
        named(record.name)
    except (ValidationError, ValueError):
        return None
    names = [record.identity, record.content]
    if path != f"files/{record.identity}.json" or any(set(name) - set("0123456789abcdef") for name in names):
        return None
    own = [store.target(record.name, record.content, rolled.day, rolled.digest) for rolled in record.days]
    return record if own == [rolled.columns for rolled in record.days] and record.is_current else None


def _records(
    store: Store, records: Mapping[str, Record], tip: str, there: Mapping[str, Entry], known: Known
) -> dict[str, bytes]:
    """Return the records that the branch lacks, or has one of that tells less."""
    changed = {}
    for record in records.values():
        path = f"files/{record.identity}.json"
        other = read(path, blob(f"{tip}:{path}") or b"", store) if path in there else None
        if other is None or other.told < record.told:
            changed[path] = (disclosure.public(record, known).model_dump_json(indent=1) + "\n").encode()
    return changed


def _is_over(path: str, gone: set[str], since: str) -> bool:
    """Say whether a file of the branch is one that is kept no more, or that nobody reads any more."""
    folder, _, rest = path.partition("/")
    return (
        (folder == "files" and rest.removesuffix(".json") in gone)
        or (folder == "rows" and rest[:10] < since)
        or folder == "results"
    )


def _joined(found: Monitored, tip: str) -> Monitored:
    """Return a result with the promises that others saw come true, or not."""
    other = _result(tip) if tip else None
    joined = promise.join(other.promises if other else [], found.promises)
    return found.model_copy(update={"promises": joined[-1000:]})


def _until(tip: str) -> str:
    found = _result(tip) if tip else None
    return found.until if found else ""


def _result(tip: str) -> Monitored | None:
    try:
        return Monitored.model_validate_json(blob(f"{tip}:{RESULT}") or b"")
    except ValidationError:
        return None
