"""Drift of features: by which columns, in which days, and by the distances that the package was built with."""

import re
from dataclasses import replace

import numpy as np
import pytest

from mainline.gate.findings import Check
from mainline.limits import distances
from mainline.monitoring import verdict
from mainline.monitoring.packages import Packaged
from mainline.monitoring.production import Production
from mainline.monitoring.reference import Reference
from tests.mainline.monitoring import month as months
from tests.mainline.monitoring.month import Month
from tests.project import Project


@pytest.fixture(scope="module")
def month(packaged: Packaged, small_project: Project) -> Month:
    """The test month, in order; shared, so tests only read it."""
    return months.read(packaged, small_project.path)


def drift(production: Production) -> Check:
    """Check the drift of features."""
    (found,) = (check for check in verdict.of_version(production) if check.name == "drift of features")
    return found


def test_month_that_moved_is_drift_and_only_reported(month: Month) -> None:
    """Features that lie elsewhere warn; where it is declared, they are an alarm."""
    far = month.change(distance=lambda values: values * 3, seats=lambda values: values * 0 + values.max())
    assert drift(far.production()).verdict == "warn"
    assert "distance" in drift(far.production()).reason
    assert drift(far.production(severity={"drift": "alarm"})).verdict == "fail"


def test_lost_feature_is_drift_that_says_so(month: Month) -> None:
    """Nothing of it is left that could lie elsewhere: its share of missing values is what moved."""
    found = drift(month.change(dest_gain=lambda values: np.full(len(values), np.nan)).production())
    assert found.verdict == "warn"
    assert re.match(r"missing dest_gain: distance 0\.9\d\d, score \d+\.\d$", found.observed)
    assert "Further from the window than its own weeks: missing dest_gain" in found.reason


@pytest.mark.parametrize(
    ("first", "end", "said"),
    [
        (4, 7, r"missing dest_gain in the last 3 days: distance 0\.9\d\d, score"),
        (0, 4, r"missing dest_gain: distance 0\.[3-6]\d\d, score"),
    ],
    ids=["its last three", "its first four"],
)
def test_drift_of_some_days_of_the_week_says_in_which(month: Month, first: int, end: int, said: str) -> None:
    """A feature that was lost on the last days is further in these; one that came back is far in the week alone."""
    week = np.array(list(month.production().window), "datetime64[D]").astype(int)
    is_lost = np.isin(month.moment // 1440, week[first:end])
    found = drift(month.change(dest_gain=lambda values: np.where(is_lost, np.nan, values)).production())
    assert found.verdict == "warn"
    assert re.match(said, found.observed)


def test_package_of_before_is_held_to_the_distances_of_its_time(month: Month) -> None:
    """A number that stands still is nearer by the distance of Kolmogorov than by that of Kuiper, which came later."""
    earned = month.packaged.earned
    assert earned is not None
    assert earned.features is not None
    still = month.change(humid=lambda values: np.full_like(values, np.nanmedian(values)))
    for kind in ("kolmogorov", "kuiper"):
        only = {"centre": {"humid": 0.0}, "spread": {"humid": 1.0}, "missing": None, "recent": None, "distance": kind}
        held = earned.model_copy(update={"features": earned.features.model_copy(update=only)})
        production = replace(still, reference=Reference(month.packaged, held)).production()
        assert production.week is not None
        far = distances.between(production.week, earned.whole, kind).values["humid"]
        assert drift(production).observed.startswith(f"humid: distance {far:.3f}, ")


def test_week_that_lacks_a_day_is_not_compared(month: Month) -> None:
    """Limits are those of whole weeks: six days, as after a release, would lie further from the window than seven."""
    found = [drift(month.production(slice(0, days))) for days in (6, 7)]
    assert (found[0].verdict, found[0].observed) == ("cannot tell", "6 days")
    assert found[0].reason == "7 days with 200 rows are needed."
    assert found[1].verdict != "cannot tell"


def test_week_with_a_day_of_another_one_is_not_compared(month: Month) -> None:
    """After days on which hardly anybody asked the last seven are no week, and weekdays alone would lie far off."""
    day = month.moment // 1440
    quiet = month.choose(~np.isin(day, day.min() + np.array([8, 9, 10])))
    found = drift(quiet.production(slice(0, 12)))
    assert (found.verdict, found.observed) == ("cannot tell", "7 days")
    assert found.reason == "The last 7 days with 200 rows stretch over 10, and 7 days of the test over 7 at most."
    assert drift(quiet.production(slice(0, 15))).verdict != "cannot tell"


def test_week_of_a_test_that_rests_may_rest_as_well(month: Month) -> None:
    """If the test has hardly a row on Sundays, seven days of production stretch over as many as seven of the test."""
    day = month.moment // 1440
    resting = month.choose((day + 4) % 7 != 0)
    production = resting.production(slice(0, 12))
    tested = production.reference.package.tested
    kept = ((tested["prediction_time"] // 1440 + 4) % 7 != 0) | (np.arange(len(tested["actual"])) % 100 == 0)
    package = replace(production.reference.package)
    package.__dict__["tested"] = {name: values[kept] for name, values in tested.items()}
    rested = replace(production, reference=replace(production.reference, package=package))
    assert production.week is None
    assert rested.stretch == (8, 8)
    assert rested.week is not None


def test_limits_of_a_short_window_are_not_called_proven(month: Month) -> None:
    """Three months cannot prove one false alarm in ninety days, and the reason says so."""
    reason = drift(month.production()).reason
    assert "too few days to prove once in 90 days, 120 are needed" in reason


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "The package was built before packages carried limits; one that `make repro` makes now carries them."),
        ({"snapshot": "first"}, "The data has no time, so there are no weeks to play back."),
    ],
    ids=["an old package", "data without time"],
)
def test_package_without_limits_says_why(month: Month, more: dict[str, str], said: str) -> None:
    """Whoever reads it knows whether the next package will be compared, or none ever."""
    package = Packaged({**month.packaged.manifest, **more}, month.packaged.contents)
    found = drift(replace(month, reference=Reference(package, None)).production())
    assert (found.verdict, found.observed, found.reason) == ("cannot tell", "not compared", said)
