"""What monitoring found, as one document: the gate's own checks, for each version."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mainline import files
from mainline.documents import Count, Hex, Name, Number, Part, Text, Verdict
from mainline.exchange.report import NAME
from mainline.gate.findings import Check, Plot

STATUS: dict[Verdict, int] = {"pass": 0, "warn": 0, "fail": 1, "cannot tell": 2}
"""The exit status by verdict: quiet, alarm, cannot tell."""


def _check(value: str) -> str:
    """Return a time or day that a calendar has.

    Raises:
        ValueError: for another one, such as the 99th of a month.
    """
    datetime.fromisoformat(value)
    return value


Moment = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"), AfterValidator(_check)]
"""A time in UTC. Who may push to the branch may write the document, so no other text stands in its place."""
TIME = "%Y-%m-%dT%H:%M:%SZ"
"""How such a time is written."""
Date = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_check)]
_REPLACED_DAYS = 2
"""Days by which another version answered later than one that was replaced: a look in the night after is still its."""
Ended = Moment | Literal[""]


class Day(Part):
    """A day of events with labels: the metric, the baseline's on the same events, and the mean error."""

    day: Date
    events: Count
    labelled: Count
    metric: Number | None
    baseline: Number | None
    bias: Number | None


class Segment(Part):
    """A segment's mean error against that of all events, with its interval."""

    column: Name
    value: Name
    rows: Count
    bias: Number
    low: Number | None
    high: Number | None


class Changed(Part):
    """What differs between two versions, of one kind, such as libraries."""

    kind: Name
    what: Text


class Mark(Part):
    """A version began to answer on a day (UTC), after another one: what differs between them, as far as is known."""

    day: Date
    version: Name
    digest: Hex
    before: Name
    changes: Annotated[list[Changed], Field(max_length=20)]


class Placed(Part):
    """A mark in a picture: at which x, and whose."""

    x: Number
    version: Name


class Track(Part):
    """How what a check looks at moved over the last weeks, and which versions began to answer meanwhile."""

    check: Name
    plot: Plot
    marks: list[Placed] = Field(default_factory=list, max_length=100)


class Version(Part):
    """A version in production: what it answered, and its checks."""

    version: Name
    digest: Hex
    rows: Count
    first: Date
    last: Date
    metric: Name
    checks: Annotated[list[Check], Field(max_length=100)]
    days: Annotated[list[Day], Field(max_length=400)]
    segments: Annotated[list[Segment], Field(max_length=500)]
    tracks: list[Track] = Field(default_factory=list, max_length=100)


class Alarm(Part):
    """A check of a version that failed: when that was first seen, and how it ended; times are in UTC.

    `quiet_since` is when it passed again, `closed` when that was for long enough; both '' while it was not.
    """

    version: Name
    digest: Hex
    check: Name
    opened: Moment
    quiet_since: Ended = ""
    closed: Ended = ""
    observed: Text
    limit: Text
    reason: Text
    ending: Text = ""


class Promise(Part):
    """What a version's test promised, and what came true up to a time: the metric, and its ratio to the baseline's.

    `age` is the mean of days from the end of the window to the events; None of data without time.
    """

    version: Name
    digest: Hex
    until: Moment
    metric: Name
    promised: Number
    promised_ratio: Number
    came: Number
    came_ratio: Number
    events: Count
    age: Count | None


class Monitored(Part):
    """The whole document. `checks` are of the log, which the versions share; `alarms` those that are not closed.

    `promises` has every version that was looked at: it grows with each release. `marks` says what changed when.
    """

    format: Literal[1] = 1
    verdict: Verdict
    headline: Text
    environment: Name
    until: Moment
    rows: Count
    checks: Annotated[list[Check], Field(max_length=100)]
    versions: Annotated[list[Version], Field(max_length=100)]
    alarms: list[Alarm] = Field(default_factory=list, max_length=1000)
    promises: list[Promise] = Field(default_factory=list, max_length=1000)
    marks: list[Mark] = Field(default_factory=list, max_length=1000)


def answering(versions: Sequence[Version]) -> list[Version]:
    """Return the versions that still answer; those that did not on the last two days of another one were replaced."""
    last = max((date.fromisoformat(one.last) for one in versions), default=date.max)
    return [one for one in versions if (last - date.fromisoformat(one.last)).days < _REPLACED_DAYS]


def write(found: Monitored, folder: Path) -> Path:
    """Write the document; the same findings give the same bytes."""
    path = folder / f"{NAME}.json"
    files.replace(path, found.model_dump_json(indent=2) + "\n")
    return path
