"""What the gate promised, and what came true."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mainline.gate.findings import Check
from mainline.monitoring import promise, tracks, verdict
from mainline.monitoring.monitored import Promise
from mainline.monitoring.packages import Packaged
from mainline.monitoring.production import Production
from mainline.monitoring.store import Store
from tests.mainline.monitoring import month as months
from tests.mainline.monitoring.month import Month
from tests.project import Project

UNTIL = "2013-05-01T00:00:00Z"


@pytest.fixture(scope="module")
def month(packaged: Packaged, small_project: Project) -> Month:
    """The test month, in order; shared, so tests only read it."""
    return months.read(packaged, small_project.path)


def check(production: Production) -> Check:
    """Run the check of the promise."""
    (found,) = (one for one in verdict.of_version(production) if one.name == promise.CHECK)
    return found


def later(production: Production, days: int) -> Production:
    """Let the same events be some days later."""
    assert production.events is not None
    return replace(production, events=replace(production.events, moment=production.events.moment + days * 1440))


def made(version: str, digest: str, until: str, came: float) -> Promise:
    """Return a promise of 10 and what came true."""
    return Promise(
        version=version, digest=digest * 64, until=until, metric="rmse", promised=10.0, promised_ratio=0.9, came=came,
        came_ratio=came / 11, events=2000, age=3,
    )  # fmt: skip


def test_the_test_month_itself_keeps_the_promise(month: Month) -> None:
    """The events that the gate judged give the figures that it promised, and labels that move break it."""
    found = promise.of_version(month.production(), UNTIL)
    assert found is not None
    assert (found.came, found.came_ratio) == pytest.approx((found.promised, found.promised_ratio))
    assert check(month.production()).reason.startswith(("+0.0% against", "-0.0% against"))
    moved = promise.of_version(replace(month, label=month.label + 15).production(), UNTIL)
    assert moved is not None
    assert moved.came > 1.1 * moved.promised == pytest.approx(1.1 * found.promised)


def test_promise_of_another_model_than_the_one_that_answers_is_said(month: Month) -> None:
    """With a refit the check says that the promise is of the model that was tested; without one it does not."""
    again = replace(month.packaged, manifest={**month.packaged.manifest, "refit": {"rows": 12_345}})
    production = replace(month, reference=replace(month.reference, package=again)).production()
    assert "The promise is of the model that was tested" in check(production).reason
    assert "tested" not in check(month.production()).reason


def test_few_labels_keep_no_promise(month: Month) -> None:
    """Below the declared events and days nothing is said to have come true."""
    assert promise.of_version(month.production(slice(0, 3)), UNTIL) is None
    assert check(month.production(slice(0, 3))).verdict == "cannot tell"
    assert promise.of_version(replace(month.production(), events=None), UNTIL) is None


def test_quality_is_drawn_against_age(month: Month) -> None:
    """Each whole week of events is a point at its mean age in days, as far above what was promised as it is worse."""
    production = later(month.production(), 60)
    weeks = promise.by_age(production)
    assert len(weeks) == len(np.unique(production.labelled.day)) // 7
    first = 60 - len(np.unique(production.labelled.day)) + 3
    assert abs(weeks[0][0] - first) <= 2
    assert [second[0] - one[0] for one, second in pairwise(weeks)] == [7] * (len(weeks) - 1)
    found = tracks.of_version(verdict.of_version(production), production, [])
    (plot, *_) = [track.plot for track in found if track.check == promise.CHECK]
    assert [(point.x, point.y) for point in plot.series[0].points] == weeks


def test_promises_grow_with_each_release(store: Store) -> None:
    """Of a package the newest figure counts, and others stay beside it in the order of time."""
    old, new, other = (
        made("v1.0.0", "a", "2013-05-01T00:00:00Z", 11), made("v1.0.0", "a", "2013-06-01T00:00:00Z", 12),
        made("v1.1.0", "b", "2013-05-15T00:00:00Z", 9),
    )  # fmt: skip
    assert promise.join([new], [old, other]) == promise.join([other, old], [new]) == [other, new]
    assert store.promises() == []
    store.keep_promises([other, new])
    assert store.promises() == [other, new]
