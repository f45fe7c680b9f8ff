"""Alarms over time: a line for each thing that happened to one, so that its age outlives the machine that saw it.

| event | means |
|---|---|
| `opened` | a check failed that had not |
| `passed` | it passes again; the alarm waits |
| `failed` | it fails once more, while the alarm waited |
| `closed` | it passed for the declared days, or its version answers no more |

Lines of several machines add up: what two of them said of one moment is one line, and the order is that of time.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Literal

from pydantic import ValidationError

from mainline.documents import Hex, Name, Part, Text
from mainline.monitoring import result
from mainline.monitoring.result import Alarm, Moment, Monitored, Version
from mainline.monitoring.store import Store
from mainline.text import clip

FILE = "alarms.jsonl"
MAX_LINE = 20_000
"""Bytes of a line; the longest texts in any alphabet fit."""


class Line(Part):
    """What happened to the alarm of a check of a version; `time` is when production was looked at, in UTC."""

    time: Moment
    event: Literal["opened", "passed", "failed", "closed"]
    version: Name
    digest: Hex
    check: Name
    observed: Text = ""
    limit: Text = ""
    reason: Text = ""

    @property
    def alarm(self) -> tuple[str, str]:
        """Whose alarm it is: package and check."""
        return self.digest, self.check


def read(content: bytes) -> list[Line]:
    """Read lines; whoever may push to the branch can write one that does not fit, which is left out."""
    found = []
    for line in filter(None, content.splitlines()):
        try:
            if len(line) <= MAX_LINE:
                found.append(Line.model_validate_json(line))
        except ValidationError:
            continue
    return found


def write(lines: Iterable[Line]) -> bytes:
    """Write lines in the order of time, each once."""
    ordered = sorted(set(lines), key=lambda line: (line.time, line.model_dump_json()))
    return "".join(f"{line.model_dump_json()}\n" for line in ordered).encode()


def join(*contents: bytes) -> bytes:
    """Add up the lines of several machines."""
    return write(line for content in contents for line in read(content))


def add(store: Store, lines: Iterable[Line]) -> None:
    """Add lines to those that a store has, whatever other jobs add meanwhile."""
    with store.telling():
        store.keep_alarms(join(store.alarms(), write(lines)))


def since(content: bytes, day: str) -> bytes:
    """Return the lines but those of alarms that were closed before a day."""
    kept: list[Line] = []
    open_: dict[tuple[str, str], list[Line]] = {}
    for line in read(write(read(content))):
        told = open_.setdefault(line.alarm, [])
        told.append(line)
        if line.event == "closed":
            kept += told if line.time >= day else []
            del open_[line.alarm]
    return write([*kept, *(line for told in open_.values() for line in told)])


def fold(lines: Iterable[Line]) -> list[Alarm]:
    """Return every alarm that there was, closed ones included, in the order in which they opened."""
    alarms: list[Alarm] = []
    current: dict[tuple[str, str], int] = {}
    for line in read(write(lines)):
        place = current.get(line.alarm)
        if place is None:
            if line.event == "opened":
                current[line.alarm] = len(alarms)
                alarms.append(_opened(line))
            continue
        alarms[place] = _changed(alarms[place], line)
        if line.event == "closed":
            del current[line.alarm]
    return alarms


def update(lines: Sequence[Line], found: Monitored, quiet_days: int) -> list[Line]:
    """Return the lines that a look at production adds."""
    still = {(alarm.digest, alarm.check): alarm for alarm in fold(lines) if not alarm.closed}
    answering = result.answering(found.versions)
    new = [
        line
        for version in answering
        for check in version.checks
        if (line := _next(still.get((version.digest, check.name)), found, version, check.name, quiet_days)) is not None
    ]
    seen = {version.digest for version in answering}
    names = ", ".join(version.version for version in answering)
    for alarm in still.values():
        if seen and alarm.digest not in seen:
            about = {"version": alarm.version, "digest": alarm.digest, "check": alarm.check}
            reason = f"{clip(names, 500)} answers in its place."
            new.append(Line(time=found.until, event="closed", reason=reason, **about))
    return new


def _next(alarm: Alarm | None, found: Monitored, version: Version, name: str, quiet_days: int) -> Line | None:
    """Say what a check means for its alarm; one that cannot be told changes nothing."""
    check = next(check for check in version.checks if check.name == name)
    fails = check.verdict == "fail"
    if check.verdict == "cannot tell" or (alarm is None and not fails):
        return None
    event: Literal["opened", "passed", "failed", "closed"]
    if alarm is None:
        event = "opened"
    elif fails:
        event = "failed"
    else:
        event = "closed" if alarm.quiet_since and _passed(alarm, found, version) >= quiet_days else "passed"
    if alarm is not None and event == ("passed" if alarm.quiet_since else "failed"):
        return None
    reason = check.reason if event != "closed" else f"It passed for {quiet_days} days. {check.reason}"[:600]
    return Line(
        time=found.until, event=event, version=version.version, digest=version.digest, check=name,
        observed=check.observed, limit=check.limit, reason=reason,
    )  # fmt: skip


def _opened(line: Line) -> Alarm:
    return Alarm(
        version=line.version, digest=line.digest, check=line.check, opened=line.time, observed=line.observed,
        limit=line.limit, reason=line.reason,
    )  # fmt: skip


def _changed(alarm: Alarm, line: Line) -> Alarm:
    """Return an alarm after a line; a second `opened` is that of a machine that saw the same."""
    match line.event:
        case "opened":
            return alarm
        case "passed":
            return alarm.model_copy(update={"quiet_since": alarm.quiet_since or line.time})
        case "failed":
            now = {"observed": line.observed, "limit": line.limit, "reason": line.reason}
            return alarm.model_copy(update={"quiet_since": "", **now})
        case "closed":
            return alarm.model_copy(update={"closed": line.time, "ending": line.reason})


def _passed(alarm: Alarm, found: Monitored, version: Version) -> int:
    """Return for how many days the check has passed; whole days since the last traffic prove nothing."""
    heard = min(date.fromisoformat(found.until[:10]), date.fromisoformat(version.last) + timedelta(days=1))
    return (heard - date.fromisoformat(alarm.quiet_since[:10])).days
