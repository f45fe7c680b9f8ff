"""The page of a version: how good it is, what changed, what it was made from, where it was, and its card."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mainline.documents import Verdict
from mainline.periods import told
from mainline.registry import lineage
from mainline.registry.history import Registered
from mainline.registry.lineage import Lineage
from mainline.report import page as pages
from mainline.report.blocks import (
    Block,
    Bullets,
    Code,
    Document,
    Fold,
    Line,
    Paragraph,
    Prose,
    Section,
    Table,
)
from mainline.report.escape import hypertext
from mainline.report.figures import UNKNOWN, cell, known, number
from mainline.repository import blobs, lock
from mainline.site import difference, gate_report, papers, scores
from mainline.site.frame import frame
from mainline.site.output import Entry, Page
from mainline.site.record import Authored, Environment, Record
from mainline.text import minute, span

EVENTS = 40
"""Events of servers that are shown at most."""
_FILES = (str(lock.LOCK), *scores.FILES)


@dataclass(frozen=True)
class Found:
    """What git holds of a version: its lineage, and files of its commit and of the one that it replaced."""

    traced: Lineage
    files: Mapping[str, str]
    before: str


def of_each(record: Record) -> Iterator[Page]:
    """Yield the page of each version, newest first, its gate's report, and the files of its published evidence."""
    for one in record.versions:
        yield of(one, record)
        yield from gate_report.pages(one.version, record)
        if pack := record.packs.get(one.version):
            yield from papers.files(one.version, pack)


def place(version: str) -> str:
    """Return where a version's page is."""
    return f"versions/{version}.html"


def of(one: Registered, record: Record) -> Page:
    """Return a version's page; what other versions do later changes it only where it says so."""
    replaced = record.tagged.get(one.replaced or "")
    rollouts = [(item.name, [event for event in item.events if event.version == one.version])
                for item in record.environments]  # fmt: skip
    promises = [(item.name, promise) for item in record.environments if item.monitored
                for promise in item.monitored.promises if promise.version == one.version]  # fmt: skip
    given = [item for item in record.history.assignments if item.version == one.version]
    tagged = record.tagged[one.version]
    about = [one, tagged, replaced and replaced.commit, given, rollouts, promises, record.packs.get(one.version),
             gate_report.kept(one.version, record), record.artifact, record.address]  # fmt: skip
    entry = _entry(one, record.authored.get(one.commit, Authored()))
    return Page(place(one.version), about, partial(_write, one, record), lambda: [entry])


def _entry(one: Registered, authored: Authored) -> Entry:
    words = [authored.subject, authored.author, one.by or "", one.digest or "", one.commit, one.reason or "",
             *one.environments]  # fmt: skip
    title = f"{one.version}: {authored.subject}" if authored.subject else one.version
    return Entry(title, place(one.version), "version", " ".join(words))


def _write(one: Registered, record: Record) -> str:
    tagged = record.tagged[one.version]
    replaced = record.tagged.get(one.replaced or "")
    names = [f"{tagged.commit}:{name}" for name in _FILES] + ([f"{replaced.commit}:dvc.lock"] if replaced else [])
    texts = [(content or b"").decode("utf-8", errors="replace") for content in blobs.read(names)]
    files = dict(zip(_FILES, texts, strict=False))
    before = texts[-1] if replaced else ""
    found = Found(lineage.describe(tagged, record.history.assignments), files, before)
    document = describe(found, one, record)
    body = pages.body(document) + gate_report.section(one.version, record) + papers.section(one.version, record)
    return frame(place(one.version), f"{one.version}: {found.traced.headline or 'no record'}", body, record.artifact,
                 "Versions")  # fmt: skip


def describe(found: Found, one: Registered, record: Record) -> Document:
    """Put a version into words and tables."""
    traced = found.traced
    verdict: Verdict = "warn" if traced.verdict == "warn" else "pass" if traced.verdict else "cannot tell"
    now = f", in {' and '.join(one.environments)} now" if one.environments else ", archived" if one.archived else ""
    sections = [
        _origin(traced, record),
        scores.metrics(traced, one),
        difference.describe(found.before, found.files[str(lock.LOCK)], traced.replaced or ""),
        scores.segments(found.files[scores.TABLE], traced),
        scores.pictures(found.files),
        _rollouts(traced, record.environments),
        _promises(one, record.environments),
        _made(traced),
    ]
    lead: Line = ("Registered ", f"{minute(traced.registered)} UTC", " by ", Prose(traced.by or UNKNOWN), f"{now}.")
    return Document(
        verdict, traced.headline or "Nobody recorded what the gate said of it.", lead,
        tuple(section for section in sections if section.blocks), label=traced.version,
    )  # fmt: skip


