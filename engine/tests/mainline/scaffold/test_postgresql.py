"""A table of PostgreSQL becomes a use case by way of the database's own program, as the guide says."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mainline.scaffold.samples import found, plan
from tests.project import ENGINE, LIMIT

INITDB = shutil.which("initdb")
ROWS = """
create table orders (
  id text, weight numeric(6, 1), items int, city text, ordered timestamptz, paid boolean, price float);
insert into orders select 'F' || n, case when n % 17 = 0 then null else 40 + (n * 37 % 100) end, 1 + n % 6,
  (array['Köln', 'Bonn, am Rhein', 'Aachen'])[1 + n % 3], '2023-01-01Z'::timestamptz + n * interval '37 hours',
  n % 4 = 0, 1000.5 * n % 97 from generate_series(1, 300) n;
"""


@pytest.fixture(scope="module")
def database() -> Iterator[dict[str, str]]:
    """A server of its own behind a socket of its own, which no network reaches; the variables that lead to it."""
    programs = Path(INITDB or "").resolve().parent
    user = "nobody" if os.geteuid() == 0 else None  # the server refuses to run as root
    with tempfile.TemporaryDirectory() as folder:
        if user:
            shutil.chown(folder, user)

        def run(program: str, *options: str) -> None:
            data = ["--pgdata", f"{folder}/data", *options]
            with open(os.devnull, "w") as nothing:  # the server keeps what it is given as long as it lives
                subprocess.run([programs / program, *data], check=True, timeout=LIMIT, user=user, cwd=folder,
                               stdout=nothing, stderr=nothing)  # fmt: skip

        run("initdb", "--username", "me", "--auth", "trust", "--encoding", "UTF8", "--no-locale")
        run("pg_ctl", "--wait", "--options", f"-k {folder} -c listen_addresses= -c timezone=UTC", "start")
        try:
            yield os.environ | {"PGHOST": folder, "PGUSER": "me", "PGDATABASE": "postgres", "PGTZ": "UTC"}
        finally:
            run("pg_ctl", "--mode", "immediate", "stop")


@pytest.mark.slow
@pytest.mark.skipif(INITDB is None, reason="there is no program named initdb")
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
