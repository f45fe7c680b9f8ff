"""A part of a day, as at a rollout, is held to the day that it may become, and not to shares of whole days."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from mainline.declared.monitoring import Monitoring
from mainline.declared.params import Evaluation
from mainline.gate.findings import Check
from mainline.monitoring import coverage, inspection, reference
from mainline.monitoring.packages import Packaged
from mainline.monitoring.result import Monitored
from mainline.monitoring.store import Rolled, Store
from tests.mainline.monitoring import month as months
from tests.mainline.monitoring.month import Month
from tests.project import Project

OLD, NEW = "a" * 64, "f" * 64
SUPPORT = {"missing values", "unseen values", "whole numbers", "range of numbers", "constant values"}


@pytest.fixture(scope="module")
def month(packaged: Packaged, small_project: Project) -> Month:
    """The test month, in order; shared, so tests only read it."""
    return months.read(packaged, small_project.path)


def rolled(packaged: Packaged, day: str, digest: str, hours: list[int]) -> Rolled:
    """Return rows of a day by the hour."""
    earned = packaged.earned
    assert earned is not None
    return Rolled(day=day, version="v1.0.0", digest=digest, columns="rows", sketch=earned.whole, hours=hours)


def hours(*spans: tuple[int, int, int]) -> list[int]:
    """Return the rows of 24 hours: so many in each hour from one up to another."""
    return [sum(rows for rows, first, end in spans if first <= hour < end) for hour in range(24)]


WAYS: dict[str, tuple[list[tuple[str, str, list[int]]], str, dict[str, float]]] = {
    "alone": ([("2026-03-01", OLD, hours((10, 5, 20)))], OLD, {"2026-03-01": 1.0}),
    "replaced at eight": (
        [("2026-03-01", OLD, hours((10, 0, 8))), ("2026-03-01", NEW, hours((10, 8, 24)))], OLD, {"2026-03-01": 1 / 3},
    ),
    "in its place": (
        [("2026-03-01", OLD, hours((10, 0, 8))), ("2026-03-01", NEW, hours((10, 8, 24)))], NEW, {"2026-03-01": 2 / 3},
    ),
    "a canary of a tenth": (
        [("2026-03-01", OLD, hours((90, 0, 24))), ("2026-03-01", NEW, hours((10, 0, 24)))], NEW, {"2026-03-01": 1.0},
    ),
    "a canary of a tenth, then all": (
        [("2026-03-01", OLD, hours((90, 0, 12))), ("2026-03-01", NEW, hours((10, 0, 12), (100, 12, 24)))], NEW,
        {"2026-03-01": 0.55},
    ),
    "a lonely hour says nothing of a share": (
        [("2026-03-01", OLD, hours((90, 1, 24))), ("2026-03-01", NEW, hours((1, 0, 1), (10, 1, 24)))], NEW,
        {"2026-03-01": 231 / (0.1 * 2301)},
    ),
    "today is not over": (
        [("2026-03-01", OLD, hours((10, 0, 24))), ("2026-03-02", OLD, hours((20, 0, 6)))], OLD,
        {"2026-03-01": 1.0, "2026-03-02": 120 / (120 + 180)},
    ),
    "two servers": (
        [("2026-03-01", OLD, hours((10, 0, 12))), ("2026-03-01", OLD, hours((10, 12, 24)))], OLD, {"2026-03-01": 1.0},
    ),
    "a record of before": ([("2026-03-01", OLD, hours((10, 0, 8))), ("2026-03-01", NEW, [])], OLD, {}),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_share_of_a_day_is_that_of_its_hours(packaged: Packaged, way: str) -> None:
    """A version has the share of a day's rows that stands in the hours it answered, by its largest share of an hour."""
    parts, digest, expected = WAYS[way]
    found = coverage.of_version([rolled(packaged, *part) for part in parts], digest)
    assert found == pytest.approx({day: min(share, 1.0) for day, share in expected.items()})


def test_only_the_week_before_says_how_a_day_goes_on(packaged: Packaged) -> None:
    """Hours that nobody answered count as in the seven days of traffic before; an older day says nothing."""
    days = [(f"2026-03-{day:02d}", hours((700 if day == 1 else 10, 0, 24))) for day in range(1, 9)]
    parts = [rolled(packaged, day, OLD, rows) for day, rows in [*days, ("2026-03-09", hours((10, 0, 12)))]]
    assert coverage.of_version(parts, OLD)["2026-03-09"] == pytest.approx(0.5)


