"""What a bad server does to the sources of the guide: one line with a remedy, and the data of before are whole."""

import re
import socket
import subprocess
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import pytest

from tests import postgresql
from tests.mainline.sources.examples import (
    MONTHS,
    PLANTED,
    check_data,
    check_nothing_planted,
    check_refused,
    declare_version,
    ingest,
    of_month,
    orders,
    shorten,
    use,
    use_schema,
    validate,
)
from tests.mainline.sources.hub import LOADS, csv, dataset, parquet, serving
from tests.mainline.sources.relay import relay
from tests.object_store import ObjectStore
from tests.project import LIMIT, Project

pytestmark = pytest.mark.slow
needs_database = pytest.mark.skipif(postgresql.INITDB is None, reason="there is no program named initdb")


def begin(place: Project, name: str, variables: Mapping[str, str]) -> None:
    """Take good data from an example, so that the lock names them."""
    use(place, name)
    declare_version(place, variables)
    place.run("dvc", "repro", "ingest", env=variables)
    check_data(place)


class Bucket:
    """A folder of a real bucket that has the orders."""

    def __init__(self, store: ObjectStore, name: str) -> None:
        self._store, self._name = store, name
        for month in MONTHS:
            self.write(f"{month}.parquet", parquet(of_month(month)))
        self.write("loads.json", LOADS)

    def write(self, file: str, content: bytes) -> None:
        """Put a file."""
        self._store.write(f"{self._name}/{file}", content)

    def variables(self, port: int | None = None) -> dict[str, str]:
        """Return the way to it, through a relay if a port is named."""
        address = f"http://127.0.0.1:{port}" if port else self._store.endpoint
        place = {"AWS_ENDPOINT_URL": address, "ORDERS_BUCKET": f"{self._store.bucket}/{self._name}"}
        return {**self._store.environment, **place}

    def connect(self) -> socket.socket:
        """Open a connection to the server."""
        address = urlsplit(self._store.endpoint)
        return socket.create_connection((address.hostname, address.port or 0))


@pytest.fixture
def bucket(place: Project, object_store: ObjectStore) -> Bucket:
    """Whole months."""
    return Bucket(object_store, f"bad-orders-of-{place.path.parent.name}")


def connecting(warehouse: Mapping[str, str]) -> Callable[[], socket.socket]:
    """Return what opens a connection to the database."""

    def connect() -> socket.socket:
        opened = socket.socket(socket.AF_UNIX)
        opened.connect(f"{warehouse['PGHOST']}/.s.PGSQL.5432")
        return opened

    return connect


def query(warehouse: Mapping[str, str], text: str) -> None:
    """Change the database."""
    subprocess.run(["psql", "--quiet", "--command", text], env=warehouse, check=True, timeout=LIMIT)


@needs_database
def test_a_bad_database(place: Project, warehouse: dict[str, str]) -> None:
    """A half month, a query without end, a broken connection, missing rights: each keeps the data of before."""
    begin(place, "sql", warehouse)
    query(warehouse, "create role reader login; grant select on loads to reader")
    reader = warehouse | {"WAREHOUSE_URL": warehouse["WAREHOUSE_URL"].replace("//me:", "//reader:")}
    line = r"^orders 2024-01: permission denied for table orders; mend .* and ask again\.$"
    said = [check_refused(place, reader, line)]
    with relay(connecting(warehouse), after=3000, cuts=True) as broken:
        address = f"postgresql+psycopg://me:{PLANTED}@127.0.0.1:{broken.port}/postgres"
        line = r"^orders 2024-0[123]: .*server closed the connection unexpectedly; mend .* and ask again\.$"
        said.append(check_refused(place, warehouse | {"WAREHOUSE_URL": address}, line))
    query(warehouse, "delete from orders where id = 89")
    said.append(check_refused(place, warehouse, r"^orders 2024-03: 29 of 30 rows are loaded; wait for the rest\.$"))
    shorten(place, "statement_timeout=600000", "statement_timeout=2000")
    query(warehouse, "alter table orders rename to all_orders; "
          "create view orders as select * from all_orders where pg_sleep(60)::text = ''")  # fmt: skip
    said.append(
        check_refused(place, warehouse, r"^orders 2024-01: canceling statement due to statement timeout; mend ")
    )
    check_nothing_planted(place, *said)


