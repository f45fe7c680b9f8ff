"""Servers whose clocks are wrong: what they write hides nothing that the others saw, and is said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mainline.declared.monitoring import Monitoring
from mainline.declared.params import Evaluation
from mainline.gate.findings import Check
from mainline.monitoring import inspection, reference
from mainline.monitoring.packages import Packaged
from mainline.monitoring.result import Monitored
from mainline.monitoring.store import Store
from tests.mainline.monitoring import month as months
from tests.mainline.monitoring.month import Month
from tests.project import Project

WRONG = "abcdef02"
"""The writer of the server whose clock is wrong."""


@pytest.fixture(scope="module")
def month(packaged: Packaged, small_project: Project) -> Month:
    """The test month, in order; shared, so tests only read it."""
    return months.read(packaged, small_project.path)


@pytest.fixture(scope="module")
def days(month: Month) -> list[Month]:
    """Its first ten days."""
    day = month.moment // 1440
    return [month.choose(day == one) for one in np.unique(day)[:10]]


def end_of(day: Month) -> datetime:
    """Return the end of a day."""
    return datetime.fromtimestamp((int(day.moment[0]) // 1440 + 1) * 86_400 - 1, UTC)


def write(day: Month, folder: Path, ahead: int) -> str:
    """Let a day be answered by the server whose clock is so many days ahead; return the day that it writes."""
    file = months.write_log(day, folder, writer=WRONG)
    named = str(np.datetime64(int(day.moment[0]) // 1440 + ahead, "D"))
    content = file.read_text()
    file.write_text(content.replace(f'"time": "{np.datetime64(int(day.moment[0]) // 1440, "D")}', f'"time": "{named}'))
    return named


def look(folder: Path, until: datetime, *parts: Month) -> Monitored:
    """Look at what is logged, at a time."""
    asked = inspection.Asked(
        environment="production", policy=Monitoring(), evaluation=Evaluation(slice_min_rows=500), bias=5.0,
        slice_rows=500, until=until, kind=None, fetch=None, written={}, now=until,
    )  # fmt: skip
    known = {part.packaged.digest: part.packaged for part in parts}
    return inspection.inspect(folder / "log", Store(folder / "store"), known, asked)


def check(found: Monitored, name: str, digest: str) -> Check:
    """Return a check of a version."""
    (version,) = (one for one in found.versions if one.digest == digest)
    return next(one for one in version.checks if one.name == name)


def several(days: list[Month]) -> Month:
    """Put days together again."""
    first = days[0]
    parts: dict[str, Any] = {
        which: {name: np.concatenate([getattr(day, which)[name] for day in days]) for name in getattr(first, which)}
        for which in ("request", "features")
    }
    return replace(first, **parts, label=np.concatenate([day.label for day in days]))


def test_server_that_is_ahead_hides_no_fault_of_today(days: list[Month], tmp_path: Path) -> None:
    """A join is lost today, while a server wrote a good day as if it were next month: today's fault is an alarm."""
    broken = days[9].change(dest_gain=lambda values: np.full(len(values), np.nan))
    months.write_log(several([*days[:9], broken]), tmp_path / "log")
    named = write(days[0], tmp_path / "log", 30)
    found = look(tmp_path, end_of(days[9]), days[0])
    missing = check(found, "missing values", days[0].packaged.digest)
    assert (missing.verdict, missing.observed.split(" of ")[1]) == ("fail", f"{end_of(days[9]):%Y-%m-%d}")
    (log,) = found.checks
    said = f"{len(days[0].label):,} rows of days to come, up to {named}, wait: server {WRONG}. Next: set its clock."
    assert (log.verdict, said in log.reason) == ("warn", True)
    later = look(tmp_path, end_of(days[9]) + timedelta(days=60), days[0])
    assert "days to come" not in later.checks[0].reason
    assert later.versions[0].last == named


def test_version_that_one_wrong_clock_serves_replaces_no_other(days: list[Month], tmp_path: Path) -> None:
    """Another version answers on the server that is ahead; the one that answers today is looked at all the same."""
    other = Packaged({**days[0].packaged.manifest, "digest": "b2" * 32}, days[0].packaged.contents)
    months.write_log(several(days), tmp_path / "log")
    write(replace(days[0], packaged=other, reference=reference.load(other)), tmp_path / "log", 30)
    found = look(tmp_path, end_of(days[9]), days[0], replace(days[0], packaged=other))
    assert [one.digest for one in found.versions] == [days[0].packaged.digest]
    assert not found.marks


def test_few_minutes_around_midnight_are_no_wrong_clock(days: list[Month], tmp_path: Path) -> None:
    """Rows of tomorrow wait for tomorrow, and nobody is told of them: clocks of servers differ by seconds."""
    months.write_log(several(days), tmp_path / "log")
    write(days[9], tmp_path / "log", 1)
    found = look(tmp_path, end_of(days[9]), days[0])
    assert found.versions[0].last == f"{end_of(days[9]):%Y-%m-%d}"
    assert (found.checks[0].verdict, found.checks[0].reason) == ("pass", "Nothing is missing.")
