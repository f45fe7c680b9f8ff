"""A feed's newer rows answer without a restart."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.serving import server_report
from mainline.serving.answering.model import Model
from mainline.serving.feed import FeedError, read
from tests.mainline.serving import log_reader
from tests.mainline.serving.asking import Client

Rows = list[dict[str, Any]]
LATER = "2013-12-24T10:00:00Z"
WEATHER = "key,time,temp,humid,wind_speed,precip,visib\n"


@pytest.fixture
def fed(make_client: Callable[..., Client], tmp_path: Path) -> tuple[Client, Callable[[str, str], None]]:
    """A client of a service with a feed, and what puts a file into it and lets the service look."""
    directory = tmp_path / "feed"
    directory.mkdir()
    client = make_client(feed={"directory": directory}, log={"directory": tmp_path / "log"})

    def write(name: str, text: str) -> None:
        (directory / f"{name}.partial").write_text(text)
        (directory / f"{name}.partial").rename(directory / f"{name}.csv")
        client.service.poll()

    return client, write


def test_newer_rows_are_looked_up(fed: Any, rows: Rows, tmp_path: Path) -> None:
    """A moment past the package's tables finds the feed's row, is stale no more; moments before stay as they were."""
    client, write = fed
    later = rows[0] | {"time_hour": LATER}
    before = client.predict(rows).json["predictions"]
    assert "weather" in client.predict(later).json["features"][0]["stale"]
    origin = rows[0]["origin"]
    write("weather", f"{WEATHER}{origin},2013-12-24T08:30:00Z,11.5,50,,0,10\n")
    client.service.start()
    answer = client.predict(later).json
    client.service.stop()
    (known,) = answer["features"]
    assert "weather" not in known["stale"]
    assert "weather.temp" in known["looked_up"]
    assert "weather.wind_speed" in known["missing"]
    assert log_reader.lines(tmp_path / "log")[-1]["features"]["temp"] == [11.5]
    assert client.predict(rows).json["predictions"] == before


def test_next_file_replaces_the_last(fed: Any, rows: Rows) -> None:
    """Each file is the whole of the newer rows; times may be minutes since 1970 too."""
    client, write = fed
    origin = rows[0]["origin"]
    write("weather", f"{WEATHER}{origin},2013-12-24T08:30:00Z,11,50,1,0,10\n")
    write("weather", f"\ufeff{WEATHER}{origin},23131000,12,50,1,0,10\n")
    assert client.service.choose().fresh_until["weather"] == 23131000 + 60 + 360
    assert client.service.metrics.failures == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no column"),
        (WEATHER, "has no rows"),
        ("key,time,temp\nJFK,1,2\n", "has no column 'humid'; it needs key, time, temp, humid"),
        (WEATHER + "JFK,yesterday,1,1,1,1,1\n", "has a value of another type"),
        (WEATHER + "JFK,1,hot,1,1,1,1\n", "has a value of another type"),
        (WEATHER + "JFK,1,inf,1,1,1,1\n", "an infinite number"),
        (WEATHER + "JFK,1\n", "has a row with more or fewer cells than the header"),
        (WEATHER + "JFK,1,1,1,1,1,1,1\n", "has a row with more or fewer cells than the header"),
        (WEATHER[:-1] + ",temp\nJFK,1,1,1,1,1,1,99\n", "has a column twice"),
        (WEATHER + f"JFK,{10**20},1,1,1,1,1\n", "beyond the year 9999"),
        (WEATHER + f"JFK,{-(10**18)},1,1,1,1,1\n", "beyond the year 9999"),
        (WEATHER + 'JFK,1,"1\n', "cannot be read"),
        (WEATHER + "\udcff,1,1,1,1,1,1\n", "cannot be read"),
    ],
)
def test_file_that_does_not_fit_changes_nothing(shared_model: Model, tmp_path: Path, text: str, message: str) -> None:
    """A half or wrong file is refused with its name and the reason."""
    path = tmp_path / "weather.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FeedError, match=message):
        read(path, shared_model.predictor.tables["weather"])


def test_bad_file_is_reported_once_and_others_are_taken(fed: Any, rows: Rows) -> None:
    """The table before stays in use, the failure is counted once, and other tables go on being refreshed."""
    client, write = fed
    write("weather", "rubbish")
    client.service.poll()
    assert client.service.metrics.failures == {"feed": 1}
    write("schedule", f"key,time,flights\n{rows[0]['origin']},2013-12-24T10:00:00Z,30\n")
    later = rows[0] | {"time_hour": LATER, "sched_dep_time": 500, "dep_delay": 0.0}
    assert "schedule.flights" in client.predict(later).json["features"][0]["looked_up"]
    assert client.predict(rows[0]).status == 200


def test_files_are_followed_after_a_failure_of_any_kind(
    fed: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error that nobody thought of is counted, and does not end the following of keys, routes and feeds.

    What cannot be written for the follower is tried at each look, and said once.
    """
    client, _ = fed

    def fail(*_: object) -> None:
        raise IndexError("nobody thought of it")

    monkeypatch.setattr(client.service.feed, "refresh", fail)
    monkeypatch.setattr(server_report, "describe", fail)
    service = client.service
    served = service.settings.keys.with_name("served.json")
    service._reporter = server_report.Reporter(served, service.started, service.metrics.failures, None)
    service.poll()
    assert service.metrics.failures == {"feed": 1, "routing": 1}
    client.service.poll()
    assert client.service.metrics.failures["routing"] == 2
    assert len([record for record in caplog.records if "for the follower" in record.message]) == 1


def test_pipe_in_the_directory_holds_nobody_up(fed: Any) -> None:
    """What is not a file is said, and waited for by nobody."""
    client, _ = fed
    os.mkfifo(client.service.feed.directory / "schedule.csv")
    client.service.poll()
    assert client.service.metrics.failures == {"feed": 1}


def test_static_tables_and_other_files_are_left_alone(fed: Any) -> None:
    """A file for a static table, or for none, is not read."""
    client, write = fed
    write("planes", "rubbish")
    write("nothing", "rubbish")
    assert client.service.metrics.failures == {}
