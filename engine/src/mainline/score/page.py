"""The score as one HTML file, by the renderer of the gate's page: nothing to load, nothing that runs."""

from mainline.documents import Verdict
from mainline.report import page
from mainline.report.blocks import (
    Block,
    Bullets,
    Code,
    Document,
    Inline,
    Item,
    Items,
    Line,
    Paragraph,
    Prose,
    Section,
    Table,
)
from mainline.score.rubric import LABEL, MOST, verdict
from mainline.score.rubric import Section as Part
from mainline.score.total import SECTIONS, Mark, Score
from mainline.text import utc

TITLES: dict[Part, str] = {"Data": "Data", "Model": "Model", "Infra": "Infrastructure", "Monitor": "Monitoring"}
_VERDICTS: dict[float, Verdict] = {0.0: "fail", 0.5: "warn", 1.0: "pass"}
_PAPER = "Breck, Cai, Nielsen, Salib and Sculley: The ML Test Score, IEEE Big Data 2017"


def render(found: Score) -> str:
    """Return the page; the same score gives the same text."""
    return page.write(describe(found))


def describe(found: Score) -> Document:
    """Put the score into words: its sections, what would raise it, and each of the 28 tests with its evidence."""
    parts = tuple(
        Section(part, f"{TITLES[part]}: {found.sum(part):g} of {MOST}", (_tests(found, part),)) for part in SECTIONS
    )
    return Document(
        verdict=verdict(found.points),
        headline=f"{found.points:g} of {MOST}: {found.band}",
        lead=_lead(found),
        sections=(_summary(found), *parts),
        label=LABEL,
    )


def _lead(found: Score) -> Line:
    package: Line = (" Package ", Code(found.digest[:12])) if found.digest else (" No package",)
    commit: Line = (" at commit ", Code(found.commit[:12])) if found.commit else ()
    days = f" Evidence counts for {found.days} days."
    return ("The smallest of four sums.", *package, *commit, ", in ", Code(found.environment), ".", days)


def _summary(found: Score) -> Section:
    counts = [[mark.points for mark in found.marks if mark.test.section == part] for part in SECTIONS]
    rows = tuple(
        ((TITLES[part],), (f"{sum(points):g}",), *((str(points.count(worth)),) for worth in (1.0, 0.5, 0.0)))
        for part, points in zip(SECTIONS, counts, strict=True)
    )
    table = Table(("section", "points", "whole", "half", "none"), rows, frozenset({1, 2, 3, 4}))
    blocks: list[Block] = [table]
    if found.steps:
        named = [(step.text, ", ".join(test.name for test in tests)) for step, tests in found.steps]
        blocks += [
            Paragraph(("Cheapest next steps:",)),
            Bullets(tuple((Prose(text), f" ({tests})") for text, tests in named)),
        ]
    if found.lifting:
        names = " and ".join(TITLES[part] for part, _ in found.lifting)
        steps = dict.fromkeys(step.text for _, step in found.lifting)
        blocks += [Paragraph((f"The score rises with {names}:",)), Bullets(tuple((Prose(text),) for text in steps))]
    blocks.append(Paragraph((f"The 28 tests are those of {_PAPER}.",)))
    return Section("summary", "Four sections", tuple(blocks))


def _tests(found: Score, part: Part) -> Items:
    return Items(tuple(_test(mark) for mark in found.marks if mark.test.section == part))


def _test(mark: Mark) -> Item:
    title = f"{mark.test.name}: {mark.test.title}"
    return Item(
        _VERDICTS[mark.points], f"{mark.points:g}", title, ((Prose(mark.said),), *_evidence(mark), *_more(mark))
    )


def _evidence(mark: Mark) -> list[Line]:
    """Say where it was read, which command showed it, of which commit and when."""
    if mark.origin is None:
        return []
    shown: list[Inline] = [f"Evidence of {utc(mark.origin.when)[:10]}: ", Code(mark.origin.source)]
    if mark.command:
        shown += [", shown by ", Code(mark.command)]
    if mark.origin.commit:
        shown += [", of commit ", Code(mark.origin.commit[:12])]
    return [tuple(shown)]


def _more(mark: Mark) -> list[Line]:
    if mark.step is None:
        return []
    return [("For a whole point: " if mark.points else "To earn it: ", Prose(mark.step.text))]
