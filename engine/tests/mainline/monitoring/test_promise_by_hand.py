"""What was promised and what came true of a handful of rows, worked out with pencil and paper in each test.

The model answers what a row's `predicted` says; the baseline answers 10. Errors are chosen so that roots are whole.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mainline.data.columns import DAY
from mainline.declared.monitoring import Monitoring
from mainline.gate import tables
from mainline.limits import document
from mainline.model import metrics
from mainline.monitoring import promise, reference, sections, tracks, verdict
from mainline.monitoring.events import Events
from mainline.monitoring.packages import Packaged
from mainline.monitoring.production import Production
from mainline.monitoring.result import Promise, Version
from mainline.report.blocks import Chart

SCORING = b"""
def respond(raw, columns):
    return raw

def slices(columns):
    return {}
"""
WEIGHED = (
    SCORING
    + b"""
def weight(label, columns):
    return columns["seats"]
"""
)
UNTIL = "2013-09-01T00:00:00Z"


def made(
    packaged: Packaged, tested: Mapping[str, Sequence[float]], scoring: bytes = SCORING, **manifest: Any
) -> Packaged:
    """Return a package that was tested on some rows, whose baseline is 10, and that carries no limits."""
    table = io.BytesIO()
    pq.write_table(pa.table({name: np.array(values, float) for name, values in tested.items()}), table)
    contents = {name: held for name, held in packaged.contents.items() if name != document.NAME}
    contents |= {"test_predictions.parquet": table.getvalue(), "code/scoring.py": scoring}
    model = {**packaged.manifest["model"], "baseline": 10.0}
    return Packaged({**packaged.manifest, "model": model, **manifest}, contents)


def answered(
    package: Packaged, actual: list[float], predicted: list[float], day: list[str], seats: list[float] | None = None
) -> Production:
    """Return production in which these events were answered and have labels, each at noon of its day."""
    moment = np.array([int(np.datetime64(one, "D").astype(int)) * DAY + DAY // 2 for one in day])
    request = {"seats": np.array(seats or [1.0] * len(actual))}
    label = np.array(actual, float)
    events = Events(request, moment, np.array(predicted, float), label, np.ones(len(label), bool), 0)
    policy = Monitoring.model_validate({"quality": {"min_rows": 4, "min_days": 2}})
    return Production(
        "v1.0.0", reference.load(package), {}, events, "", policy, metrics.scorer("regression"), 5.0, 500
    )  # fmt: skip


def promised(production: Production) -> Promise:
    """Return what was promised and came true."""
    found = promise.of_version(production, UNTIL)
    assert found is not None
    return found


def test_rows_that_weigh_count_by_their_weight(packaged: Packaged) -> None:
    """A weight of 2 counts as two rows and one of 0 as none, at the test and in production.

    Test: errors 2, 0, 4 and 9 with weights 1, 1, 2 and 0: the root of (4 + 0 + 2 x 16) / 4 = 9 is 3. The baseline's are
    10, 0, 10 and 20: (100 + 0 + 2 x 100) / 4 = 75. Production: errors 1, 5, 7 and 40 with weights 3, 1, 2 and 0: the
    root of (3 + 25 + 98) / 6 = 21. The baseline's are 10, 10, 20 and 0: (300 + 100 + 800) / 6 = 200.
    """
    tested = {
        "actual": [0, 10, 20, 30], "predicted": [2, 10, 16, 39], "baseline": [10, 10, 10, 10],
        "sample_weight": [1, 1, 2, 0], "prediction_time": [0, 1440, 2880, 4320],
    }  # fmt: skip
    package = made(packaged, tested, WEIGHED)
    days = ["2013-07-01", "2013-07-01", "2013-07-02", "2013-07-02"]
    found = promised(answered(package, [0, 20, 30, 10], [1, 25, 23, 50], days, [3.0, 1.0, 2.0, 0.0]))
    assert found.promised == pytest.approx(3.0)
    assert found.promised_ratio == pytest.approx(3 / 75**0.5)
    assert found.came == pytest.approx(21**0.5)
    assert found.came_ratio == pytest.approx((21 / 200) ** 0.5)


def test_package_that_was_tested_without_weights_is_held_to_no_weights(packaged: Packaged) -> None:
    """Its code may offer weights, but what it promised was of rows that count the same.

    Test: errors 3 and 4, so (9 + 16) / 2 = 12.5. Production: errors 1, 5, 7 and 5, so (1 + 25 + 49 + 25) / 4 = 25.
    """
    tested = {"actual": [0, 10], "predicted": [3, 14], "baseline": [10, 5], "prediction_time": [0, 1440]}
    days = ["2013-07-01", "2013-07-01", "2013-07-02", "2013-07-02"]
    production = answered(made(packaged, tested, WEIGHED), [0, 20, 30, 10], [1, 25, 23, 15], days, [9.0, 0.0, 0.0, 1.0])
    found = promised(production)
    assert (found.promised, found.came) == pytest.approx((12.5**0.5, 5.0))


def test_snapshot_promises_without_an_age(packaged: Packaged) -> None:
    """Data without time has no end that events could be later than; everything else is as with time.

    Test: errors 1, 1, 1 and 5, so (3 + 25) / 4 = 7; the baseline's 10, 0, 4 and 2: 120 / 4 = 30. Production: errors 2,
    2, 2 and 2, so 2; the baseline's 6, 8, 0 and 10: 200 / 4 = 50.
    """
    tested = {"actual": [0, 10, 14, 12], "predicted": [1, 11, 13, 17], "baseline": [10, 10, 10, 10]}
    snapshot: dict[str, Any] = {
        "window": {"train": ["first"], "validation": ["first"], "test": ["first"]},
        "snapshot": {"name": "first", "by": ["patient"]},
    }
    package = made(packaged, tested, **snapshot)
    days = ["2026-07-01", "2026-07-02", "2026-07-02", "2026-07-03"]
    production = answered(package, [4, 18, 10, 20], [6, 16, 12, 18], days)
    found = promised(production)
    assert found.promised == pytest.approx(7**0.5)
    assert found.promised_ratio == pytest.approx((7 / 30) ** 0.5)
    assert (found.came, found.came_ratio) == pytest.approx((2.0, 2 / 50**0.5))
    assert found.age is None
    assert promise.by_age(production) == []
    (check,) = (one for one in verdict.of_version(production) if one.name == promise.CHECK)
    change = (2 / 50**0.5) / (7 / 30) ** 0.5 - 1
    assert check.reason == f"{change:+.1%} against the promise on 4 events."


def test_several_test_periods_are_one_promise(packaged: Packaged) -> None:
    """What was promised is of the rows of all of them together, and age counts from the end of the last one.

    February has errors 1, 1 and 1, March an error of 5: (3 + 25) / 4 = 7, where the mean of the two months' figures
    would be 3. The baseline's are 10, 0, 4 and 2: 120 / 4 = 30. Production is on 1 and 21 May: 30 and 50 days after the
    end of March, so 40 on average; errors 2, so 2, and the baseline's 6, 8, 0 and 10.
    """
    days = ["2013-02-01", "2013-02-02", "2013-02-03", "2013-03-01"]
    minutes = [int(np.datetime64(day, "m").astype(int)) for day in days]
    tested = {
        "actual": [0, 10, 14, 12], "predicted": [1, 11, 13, 17], "baseline": [10, 10, 10, 10],
        "prediction_time": minutes,
    }  # fmt: skip
    window = {"train": ["2012-12"], "validation": ["2013-01"], "test": ["2013-02", "2013-03"]}
    package = made(packaged, tested, window=window)
    days = ["2013-05-01", "2013-05-01", "2013-05-21", "2013-05-21"]
    found = promised(answered(package, [4, 18, 10, 20], [6, 16, 12, 18], days))
    assert (found.promised, found.promised_ratio) == pytest.approx((7**0.5, (7 / 30) ** 0.5))
    assert (found.came, found.came_ratio) == pytest.approx((2.0, 2 / 50**0.5))
    assert found.age == 40


@pytest.mark.parametrize(
    ("test", "day", "age"),
    [
        (["2013-W07", "2013-W08"], "2013-03-02", 5), (["2012-Q4", "2013-Q1"], "2013-04-11", 10),
        (["2012"], "2013-02-01", 31), (["2013-02-27", "2013-02-28"], "2013-03-01", 0),
    ],
)  # fmt: skip
def test_age_counts_from_the_first_day_after_the_last_period(
    packaged: Packaged, test: list[str], day: str, age: int
) -> None:
    """The week ends with 24 February, the quarter with 31 March, the year with 31 December; a day ends itself."""
    tested = {"actual": [0, 10], "predicted": [3, 14], "baseline": [10, 5], "prediction_time": [0, 1440]}
    package = made(packaged, tested, window={"train": [], "validation": [], "test": test})
    before = str(np.datetime64(day, "D") - 1)
    after = str(np.datetime64(day, "D") + 1)
    production = answered(package, [4, 18, 10, 20], [6, 16, 12, 18], [before, after, before, after])
    assert promised(production).age == age


def test_rows_without_weight_in_the_only_other_day_leave_nothing_to_compare(packaged: Packaged) -> None:
    """Days whose rows weigh 0 do not count, so one day is left, and that proves nothing."""
    tested = {
        "actual": [0, 10, 20, 30], "predicted": [2, 10, 16, 39], "baseline": [10, 10, 10, 10],
        "sample_weight": [1, 1, 2, 0], "prediction_time": [0, 1440, 2880, 4320],
    }  # fmt: skip
    days = ["2013-07-01", "2013-07-01", "2013-07-02", "2013-07-02"]
    production = answered(made(packaged, tested, WEIGHED), [0, 20, 30, 10], [1, 25, 23, 50], days, [1.0, 1.0, 0.0, 0.0])
    assert promise.of_version(production, UNTIL) is None


def aged(packaged: Packaged) -> Production:
    """Return fifteen days of production, an event each: a week with a root of 6, one with a root of 7, and a day more.

    Test: errors 3 and 4 of the model, 6 and 8 of the baseline, so the ratio is a half. In production the truth is 0,
    so the baseline's error is 10. Squares of the first week are 3 x 36 + 144 = 7 x 36, of the second 3 x 49 + 196 =
    7 x 49. February ends 61 days before 1 May.
    """
    tested = {"actual": [0, 10], "predicted": [3, 14], "baseline": [6, 18], "prediction_time": [0, 1440]}
    window = {"train": ["2012-12"], "validation": ["2013-01"], "test": ["2013-02"]}
    errors = [0.0, 0.0, 0.0, 6.0, -6.0, 6.0, 12.0, 7.0, -7.0, 7.0, 0.0, 0.0, 0.0, -14.0, 100.0]
    days = [f"2013-05-{day:02d}" for day in range(1, 16)]
    return answered(made(packaged, tested, window=window), [0.0] * 15, errors, days)


def test_quality_by_age_is_each_week_over_the_promise(packaged: Packaged) -> None:
    """Weeks of 0.6 and 0.7 of the baseline's error, where 0.5 was promised: a fifth and two fifths worse.

    Their days are 61 to 67 and 68 to 74 after the end of February; the fifteenth day makes no week.
    """
    weeks = promise.by_age(aged(packaged))
    assert [age for age, _ in weeks] == [64, 71]
    assert [worse for _, worse in weeks] == pytest.approx([0.2, 0.4])


def test_quality_by_age_counts_days_with_events(packaged: Packaged) -> None:
    """A week is seven days that have events, and its age is their mean: four of them go a week later here."""
    production = aged(packaged)
    assert production.events is not None
    later = production.events.moment + np.where(np.arange(15) >= 3, 7 * DAY, 0)
    gap = Production(**{**vars(production), "events": Events(**{**vars(production.events), "moment": later})})
    weeks = promise.by_age(gap)
    assert [age for age, _ in weeks] == [68, 78]
    assert [worse for _, worse in weeks] == pytest.approx([0.2, 0.4])


def test_life_by_age_stands_beside_what_was_measured_of_ageing(
    packaged: Packaged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report shows two pictures after the checks of a version: weeks of life, and the curve of `explain`."""
    monkeypatch.chdir(tmp_path)
    Path("metrics").mkdir()
    measured = "flight-delay,0,0.0\nflight-delay,1,0.05\nanother,1,0.9\nflight-delay,2,\nflight-delay,3,0.25\n"
    Path("metrics/staleness.csv").write_text(f"model,age_months,relative\n{measured}")
    production = aged(packaged)
    found = tracks.of_version(verdict.of_version(production), production, [])
    version = Version(
        version="v1.0.0", digest=production.digest, rows=15, first="2013-05-01", last="2013-05-15", metric="rmse",
        checks=[], days=[], segments=[], tracks=[track for track in found if track.check == promise.CHECK],
    )  # fmt: skip
    charts = [block.plot for block in sections.of_version(version)[0].blocks if isinstance(block, Chart)]
    lines = [(plot.name, plot.x, plot.y, series.name) for plot in charts for series in plot.series]
    assert lines == [
        ("staleness", "age in days", "worse than promised", "production"),
        ("staleness", "age in months", "relative loss", "./mainline explain, another model or metric"),
    ]
    life, explained = ([(point.x, point.y) for point in plot.series[0].points] for plot in charts)
    assert [age for age, _ in life] == [64, 71]
    assert [worse for _, worse in life] == pytest.approx([0.2, 0.4])
    assert explained == [(0, 0.0), (1, 0.05), (3, 0.25)]


@pytest.mark.parametrize(
    ("measured", "name"),
    [("served", "./mainline explain"), ("here", "./mainline explain, another model or metric")],
)
def test_curve_of_ageing_is_named_by_the_version_that_is_served(
    packaged: Packaged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: str, name: str
) -> None:
    """What was measured of the served version is its own, whatever was trained here since; and nothing else is."""
    monkeypatch.chdir(tmp_path)
    Path("metrics").mkdir()
    production = aged(packaged)
    served = production.reference.package.manifest["made_from"]["models/model"].removeprefix("md5:")
    here = served[::-1]
    trained = {"served": served, "here": here}[measured][:12]
    Path("dvc.lock").write_text(
        f"stages:\n  train:\n    cmd: x\n    outs:\n    - path: models/model\n      md5: {here}\n"
    )
    assert tables.trained_hash() == here[:12]
    row = f"flight-delay,{trained},{production.metric.name},month,0,0.1\n"
    Path("metrics/staleness.csv").write_text(f"model,trained,primary,unit,age,relative\n{row}")
    found = tracks.of_version(verdict.of_version(production), production, [])
    (curve,) = [one.plot.series[0] for one in found if one.check == promise.CHECK and one.plot.y == "relative loss"]
    assert curve.name == name
