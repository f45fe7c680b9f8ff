"""What monitoring found, in words and tables: what a manager needs first, days and segments last."""

from collections.abc import Sequence

from mainline.documents import Verdict
from mainline.gate.findings import Check
from mainline.monitoring import promise, result, wording
from mainline.monitoring.result import Alarm, Day, Mark, Monitored, Promise, Segment, Track, Version
from mainline.report.blocks import (
    Block,
    Bullets,
    Chart,
    CheckList,
    Code,
    Document,
    Fold,
    Line,
    Paragraph,
    Prose,
    Section,
    Strong,
    Table,
)
from mainline.report.figures import cell, known, number
from mainline.text import count

_SEGMENTS = 12
"""Segments that are shown at once."""
_MARKS = 20
"""Changes of production that are shown, the newest ones."""


def describe(found: Monitored) -> Document:
    """Put the findings into words and tables; the same findings give the same document."""
    sections = [Section("alarms", "Open alarms", (_alarms(found.alarms),))] if found.alarms else []
    sections.append(Section("log", "The prediction log", tuple(_checks(found.checks))))
    answering = result.answering(found.versions)
    for version in found.versions:
        sections += of_version(version, version in answering)
    if found.marks:
        sections.append(Section("marks", "What changed in production", (_marks(found.marks),)))
    if found.promises:
        sections.append(Section("promises", "What the gate promised, and what came true", (_promises(found.promises),)))
    return Document(verdict=found.verdict, headline=found.headline, lead=_lead(found), sections=tuple(sections))


def brief(found: Monitored) -> Document:
    """Put into words what did not pass, for the top of another report."""
    sections = [Section("alarms", "Open alarms", (_alarms(found.alarms),))] if found.alarms else []
    for version in result.answering(found.versions):
        checks = tuple(check for check in version.checks if check.verdict in ("fail", "warn"))
        if checks:
            charts = tuple(map(_chart, version.tracks))
            about = Paragraph((Code(version.version), " in production."))
            sections.append(Section("checks", "What does not pass", (about, CheckList(checks), *charts)))
    return Document(verdict=found.verdict, headline=found.headline, lead=_lead(found), sections=tuple(sections))


def of_alarm(found: Monitored, alarm: Alarm) -> Document:
    """Put an alarm into words: what, how much, since when, what it costs, what to do next, and the last weeks."""
    version = next((one for one in found.versions if one.digest == alarm.digest), None)
    check = next((one for one in (version.checks if version else []) if one.name == alarm.check), None)
    tracks = [track for track in (version.tracks if version else []) if track.check == alarm.check]
    now = check if check is not None and check.verdict == "fail" else alarm
    before = ("; when it opened: ", Prose(alarm.observed)) if now.observed != alarm.observed else ()
    said: list[Line] = [
        ("Open since: ", Strong((alarm.opened[:10],)), f"; last looked at {found.until[:10]}."),
        ("Observed: ", Prose(now.observed), "; limit: ", Prose(now.limit), *before),
        ("What to do: ", Prose(now.reason)),
        ("What it costs: ", *_cost(version)),
    ]
    if alarm.quiet_since:
        said.insert(1, (f"The check passes since {alarm.quiet_since[:10]}; the alarm closes after some quiet days.",))
    if alarm.closed:
        said.insert(0, (f"Closed on {alarm.closed[:10]}: ", Prose(alarm.ending)))
    blocks: tuple[Block, ...] = (Bullets(tuple(said)), *map(_chart, tracks))
    if check is not None and check.verdict not in ("fail", "pass"):
        blocks += (CheckList((check,)),)
    verdict: Verdict = "pass" if alarm.closed else "warn" if alarm.quiet_since else "fail"
    headline = f"{alarm.check} of {alarm.version} in {found.environment}: {alarm.observed}"
    if verdict == "fail":
        headline = f"{alarm.version} in {found.environment} {wording.plain(alarm.check)}: {now.observed}"
    return Document(verdict, headline[:600], _lead(found), (Section("alarm", "The alarm", blocks),))


