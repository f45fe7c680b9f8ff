"""What monitoring found, as Markdown and as a page: whoever may push its branch writes every text of it."""

import pytest

from mainline.gate.findings import Check, Plot
from mainline.monitoring import sections
from mainline.monitoring.result import Alarm, Changed, Day, Mark, Monitored, Placed, Promise, Segment, Track, Version
from mainline.report import markdown, page
from tests.mainline.report import hostile, reading
from tests.mainline.report.test_page import ATTRIBUTES, ELEMENTS, Reader

DAY, MOMENT, DIGEST = "2026-01-01", "2026-01-01T00:00:00Z", "a" * 12


def everywhere(text: str) -> Monitored:
    """Return what was found with one text in every place that takes any text."""
    name = text[:120]
    check = Check(name=name, group="data", verdict="fail", observed=text, limit=text, reason=text)
    plot = Plot.model_validate({
        "name": "staleness", "x": name, "y": name,
        "series": [{"name": name, "points": [{"x": 1.0, "y": 1.0}, {"x": 2.0, "y": 3.0}]}],
    })  # fmt: skip
    version = Version(
        version=name, digest=DIGEST, rows=1, first=DAY, last=DAY, metric=name,
        checks=[check, check.model_copy(update={"verdict": "pass"})],
        days=[Day(day=DAY, events=1, labelled=1, metric=1.0, baseline=1.0, bias=0.0)],
        segments=[Segment(column=name, value=name, rows=1, bias=1.0, low=None, high=None)],
        tracks=[Track(check=name, plot=plot, marks=[Placed(x=1.5, version=name)])],
    )  # fmt: skip
    promise = Promise(
        version=name, digest=DIGEST, until=MOMENT, metric=name, promised=1.0, promised_ratio=1.0, came=1.0,
        came_ratio=1.0, events=1, age=None,
    )  # fmt: skip
    changes = [Changed(kind=name, what=text)]
    return Monitored(
        verdict="fail", headline=text, environment=name, until=MOMENT, rows=1, checks=[check], versions=[version],
        alarms=[alarm(text)], promises=[promise],
        marks=[Mark(day=DAY, version=name, digest=DIGEST, before=name, changes=changes)],
    )  # fmt: skip


def alarm(text: str) -> Alarm:
    """Return an alarm that was closed, with one text in every place that takes any text."""
    name = text[:120]
    return Alarm(
        version=name, digest=DIGEST, check=name, opened=MOMENT, closed=MOMENT, observed=text, limit=text, reason=text,
        ending=text,
    )  # fmt: skip


@pytest.mark.parametrize("text", [text[:600] for text in hostile.CORPUS])
def test_no_field_is_forgotten(text: str) -> None:
    """A text that tries to break out is only ever text, in an issue, a proposal and on a page."""
    found = everywhere(text)
    for document in (sections.describe(found), sections.brief(found), sections.of_alarm(found, alarm(text))):
        assert reading.strange(markdown.write(document)) == []
        read = Reader(page.write(document))
        assert read.elements <= ELEMENTS
        assert read.attributes <= ATTRIBUTES
        assert read.open == []
