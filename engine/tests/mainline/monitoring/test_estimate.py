"""Estimates before labels come, on the test month as production answered it."""

from dataclasses import replace

import numpy as np
import pytest

from mainline.gate.findings import Check
from mainline.limits.sizes import Sizes
from mainline.model import metrics
from mainline.monitoring import estimate, packages, tracks, verdict
from mainline.monitoring.packages import Packaged
from mainline.monitoring.production import Production
from tests.mainline.monitoring import month as months
from tests.mainline.monitoring.month import Month
from tests.project import Project


@pytest.fixture(scope="module")
def month(packaged: Packaged, small_project: Project) -> Month:
    """The test month, in order; shared, so tests only read it."""
    return months.read(packaged, small_project.path)


def check(production: Production) -> Check:
    """Run the check of the estimate."""
    (found,) = (one for one in verdict.of_version(production) if one.name == estimate.CHECK)
    return found


def estimated(production: Production) -> Sizes:
    """Return what estimates."""
    found = estimate.of(production)
    assert found is not None
    return found


def test_estimate_of_the_test_itself_is_its_metric(month: Month) -> None:
    """Bins that are counted as they were at the test give back the metric, from events and from a sketch alike."""
    production, predicted = month.production(), month.predict()
    estimator = estimated(production)
    counts = np.bincount(estimator.place(predicted), minlength=estimator.bins)
    metric = production.metric.value(month.label, predicted)
    assert estimator.estimate(counts[None])[0] == pytest.approx(metric)
    days = [day.predicted for day in production.days.values() if day.predicted]
    sketched = np.sum([estimate.by_bin(production, estimator, one) for one in days], axis=0)
    assert sketched.tolist() == counts.tolist()


def test_estimate_by_hand() -> None:
    """A value on an edge belongs below it, the ends count with their neighbours, and the test's rows have weights.

    The test has squared errors of 1 and 9 in the first bin, of weights 3 and 1, and one of 4 in the second. Half as
    many in the first bin as the test had, and three times as many in the second, make sums of 12 / 2 and 3 x 4 over
    weights of 4 / 2 and 3 x 1.
    """
    (metric,) = (one for one in metrics.scorer("regression").metrics if one.name == "rmse")
    actual, predicted = np.array([-4.0, 13.0, 23.0]), np.array([-5.0, 10.0, 25.0])
    estimator = Sizes(metric, (0.0, 10.0, 20.0), actual, predicted, np.array([3.0, 1.0, 1.0]))
    places = estimator.place(np.array([-5.0, 0.0, 10.0, np.nextafter(10, 11), 20.0, 25.0]))
    assert (estimator.bins, places.tolist()) == (2, [0, 0, 0, 1, 1, 1])
    assert estimator.estimate(np.array([[1.0, 3.0]]))[0] == pytest.approx(np.sqrt((6 + 12) / (2 + 3)))


def test_classes_are_estimated_by_the_class_that_is_said(flower_project: Project) -> None:
    """Of three classes the log loss of the test comes back from how often each class was said."""
    (packaged,) = packages.find([flower_project.path / "models/package"]).values()
    flowers = months.read(packaged, flower_project.path)
    production = replace(flowers.production(), scorer=metrics.scorer("multiclass", names=packaged.classes))
    estimator, predicted = estimated(production), flowers.predict()
    counts = np.bincount(predicted.argmax(axis=1), minlength=3)
    assert estimator.estimate(counts[None])[0] == pytest.approx(production.metric.value(flowers.label, predicted))
    days = [day.predicted for day in production.days.values() if day.predicted]
    sketched = np.sum([estimate.by_bin(production, estimator, one) for one in days], axis=0)
    assert sketched.tolist() == counts.tolist()


def test_estimate_follows_how_hard_events_are_and_not_the_world(month: Month) -> None:
    """Large predictions, which err more, are estimated as worse; a label that moves shows in the error that is said."""
    production, predicted = month.production(), month.predict()
    estimator, large = estimated(production), predicted > np.quantile(predicted, 0.9)
    guesses = [
        estimator.estimate(np.bincount(estimator.place(predicted[rows]), minlength=estimator.bins)[None])[0]
        for rows in (large, ~large)
    ]
    assert guesses[0] > 1.2 * guesses[1]
    moved = check(replace(month, label=month.label + 15).production())
    usual = check(production)
    assert (moved.verdict, usual.verdict) == ("pass", "pass")
    assert moved.observed == usual.observed
    average = [float(one.reason.split("% on average")[0].split()[-1]) for one in (usual, moved)]
    assert abs(average[0]) < 10
    assert average[1] < -20, "far too good"


def test_estimate_without_labels_is_said_to_be_of_unknown_error(month: Month) -> None:
    """It is there before any label is, and is not called sure."""
    found = check(replace(month.production(), events=None, reason="No event is old enough."))
    assert found.verdict == "cannot tell"
    assert found.observed == check(month.production()).observed
    assert found.reason == "How far it is off is not known: 0 labelled days, 5 are needed."


def test_estimate_and_labels_are_drawn_together(month: Month) -> None:
    """The picture has a line of estimates and one of what labels said, a point for each labelled day."""
    production = month.production()
    (track,) = (
        one for one in tracks.of_version(verdict.of_version(production), production, []) if one.check == estimate.CHECK
    )
    assert [line.name for line in track.plot.series] == ["estimated", "by labels"]
    assert {len(line.points) for line in track.plot.series} == {len(estimate.by_day(production, estimated(production)))}


def test_days_with_exactly_the_declared_rows_are_known(month: Month) -> None:
    """Of each day with that many labelled events there is an estimate and the day's own metric; with fewer nothing."""
    days, rows = np.unique(month.moment // 1440, return_counts=True)
    few, most = int(rows.min()), int(rows.max())
    for least in (few, few + 1, most, most + 1):
        production = month.production(support={"min_rows": least}, quality={"min_rows": 2 * most})
        known = estimate.by_day(production, estimated(production))
        assert list(known) == days[rows >= least].tolist()
        for day, (_, true) in known.items():
            its = month.moment // 1440 == day
            assert true == pytest.approx(np.sqrt(np.mean((month.label - month.predict())[its] ** 2)))
    assert estimate.by_day(replace(production, events=None), estimated(production)) == {}


def test_labelled_events_alone_make_a_day_known(month: Month) -> None:
    """Of a day whose labels are half there, the half is counted; a prediction that is not a number leaves a day out."""
    days, rows = np.unique(month.moment // 1440, return_counts=True)
    unlabelled = (month.moment // 1440 == days[0]) & (np.arange(len(month.label)) % 2 == 0)
    halved = replace(month, label=np.where(unlabelled, np.nan, month.label))
    needed = int(rows[0] - unlabelled.sum())
    for least in (needed, needed + 1):
        production = halved.production(support={"min_rows": least})
        assert (days[0] in estimate.by_day(production, estimated(production))) == (least == needed)
    assert production.events is not None
    predicted = np.where(month.moment // 1440 == days[1], np.nan, production.events.predicted)
    broken = replace(production, events=replace(production.events, predicted=predicted))
    assert days[1] not in estimate.by_day(broken, estimated(broken))


def test_error_of_estimates_needs_exactly_the_declared_days(month: Month) -> None:
    """As many labelled days as quality needs say how far estimates are off; one more is not known."""
    days = len(np.unique(month.moment // 1440))
    found = [check(month.production(support={"min_rows": 1}, quality={"min_days": days + more})) for more in (0, 1)]
    assert [one.verdict for one in found] == ["pass", "cannot tell"]
    assert f"{days} labelled days, {days + 1} are needed" in found[1].reason
