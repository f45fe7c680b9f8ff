"""The sources of the guide, as they stand in it, against real servers; no credential stays anywhere."""

import http.server
import io
import json
import re
import subprocess
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from tests import postgresql
from tests.object_store import ObjectStore
from tests.project import ENGINE, LIMIT, Project

GUIDE = ENGINE / "docs" / "sources.md"
MONTHS = ("2024-01", "2024-02", "2024-03")
PLANTED = uuid.uuid4().hex
"""A password that no file has by itself, so that it can be looked for."""
TABLES = """
create table orders (id int primary key, at timestamptz, amount float, label float);
insert into orders
  select n, '2024-01-01Z'::timestamptz + n * interval '1 day', n * 1.5, n from generate_series(0, 89) n;
create table loads (month text primary key, rows int, finished_at timestamp);
insert into loads
  select to_char(at at time zone 'UTC', 'YYYY-MM'), count(*), '2024-04-01 03:10' from orders group by 1;
"""


def orders() -> pd.DataFrame:
    """The same rows as in the database."""
    at = pd.date_range("2024-01-01", periods=90, freq="D", tz="UTC")
    return pd.DataFrame({"id": range(90), "at": at, "amount": [1.5 * n for n in range(90)], "label": range(90)})


@pytest.fixture
def place(fresh_project: Project) -> Project:
    """A project whose window is three months of orders."""
    fresh_project.declare(data={"from": MONTHS[0], "through": MONTHS[-1]})
    return fresh_project