def look(folder: Path, *parts: Month) -> dict[str, dict[str, Check]]:
    """Let each part be answered by a version of its own, a request an hour; return its checks of support."""
    found = inspect(folder, *parts)
    return {one.digest: {check.name: check for check in one.checks if check.name in SUPPORT} for one in found.versions}


def inspect(folder: Path, *parts: Month) -> Monitored:
    """Let each part be answered by a version of its own, a request an hour, and look at all of them."""
    for number, part in enumerate(parts):
        months.write_log(part, folder / "log", by_hour=True, writer=f"abcdef0{number}")
    known = {part.packaged.digest: part.packaged for part in parts}
    asked = inspection.Asked(
        environment="production",
        policy=Monitoring(),
        evaluation=Evaluation(slice_min_rows=500),
        bias=5.0,
        slice_rows=500,
        until=datetime(2026, 1, 1, tzinfo=UTC),
        kind=None,
        fetch=None,
        written={},
    )
    return inspection.inspect(folder / "log", Store(folder / "store"), known, asked)


def cut(month: Month, day: int, hour: int) -> tuple[Month, Month]:
    """Return the flights up to an hour of a day of the month, and those of the rest of this day, by another version."""
    whole = np.unique(month.moment // 1440)[day] * 1440
    until = whole + hour * 60
    packaged = Packaged({**month.packaged.manifest, "digest": NEW}, month.packaged.contents)
    rest = month.choose((month.moment >= until) & (month.moment < whole + 1440))
    return month.choose(month.moment < until), replace(rest, packaged=packaged, reference=reference.load(packaged))


def wrong(found: dict[str, Check]) -> dict[str, str]:
    """Name what does not pass."""
    return {name: check.observed for name, check in found.items() if check.verdict != "pass"}


@pytest.mark.parametrize("hour", [12, 15])
def test_rollout_in_the_middle_of_a_day_is_no_alarm(month: Month, tmp_path: Path, hour: int) -> None:
    """Of the first flights of a day few recent departures are known: the version that answered only them is quiet."""
    old, new = cut(month, 10, hour)
    found = look(tmp_path, old, new)
    assert [wrong(checks) for checks in found.values()] == [{}, {}]


def test_join_that_is_lost_is_an_alarm_on_a_part_of_a_day(packaged: Packaged, month: Month, tmp_path: Path) -> None:
    """A version that loses a column of the weather is an alarm in its first hours, and says that a day is not whole."""
    old, new = cut(month, 10, 15)
    found = look(tmp_path, old, new.change(visib=lambda values: np.full(len(values), np.nan)))
    assert wrong(found[packaged.digest]) == {}
    check = found[NEW]["missing values"]
    assert (check.verdict, check.observed.split(" of ")[0]) == ("fail", "visib: 100.00%")
    assert "The version has 5" in check.reason
    assert "% of a day's rows, so the limit is a whole day's over that share." in check.reason


def test_version_that_was_replaced_decides_nothing(packaged: Packaged, month: Month, tmp_path: Path) -> None:
    """After a rollback its lost join is shown below what answers now, and is no alarm of production any more."""
    old, new = cut(month, 6, 0)
    broken = old.change(dest_gain=lambda values: np.full(len(values), np.nan))
    second = inspect(tmp_path / "second", broken, new)
    assert second.verdict == "fail"
    assert [one.digest for one in second.versions] == [NEW, packaged.digest]
    after = month.choose(np.isin(month.moment // 1440, np.unique(month.moment // 1440)[6:8]))
    found = inspect(tmp_path / "third", broken, replace(after, packaged=new.packaged, reference=new.reference))
    assert [one.digest for one in found.versions] == [NEW, packaged.digest]
    assert {check.name: check for check in found.versions[1].checks}["missing values"].verdict == "fail"
    assert (found.verdict, "missing values" in found.headline) == ("cannot tell", False)


def test_day_that_is_whole_is_held_to_the_declared_limit(packaged: Packaged, month: Month, tmp_path: Path) -> None:
    """Where one version answered all day, limits are those of a whole day, and no reason speaks of a part."""
    whole = month.choose(month.moment // 1440 <= np.unique(month.moment // 1440)[10])
    (found,) = look(tmp_path, whole).values()
    earned = packaged.earned
    assert earned is not None
    check = found["missing values"]
    name = check.observed.split(":")[0]
    assert check.limit == f"{earned.columns[name].missing + 0.01:.2%}"
    assert "of a day's" not in check.reason