def test_a_bad_bucket(place: Project, bucket: Bucket) -> None:
    """A half month, silence, a broken connection, a wrong key: each keeps the data of before."""
    begin(place, "s3", bucket.variables())
    wrong = bucket.variables() | {"AWS_SECRET_ACCESS_KEY": PLANTED}
    said = [check_refused(place, wrong, r"source\.py, line \d+: PermissionError: ")]
    with relay(bucket.connect, after=4000, cuts=True) as broken:
        said.append(check_refused(place, bucket.variables(broken.port), r"source\.py, line \d+: \w*(Error|Read)"))
    shorten(place, '"read_timeout": 60', '"read_timeout": 2')
    with relay(bucket.connect, after=0, cuts=False) as silent:
        said.append(check_refused(place, bucket.variables(silent.port), r"source\.py, line \d+: .*[Tt]ime(d )?out"))
        assert silent.connections == 2
    bucket.write("2024-03.parquet", parquet(of_month("2024-03").head(12)))
    declare_version(place, bucket.variables())
    said.append(check_refused(place, bucket.variables(), r"^orders 2024-03: 12 of 30 rows; wait for the rest\.$"))
    check_nothing_planted(place, *said)


def test_a_bad_server_of_a_file(place: Project) -> None:
    """A half month, silence, a broken connection, a wrong token: each keeps the data of before."""
    with serving(csv()) as variables:
        begin(place, "http", variables)
        wrong = variables | {"ORDERS_TOKEN": f"{PLANTED}-old"}
        said = [check_refused(place, wrong, r"source\.py, line \d+: HTTPError: 403")]
    with serving(csv(), breaks=".csv") as variables:
        said.append(check_refused(place, variables, r"source\.py, line \d+: (ChunkedEncoding|Connection)Error: "))
    with serving(csv(orders().head(85))) as variables:
        said.append(check_refused(place, variables, r"^orders 2024-03: 25 of 30 rows; wait for the rest\.$"))
    shorten(place, "timeout=60", "timeout=2")
    with serving(csv(), waits=".csv") as variables:
        said.append(check_refused(place, variables, r"source\.py, line \d+: ReadTimeout: .*read timeout=2"))
    check_nothing_planted(place, *said)


def test_a_bad_hub(place: Project) -> None:
    """A month that is not in the commit, silence, a broken connection, a wrong token: the data of before stay."""
    with serving(dataset()) as variables:
        begin(place, "hub", variables)
        wrong = variables | {"HF_TOKEN": f"{PLANTED}-old"}
        said = [check_refused(place, wrong, r"source\.py, line \d+: HTTPError: 403")]
    lacking = {path: content for path, content in dataset().items() if "2024-03" not in path}
    with serving(lacking) as variables:
        said.append(check_refused(place, variables, r"source\.py, line \d+: HTTPError: 404 .*2024-03"))
    with serving(dataset(), breaks="bytes/2024-02") as variables:
        said.append(check_refused(place, variables, r"source\.py, line \d+: (ChunkedEncoding|Connection)Error: "))
    shorten(place, "timeout=60", "timeout=2")
    with serving(dataset(), waits="bytes/2024-02") as variables:
        said.append(check_refused(place, variables, r"source\.py, line \d+: ReadTimeout: .*read timeout=2"))
    check_nothing_planted(place, *said)


LINE = "validate failed: orders 2024-0[13]: .*(amount.*price|price.*amount).* Correct the source, or declare the change"


def test_a_changed_schema_in_a_bucket(place: Project, bucket: Bucket) -> None:
    """A column that has another name stops before it is taken for data, with both names."""
    begin(place, "s3", bucket.variables())
    use_schema(place)
    validate(place)
    bucket.write("2024-03.parquet", parquet(of_month("2024-03").rename(columns={"amount": "price"})))
    declare_version(place, bucket.variables())
    ingest(place, bucket.variables())
    assert re.search(LINE, validate(place, succeed=False))


def test_a_changed_schema_behind_an_address(place: Project) -> None:
    """The same for a file."""
    with serving(csv()) as variables:
        begin(place, "http", variables)
    use_schema(place)
    validate(place)
    with serving(csv(orders().rename(columns={"amount": "price"}))) as variables:
        ingest(place, variables)
    assert re.search(LINE, validate(place, succeed=False))