def use(place: Project, name: str) -> None:
    """Take an example of the guide for the source."""
    (code,) = re.findall(rf"<!-- source: {name} -->\n```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (place.path / "src/usecase/source.py").write_text(code, encoding="utf-8")


def ingest(place: Project, variables: Mapping[str, str], succeed: bool = True) -> str:
    """Run the stage by itself; return what it says."""
    ran = place.run("python", "-m", "mainline", "stage", "ingest", succeed=succeed, env=variables)
    return ran.stdout + ran.stderr


def declare_version(place: Project, variables: Mapping[str, str]) -> str:
    """Write the version that the refusal names into params.yaml, as a person does."""
    said = ingest(place, variables, succeed=False)
    (found,) = re.findall(r"write version: '([^']+)'", said)
    place.declare(data={"version": found})
    return str(found)


def check_data(place: Project) -> None:
    """All rows are in their months."""
    read = [pd.read_parquet(place.path / f"data/raw/orders/{month}.parquet") for month in MONTHS]
    assert [len(rows) for rows in read] == [31, 29, 30]
    whole = pd.concat(read)
    assert whole["id"].tolist() == list(range(90))
    assert whole["amount"].tolist() == orders()["amount"].tolist()


def check_nothing_planted(place: Project, *said: str) -> None:
    """No file of the project, nor what was printed, has the credential."""
    files = [file for file in place.path.rglob("*") if file.is_file()]
    assert [file for file in files if PLANTED.encode() in file.read_bytes()] == []
    assert not [text for text in said if PLANTED in text]


@pytest.fixture
def warehouse() -> Iterator[dict[str, str]]:
    """A real PostgreSQL with the orders; the variables of its clients, and the address with a password in it."""
    with postgresql.running() as found:
        subprocess.run(["psql", "--quiet"], input=TABLES, text=True, env=found, check=True, timeout=LIMIT)
        yield found | {"WAREHOUSE_URL": f"postgresql+psycopg://me:{PLANTED}@/postgres?host={found['PGHOST']}"}


@pytest.mark.slow
@pytest.mark.skipif(postgresql.INITDB is None, reason="there is no program named initdb")
def test_a_database_is_a_source(place: Project, warehouse: dict[str, str]) -> None:
    """Months come by SQL; a month that is half loaded, a gone column and a lost server are one line each."""
    use(place, "sql")
    assert declare_version(place, warehouse) == "2024-04-01 03:10:00"
    ingest(place, warehouse)
    check_data(place)

    def query(text: str) -> None:
        subprocess.run(["psql", "--quiet", "--command", text], env=warehouse, check=True, timeout=LIMIT)

    query("delete from orders where id = 89")
    half = ingest(place, warehouse, succeed=False)
    assert "orders 2024-03: 29 of 30 rows are loaded; wait for the rest." in half
    query("alter table orders rename amount to price")
    changed = ingest(place, warehouse, succeed=False)
    assert re.search(r'source\.py, line \d+: DatabaseError: .*column "amount" does not exist', changed)
    lost = ingest(
        place, warehouse | {"WAREHOUSE_URL": f"postgresql+psycopg://me:{PLANTED}@127.0.0.1:9/x"}, succeed=False
    )
    assert re.search(r"source\.py, line \d+: OperationalError: ", lost)
    mistyped = ingest(place, warehouse | {"WAREHOUSE_URL": f"me:{PLANTED}@/postgres"}, succeed=False)
    assert "source.py, line" in mistyped
    check_nothing_planted(place, half, changed, lost, mistyped)


@pytest.mark.slow
def test_a_bucket_is_a_source(place: Project, object_store: ObjectStore) -> None:
    """Months come as Parquet of a real S3 server; another file is another version, a missing one is one line."""
    use(place, "s3")
    for month in MONTHS:
        written = io.BytesIO()
        rows = orders()
        rows[rows["at"].dt.strftime("%Y-%m") == month].to_parquet(written)
        object_store.write(f"orders-of-{place.path.parent.name}/{month}.parquet", written.getvalue())
    variables = {
        **object_store.environment, "AWS_ENDPOINT_URL": object_store.endpoint,
        "ORDERS_BUCKET": f"{object_store.bucket}/orders-of-{place.path.parent.name}",
    }  # fmt: skip
    first = declare_version(place, variables)
    ingest(place, variables)
    check_data(place)
    object_store.write(f"orders-of-{place.path.parent.name}/2024-03.parquet", b"half a fi")
    assert declare_version(place, variables) != first
    broken = ingest(place, variables, succeed=False)
    assert re.search(r"source\.py, line \d+: ArrowInvalid: ", broken)
    object_store.remove(f"orders-of-{place.path.parent.name}/2024-02.parquet")
    assert re.search(r"source\.py, line \d+: FileNotFoundError: ", ingest(place, variables, succeed=False))


class _Hub(http.server.BaseHTTPRequestHandler):
    """A file with a tag, for whoever has the token; half of it if the server breaks off."""

    content = orders().to_csv(index=False).encode()
    breaks = False

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        allowed = self.headers["Authorization"] == f"Bearer {PLANTED}" and self.path == "/resolve/main/orders.csv"
        self.send_response(200 if allowed else 403)
        self.send_header("ETag", '"1f2e"')
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        if body and allowed:
            self.wfile.write(self.content[: len(self.content) // 2 if self.breaks else None])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def hub(breaks: bool = False) -> Iterator[dict[str, str]]:
    """Serve the file; yield the variables that lead to it."""
    handler = type("Hub", (_Hub,), {"breaks": breaks})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield {"ORDERS_URL": f"http://127.0.0.1:{server.server_port}", "ORDERS_TOKEN": PLANTED}
        finally:
            server.shutdown()
            thread.join()


def test_a_file_behind_an_address_is_a_source(place: Project) -> None:
    """Months are cut out of one file; a wrong token and a connection that breaks in the middle are one line each."""
    use(place, "http")
    with hub() as variables:
        assert declare_version(place, variables) == "1f2e"
        ingest(place, variables)
        check_data(place)
        assert json.loads((place.path / "data/raw/source.json").read_text())["version"] == "1f2e"
        refused = ingest(place, variables | {"ORDERS_TOKEN": f"{PLANTED}-old"}, succeed=False)
        assert "HTTPError: 403" in refused
    with hub(breaks=True) as variables:
        broken = ingest(place, variables, succeed=False)
        assert re.search(r"source\.py, line \d+: (ChunkedEncodingError|ConnectionError): ", broken)
    check_nothing_planted(place, refused, broken)


def test_a_source_that_tells_a_credential_is_refused(place: Project) -> None:
    """An address with its password, named as the source, would be in git: the stage says so, without saying it."""
    use(place, "http")
    file = place.path / "src/usecase/source.py"
    told = file.read_text().replace('"orders.csv",', "os.environ['ORDERS_URL'] + os.environ['ORDERS_TOKEN'],")
    file.write_text(told)
    with hub() as variables:
        declare_version(place, variables)
        said = ingest(place, variables, succeed=False)
    assert "describe's 'source' holds a credential of the environment, and git would keep it; leave it out." in said
    check_nothing_planted(place, said)


def test_a_traceback_has_no_credential(place: Project) -> None:
    """Also who asks for the traceback sees stars."""
    file = Path(place.path / "src/usecase/source.py")
    file.write_text(
        file.read_text().replace("def fetch(", 'import os\nraise OSError(os.environ["ORDERS_TOKEN"])\n\n\ndef fetch(')
    )
    said = ingest(place, {"ORDERS_TOKEN": PLANTED, "MAINLINE_TRACEBACK": "1"}, succeed=False)
    assert "Traceback" in said
    assert "OSError: ***" in said
    check_nothing_planted(place, said)
