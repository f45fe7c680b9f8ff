"""Labels that a database holds, by the code and the commands of the guide."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from mainline.errors import UseCaseError
from mainline.monitoring import label_feed
from tests import postgresql
from tests.project import ENGINE, LIMIT
from usecase import interface

KIND = label_feed.wanted(interface)
GUIDE = (ENGINE / "docs/monitoring.md").read_text(encoding="utf-8").split("## Labels")[1]
ARRIVALS = """
create table arrivals (time_hour {time}, carrier text, flight int, origin text, arr_delay float, known_at {time});
insert into arrivals values
  ('2013-09-01T10:00:00Z', 'B6', 11, 'JFK', 4.5, '{first}'),
  ('2013-09-01T10:00:00Z', 'B6', 12, 'JFK', null, '{first}'),
  ('2013-09-01T11:00:00Z', 'NA', 13, 'LGA', -3, '{second}'),
  ('2013-09-01T10:00:00Z', 'B6', 11, 'JFK', 5.5, '{second}');
"""
"""The second row never gets a label, the last one corrects the first, and the third has a carrier called NA."""
TEN, ELEVEN = 22967160, 22967220
"""2013-09-01T10:00:00Z and an hour later, in minutes since 1970."""


def rows(found: pd.DataFrame) -> list[tuple[int, str, int, float | None]]:
    """Return time, carrier, flight and label of each, in the order of flights."""
    ordered = found.sort_values("flight")
    values = [None if value != value else value for value in ordered[label_feed.VALUE].tolist()]
    columns = (ordered[name].tolist() for name in ("time_hour", "carrier", "flight"))
    return list(zip(*columns, values, strict=True))


@pytest.fixture
def arrivals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of SQLite, which the guide's `labels.py` reads."""
    file = tmp_path / "arrivals.db"
    with closing(sqlite3.connect(file)) as connection:
        first, second = "2013-09-03T12:00:00Z", "2013-09-04T12:00:00Z"
        connection.executescript(ARRIVALS.format(time="text", first=first, second=second))
        connection.commit()
    code = "".join(f"{line[2:]}\n" for line in GUIDE.split("```python\n")[1].split("```")[0].splitlines())
    module = ModuleType(label_feed.MODULE)
    exec(compile(code.replace("/srv/arrivals.db", str(file)), "src/usecase/labels.py", "exec"), module.__dict__)  # noqa: S102
    monkeypatch.setitem(sys.modules, label_feed.MODULE, module)
    return file


@pytest.mark.usefixtures("arrivals")
def test_labels_of_sqlite_are_those_that_became_known_in_the_span() -> None:
    """Up to before the second day the first label counts, then its correction; empty and `NA` are what they say."""
    begin, end = datetime(2013, 9, 3, tzinfo=UTC), datetime(2013, 9, 4, 12, tzinfo=UTC)
    assert rows(label_feed.fetch(begin, end, KIND)) == [(TEN, "B6", 11, 4.5), (TEN, "B6", 12, None)]
    assert rows(label_feed.fetch(begin, end + timedelta(seconds=1), KIND)) == [
        (TEN, "B6", 11, 5.5), (TEN, "B6", 12, None), (ELEVEN, "NA", 13, -3.0),
    ]  # fmt: skip
    assert rows(label_feed.fetch(begin - timedelta(days=9), begin, KIND)) == []


def test_database_that_is_away_is_one_line(arrivals: Path) -> None:
    """What the driver says stands behind the line of the code that asked it."""
    arrivals.unlink()
    with pytest.raises(UseCaseError) as raised:
        label_feed.fetch(datetime(2013, 9, 3, tzinfo=UTC), datetime(2013, 9, 5, tzinfo=UTC), KIND)
    said = str(raised.value)
    assert said.startswith("src/usecase/labels.py, line 16: OperationalError: unable to open database file. Correct it")


@pytest.mark.slow
@pytest.mark.skipif(postgresql.INITDB is None, reason="there is no program named initdb")
def test_labels_of_postgresql_are_read_as_its_own_program_writes_them(tmp_path: Path) -> None:
    """Times come with the offset of the client's zone, an empty label as nothing, and old labels stay away."""
    now = datetime.now(UTC)
    known = {name: f"{now - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for name, days in (("first", 3), ("second", 2))}
    typed = next(line.strip().removeprefix("$ ") for line in GUIDE.splitlines() if line.strip().startswith("$ psql "))
    old = "insert into arrivals values ('2013-01-01T10:00:00Z', 'B6', 1, 'JFK', 1, now() - interval '50 days');"
    with postgresql.running("America/New_York") as database:
        script = ARRIVALS.format(time="timestamptz", **known) + old
        subprocess.run(["psql", "--quiet"], input=script, text=True, env=database, check=True, timeout=LIMIT)
        subprocess.run(typed, shell=True, cwd=tmp_path, env=database, check=True, timeout=LIMIT)  # noqa: S602 - the guide's
    assert "-04" in (tmp_path / "labels.csv").read_text()
    found = label_feed.read(tmp_path / "labels.csv", KIND)
    assert rows(found) == [(TEN, "B6", 11, 5.5), (TEN, "B6", 12, None), (ELEVEN, "NA", 13, -3.0)]
