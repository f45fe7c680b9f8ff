"""Days on which nobody asked, and labels that cannot be had: what is known all the same is said."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.data import columns
from mainline.declared.monitoring import Monitoring
from mainline.declared.params import Evaluation
from mainline.monitoring import inspection, label_feed
from mainline.monitoring.label_feed import Fetch
from mainline.monitoring.packages import Packaged
from mainline.monitoring.result import Monitored
from mainline.monitoring.store import Store
from tests.mainline.monitoring import month as months
from tests.mainline.monitoring.month import Month
from tests.project import Project
from usecase import interface

KIND = label_feed.wanted(interface)
QUIET = 5
"""The place of the day on which nobody asks, among twelve."""


@pytest.fixture(scope="module")
def month(small_project: Project, packaged: Any) -> Month:
    """The first days of the test month; shared, so tests only read it."""
    found = months.read(packaged, small_project.path)
    day = found.moment // columns.DAY
    return found.choose(day < day.min() + 12)


def without(month: Month, day: int) -> Month:
    """Return a month in which nobody asked on a day."""
    return month.choose(month.moment // columns.DAY != month.moment.min() // columns.DAY + day)


def date(month: Month, place: int) -> str:
    """Return a day of the month by its place."""
    return str(np.datetime64(int(month.moment.min() // columns.DAY + place), "D"))


def labels(month: Month, known_at: str = "2013-05-01T00:00:00Z") -> pd.DataFrame:
    """Return the label of each flight, known at a time."""
    keys = {name: month.request[name] for name in interface.KEY}
    (moment,) = (field.name for field in KIND.key if field.kind == "time")
    keys[moment] = pd.to_datetime(keys[moment] * 60, unit="s", utc=True)
    return pd.DataFrame({**keys, interface.LABEL: month.label, "known_at": known_at})


def look(month: Month, folder: Path, fetch: Fetch) -> Monitored:
    """Look at what was logged, long afterwards."""
    months.write_log(month, folder / "log")
    asked = inspection.Asked(
        environment="production", policy=Monitoring(), evaluation=Evaluation(slice_min_rows=500), bias=5.0,
        slice_rows=500, until=datetime(2013, 6, 1, tzinfo=UTC), kind=KIND, fetch=fetch, written={},
    )  # fmt: skip
    known = {month.packaged.digest: month.packaged}
    return inspection.inspect(folder / "log", Store(folder / "store"), known, asked)


def verdicts(found: Monitored) -> dict[str, tuple[str, str]]:
    """Return verdict and reason of each check of the one version."""
    (version,) = found.versions
    return {check.name: (check.verdict, check.reason) for check in version.checks}


def given(frame: pd.DataFrame) -> Fetch:
    """Return a feed of these labels."""
    return lambda _, until: label_feed.check(frame, KIND, "here", until)


def test_day_on_which_nobody_asked_is_neither_a_fault_nor_a_row(month: Month, tmp_path: Path) -> None:
    """In the middle of a history it changes no verdict of the days around it; all other rows and labels count."""
    quiet = without(month, QUIET)
    found, whole = (
        look(one, tmp_path / name, given(labels(month))) for one, name in ((quiet, "quiet"), (month, "whole"))
    )
    (version,), (other,) = found.versions, whole.versions
    assert found.rows == len(quiet.label) < whole.rows
    assert [day.day for day in version.days] == [day.day for day in other.days if day.day != date(month, QUIET)]
    said, expected = ({name: one for name, (one, _) in verdicts(look).items()} for look in (found, whole))
    drifts = dict.fromkeys((name for name in expected if name.startswith("drift")), "cannot tell")
    assert said == {**expected, **drifts}, "a week without its Saturday is no week of the window"
    assert verdicts(found)["labels"][0] == "pass"
    assert found.checks[0].reason == "Nothing is missing."
    drawn = {track.check: track for track in version.tracks}
    assert drawn
    assert all(np.isfinite(point.y) for track in drawn.values() for line in track.plot.series for point in line.points)


def test_fault_is_as_old_as_it_is_across_a_day_without_traffic(month: Month, tmp_path: Path) -> None:
    """A join that was lost before the quiet day and is lost after it began before it."""
    since = month.moment.min() // columns.DAY + QUIET - 1
    lost = month.moment // columns.DAY >= since
    broken = without(month.change(dest_gain=lambda values: np.where(lost, np.nan, values)), QUIET)
    verdict, reason = verdicts(look(broken, tmp_path, given(labels(month))))["missing values"]
    assert verdict == "fail"
    assert f"ince {date(month, QUIET - 1)}" in reason


@pytest.mark.parametrize("is_own", [True, False])
def test_day_whose_labels_never_came_is_an_alarm_of_labels(
    month: Month, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_own: bool
) -> None:
    """A feed that was down for whole days ends no look, whichever baseline there is: the check names such a day."""
    monkeypatch.setattr(Packaged, "own_baseline", is_own)
    known = labels(month)[month.moment // columns.DAY != month.moment.min() // columns.DAY + QUIET + 3]
    (version,) = look(month, tmp_path, given(known)).versions
    check = next(check for check in version.checks if check.name == "labels")
    assert (check.verdict, check.observed) == ("fail", f"0.0% on {date(month, QUIET + 3)}")
    remedy = "if they are later than 1.5 days after a day, raise `monitoring.labels.after`."
    assert check.reason.startswith(f"Quality cannot be told. Look at the feed of labels; {remedy} ")
    assert [(day.day, day.metric, day.baseline) for day in version.days if not day.labelled] == [
        (date(month, QUIET + 3), None, None)
    ]


def test_labels_that_cannot_be_had_hide_no_other_alarm(
    month: Month, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broken feed leaves quality untold; support is looked at, and what stands in the feed is not in the report."""
    wrong = labels(month).astype({interface.LABEL: object})
    wrong.loc[0, interface.LABEL] = "a secret of somebody"
    found = look(month.change(dest_gain=lambda values: values * np.nan), tmp_path, given(wrong))
    said = verdicts(found)
    assert (found.verdict, said["missing values"][0], said["labels"][0]) == ("fail", "fail", "cannot tell")
    assert said["labels"][1] == "The labels cannot be had; the output of this look says why."
    assert "secret" not in json.dumps(found.model_dump())
    told = capsys.readouterr()
    assert "Labels cannot be had: here: a value cannot be read (" in told.out + told.err


def test_clock_of_labels_that_is_wrong_is_said(month: Month, tmp_path: Path) -> None:
    """Labels that were known before anybody asked join nothing, and the reason is not that events are young."""
    said = verdicts(look(month, tmp_path / "all", given(labels(month, "2010-01-01T00:00:00Z"))))["labels"]
    assert said[0] == "cannot tell"
    assert said[1].startswith("Every event was asked about after its label was known; look at known_at")
    some = labels(month)
    some.loc[:9, "known_at"] = "2010-01-01T00:00:00Z"
    verdict, reason = verdicts(look(month, tmp_path / "some", given(some)))["labels"]
    assert (verdict, "10 events asked about after the label was known." in reason) == ("pass", True)
