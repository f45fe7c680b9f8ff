"""What a replay found as a section of the gate's report, or as a report of its own."""

from collections.abc import Iterator
from dataclasses import replace

from mainline.documents import Verdict
from mainline.replay.finding import Answers, Replay, Row, Truth
from mainline.report.blocks import Block, Code, Document, Fold, Line, Names, Paragraph, Prose, Section, Strong, Table
from mainline.report.figures import UNKNOWN, cell, interval, known, number, percent, share
from mainline.text import count

NAME, TITLE = "replay", "Replay on real requests"
BEFORE = ("score", "plots and features")
"""The sections that it stands before, in a report that has them."""
_CONCLUSIONS = {
    "better": "better", "no worse": "no worse, within the margin", "worse": "worse",
    "cannot tell": "too few to tell which one is better",
}  # fmt: skip


def add(document: Document, found: Replay | str) -> Document:
    """Return a report with the section of the replay, or why there is none, before what a reader only looks up."""
    names = [section.name for section in document.sections]
    section = describe(found) if isinstance(found, Replay) else _without(found)
    place = min((names.index(name) for name in BEFORE if name in names), default=len(names))
    return replace(document, sections=(*document.sections[:place], section, *document.sections[place:]))


def alone(found: Replay) -> Document:
    """Return the section as a report of its own."""
    verdict = _verdict(found.answers)
    lead: Line = (
        "Candidate ",
        Code(found.candidate),
        " against ",
        Code(found.against),
        " in ",
        Code(found.environment),
        ".",
    )
    return Document(verdict, headline(found), lead, (describe(found),), TITLE)


def _verdict(answers: Answers | None) -> Verdict:
    """Say whether a person should look: that answers move is what a candidate is for, that they are worse is not."""
    if answers is None:
        return "cannot tell"
    is_worse = answers.truth is not None and answers.truth.conclusion == "worse"
    return "warn" if is_worse or answers.invalid else "pass"


def headline(found: Replay) -> str:
    """Say in one sentence how many answers are others; ours alone, without a word of the log."""
    answers = found.answers
    if answers is None:
        return "Nothing could be replayed."
    return f"{count(answers.moved, 'answer')} of {answers.requests:,} would move by more than {_amount(answers)}."


def describe(found: Replay) -> Section:
    """Put the document into words and tables; the same document gives the same section."""
    answers = found.answers
    if answers is None:
        return _without(found.reason)
    blocks = [Paragraph(_moved(found, answers)), *_segments(answers), *_truth(answers), *_rows(answers)]
    return Section(NAME, TITLE, (*blocks, Paragraph(_how(found, answers))))


def _without(reason: str) -> Section:
    return Section(NAME, TITLE, (Paragraph(("No replay: ", Prose(reason))),))


def _amount(answers: Answers) -> str:
    return f"{answers.amount:g} {answers.unit}".strip()


def _share(part: int, whole: int) -> str:
    return share(round(part / whole, 4)) if whole else UNKNOWN


def _moved(found: Replay, answers: Answers) -> Line:
    which = "the last" if answers.choice == "newest" else "evenly drawn"
    line: Line = (
        Strong((f"{answers.moved:,} of {answers.requests:,} answers",)),
        f" ({_share(answers.moved, answers.requests)}) would move by more than ", Code(_amount(answers)),
        f": {which} requests that ", Code(found.environment), f" had, {answers.first} to {answers.last}",
    )  # fmt: skip
    if answers.threshold:
        part = _share(answers.crossed, answers.requests)
        decisions = Strong((f"{answers.crossed:,} decisions",))
        line = (*line, "; ", decisions, f" ({part}) would change, at ", Code(answers.threshold))
    if answers.invalid:
        line = (*line, "; ", Strong((f"{answers.invalid:,} answers are not a number",)))
    return (*line, ".")


def _segments(answers: Answers) -> Iterator[Block]:
    if not answers.segments:
        return
    head = ("segment", "requests", "moved", "decisions", "mean shift")
    rows = tuple(
        (
            (Code(f"{one.column} {one.value}"),), (cell(one.requests),), (_share(one.moved, one.requests),),
            (_share(one.crossed, one.requests) if answers.threshold else UNKNOWN,), (known(one.shift),),
        )
        for one in answers.segments
    )  # fmt: skip
    yield Table(head, rows, frozenset({1, 2, 3, 4}))


def _truth(answers: Answers) -> Iterator[Block]:
    truth = answers.truth
    if truth is None:
        yield Paragraph(("The truth: ", Prose(answers.without_truth)))
        return
    line: Line = (
        f"On the {count(truth.requests, 'request')} whose truth is known by now, of {count(truth.days, 'day')}: ",
        Code(truth.metric), f" {number(truth.candidate)} against {number(truth.against)}", *_difference(truth),
    )  # fmt: skip
    if truth.fitted:
        line = (*line, f" {truth.fitted:,} more are left out: one of the two was fitted on their period.")
    if truth.fitted is None:
        line = (*line, " The data has no time, so nobody can tell which of them a version was fitted on.")
    yield Paragraph(line)


def _difference(truth: Truth) -> Line:
    if truth.difference is None:
        return ("; ", Strong((_CONCLUSIONS[truth.conclusion],)), ".")
    bounds = "" if truth.low is None else f" ({interval(truth.low, truth.high)})"
    return (f", {percent(truth.difference)}{bounds}; ", Strong((_CONCLUSIONS[truth.conclusion],)), ".")


def _rows(answers: Answers) -> Iterator[Block]:
    if answers.without_rows:
        yield Paragraph((Prose(answers.without_rows),))
    if answers.rows:
        rows = tuple(
            ((Code(row.before),), (Code(row.after),), (Code(row.truth),), (Names(_given(row)),)) for row in answers.rows
        )
        table = Table(("production said", "candidate", "truth", "request"), rows, frozenset({0, 1, 2}))
        yield Fold("rows", f"{count(len(answers.rows), 'request')} that would move most", (table,))


def _given(row: Row) -> tuple[str, ...]:
    return tuple(f"{one.field} {one.value}" for one in row.request)


def _how(found: Replay, answers: Answers) -> Line:
    """Say where the answers come from, and what is hidden."""
    line: Line = (f"Of {answers.logged:,} logged requests. ",)
    if answers.tried:
        again = f"{answers.again:,} of {answers.tried:,} logged answers came out again"
        line = (*line, f"{again} when asked once more")
        line = (*line, ". " if answers.is_logged else ", so those of both versions are computed now. ")
    else:
        line = (*line, "None of them was answered by ", Code(found.against), ", so both are computed now. ")
    if answers.hidden:
        line = (*line, "Hidden: ", Names(tuple(answers.hidden)), ".")
    return line
