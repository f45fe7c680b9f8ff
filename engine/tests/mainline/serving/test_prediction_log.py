"""The prediction log: whole lines, rotated, bounded, and never in the way."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from mainline.declared.service import Log
from mainline.serving import prediction_log
from mainline.serving.answering.metrics import ServiceMetrics
from mainline.serving.prediction_log import PATTERN, PredictionLog
from tests.mainline.serving import log_reader
from tests.mainline.serving.asking import Client
from tests.mainline.serving.log_reader import lines
from tests.mainline.serving.running import wait_for

Rows = list[dict[str, Any]]
QUICK = {"flush_seconds": 0.01}


def make(directory: Path, **settings: Any) -> tuple[PredictionLog, ServiceMetrics]:
    """Make a log that writes."""
    metrics = ServiceMetrics()
    log = PredictionLog(directory, Log(**{**QUICK, **settings}), metrics)
    log.start()
    return log, metrics


def fill_disk(monkeypatch: pytest.MonkeyPatch, free: int) -> list[int]:
    """Let only so many bytes be written; return how many are free, which a test may change."""
    write, room = os.write, [free]

    def full(file: int, content: Any) -> int:
        taken = write(file, content[: room[0]])
        room[0] -= taken
        if not taken:
            raise OSError(28, "No space left on device")
        return taken

    monkeypatch.setattr(os, "write", full)
    return room


def test_answered_requests_are_read_by_pandas_and_duckdb(
    make_client: Callable[..., Client], rows: Rows, tmp_path: Path
) -> None:
    """A line per request holds what was asked, what the model saw, what it said and who asked; two readers agree."""
    client = make_client(log={"directory": tmp_path / "log"})
    client.service.start()
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answers = client.predict(rows[:3], headers={"x-request-id": "mine", "traceparent": trace}).json
    client.predict({"bad": 1})
    client.service.stop()
    (path,) = (tmp_path / "log").glob(PATTERN)
    assert len(pd.read_json(path, lines=True)) == 1
    frame = log_reader.rows(tmp_path / "log")
    assert frame["prediction"].tolist() == [item["arr_delay"] for item in answers["predictions"]]
    for name in rows[0]:
        assert frame[f"inputs.{name}"].tolist() == [row[name] for row in rows[:3]]
    assert set(frame["request_id"]) == {"mine"}
    assert set(frame["trace_id"]) == {trace[3:35]}
    assert set(frame["version"]) == {"v1.0.0"}
    assert set(frame["key"]) == {client.key.split("_")[1]}
    assert (frame["seconds"] > 0).all()
    assert pd.to_datetime(frame["time"]).dt.tz is not None
    query = f"select unnest(prediction), unnest(inputs.carrier) from read_json('{path}')"  # noqa: S608 - our own path
    found = duckdb.sql(query)
    assert found is not None
    assert found.fetchall() == [
        (item["arr_delay"], row["carrier"]) for item, row in zip(answers["predictions"], rows, strict=False)
    ]


@pytest.mark.parametrize("at_once", [1, 20])
def test_features_are_logged_to_the_last_bit(
    make_client: Callable[..., Client], rows: Rows, tmp_path: Path, at_once: int
) -> None:
    """Features in the log are those that the model saw, NaN as null, of few rows and of many."""
    client = make_client(log={"directory": tmp_path / "log"})
    client.service.start()
    for start in range(0, len(rows), at_once):
        client.predict(rows[start : start + at_once])
    client.service.stop()
    model = client.service.choose()
    expected = model.predictor.compute(model.reader.read(rows).columns)
    found = log_reader.rows(tmp_path / "log")
    for name, values in expected.items():
        kind = object if values.dtype == object else np.float32
        np.testing.assert_array_equal(found[f"features.{name}"].to_numpy(kind), values)


def test_feature_is_the_same_number_in_a_request_of_one_row_and_of_many(
    make_client: Callable[..., Client], rows: Rows, tmp_path: Path
) -> None:
    """Whoever reads the log compares a flight with itself, however it was asked for."""
    client = make_client(log={"directory": tmp_path / "log"})
    client.service.start()
    client.predict(rows)
    for row in rows:
        client.predict(row)
    client.service.stop()
    together, *alone = [line["features"] for line in lines(tmp_path / "log")]
    assert together == {name: [value for line in alone for value in line[name]] for name in together}


@pytest.mark.parametrize("order", [1, -1])
def test_log_of_two_packages_is_read(tmp_path: Path, order: int) -> None:
    """Where a new version computes a feature that the old one does not, the rows of both are read with their own."""
    old = {"digest": "1", "features": {"x": [1.0, 2.0]}, "prediction": [3.0, 4.0], "stale": [[], []]}
    new = {"digest": "2", "features": {"x": [5.0], "y": [6.0]}, "prediction": [7.0], "stale": [["weather"]]}
    written = [json.dumps(line) + "\n" for line in [old, new][::order]]
    (tmp_path / "predictions-20200101T000000-1-000001.jsonl").write_text("".join(written))
    found = log_reader.rows(tmp_path).sort_values("prediction")
    assert found["prediction"].tolist() == [3, 4, 7]
    assert found["features.x"].tolist() == [1, 2, 5]
    assert found["features.y"].fillna(0).tolist() == [0, 0, 6]


def test_absent_values_are_logged_as_null(make_client: Callable[..., Client], rows: Rows, tmp_path: Path) -> None:
    """A field that one row of a request leaves out is null there, and stays beside its neighbours."""
    client = make_client(log={"directory": tmp_path / "log"})
    client.service.start()
    first = {name: value for name, value in rows[0].items() if name != "tailnum"}
    client.predict([first, rows[1]])
    client.service.stop()
    (line,) = log_reader.lines(tmp_path / "log")
    assert line["inputs"]["tailnum"] == [None, rows[1]["tailnum"]]
    assert line["inputs"]["flight"] == [rows[0]["flight"], rows[1]["flight"]]


def test_servers_with_the_same_process_number_share_a_directory(tmp_path: Path) -> None:
    """In containers every server is process 1: their files have names of their own all the same."""
    logs = [make(tmp_path) for _ in range(3)]
    for number, (log, _) in enumerate(logs):
        log.add(b"%d\n" % number, 1)
    for log, metrics in logs:
        log.close()
        assert (metrics.log_rows, metrics.log_failing) == (1, False)
    assert sorted(lines(tmp_path)) == [0, 1, 2]


def test_normal_stop_loses_nothing(tmp_path: Path) -> None:
    """What waits when the service stops is written, whatever the interval."""
    log, metrics = make(tmp_path, flush_seconds=1)
    for number in range(1000):
        log.add(b"%d\n" % number, 1)
    log.close()
    assert lines(tmp_path) == list(range(1000))
    assert (metrics.log_rows, metrics.log_dropped) == (1000, 0)


def test_what_waits_is_written_by_itself(tmp_path: Path) -> None:
    """Rows reach the file without a stop."""
    log, metrics = make(tmp_path)
    log.add(b"1\n", 1)
    wait_for(lambda: metrics.log_rows == 1)
    assert lines(tmp_path) == [1]
    log.close()


def test_files_are_rotated_and_old_ones_go(tmp_path: Path) -> None:
    """A file that is full is followed by another; past the bytes to keep, the oldest go, the newest lines stay."""
    log, metrics = make(tmp_path, rotate_bytes=1024, keep_bytes=4096)
    for number in range(40):
        log.add(b'"%s"\n' % (b"%03d" % number * 100), 1)
        wait_for(lambda expected=number + 1: metrics.log_rows == expected)  # type: ignore[misc]
    log.close()
    kept = lines(tmp_path)
    assert 10 <= len(kept) < 30
    assert [int(text[:3]) for text in kept] == list(range(40 - len(kept), 40))
    assert sum(path.stat().st_size for path in tmp_path.glob(PATTERN)) <= 4096 + 2 * 1024


def test_files_past_their_days_go(tmp_path: Path) -> None:
    """A file older than the days to keep is removed when the next begins; other files are not ours."""
    old, other = tmp_path / "predictions-20200101T000000-1-000001.jsonl", tmp_path / "notes.txt"
    for path in (old, other):
        path.write_text("1\n")
        os.utime(path, (0, 0))
    log, _ = make(tmp_path)
    log.add(b"2\n", 1)
    log.close()
    assert lines(tmp_path) == [2]
    assert other.exists()


def test_sampling_is_by_request(tmp_path: Path) -> None:
    """About the declared share is logged, and the same requests every time."""
    one, other = (PredictionLog(tmp_path, Log(sample=0.25), ServiceMetrics()) for _ in range(2))
    names = [f"request-{number}" for number in range(4000)]
    chosen = [name for name in names if one.samples(name)]
    assert 0.22 < len(chosen) / len(names) < 0.28
    assert chosen == [name for name in names if other.samples(name)]
    assert not any(PredictionLog(tmp_path, Log(sample=0), ServiceMetrics()).samples(name) for name in names)
    assert all(PredictionLog(tmp_path, Log(sample=1), ServiceMetrics()).samples(name) for name in names)


def test_disk_that_refuses_degrades_logging_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk is full, rows are counted as dropped and an alert is raised; what came before stays whole."""
    log, metrics = make(tmp_path)
    log.add(b"1\n", 1)
    wait_for(lambda: metrics.log_rows == 1)
    room = fill_disk(monkeypatch, 3)
    log.add(b"22222\n", 3)
    wait_for(lambda: metrics.log_dropped == 3)
    assert metrics.log_failing
    assert lines(tmp_path) == [1]
    room[0] = 2**30
    log.add(b"3\n", 1)
    wait_for(lambda: metrics.log_rows == 2)
    assert not metrics.log_failing
    log.close()
    assert lines(tmp_path) == [1, 3]


