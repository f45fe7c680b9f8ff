"""The sources of the guide, as they stand in it, against real servers; no credential stays anywhere."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests import postgresql
from tests.mainline.sources.examples import (
    MONTHS,
    PLANTED,
    check_data,
    check_nothing_planted,
    declare_version,
    ingest,
    of_month,
    use,
)  # fmt: skip
from tests.mainline.sources.hub import COMMIT, LOADS, csv, dataset, parquet, serving
from tests.object_store import ObjectStore
from tests.project import LIMIT, Project


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
    assert 'ingest failed: orders 2024-01: column "amount" does not exist; mend the query or the server' in changed
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
        object_store.write(f"orders-of-{place.path.parent.name}/{month}.parquet", parquet(of_month(month)))
    object_store.write(f"orders-of-{place.path.parent.name}/loads.json", LOADS)
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


def test_a_file_behind_an_address_is_a_source(place: Project) -> None:
    """Months are cut out of one file; a wrong token and a connection that breaks in the middle are one line each."""
    use(place, "http")
    with serving(csv()) as variables:
        assert declare_version(place, variables) == "1f2e"
        ingest(place, variables)
        check_data(place)
        assert json.loads((place.path / "data/raw/source.json").read_text())["version"] == "1f2e"
        refused = ingest(place, variables | {"ORDERS_TOKEN": f"{PLANTED}-old"}, succeed=False)
        assert "HTTPError: 403" in refused
    with serving(csv(), breaks=".csv") as variables:
        broken = ingest(place, variables, succeed=False)
        assert re.search(r"source\.py, line \d+: (ChunkedEncodingError|ConnectionError): ", broken)
    check_nothing_planted(place, refused, broken)


def test_a_data_set_of_the_hub_is_a_source(place: Project) -> None:
    """Files of a commit come from behind redirects; the commit is the version, and a wrong token is one line."""
    use(place, "hub")
    with serving(dataset()) as variables:
        assert declare_version(place, variables) == COMMIT
        ingest(place, variables)
        check_data(place)
        refused = ingest(place, variables | {"HF_TOKEN": f"{PLANTED}-old"}, succeed=False)
    assert "HTTPError: 403" in refused
    check_nothing_planted(place, refused)


def test_a_source_that_tells_a_credential_is_refused(place: Project) -> None:
    """An address with its password, named as the source, would be in git: the stage says so, without saying it."""
    use(place, "http")
    file = place.path / "src/usecase/source.py"
    told = file.read_text().replace(
        '"source": "orders.csv",', "'source': os.environ['ORDERS_URL'] + os.environ['ORDERS_TOKEN'],"
    )
    file.write_text(told)
    with serving(csv()) as variables:
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


LOGIN = """    import os
    import requests
    session = requests.Session()
    session.auth = ("me", os.environ["ORDERS_TOKEN"])
    print(f"asking as {session.auth[0]} with {len(session.auth[1])} letters")
"""
"""What a source does with a credential before it asks."""


@pytest.mark.slow
def test_a_credential_is_in_no_package(fresh_project: Project) -> None:
    """A source that needs one, through the whole pipeline: data, lock, model, package and cache are without it."""
    file = fresh_project.path / "src/usecase/source.py"
    file.write_text(file.read_text().replace("    first, last = AVAILABLE\n", f"{LOGIN}    first, last = AVAILABLE\n"))
    ran = fresh_project.run("python", "-m", "mainline", "repro", env={"ORDERS_TOKEN": PLANTED})
    said = ran.stdout + ran.stderr
    assert f"asking as me with {len(PLANTED)} letters" in said
    assert (fresh_project.path / "models/package/manifest.json").is_file()
    check_nothing_planted(fresh_project, said)
