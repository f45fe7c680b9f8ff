"""What the branch `monitoring/<environment>` keeps, and for how long, so that it does not grow for ever.

| older than | goes |
|---|---|
| `keep.rows_days` | where the DVC store has rows; the store itself is another's to clean |
| `keep.days` | records of files of the log, the first ones of a server first, and alarms that were closed before |
| `keep.looks` | the history of the branch: it begins anew with what it holds then |

What went of a server's files is remembered in `dropped.json` as their last number and their rows, so that neither
counts as lost. Servers without a file that is kept are forgotten. Each machine comes to the same by the same rule, so
none brings back what another one let go.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mainline.declared.monitoring import Keep
from mainline.monitoring.logfiles import named
from mainline.monitoring.store import Dropped, Past, Record


@dataclass(frozen=True)
class Horizon:
    """The days from which on records and alarms, and pointers to rows, are kept."""

    records: str
    rows: str


def horizon(until: str, now: datetime, keep: Keep) -> Horizon:
    """Count back from a look, but never from a day that is yet to come, as a clock that is wrong names it."""
    day = date.fromisoformat(min(until[:10], f"{now:%Y-%m-%d}"))
    return Horizon(*((day - timedelta(days)).isoformat() for days in (keep.days, keep.rows_days)))


def join(one: Dropped, other: Dropped) -> Dropped:
    """Return what went of each server, as whoever knows more says it."""
    return Dropped(
        writers={
            writer: max(one.of(writer), other.of(writer), key=lambda past: past.number)
            for writer in sorted({*one.writers, *other.writers})
        }
    )


def drop(records: Mapping[str, Record], before: Dropped, since: str) -> tuple[set[str], Dropped]:
    """Let go of files whose days are all over for long; return the identities of all that went, and what to remember.

    Args:
        records: by identity.
        before: what went earlier.
        since: the first day that is kept.
    """
    of: dict[str, list[Record]] = defaultdict(list)
    for record in records.values():
        of[named(record.name)[0]].append(record)
    gone: set[str] = set()
    remembered = {writer: past for writer, past in before.writers.items() if writer not in of}
    for writer, written in sorted(of.items()):
        past = before.of(writer)
        kept = False
        for record in sorted(written, key=lambda one: named(one.name)[1]):
            number = named(record.name)[1]
            kept = kept or (number > past.number and _newest(record) >= since)
            if kept:
                break
            gone.add(record.identity)
            if number > past.number:
                past = Past(number=number, rows=past.rows + record.rows)
        if kept and past.number:
            remembered[writer] = past
    return gone, Dropped(writers=remembered)


def _newest(record: Record) -> str:
    """Return the newest day of a file's rows; of a file without any, the day on which it was begun."""
    begun = record.name.removeprefix("predictions-")[:8]
    return max((rolled.day for rolled in record.days), default=f"{begun[:4]}-{begun[4:6]}-{begun[6:]}")