def test_disk_that_stays_full_gathers_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each try leaves nothing behind, and the reason is said once."""
    log, metrics = make(tmp_path)

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    for number in range(1, 6):
        log.add(b"1\n", 1)
        wait_for(lambda expected=number: metrics.log_dropped == expected)  # type: ignore[misc]
    log.close()
    assert list(tmp_path.iterdir()) == []
    (said,) = [record for record in caplog.records if "prediction log" in record.message]
    assert "No space left on device" in str(said.__dict__["fields"])


def test_removed_files_are_begun_anew(tmp_path: Path) -> None:
    """Lines are never written to a file that somebody removed, where nobody could read them."""
    log, metrics = make(tmp_path / "log")
    log.add(b'{"n":1}\n', 1)
    wait_for(lambda: metrics.log_rows == 1)
    shutil.rmtree(tmp_path / "log")
    log.add(b'{"n":2}\n', 1)
    log.close()
    assert lines(tmp_path / "log") == [{"n": 2}]


def test_two_servers_clear_one_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another server removes in this moment costs no line."""
    glob = Path.glob
    monkeypatch.setattr(Path, "glob", lambda path, pattern: [*glob(path, pattern), path / "predictions-gone.jsonl"])
    log, metrics = make(tmp_path / "log")
    log.add(b'{"n":1}\n', 1)
    log.close()
    assert (metrics.log_rows, metrics.log_dropped) == (1, 0)


