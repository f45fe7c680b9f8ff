"""The environments over time: a picture of all, a page for each, and monitoring's last look at each."""

from collections.abc import Iterator, Sequence
from functools import partial

from mainline.monitoring import sections
from mainline.monitoring.result import Alarm
from mainline.registry.events import Event
from mainline.registry.history import Given
from mainline.report import page as pages
from mainline.report.escape import hypertext, hypertext_prose
from mainline.report.figures import UNKNOWN
from mainline.site import timeline
from mainline.site.frame import frame, head, link, section, table, wide
from mainline.site.output import Entry, Page
from mainline.site.record import Environment, Record
from mainline.site.version import place
from mainline.text import count, minute

MOST_ALARMS = 100
"""Alarms that a page lists."""


def of_all(record: Record, until: int) -> Iterator[Page]:
    """Yield the page of all environments up to a moment in seconds since 1970, one for each, and one for each look."""
    given = [[one.name, one.given] for one in record.environments]
    yield Page("environments.html", [given, until, record.artifact], lambda: _all(record, until))
    for one in record.environments:
        path = f"environments/{one.name}.html"
        about = [one.name, one.given, one.events, bool(one.monitored), record.artifact]
        yield Page(path, about, partial(_one, one, record), partial(_entries, one))
        if one.monitored:
            about = [one.monitored, one.alarms, record.artifact]
            yield Page(f"monitoring/{one.name}.html", about, partial(_look, one, record))


def _all(record: Record, until: int) -> str:
    picture = timeline.draw(record.environments, until)
    parts = [head("Which version each environment had", "Each bar is an assignment.", "Environments")]
    if picture:
        parts.append(
            section("Over time", f"<figure>{timeline.legend()}{wide(picture, 'Environments over time')}</figure>")
        )
    rows = "".join(
        f'<tr><th scope="row">{link(one.name, f"environments/{one.name}.html")}</th>'
        f"<td>{_version(one.now)}</td><td>{minute(one.now.when) if one.now else UNKNOWN}</td>"
        f'<td class="number">{len(one.given)}</td></tr>'
        for one in record.environments
    )
    titles = ("environment", "has", "since (UTC)", "assignments")
    listed = table(titles, rows, "Environments", numbers=(3,)) if rows else "<p>No environment is declared.</p>"
    parts.append(section("Now", listed))
    return frame("environments.html", "Environments", "\n".join(parts), record.artifact, "Environments")


def _version(given: Given | None, root: str = "") -> str:
    return link(given.version, root + place(given.version)) if given and given.version else UNKNOWN


def _one(one: Environment, record: Record) -> str:
    now = one.now
    lead = f"since {minute(now.when)} UTC" if now else "It has no version."
    path = f"environments/{one.name}.html"
    title = f"{hypertext(one.name)} has {_version(now, '../') if now else 'nothing'}"
    parts = [head(title, lead, "Environment")]
    if one.monitored:
        parts.append(section("Monitoring", f"<p>{link('The last look', f'../monitoring/{one.name}.html')}: "
                             f"{hypertext_prose(one.monitored.headline)}</p>"))  # fmt: skip
    parts.append(section("What it was given", _assignments(one.given)))
    parts.append(section("What servers told", _events(one.events)))
    return frame(path, one.name, "\n".join(parts), record.artifact, "Environments")


def _assignments(given: Sequence[Given]) -> str:
    if not given:
        return "<p>Nothing yet; <code>./mainline promote</code> on main gives it the first version.</p>"
    rows = "".join(
        f'<tr><th scope="row">{item.number}</th><td>{_version(item, "../")}</td><td>{minute(item.when)}</td>'
        f"<td>{'now' if item.until is None else minute(item.until)}</td><td>{item.kind or 'no record'}</td>"
        f"<td><bdi>{hypertext(item.by or UNKNOWN)}</bdi></td></tr>"
        for item in given
    )
    return table(("#", "version", "from (UTC)", "until", "why", "by"), rows, "Assignments")


def _events(events: Sequence[Event]) -> str:
    if not events:
        return "<p>Nothing. Servers that may push report what came of each rollout.</p>"
    rows = "".join(
        f'<tr><th scope="row">{minute(event.when)}</th><td>{hypertext(event.version)}</td><td>{event.event}</td>'
        f"<td><bdi>{hypertext_prose(event.reason)}</bdi></td></tr>"
        for event in reversed(events)
    )
    return table(("time (UTC)", "version", "what", "reason"), rows, "Events")


def _look(one: Environment, record: Record) -> str:
    assert one.monitored is not None
    document = sections.describe(one.monitored)
    path = f"monitoring/{one.name}.html"
    back = f'<p class="foot">{link(f"What {one.name} had", f"../environments/{one.name}.html")}</p>'
    past = section("Alarms so far", _alarms(one.alarms))
    return frame(path, f"Monitoring of {one.name}", pages.body(document) + past + back, record.artifact, "Environments")


def _alarms(alarms: Sequence[Alarm]) -> str:
    """Return a table of the newest alarms, of which the last look has only those that are open."""
    if not alarms:
        return "<p>There was none.</p>"
    rows = "".join(
        f'<tr><th scope="row" class="nowrap">{alarm.opened[:10]}</th><td class="nowrap">{alarm.closed[:10] or "open"}'
        f"</td><td>{hypertext(alarm.version)}</td><td><bdi>{hypertext(alarm.check)}</bdi></td>"
        f'<td class="text"><bdi>{hypertext_prose(alarm.observed)}</bdi></td>'
        f'<td class="text"><bdi>{hypertext_prose(alarm.ending)}</bdi></td></tr>'
        for alarm in alarms[: -MOST_ALARMS - 1 : -1]
    )
    more = f"<p>The newest {MOST_ALARMS} of {len(alarms):,}.</p>" if len(alarms) > MOST_ALARMS else ""
    return table(("opened", "closed", "version", "check", "observed", "how it ended"), rows, "Alarms so far") + more


def _entries(one: Environment) -> list[Entry]:
    found = [Entry(f"Environment {one.name}", f"environments/{one.name}.html", "environment",
                   " ".join(event.reason for event in one.events[-100:]))]  # fmt: skip
    if one.monitored:
        found.append(Entry(f"Monitoring of {one.name}: {count(len(one.monitored.alarms), 'open alarm')}",
                           f"monitoring/{one.name}.html", "environment", one.monitored.headline))  # fmt: skip
    return found
