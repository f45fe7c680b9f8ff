"""A project of orders, and the database that has them."""

import subprocess
from collections.abc import Iterator

import pytest

from tests import postgresql
from tests.mainline.sources.examples import MONTHS, PLANTED
from tests.project import LIMIT, Project

TABLES = """
create table orders (id int primary key, at timestamptz, amount float, label float);
insert into orders
  select n, '2024-01-01Z'::timestamptz + n * interval '1 day', n * 1.5, n from generate_series(0, 89) n;
create table loads (month text primary key, rows int, finished_at timestamp);
insert into loads
  select to_char(at at time zone 'UTC', 'YYYY-MM'), count(*), '2024-04-01 03:10' from orders group by 1;
"""


@pytest.fixture
def place(fresh_project: Project) -> Project:
    """A project whose window is three months of orders."""
    fresh_project.declare(data={"from": MONTHS[0], "through": MONTHS[-1]})
    return fresh_project


@pytest.fixture
def warehouse() -> Iterator[dict[str, str]]:
    """A real PostgreSQL with the orders; the variables of its clients, and the address with a password in it."""
    with postgresql.running() as found:
        subprocess.run(["psql", "--quiet"], input=TABLES, text=True, env=found, check=True, timeout=LIMIT)
        yield found | {"WAREHOUSE_URL": f"postgresql+psycopg://me:{PLANTED}@/postgres?host={found['PGHOST']}"}
