"""What a roll-up found, in lines for a person."""

from datetime import datetime, timedelta

from mainline.gate.findings import Check
from mainline.monitoring import result
from mainline.monitoring.logfiles import named
from mainline.monitoring.result import Alarm, Mark, Monitored
from mainline.monitoring.rollup import Summary
from mainline.text import clean, count, few

_SHOWN = 3
_PLAIN = {
    "missing values": "lacks values that it had in training",
    "unseen values": "is asked about values that training did not have",
    "whole numbers": "is sent fractions of what was whole in training",
    "range of numbers": "is sent numbers that lie beyond those of training",
    "constant values": "has a number that stands still",
    "skew of features": "computes other features than the pipeline",
    "labels": "has too few labels for anybody to say how good it is",
    "skill": "errs more than it should",
    "bias": "errs to one side",
    "bias by segment": "errs to one side where others do not",
    "drift of features": "is asked about other things than in training",
    "drift of predictions": "predicts other values than at its test",
}
"""What it means of a version that a check fails, for somebody who knows none of the checks."""


def troubles(summary: Summary) -> list[str]:
    """Name what is not rolled up, a line for each kind; none if everything is."""
    unknown = [f"{digest[:12]} ({count(lines, 'line')})" for digest, lines in sorted(summary.unknown.items())]
    said = (
        (
            summary.missing,
            "never rolled up, and gone from the log",
            "roll up more often, or keep more (log.keep_bytes)",
        ),
        (summary.unread, "not readable now", "run this again"),
        (unknown, "of a package that is not here", "name its folder (--package); the lines wait in the log"),
        (summary.copies, "copies of another file, counted once", "remove them"),
        (summary.strange, "files that no server names so, left out", "move them out of the log"),
    )
    lines = [f"{len(names):,} {what}: {_some(names)}. Next: {remedy}." for names, what, remedy in said if names]
    if summary.bad:
        lines.append(f"{count(summary.bad, 'line')} that no service writes, kept out of all counts.")
    if summary.torn:
        lines.append(f"{count(summary.torn, 'file')} with a half line at the end, as a kill leaves it.")
    return lines


def of_days_to_come(summary: Summary, now: datetime) -> list[str]:
    """Name the servers that wrote rows of days after tomorrow, which no check looks at yet; none if no server did."""
    tomorrow = f"{now + timedelta(days=1):%Y-%m-%d}"
    later = [
        (named(record.name)[0], rolled.sketch.rows, rolled.day)
        for record in summary.records.values() for rolled in record.days if rolled.day > tomorrow
    ]  # fmt: skip
    if not later:
        return []
    servers, rows = sorted({server for server, _, _ in later}), sum(rows for _, rows, _ in later)
    whose, next_step = ("server", "set its clock") if len(servers) == 1 else ("servers", "set their clocks")
    upto = max(day for _, _, day in later)
    return [f"{count(rows, 'row')} of days to come, up to {upto}, wait: {whose} {_some(servers)}. Next: {next_step}."]


def tables(found: Monitored) -> list[tuple[str, list[Check]]]:
    """Return the checks of a look under their titles: those of the log, and of each version."""
    answering = result.answering(found.versions)
    titled = [(one.version if one in answering else f"{one.version}, which was replaced", one.checks)
             for one in found.versions]  # fmt: skip
    return [("The log", found.checks), *((clean(title), checks) for title, checks in titled)]


def plain(check: str) -> str:
    """Say what it means that a version fails a check, as the rest of a sentence that begins with the version."""
    return _PLAIN.get(check, "is not as it was tested")


def of_alarm(alarm: Alarm) -> str:
    """Say since when an alarm is open, and whether it waits to be closed."""
    waits = f"; passes since {alarm.quiet_since[:10]}" if alarm.quiet_since else ""
    return f"{clean(alarm.version)}: {clean(alarm.check)}, open since {alarm.opened[:10]}{waits}"


def of_mark(mark: Mark) -> str:
    """Say what a version changed; that nothing is known to differ if so."""
    said = "; ".join(f"{changed.kind}: {clean(changed.what)}" for changed in mark.changes)
    return said or "nothing that is known here"


def _some(names: tuple[str, ...] | list[str]) -> str:
    return few([clean(name)[:80] for name in names], _SHOWN)
