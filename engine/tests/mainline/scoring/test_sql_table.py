"""Predictions sent to a table: of a real PostgreSQL, and of SQLite."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
import yaml

from mainline.__main__ import main
from mainline.declared.destinations import Destination
from mainline.scoring import sql_connection
from tests import postgresql
from tests.mainline.scoring.test_files import write_csv
from tests.mainline.serving.running import wait_for
from tests.project import LIMIT

KEY = ["time_hour", "carrier", "flight", "origin"]
PLANTED = "planted-" + "7f3a9c"  # in two, so that this file is not found
"""A password that no file has by itself, so that it can be looked for."""
DELAYS = "select * from scoring.delays order by time_hour, carrier, flight, origin"
Say = Callable[..., str]


def declare(*destinations: dict[str, Any]) -> None:
    """Write the environment's file in the current folder."""
    text = yaml.safe_dump({
        "promotion": {"after": None, "approval": "automatic", "signature": "optional"},
        "service": {}, "destinations": list(destinations),
    })  # fmt: skip
    Path("deploy").mkdir(exist_ok=True)
    Path("deploy/production.yaml").write_text(text)


@pytest.fixture
def day(golden: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the golden requests that have a key of their own, in the current folder."""
    monkeypatch.chdir(tmp_path)
    rows = {tuple(row[name] for name in KEY): row for row in golden["requests"]}
    return write_csv(Path("day.csv"), list(rows.values()))


@pytest.fixture
def send(package_dir: Path, day: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """`mainline predict day.csv --send` with the shipped package; returns what it says."""

    def run(*words: str, code: int = 0) -> str:
        assert main(["predict", str(day), "--send", *words, "--package", str(package_dir)]) == code
        said = capsys.readouterr()
        return (said.err if code else said.out).strip()

    return run


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """A real PostgreSQL."""
    if postgresql.INITDB is None:
        pytest.skip("there is no program named initdb")
    with postgresql.running() as found:
        yield found


@pytest.fixture
def database(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """A schema of it for this test, whose address with a password is in a variable, and a connection of one's own."""
    monkeypatch.setenv("SCORING_URL", f"postgresql+psycopg://me:{PLANTED}@/postgres?host={server['PGHOST']}")
    with psycopg.connect(f"host={server['PGHOST']} user=me dbname=postgres", autocommit=True) as connection:
        connection.execute("create schema scoring")
        yield connection
        connection.execute("drop schema scoring cascade")


TABLE = {"table": "scoring.delays", "url_from": "SCORING_URL", "key": KEY}


def test_table_is_made_and_a_second_run_leaves_it_as_it_is(
    send: Say, database: psycopg.Connection, golden: dict[str, Any]
) -> None:
    """Each row has its key, the file's columns in their types, the prediction and the package; twice is as once."""
    declare(TABLE)
    assert send().splitlines()[-1] == "20 predictions sent to table scoring.delays (SCORING_URL)"
    found = database.execute(DELAYS)
    names = [column.name for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found]
    made = {tuple(row[name] for name in KEY[1:]): row for row in rows}
    for request, predicted in zip(golden["requests"], golden["predictions"], strict=True):
        row = made[tuple(request[name] for name in KEY[1:])]
        assert row["time_hour"].isoformat().replace("+00:00", "Z") == request["time_hour"]
        assert row["arr_delay"] == predicted
    send()
    assert [dict(zip(names, row, strict=True)) for row in database.execute(DELAYS)] == rows
    unique = database.execute("select indexdef from pg_indexes where schemaname = 'scoring'").fetchall()
    assert [one[0].partition("(")[2] for one in unique] == ["time_hour, carrier, flight, origin)"]


def test_other_predictions_replace_those_of_the_same_key(send: Say, database: psycopg.Connection) -> None:
    """A row that is there gets the new prediction; rows of other keys stay."""
    declare(TABLE | {"keep": []})
    send()
    before = database.execute(DELAYS).fetchall()
    database.execute("update scoring.delays set arr_delay = 999, package = 'older'")
    database.execute("insert into scoring.delays values ('1999-01-01Z', 'XX', 1, 'JFK', 7, 'older')")
    send()
    first, *rest = database.execute(DELAYS).fetchall()
    assert first[1:] == ("XX", 1, "JFK", 7.0, "older")
    assert rest == before


def test_kill_in_the_middle_leaves_the_rows_of_before(
    send: Say, day: Path, database: psycopg.Connection, server: dict[str, str], package_dir: Path
) -> None:
    """While rows are half written, the process is killed: nothing of them is seen, and the next run has each once."""
    declare(TABLE)
    send()
    whole = database.execute(DELAYS).fetchall()
    database.execute("delete from scoring.delays")
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename = 'me'"
    with psycopg.connect(f"host={server['PGHOST']} user=me dbname=postgres") as other:
        last = whole[-1]
        marks = ", ".join(["%s"] * len(last))
        other.execute(f"insert into scoring.delays values ({marks})", last)  # noqa: S608 - marks only
        command = ["predict", str(day), "--send", "--package", str(package_dir)]
        sending = subprocess.Popen([sys.executable, "-P", "-m", "mainline", *command], env=os.environ)
        wait_for(lambda: database.execute(waiting).fetchone() == (1,))
        sending.send_signal(signal.SIGKILL)
        sending.wait(LIMIT)
        other.rollback()
    wait_for(lambda: database.execute(waiting).fetchone() == (0,))
    assert database.execute(DELAYS).fetchall() == []
    send()
    assert database.execute(DELAYS).fetchall() == whole


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("alter table scoring.delays drop column package", "has no column 'package'; it has time_hour, "),
        ("alter table scoring.delays alter arr_delay type boolean using true", "Do the table's types and rules fit"),
        ("alter table scoring.delays alter arr_delay type integer", "'arr_delay' as INTEGER, which would round it"),
        ("alter table scoring.delays alter time_hour type timestamp",
         "'time_hour' as TIMESTAMP, which would drop its zone; nothing was sent. Make the column timestamp with time"),
        ("alter table scoring.delays add check (arr_delay > 1e6) not valid", "violates check constraint"),
        ("alter table scoring.delays add region text not null", "wants a value of 'region', which the predictions"),
        ("alter table scoring.delays drop constraint delays_pkey",
         "Run: alter table scoring.delays add unique (time_hour, carrier, flight, origin);"),
        ("drop table scoring.delays; create view scoring.delays as select 1 as flight", "has no column 'time_hour'"),
    ],
)  # fmt: skip
def test_table_that_does_not_fit_is_one_line(change: str, said: str, send: Say, database: psycopg.Connection) -> None:
    """A column that is gone, of another type or to be filled, a rule and a key that is not unique: nothing is sent."""
    declare(TABLE)
    send()
    if not change.startswith("drop"):
        database.execute("delete from scoring.delays")
    database.execute(change)
    (line,) = send(code=1).splitlines()
    assert said in line
    assert PLANTED not in line
    if not change.startswith("drop"):
        assert database.execute("select count(*) from scoring.delays").fetchone() == (0,)


