"""What a change does to the score, as a section of the report."""

from collections.abc import Iterable
from dataclasses import replace

from mainline.report.blocks import Block, Bullets, Code, Document, Line, Paragraph, Prose, Section, Strong
from mainline.score.change import Change, Moved
from mainline.score.rubric import LABEL, MOST, verdict

NAME, BEFORE = "score", "plots and features"


def add(document: Document, change: Change) -> Document:
    """Return a report with the section of the score, before what a reader only looks up."""
    known = [section.name for section in document.sections]
    place = known.index(BEFORE) if BEFORE in known else len(known)
    sections = (*document.sections[:place], describe(change), *document.sections[place:])
    return replace(document, sections=sections)


def alone(change: Change) -> Document:
    """Return the section as a report of its own."""
    headline = f"{change.points:g} of {MOST}: {change.band}"
    lead: Line = ("Commit ", Code(change.commit[:12]), ".")
    return Document(verdict(change.points), headline, lead, (describe(change),), LABEL)


def describe(change: Change) -> Section:
    """Say the score, which tests have other points by this change and why, and what is not compared."""
    sums = change.sums
    parts = f"data {sums.data:g}, model {sums.model:g}, infrastructure {sums.infra:g}, monitoring {sums.monitor:g}"
    total: Line = (Strong((f"{change.points:g} of {MOST}",)), f", the smallest of {parts}: {change.band}.")
    blocks: list[Block] = [
        Paragraph(
            (*total, " Counted is what git keeps and what this run left; tests that ran elsewhere are not here.")
        ),
        *_moved(change),
    ]
    if change.not_compared:
        named = ", ".join(change.not_compared)
        blocks.append(Paragraph((f"Not compared, since git alone cannot tell: {named}.",)))
    return Section(NAME, LABEL, tuple(blocks))


def _moved(change: Change) -> Iterable[Block]:
    since: Line = (" since ", Code(change.base[:10]))
    if not change.moved:
        yield Paragraph(("By what git keeps, no test has other points", *since, "."))
        return
    yield Paragraph(("Tests that have other points by this change,", *since, ":"))
    yield Bullets(tuple(_line(moved) for moved in change.moved))  # a cell of a table would cut the reasons


def _line(moved: Moved) -> Line:
    before = "not known" if moved.before is None else f"{moved.before:g}"
    return (Strong((moved.test,)), f": {moved.after:g}, before {before}; ", Prose(moved.why))
