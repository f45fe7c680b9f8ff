"""What the gate promised, and what came true."""

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mainline.contract import Array
from mainline.gate.findings import Check
from mainline.monitoring import promise, tracks, verdict
from mainline.monitoring.packages import Packaged
from mainline.monitoring.production import Production
from mainline.monitoring.result import Promise
from mainline.monitoring.store import Store
from tests.mainline.monitoring import month as months
from tests.mainline.monitoring.month import Month
from tests.project import LIMIT, Project

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


def rmse(actual: Array, predicted: Array) -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(np.mean((actual - predicted) ** 2)))


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
    assert "The promise is of the measured model" in check(production).reason
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


def test_promises_are_added_to_those_that_others_added(store: Store) -> None:
    """A job that adds its own returns and keeps those that were there, and waits while another one writes."""
    one, other = made("v1.0.0", "a", "2013-05-01T00:00:00Z", 11), made("v1.1.0", "b", "2013-05-15T00:00:00Z", 9)
    store.keep_promises([one])
    assert promise.add(store, [other]) == [one, other] == store.promises()
    last = made("v1.2.0", "c", "2013-06-15T00:00:00Z", 9)
    with ThreadPoolExecutor(1) as pool:
        with store.telling():
            added = pool.submit(promise.add, Store(store.folder), [last])
            assert not wait([added], 0.2).done
            store.keep_promises([one])
        assert added.result(LIMIT) == [one, last] == store.promises()


def test_promise_says_whose_it_is_and_of_which_events(month: Month) -> None:
    """Name and digest of the version, the metric, the labelled events, and their mean age in days, worked out here."""
    production = later(replace(month, label=month.label + 15).production(), 60)
    found = promise.of_version(production, UNTIL)
    assert found is not None
    assert (found.version, found.digest, found.until) == ("v1.0.0", month.packaged.digest, UNTIL)
    assert (found.metric, found.events) == ("rmse", int((~np.isnan(month.label)).sum()))
    first_after = np.datetime64("2013-04-01").astype(int)
    ages = month.moment // 1440 + 60 - first_after
    assert found.age == round(ages.mean())
    tested = month.packaged.tested
    assert found.promised == pytest.approx(rmse(tested["actual"], tested["predicted"]))
    assert found.promised_ratio == pytest.approx(found.promised / rmse(tested["actual"], tested["baseline"]))
    wanted, baseline = month.label + 15, month.packaged.baseline(month.request, month.features)
    assert found.came == pytest.approx(rmse(wanted, month.predict()))
    assert found.came_ratio == pytest.approx(found.came / rmse(wanted, baseline))
    shown = check(production)
    assert shown.observed == f"rmse {found.came:.3g}, rmse {found.came_ratio:.3f} of the baseline's"
    assert (shown.verdict, shown.limit) == ("pass", f"{found.promised:.3g}, {found.promised_ratio:.3f} promised")
    change = f"{found.came_ratio / found.promised_ratio - 1:+.1%}"
    said = f"{change} against the promise on {found.events:,} events, on average {found.age} days after the end of"
    assert shown.reason == f"{said} the window."


def test_events_of_the_window_have_no_negative_age(month: Month) -> None:
    """Predictions of the test month itself are 0 days old, not before the end of the window that they are in."""
    found = promise.of_version(month.production(), UNTIL)
    assert found is not None
    assert found.age == 0


def test_promise_needs_exactly_the_events_and_days_that_are_declared(month: Month) -> None:
    """As many as declared are enough, and one more event or day is not there."""
    rows, days = len(month.label), len(np.unique(month.moment // 1440))
    for more, is_enough in (((0, 0), True), ((1, 0), False), ((0, 1), False)):
        quality = {"min_rows": rows + more[0], "min_days": days + more[1]}
        production = month.production(quality=quality)
        assert (promise.of_version(production, UNTIL) is not None) == is_enough
        assert is_enough or check(production).reason == (
            f"{quality['min_rows']:,} labelled events of {quality['min_days']} days are needed."
        )


def test_only_labelled_events_keep_a_promise(month: Month) -> None:
    """Events without a label are not counted, and a prediction that is not a number promises nothing."""
    unknown = month.moment // 1440 % 2 == 0
    found = promise.of_version(replace(month, label=np.where(unknown, np.nan, month.label)).production(), UNTIL)
    assert found is not None
    assert found.events == int((~unknown).sum())
    production = month.production()
    assert production.events is not None
    predicted = np.where(np.arange(len(month.label)) == 7, np.nan, production.events.predicted)
    broken = replace(production, events=replace(production.events, predicted=predicted))
    assert promise.of_version(broken, UNTIL) is None
    assert len(promise.by_age(broken)) == len(promise.by_age(production)) - 1
    gone = replace(production, events=None, reason="No label came.")
    assert promise.by_age(gone) == []
    assert (check(gone).observed, check(gone).reason) == ("not measured", "No label came.")


def test_each_week_is_held_to_what_was_promised_of_the_baseline(month: Month) -> None:
    """The height of a point is the week's error as a share of the baseline's, over that of the test."""
    production = later(month.production(), 60)
    days = month.moment // 1440
    week = np.isin(days, np.unique(days)[:7])
    tested = month.packaged.tested
    promised = rmse(tested["actual"], tested["predicted"]) / rmse(tested["actual"], tested["baseline"])
    baseline = month.packaged.baseline(month.request, month.features)
    came = rmse(month.label[week], month.predict()[week]) / rmse(month.label[week], baseline[week])
    age = round(days[week].mean() + 60 - np.datetime64("2013-04-01").astype(int))
    assert promise.by_age(production)[0] == pytest.approx((age, came / promised - 1))