def _origin(traced: Lineage, record: Record) -> Section:
    commit: Line = (Code(traced.commit.commit),)
    if record.address:
        commit = (f'<a href="{hypertext(record.address)}/commit/{traced.commit.commit}">', *commit, "</a>")
    facts: list[tuple[str, Line]] = [
        ("commit", commit),
        ("subject", (Prose(traced.commit.subject),)),
        ("author", (Prose(traced.commit.author), f", {minute(traced.commit.when)} UTC")),
        ("package", (Code(traced.digest or ""),)),
        ("replaced", (_version(traced.replaced, record),)),
        ("change", (f"{traced.bump}: ", Prose(traced.reason or "")) if traced.bump else (UNKNOWN,)),
        ("signature", (_signature(traced),)),
    ]
    facts += [("accepted", (Prose(f"{item['check']} ({item['verdict']}) by {item['by']}: {item['reason']}"),))
              for item in traced.accepted]  # fmt: skip
    return Section("origin", "Where it comes from", (_facts(facts),))


def _version(name: str | None, record: Record) -> str:
    """Return a version's name, which has the form of one, as a link to its page if it has one."""
    if not name:
        return UNKNOWN
    return f'<a href="{name}.html">{name}</a>' if name in record.tagged else name


def _facts(facts: Sequence[tuple[str, Line]]) -> Table:
    return Table(("what", "value"), tuple(((name,), line) for name, line in facts))


def _signature(traced: Lineage) -> str:
    if traced.signature.signed is None:
        return UNKNOWN
    return "signed; not verified here" if traced.signature.signed else "not signed"


def _rollouts(traced: Lineage, environments: Sequence[Environment]) -> Section:
    given = tuple(
        ((Code(item.environment), f" #{item.number}"), (minute(item.when),),
         (_whole("now" if item.until is None else minute(item.until)),), (_whole(item.kind or UNKNOWN),),
         (Prose(item.by or ""),))
        for item in traced.assignments
    )  # fmt: skip
    told_events: list[Line] = [
        (Code(one.name), f", {minute(event.when)} UTC: {event.event}. ", Prose(event.reason))
        for one in environments for event in one.events if event.version == traced.version
    ]  # fmt: skip
    blocks: list[Block] = []
    if given:
        blocks.append(Table(("environment", "from (UTC)", "until", "why", "by"), given))
    else:
        blocks.append(Paragraph(("No environment had it.",)))
    if told_events:
        blocks += [Paragraph(("What servers told of its rollouts:",)), Bullets(tuple(told_events[-EVENTS:]))]
    return Section("rollouts", "Environments and rollouts", tuple(blocks))


def _whole(words: str) -> str:
    """Return words of ours, which no narrow column breaks."""
    return f'<span class="nowrap">{words}</span>'


def _promises(one: Registered, environments: Sequence[Environment]) -> Section:
    rows = tuple(
        ((Code(item.name), " until ", _whole(promise.until[:10])), (cell(promise.events),), (number(promise.promised),),
         (number(promise.came),))
        for item in environments if item.monitored
        for promise in item.monitored.promises if promise.version == one.version
    )  # fmt: skip
    if not rows:
        return Section("promises", "", ())
    table = Table(("environment", "events", "promised", "came true"), rows, frozenset({1, 2, 3}))
    return Section("promises", "What its test promised, and what came true", (table,))


def _made(traced: Lineage) -> Section:
    windows: list[tuple[Line, ...]] = [
        ((Code(name),), (Prose(told(parts) if parts else UNKNOWN),)) for name, parts in (traced.window or {}).items()
    ]
    parameters: list[tuple[Line, ...]] = [
        ((Code(name),), (Code(difference.value(value)[:600]),))
        for name, value in sorted((traced.parameters or {}).items())
    ]
    outputs: list[tuple[Line, ...]] = [
        ((Code(item.path),), (Code(item.hash),), (known(item.size_bytes),)) for item in traced.outputs or []
    ]
    runs: list[tuple[Line, ...]] = [
        (
            (Code(str(run.get("stage", ""))),), (Prose(str(run.get("started", ""))),), (_took(run),),
            (Prose(f"{run.get('by', UNKNOWN)}, {run.get('machine', UNKNOWN)}"),),
        )
        for run in traced.runs
    ]  # fmt: skip
    blocks: list[Block] = [Table(("data of", "periods"), tuple(windows))] if windows else []
    folds = {
        "Parameters": (("parameter", "value"), parameters),
        "What the stages made, by content": (("path", "MD5", "bytes"), outputs),
        "When and where each stage ran": (("stage", "started (UTC)", "took", "by, on"), runs),
    }
    blocks += [Fold(title, title, (Table(head, tuple(rows)),)) for title, (head, rows) in folds.items() if rows]
    return Section("made", "What it was made from", tuple(blocks))


def _took(run: Mapping[str, Any]) -> str:
    seconds = run.get("seconds")
    return span(seconds) if isinstance(seconds, int | float) else UNKNOWN