def test_slow_disk_fills_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the bytes that may wait, rows are dropped and counted."""
    monkeypatch.setattr(prediction_log, "MOST_WAITING", 10)
    metrics = ServiceMetrics()
    log = PredictionLog(tmp_path, Log(), metrics)
    for _ in range(10):
        log.add(b"1234\n", 2)
    assert (len(log._waiting), metrics.log_dropped) == (2, 16)


@pytest.mark.parametrize("half", ['{"a": ', "1" * 2**20, "1" * 3 * 2**20])
def test_half_line_of_a_kill_is_cut_off(tmp_path: Path, half: str) -> None:
    """A file that a kill left with half a line, however long, is readable after the next start."""
    torn, whole, lost = (tmp_path / f"predictions-20200101T000000-{n}-000001.jsonl" for n in (1, 2, 3))
    torn.write_text(f"1\n{half}")
    whole.write_text("2\n")
    lost.write_text(half)
    for path in (torn, whole, lost):
        os.utime(path, (2e9, 1e9))
    log, _ = make(tmp_path)
    log.close()
    assert lines(tmp_path) == [1, 2]


def test_full_disk_keeps_the_lines_that_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one write the whole lines before the disk was full are kept and counted as written, the others as dropped."""
    log, metrics = make(tmp_path)
    first, second, third = (json.dumps({"prediction": [0.5] * rows}).encode() + b"\n" for rows in (2, 3, 4))
    fill_disk(monkeypatch, len(first + second) + 5)
    with log._lock:  # one write takes both
        log._waiting = [(first, 2), (second + third, 7)]
        log._waiting_bytes = len(first + second + third)
    wait_for(lambda: metrics.log_dropped > 0)
    log.close()
    assert [len(line["prediction"]) for line in lines(tmp_path)] == [2, 3]
    assert (metrics.log_rows, metrics.log_dropped) == (5, 4)


def test_old_file_that_cannot_be_removed_stops_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What the system does not let go stays and is named; lines are written, and other old files go."""
    stuck, old = tmp_path / "predictions-0-stuck.jsonl", tmp_path / "predictions-1-old.jsonl"
    (stuck / "inside").mkdir(parents=True)
    old.write_text("{}\n")
    for path in (stuck, old):
        os.utime(path, (0, 0))
    log, metrics = make(tmp_path)
    log.add(b'{"n":1}\n', 1)
    wait_for(lambda: metrics.log_rows == 1)
    log.close()
    assert not metrics.log_failing
    assert not old.exists()
    assert stuck.name in " ".join(str(record.__dict__.get("fields")) for record in caplog.records)