def _cost(version: Version | None) -> Line:
    """Say what production loses: what came true of the metric beside what was promised, as far as labels tell."""
    found = next((one for one in (version.checks if version else []) if one.name == promise.CHECK), None)
    if found is None or found.verdict == "cannot tell":
        return ("not known yet, since quality takes labels.",)
    return (Prose(f"{found.observed}; {found.limit}. {found.reason}"),)


def _lead(found: Monitored) -> Line:
    return (Code(found.environment), f": {count(found.rows, 'prediction')}, looked at {found.until}.")


def of_version(version: Version, answers: bool = True) -> list[Section]:
    """Put into words what was found of a version: its checks with their pictures, its days, its segments."""
    ended = "" if answers else " It was replaced, so no check of it is an alarm any more."
    said = f" answered {count(version.rows, 'row')} from {version.first} to {version.last}.{ended}"
    about = (Code(version.version), said)
    checks = (Paragraph(about), *_checks(version.checks), *map(_chart, version.tracks))
    sections = [Section("checks", "Checks of a version", checks)]
    if version.days:
        metric = Paragraph(
            ("The metric is ", Code(version.metric), "."),
        )
        sections.append(Section("days", "Events by day", (metric, _days(version.days))))
    if version.segments:
        sections.append(Section("slices", "Segments", tuple(_segments(version.segments))))
    return sections


def _checks(checks: Sequence[Check]) -> list[Block]:
    order = ("fail", "cannot tell", "warn")
    urgent = sorted((one for one in checks if one.verdict in order), key=lambda one: order.index(one.verdict))
    passed = tuple(one for one in checks if one.verdict == "pass")
    blocks: list[Block] = [CheckList(tuple(urgent))] if urgent else []
    if passed:
        blocks.append(Fold("passed checks", f"{count(len(passed), 'check')} passed", (CheckList(passed),)))
    return blocks


def _chart(track: Track) -> Chart:
    return Chart(track.plot, tuple((mark.x, mark.version) for mark in track.marks), "began to answer")


def _marks(marks: Sequence[Mark]) -> Bullets:
    """Say which version began to answer when, the newest first, and what it changed."""
    return Bullets(
        tuple(
            (f"{mark.day}: ", Code(mark.version), " after ", Code(mark.before), ": ", Prose(wording.of_mark(mark)))
            for mark in marks[::-1][:_MARKS]
        )
    )


def _alarms(alarms: Sequence[Alarm]) -> Table:
    rows = tuple(
        ((Code(alarm.version), " ", Prose(alarm.check)), (alarm.opened[:10],), (alarm.quiet_since[:10],))
        for alarm in alarms
    )
    return Table(("alarm", "open since", "passes since"), rows)


def _promises(promises: Sequence[Promise]) -> Table:
    rows = tuple(
        (
            (Code(one.version), f" until {one.until[:10]}"), (cell(one.events),), (number(one.promised, 3),),
            (number(one.came, 3),), (number(one.promised_ratio, 3),), (number(one.came_ratio, 3),),
        )
        for one in promises
    )  # fmt: skip
    header = ("version", "events", "promised", "came true", "of the baseline's, promised", "came true")
    return Table(header, rows, frozenset({1, 2, 3, 4, 5}))


def _days(days: Sequence[Day]) -> Table:
    rows = tuple(
        (
            (day.day,), (f"{cell(day.labelled)} of {cell(day.events)}",), (known(day.metric),), (known(day.baseline),),
            (known(day.bias),),
        )
        for day in days
    )  # fmt: skip
    return Table(("day", "labelled", "metric", "metric of the baseline", "bias"), rows, frozenset({1, 2, 3, 4}))


def _segments(segments: Sequence[Segment]) -> list[Block]:
    ranked = sorted(segments, key=lambda part: -abs(part.bias))
    table = Table(
        ("segment", "rows", "bias against all", "from", "to"),
        tuple(
            (
                (Code(part.column), " ", Code(part.value)), (cell(part.rows),), (number(part.bias, 3),),
                (known(part.low),), (known(part.high),),
            )
            for part in ranked[:_SEGMENTS]
        ),
        frozenset({1, 2, 3, 4}),
    )  # fmt: skip
    said = f"The {len(table.rows)} furthest of {count(len(segments), 'segment')}."
    return [table, Paragraph((said,))]
