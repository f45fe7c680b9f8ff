"""All 28 tests, their points, and the score that they make: the smallest of the four sections' sums."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from mainline.declared import score as declared
from mainline.errors import MainlineError
from mainline.repository import lock
from mainline.repository.git import ask
from mainline.score import features, infrastructure, model, monitor
from mainline.score.contents import problem
from mainline.score.evidence import Evidence
from mainline.score.rubric import LackError, Origin, Section, Step, Test, band
from mainline.text import utc

TESTS: tuple[Test, ...] = (*features.TESTS, *model.TESTS, *infrastructure.TESTS, *monitor.TESTS)
SECTIONS: tuple[Section, ...] = get_args(Section)
CHEAPEST = 3


@dataclass(frozen=True)
class Mark:
    """The points of a test: from where, of which commit and time, and what would earn more; None if nothing does.

    `command` is the one that showed it; '' without points, and for what was done by hand.
    """

    test: Test
    points: float
    said: str
    origin: Origin | None
    step: Step | None
    command: str = ""


@dataclass(frozen=True)
class Score:
    """The marks of all tests, for an environment; `digest` and `commit` are '' if they are not known."""

    environment: str
    digest: str
    commit: str
    days: int
    marks: tuple[Mark, ...]

    def sum(self, section: Section) -> float:
        """Return the points of a section."""
        return sum(mark.points for mark in self.marks if mark.test.section == section)

    @property
    def points(self) -> float:
        """The score."""
        return min(self.sum(section) for section in SECTIONS)

    @property
    def band(self) -> str:
        """What the paper says of it."""
        return band(self.points)

    @property
    def steps(self) -> list[tuple[Step, list[Test]]]:
        """The cheapest steps, each with the tests that it helps; among equals those that help most tests."""
        return _cheapest(self.marks)[:CHEAPEST]

    @property
    def lifting(self) -> list[tuple[Section, Step]]:
        """The lowest sections, each with the cheapest step in it: the score rises only if all of them do."""
        found = []
        for section in SECTIONS:
            steps = _cheapest(mark for mark in self.marks if mark.test.section == section)
            if self.sum(section) == self.points and steps:
                found.append((section, steps[0][0]))
        return found


def _cheapest(marks: Iterable[Mark]) -> list[tuple[Step, list[Test]]]:
    helped: dict[Step, list[Test]] = {}
    for mark in marks:
        if mark.step:
            helped.setdefault(mark.step, []).append(mark.test)
    return sorted(helped.items(), key=lambda item: (item[0].effort, -len(item[1])))


def measure(environment: str, now: float | None = None, make: Callable[..., Evidence] = Evidence) -> Score:
    """Return the score of what is here, as of `now` in seconds since 1970.

    Raises:
        ParamsError: when `score.yaml` is not as it should be.
    """
    settings = declared.load()
    evidence = make(environment, int(time.time() if now is None else now), settings)
    marks = tuple(_mark(test, evidence) for test in TESTS)
    return Score(environment, _digest(evidence), ask("rev-parse", "HEAD"), settings.evidence_days, marks)


def _mark(test: Test, evidence: Evidence) -> Mark:
    """Give points for a test. Evidence that cannot be read, for whatever reason, gives none."""
    try:
        found = test.check(evidence)
    except Exception as error:
        return by_hand(test, evidence, error)
    return Mark(test, found.points, found.said, found.origin, found.lacks, found.command)


def by_hand(test: Test, evidence: Evidence, lacking: Exception) -> Mark:
    """Give half a point for what a person wrote down at a commit that has this very model, and none without it."""
    step = lacking.step if isinstance(lacking, LackError) else Step(1, "mend it, or make it again")
    without = Mark(test, 0.0, problem(lacking).rstrip("."), None, step)
    written = [one for one in evidence.declared.by_hand if one.test == test.name]
    if not written:
        return without
    done = written[-1]
    try:
        evidence.committed(declared.FILE)
        if not evidence.package or lock.package_at(done.commit) != evidence.package:
            raise LackError("it is of another model", Step(3, "do it again, and write it into score.yaml"))
        origin = evidence.fresh(evidence.of_commit(str(declared.FILE), done.commit))
    except MainlineError as error:
        return Mark(test, 0.0, f"{without.said}; by hand: {problem(error)}".rstrip("."), None, without.step)
    return Mark(test, 0.5, f"by hand: {done.what}", origin, without.step)


def _digest(evidence: Evidence) -> str:
    try:
        return evidence.digest
    except (MainlineError, OSError, ValueError, KeyError, TypeError):
        return ""


def document(found: Score) -> dict[str, Any]:
    """Return the score for programs; times are UTC, and what is not known is null."""
    return {
        "score": found.points,
        "band": found.band,
        "environment": found.environment,
        "digest": found.digest or None,
        "commit": found.commit or None,
        "evidence_days": found.days,
        "sections": {section: found.sum(section) for section in SECTIONS},
        "tests": [_plain(mark) for mark in found.marks],
        "next": [{"step": step.text, "effort": step.effort, "tests": _names(tests)} for step, tests in found.steps],
    }


def _plain(mark: Mark) -> dict[str, Any]:
    return {
        "test": mark.test.name,
        "title": mark.test.title,
        "points": mark.points,
        "said": mark.said,
        "source": mark.origin.source if mark.origin else None,
        "commit": (mark.origin.commit or None) if mark.origin else None,
        "when": utc(mark.origin.when) if mark.origin else None,
        "command": mark.command or None,
        "next": mark.step.text if mark.step else None,
    }


def _names(tests: Sequence[Test]) -> list[str]:
    return [test.name for test in tests]