def test_missing_rights_are_one_line_with_the_way_out(
    send: Say, database: psycopg.Connection, server: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not make the table is told its SQL; who may not write it, which rights that takes."""
    declare(TABLE | {"keep": []})
    database.execute("create role guest login; grant usage on schema scoring to guest")
    try:
        monkeypatch.setenv("SCORING_URL", f"postgresql+psycopg://guest:{PLANTED}@/postgres?host={server['PGHOST']}")
        (line,) = send(code=1).splitlines()
        made = line.partition("Have it made: ")[2].partition(";")[0]
        assert made.startswith("CREATE TABLE scoring.delays ( time_hour TIMESTAMP WITH TIME ZONE NOT NULL,")
        database.execute(made.encode())
        database.execute("grant select on scoring.delays to guest")
        (line,) = send(code=1).splitlines()
        assert "Its user needs the rights to select, insert and update in scoring.delays." in line
        database.execute("grant insert, update on scoring.delays to guest")
        assert send().endswith("20 predictions sent to table scoring.delays (SCORING_URL)")
    finally:
        database.execute("drop owned by guest; drop role guest")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (f"postgresql+psycopg://me:{PLANTED}@127.0.0.1:9/x", "Does the server answer at what SCORING_URL says?"),
        (f"me:{PLANTED}@/postgres", "SCORING_URL is not an address that SQLAlchemy reads"),
        (f"mysql+pymysql://me:{PLANTED}@h/x", "SCORING_URL leads to mysql; a table of PostgreSQL or SQLite takes"),
        ("", "SCORING_URL is not set, and deploy/production.yaml declares that it holds the address"),
    ],
)  # fmt: skip
def test_address_that_leads_nowhere_is_one_line(
    address: str, said: str, send: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No server, no address, another database, no variable; the password is in none of the lines."""
    declare(TABLE)
    monkeypatch.setenv("SCORING_URL", address)
    (line,) = send(code=1).splitlines()
    assert said in line
    assert PLANTED not in line


SLEEPER = """
    create function scoring.sleep() returns trigger language plpgsql as 'begin perform pg_sleep(600); return new; end';
    create trigger sleeper before insert on scoring.delays execute function scoring.sleep();
"""


def test_statement_that_takes_too_long_is_one_line(
    send: Say, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL ends it, so that it holds no lock on the table any more."""
    declare(TABLE)
    send()
    database.execute(SLEEPER)
    monkeypatch.setattr(sql_connection, "STATEMENT", 0.2)
    (line,) = send(code=1).splitlines()
    assert "canceling statement due to statement timeout. A statement may take 0.2 s" in line
    database.execute("begin; lock table scoring.delays in access exclusive mode nowait; commit")


def test_server_that_falls_silent_is_one_line(
    send: Say, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took the connection and the statement, and says nothing any more."""
    declare(TABLE)
    send()
    database.execute(SLEEPER)
    monkeypatch.setattr(sql_connection, "limit", lambda _: None)
    monkeypatch.setattr(sql_connection, "SILENCE", 0.5)
    (line,) = send(code=1).splitlines()
    assert "the database gave no answer for 0.5 s. Does the server work at what SCORING_URL says?" in line
    others = "from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'"
    database.execute(f"select pg_terminate_backend(pid, 10000) {others}")


@pytest.mark.usefixtures("database")
def test_table_that_another_session_holds_is_one_line(
    send: Say, server: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL itself gives up on the lock, and what holds it is not disturbed."""
    declare(TABLE)
    send()
    monkeypatch.setattr(sql_connection, "LOCKED", 0.2)
    with psycopg.connect(f"host={server['PGHOST']} user=me dbname=postgres") as other:
        other.execute("lock table scoring.delays in access exclusive mode")
        (line,) = send(code=1).splitlines()
    assert (
        "lock timeout. Another session holds scoring.delays for longer than 0.2 s; end it, or try again later" in line
    )


def test_the_client_gives_up_on_a_server_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while something that was sent is on its way, which keepalives do not end; an address has the last word."""
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr("sqlalchemy.create_engine", lambda _, connect_args: seen.append(connect_args))
    declared = Destination(table="t", url_from="SCORING_URL", key=["k"])
    for options in ("", "?tcp_user_timeout=5"):
        monkeypatch.setenv("SCORING_URL", f"postgresql+psycopg://h/d{options}")
        sql_connection.connect(str(declared.url_from))
    assert [one.get("tcp_user_timeout") for one in seen] == [60_000, None]


def test_password_is_in_no_file(send: Say, database: psycopg.Connection, tmp_path: Path) -> None:
    """What is sent, refused or not, leaves the address of the database nowhere."""
    declare(TABLE)
    said = send()
    database.execute("alter table scoring.delays drop column package")
    said += send(code=1)
    written = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert not [content for content in [said.encode(), *written] if PLANTED.encode() in content]


def test_rows_of_one_key_are_refused_before_any_is_sent(send: Say, database: psycopg.Connection) -> None:
    """Two rows of a key would replace each other: the line names the key."""
    declare(TABLE | {"key": ["carrier"]})
    (line,) = send(code=1).splitlines()
    assert " rows of the key " in line
    assert "nothing was sent" in line
    assert database.execute("select to_regclass('scoring.delays')").fetchone() == (None,)


def test_table_of_sqlite_is_replaced_by_key(send: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite takes the same rows, once, and a file that may not be written is one line."""
    monkeypatch.setenv("SCORING_URL", f"sqlite:///{tmp_path / 'scoring.db'}")
    declare(TABLE | {"table": "delays"})
    send()
    send()
    with closing(sqlite3.connect(tmp_path / "scoring.db")) as connection:
        assert connection.execute("select count(*), count(arr_delay) from delays").fetchone() == (20, 20)
    monkeypatch.setenv("SCORING_URL", f"sqlite:///file:{tmp_path / 'scoring.db'}?mode=ro&uri=true")
    (line,) = send(code=1).splitlines()
    assert "attempt to write a readonly database" in line


def test_what_is_refused_is_not_predicted_first(send: Say) -> None:
    """Without a destination nothing is predicted."""
    declare()
    assert "declares no destinations" in send(code=1)
    assert not Path("day.predictions").exists()


@pytest.mark.usefixtures("day")
def test_moments_of_another_zone_are_sent_in_utc(
    package_dir: Path, golden: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite keeps no zone: what a Parquet file has in New York's time arrives as the same moment."""
    monkeypatch.setenv("SCORING_URL", f"sqlite:///{tmp_path / 'scoring.db'}")
    declare(TABLE | {"table": "delays"})
    row = golden["requests"][0]
    frame = pd.DataFrame([row]).assign(time_hour=pd.to_datetime([row["time_hour"]]).tz_convert("America/New_York"))
    frame.to_parquet("one.parquet")
    assert main(["predict", "one.parquet", "--send", "--package", str(package_dir)]) == 0
    with closing(sqlite3.connect(tmp_path / "scoring.db")) as connection:
        ((found,),) = connection.execute("select time_hour from delays")
    assert found.startswith(row["time_hour"].replace("T", " ").rstrip("Z"))
