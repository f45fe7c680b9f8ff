"""The first page: what each environment has now, the last release, open alarms, the score; and the list of versions."""

from collections.abc import Sequence

from mainline.registry.history import Registered
from mainline.report.escape import hypertext, hypertext_prose
from mainline.report.figures import UNKNOWN, number, percent
from mainline.score import badge
from mainline.score.total import Score
from mainline.site.frame import frame, head, link, section, table
from mainline.site.record import Authored, Environment, Record
from mainline.site.version import place
from mainline.text import count, minute

NEWEST = 10
"""Versions that the first page shows."""
_ON_OTHERS = (
    "Nothing says that both were tested on the same rows, so the difference of the rows is in it, too; the page of a "
    "version has what the gate found on the same ones."
)
_STATE = {"pass": "pass", "warn": "warn", "fail": "fail", "cannot tell": "unknown"}


def overview(record: Record, score: Score | None) -> str:
    """Return the first page."""
    alarms = sum(len(one.monitored.alarms) for one in record.environments if one.monitored)
    first = record.first
    now = first.now if first else None
    title, label, style = "Nothing is released yet", "Before the first release", "unknown"
    if now and first:
        title, label = (
            f"{_name(now.version)} in {hypertext(first.name)}",
            "The model on main is the model in production",
        )
        style = "fail" if alarms else "pass"
    lead = f"{count(len(record.versions), 'version')}, {count(len(record.environments), 'environment')}, "
    lead += count(alarms, "open alarm")
    parts = [head(title, f"{lead}.", label, style)]
    parts.append(f'<div class="cards">{"".join(map(_environment, record.environments))}{_score(score)}</div>')
    parts.append(_alarms(record.environments))
    if record.versions:
        all_of_them = link(f"All {count(len(record.versions), 'version')}", "versions.html")
        more = f"<p>{all_of_them}, {link('their metrics', 'metrics.html')}.</p>"
        parts.append(section("Last releases", _table(record.versions[:NEWEST], record), more))
    else:
        parts.append(
            section("Last releases", "<p><code>./mainline promote</code> on main registers the first one.</p>")
        )
    parts += [section("What does not count", _list(record.history.skipped))] if record.history.skipped else []
    return frame("index.html", "Overview", "\n".join(filter(None, parts)), record.artifact, "Overview")


def versions(record: Record) -> str:
    """Return the page that lists every version."""
    lead = hypertext_prose("Newest first. Each has a page of its own.")
    top = head(count(len(record.versions), "version"), lead, "Versions")
    return frame("versions.html", "Versions", top + section("All versions", _table(record.versions, record)),
                 record.artifact, "Versions")  # fmt: skip


def _table(listed: Sequence[Registered], record: Record) -> str:
    """Return a table of versions: when, what, how good, where."""
    titles = ("version", "registered (UTC)", "metric", "against the one before", "environments", "subject")
    rows = "\n".join(f"<tr>{_row(one, record.authored.get(one.commit, Authored()))}</tr>" for one in listed)
    on_others = any(one.quality and one.quality.change is not None and not one.quality.same_rows for one in listed)
    note = f'<p class="soft">* {_ON_OTHERS}</p>' if on_others else ""
    return table(titles, rows, "Versions", numbers=(2, 3)) + note


def _row(one: Registered, authored: Authored) -> str:
    quality = one.quality
    metric = f"{hypertext(quality.metric)} {number(quality.value)}" if quality else UNKNOWN
    change = UNKNOWN
    if quality and quality.change is not None:
        change = percent(quality.change) + ("" if quality.same_rows else "*")
    where = ", ".join(map(hypertext, one.environments)) or ("archived" if one.archived else UNKNOWN)
    when = f'<td class="nowrap">{minute(one.when)[:10]}</td>'
    subject = f'<td class="text"><bdi>{hypertext(authored.subject)}</bdi></td>'
    numbers = "".join(f'<td class="number">{cell}</td>' for cell in (metric, change))
    return f'<th scope="row">{_name(one.version)}</th>{when}{numbers}<td>{where}</td>{subject}'


def _name(version: str | None) -> str:
    return link(version, place(version)) if version else UNKNOWN


def _environment(one: Environment) -> str:
    now = one.now
    look = one.monitored
    said = [f'<p class="large">{_name(now.version) if now else "nothing"}</p>']
    if now:
        said.append(f"<p>since {minute(now.when)} UTC, {now.kind or 'no record'}</p>")
    if look:
        alarms = link(count(len(look.alarms), "open alarm"), f"monitoring/{one.name}.html")
        past = f" of {len(one.alarms):,} so far" if one.alarms else ""
        said.append(f'<p>{alarms}{past}, looked at <span class="nowrap">{look.until[:10]}</span></p>')
    else:
        said.append('<p class="soft">Nobody has shared what monitoring saw.</p>')
    title = link(one.name, f"environments/{one.name}.html")
    style = _STATE[look.verdict] if look else "unknown"
    return f'<section class="{style}">\n<h2>{title}</h2>\n{"".join(said)}</section>'


def _score(score: Score | None) -> str:
    if score is None:
        return ""
    shown = f"{badge.draw(score)}<p>{hypertext(score.band)}</p>"
    return f"<section>\n<h2>{link('Score', 'score.html')}</h2>\n{shown}</section>"


def _alarms(environments: Sequence[Environment]) -> str:
    rows = "".join(
        f'<li class="{"warn" if alarm.quiet_since else "fail"}"><p><span class="state">'
        f"{'passes again' if alarm.quiet_since else 'alarm'}</span> {link(one.name, f'monitoring/{one.name}.html')}, "
        f"<strong><bdi>{hypertext(alarm.check)}</bdi></strong> of <bdi>{hypertext(alarm.version)}</bdi> "
        f"since {alarm.opened[:10]}</p><p><bdi>{hypertext_prose(alarm.observed)}</bdi>"
        f' <span class="soft">· limit:</span> <bdi>{hypertext_prose(alarm.limit)}</bdi></p></li>'
        for one in environments if one.monitored
        for alarm in one.monitored.alarms
    )  # fmt: skip
    return section("Open alarms", f'<ul class="checks">{rows}</ul>') if rows else ""


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li><bdi>{hypertext_prose(line)}</bdi></li>' for line in lines)}</ul>"
