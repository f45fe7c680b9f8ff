"""The score as a page: all 28 tests with their evidence, in a real browser, and nothing that runs."""

from dataclasses import replace
from pathlib import Path

import pytest

from mainline.score import page, rubric, total
from mainline.score.rubric import Origin
from mainline.score.total import Score
from tests.browser import WIDTHS, Browser
from tests.mainline.score import world

HOSTILE = "<img src=x onerror=alert(1)>" * 20


@pytest.mark.usefixtures("earned")
def test_each_test_stands_there_with_its_evidence() -> None:
    """Of all 28: the number, the paper's words, what was seen; where, by which command, of which commit and when."""
    found = world.measure()
    text = page.render(found)
    for mark in found.marks:
        assert f"{mark.test.name}: {mark.test.title}" in text.replace("&#x27;", "'")
    judged = next(mark for mark in found.marks if mark.test.name == "Infra 4")
    assert judged.origin is not None
    commit = judged.origin.commit[:12]
    evidence = "Evidence of 2026-01-03: <code>metrics/report/gate.json</code>, shown by <code>make gate</code>"
    assert f"{evidence}, of commit <code>{commit}</code>" in text


def test_a_test_without_points_says_what_would_earn_it(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was lost is there with its reason and the step; no evidence is named."""
    monkeypatch.chdir(built)
    found = world.measure(stale="train is stale")
    text = page.render(found)
    assert "dvc.lock is not of what is here: train is stale" in text
    assert "To earn it: <bdi><code>make repro</code>, and commit what it wrote</bdi>" in text


@pytest.mark.usefixtures("earned")
def test_the_page_fits_every_width(browser: Browser) -> None:
    """From a small phone to a wide screen nothing sticks out or is cut, whatever stands in evidence."""
    found = world.measure()
    for shown in (found, _hostile(found)):
        for width, measured in zip(WIDTHS, browser.measure([page.render(shown)]), strict=True):
            assert measured["scrolled"] <= measured["width"] == width
            assert (measured["sections"], measured["foreign"], measured["links"]) == (5, 0, 0)
            assert shown is not found or measured["cut"] == 0


def _hostile(found: Score) -> Score:
    origin, step = Origin(HOSTILE, "ab" * 20, 0), rubric.Step(0, HOSTILE)
    marks = tuple(replace(mark, points=0.5, said=HOSTILE, origin=origin, step=step) for mark in found.marks)
    return total.Score("production", "", "", 90, marks)
