"""A table of PostgreSQL becomes a use case by way of the database's own program, as the guide says."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgresql
from tests.mainline.scaffold.samples import found, plan
from tests.project import ENGINE, LIMIT

ROWS = """
create table orders (
  id text, weight numeric(6, 1), items int, city text, ordered timestamptz, paid boolean, price float);
insert into orders select 'F' || n, case when n % 17 = 0 then null else 40 + (n * 37 % 100) end, 1 + n % 6,
  (array['Köln', 'Bonn, am Rhein', 'Aachen'])[1 + n % 3], '2023-01-01Z'::timestamptz + n * interval '37 hours',
  n % 4 = 0, 1000.5 * n % 97 from generate_series(1, 300) n;
"""


@pytest.fixture(scope="module")
def database() -> Iterator[dict[str, str]]:
    """A server, by the variables that lead to it."""
    with postgresql.running() as found:
        yield found


@pytest.mark.slow
@pytest.mark.skipif(postgresql.INITDB is None, reason="there is no program named initdb")
def test_rows_of_postgresql_are_a_table(database: dict[str, str], tmp_path: Path) -> None:
    """What `psql --csv` writes is read as it was stored: flags, gaps, times with their zone, and commas in a text."""
    subprocess.run(["psql", "--quiet"], input=ROWS, text=True, env=database, check=True, timeout=LIMIT)
    guide = (ENGINE / "docs" / "bring-your-own.md").read_text(encoding="utf-8")
    typed = next(line.removeprefix("$ ") for line in guide.splitlines() if line.startswith("$ psql "))
    subprocess.run(typed, shell=True, cwd=tmp_path, env=database, check=True, timeout=LIMIT)  # noqa: S602 - the guide's
    made = plan(tmp_path / "orders.csv", "paid")
    assert (made.key, made.target.classes, made.time and made.time.name) == ("id", ("f", "t"), "ordered")
    assert (made.numbers, made.texts) == (("weight", "items", "price"), ("city",))
    assert made.columns["weight"].missing == 300 // 17
    assert set(made.columns["city"].codes[1]) == {"Aachen", "Bonn, am Rhein", "Köln"}
    assert found(made, "zone") == []
