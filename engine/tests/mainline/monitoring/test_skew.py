"""Logged features held to the pipeline's for the same events: found by key, compared exactly, keys kept at home."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pytest

from mainline.data import dataset
from mainline.declared.monitoring import Monitoring
from mainline.declared.params import Evaluation
from mainline.gate.findings import Check
from mainline.monitoring import inspection, label_feed, skew
from mainline.monitoring.packages import Packaged
from mainline.monitoring.result import Monitored
from mainline.monitoring.store import SHORT, Store
from tests.mainline.monitoring import month as months
from tests.mainline.monitoring.month import Month
from tests.project import Project
from usecase import interface


@pytest.fixture(scope="module")
def whole(packaged: Packaged, small_project: Project) -> Month:
    """The test month, in order; shared, so tests only read it."""
    return months.read(packaged, small_project.path)


@pytest.fixture
def month(whole: Month, small_project: Project, monkeypatch: pytest.MonkeyPatch) -> Month:
    """Three days of it, seen from the folder of the project."""
    monkeypatch.chdir(small_project.path)
    day = whole.moment // 1440
    return whole.choose(np.isin(day, np.unique(day)[4:7]))


def look(month: Month, folder: Path, **severity: str) -> Monitored:
    """Write what production answered, and look at it."""
    months.write_log(month, folder / "log")
    return inspect(month, folder, **severity)


def inspect(month: Month, folder: Path, **severity: str) -> Monitored:
    """Roll up a log, and look at it without labels."""
    policy = Monitoring.model_validate({"severity": severity})
    asked = inspection.Asked(
        environment="production",
        policy=policy,
        evaluation=Evaluation(slice_min_rows=500),
        bias=5.0,
        slice_rows=500,
        until=datetime(2026, 1, 1, tzinfo=UTC),
        kind=label_feed.wanted(interface),
        fetch=None,
        written={},
    )
    return inspection.inspect(folder / "log", Store(folder / "store"), {month.packaged.digest: month.packaged}, asked)


def check(found: Monitored) -> Check:
    """Return the check of skew."""
    (version,) = found.versions
    return next(one for one in version.checks if one.name == skew.CHECK)


def examples(month: Month, folder: Path) -> Path:
    """Return where examples are."""
    return folder / "store/skew" / f"{month.packaged.digest[:SHORT]}.csv"


def test_features_of_the_pipeline_are_the_same_to_the_last_bit(month: Month, tmp_path: Path) -> None:
    """What was logged of three days is what `data/features` holds of these flights, each number and each text."""
    found = check(look(month, tmp_path))
    assert (found.verdict, found.observed) == ("pass", f"0.00% of {len(month.label):,} events")
    assert not examples(month, tmp_path).exists()


def test_feature_that_differs_is_named_and_its_keys_stay_here(month: Month, tmp_path: Path) -> None:
    """A feed of yesterday moves one feature in every twentieth row by the last bit: an alarm, with the exact count."""
    late = np.arange(len(month.label)) % 20 == 0
    moved = month.change(
        distance=lambda values: np.where(late, np.nextafter(values, np.float32(np.inf)), values).astype(np.float32),
        carrier=lambda values: np.where(np.arange(len(values)) < 3, "ZZ", values).astype(object),
    )
    found = look(moved, tmp_path, skew="alarm")
    rows, events = int((late | (np.arange(len(late)) < 3)).sum()), len(late)
    assert (check(found).verdict, check(found).observed) == (
        "fail",
        f"distance: {rows / events:.2%} of {events:,} events",
    )
    assert f"distance in {late.sum():,}, carrier in 3." in check(found).reason
    first, *lines = examples(month, tmp_path).read_text().splitlines()
    assert first == "time_hour,carrier,flight,origin,feature,logged,computed"
    assert [line.split(",")[4] for line in lines] == ["distance"] * skew.EXAMPLES + ["carrier"] * 3
    assert lines[-1].split(",")[5] == "ZZ"
    told = found.model_dump_json()
    assert not [line for line in lines if line.split(",")[0] in told], "the hour of an event is told to everybody"
    assert check(look(month, tmp_path / "mended")).verdict == "pass"


def test_value_that_was_lost_differs_and_one_that_is_missing_on_both_sides_does_not(
    month: Month, tmp_path: Path
) -> None:
    """No value is what no value is, and nothing else."""
    there = int(np.isfinite(month.features["dest_gain"]).sum())
    assert there < len(month.label)
    lost = month.change(dest_gain=lambda values: np.full(len(values), np.nan))
    assert f"dest_gain in {there:,}." in check(look(lost, tmp_path)).reason


def test_feature_that_only_one_file_lacks_is_compared_in_both(month: Month, tmp_path: Path) -> None:
    """A feed that fails for one server leaves a column without a gap in one file and with gaps in another."""
    half = np.arange(len(month.label)) % 2 == 0
    lost = month.choose(half).change(dep_delay=lambda values: np.full(len(values), np.nan))
    months.write_log(month.choose(~half), tmp_path / "log", writer="abcdef02")
    assert f"dep_delay in {half.sum():,}." in check(look(lost, tmp_path)).reason


def test_few_differences_pass_and_are_said(month: Month, tmp_path: Path) -> None:
    """One event of three days is below the limit; the reason still names the feature."""
    one = month.change(seats=lambda values: np.where(np.arange(len(values)) == 7, 1, values).astype(np.float32))
    found = check(look(one, tmp_path))
    assert (found.verdict, found.reason) == ("pass", "Other than in the pipeline: seats in 1.")


def test_number_that_no_feature_can_hold_differs(month: Month, tmp_path: Path) -> None:
    """A line may say anything: what lies beyond a float32 is another number, and a person reads no warning of numpy."""
    write_log_with(1e300, "features", "seats", month, tmp_path)
    assert check(inspect(month, tmp_path)).reason == "Other than in the pipeline: seats in 1."


@pytest.mark.parametrize("minutes", [1e300, -1e300, -2e9, 9e9])
def test_event_of_a_time_that_no_calendar_has_ends_no_look(minutes: float, month: Month, tmp_path: Path) -> None:
    """A line may say any delay, and with it any moment: its event is left out, and all others are compared."""
    write_log_with(minutes, "inputs", "dep_delay", month, tmp_path)
    assert check(inspect(month, tmp_path)).observed == f"0.00% of {len(month.label) - 1:,} events"


def write_log_with(value: float, kind: str, name: str, month: Month, folder: Path) -> None:
    """Write what production answered, but for one value in its first row."""
    months.write_log(month, folder / "log")
    (file,) = (folder / "log").glob("*.jsonl")
    first, *others = file.read_bytes().splitlines(keepends=True)
    line = orjson.loads(first)
    line[kind][name][0] = value
    file.write_bytes(b"".join([orjson.dumps(line) + b"\n", *others]))


def test_what_differs_only_warns_where_no_alarm_is_declared(month: Month, tmp_path: Path) -> None:
    """A source that corrects its rows later differs too, so nobody is woken by default."""
    lost = month.change(seats=lambda values: np.full(len(values), np.nan))
    assert check(look(lost, tmp_path)).verdict == "warn"


def test_what_cannot_be_compared_passes_and_says_why(
    month: Month, whole: Month, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days that the pipeline lacks, code of features that is another one, and events without a key."""
    look(month, tmp_path)
    rows = sorted((tmp_path / "store/rows").rglob("*.parquet"))
    key, place = ["time_hour", "carrier", "flight", "origin"], tmp_path / "skew.csv"
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(dataset.FOLDER / "2013-01.parquet", other / "2013-01.parquet")
    assert skew.measure(rows, whole.packaged, key, place, other) == "The pipeline has none of its days yet."
    assert skew.measure(rows, whole.packaged, [], place) == "interface.KEY is empty, so no event can be found again."
    contents = {**whole.packaged.contents, "code/features.py": b"other"}
    changed = replace(whole.packaged, contents=contents)
    assert skew.measure(rows, changed, key, place) == "The code of its features is not the one that is here."
    monkeypatch.chdir(tmp_path)
    assert skew.measure(rows, whole.packaged, key, place) == "The code of its features is not the one that is here."
    production = replace(whole.production(slice(0, 1)), skew="No day.")
    assert (skew.check_skew(production).verdict, skew.check_skew(production).reason) == ("pass", "No day.")
