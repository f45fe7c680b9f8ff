"""The log into the store: every row once, whatever happens on the way, and nothing that no service wrote."""

import errno
import json
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from mainline.errors import MainlineError
from mainline.limits import sketches
from mainline.monitoring import counters, loglines, packages, rollup, verdict, wording
from mainline.monitoring.packages import Packaged
from mainline.monitoring.rollup import Summary
from mainline.monitoring.store import Store
from tests import kills
from tests.mainline.monitoring import logs
from tests.mainline.monitoring import month as months
from tests.mainline.serving import log_reader
from tests.mainline.serving.running import running, wait_for
from tests.project import Project

Lines = list[dict[str, Any]]


def roll(log: Path, store: Store, packaged: Packaged) -> Summary:
    """Roll up a log of one package."""
    return rollup.roll(log, store, {packaged.digest: packaged})


def rows_of(store: Store) -> list[dict[str, Any]]:
    """Return every row that a record names, in order of time."""
    named = [rolled.columns for record in store.records().values() for rolled in record.days]
    found = [row for name in named for row in pq.read_table(store.folder / name).to_pylist()]
    return sorted(found, key=lambda row: (row["time"], row["row"]))


def sketch_of(store: Store) -> sketches.Sketch:
    """Add up all sketches of the store's days."""
    files = sorted((store.folder / "sketches").rglob("*.json"))
    return sketches.add([sketches.Sketch.model_validate_json(file.read_bytes()) for file in files])


def everything(store: Store) -> dict[str, bytes]:
    """Return the content of every file of a store."""
    return {
        str(path.relative_to(store.folder)): path.read_bytes() for path in store.folder.rglob("*") if path.is_file()
    }


def test_log_of_a_real_server_is_rolled_up_to_the_last_value(
    package_dir: Path, packaged: Packaged, store: Store, rows: Lines, tmp_path: Path
) -> None:
    """What a server logged of requests of one row and of many stands in columns, each value as it was logged."""
    log = tmp_path / "log"
    sent = [rows, *([row] for row in rows[:5])]
    with running(tmp_path / "server", package_dir, log={"directory": str(log), "rotate_bytes": 4096}) as server:
        for number, request in enumerate(sent):
            status, _ = server.ask("/predict", request)
            assert status == 200
            expected = sum(len(part) for part in sent[: number + 1])
            wait_for(lambda expected=expected: server.metric("mainline_log_rows_total") == expected)  # type: ignore[misc]
        (tmp_path / "metrics").write_bytes(server.ask("/metrics", key=server.admin)[1])
        server.stop()
    assert len(list(log.glob("*.jsonl"))) > 1
    summary = roll(log, store, packaged)
    assert (summary.rows, summary.bad, summary.torn, wording.troubles(summary)) == (len(rows) + 5, 0, 0, [])
    written = counters.written(counters.read([tmp_path / "metrics"]))
    assert list(written.values()) == [len(rows) + 5]
    assert verdict.of_log(summary, written, datetime.now(UTC)).verdict == "pass"
    expected_rows = log_reader.rows(log)
    found = rows_of(store)
    for column in ("inputs.tailnum", "inputs.dep_delay", "features.temp", "features.carrier", "prediction"):
        values = [row[column.replace("inputs", "input").replace("features", "feature")] for row in found]
        assert sorted(map(str, values)) == sorted(map(str, expected_rows[column].replace({np.nan: None})))
    assert sketch_of(store).texts["carrier"].counts == expected_rows["features.carrier"].value_counts().to_dict()


def test_sketch_counts_what_the_rows_hold(log: Path, store: Store, packaged: Packaged, lines: Lines) -> None:
    """Missing, fractional, moments and bins of a sketch are those of the rows."""
    lines[0]["features"]["temp"] = [None]
    logs.write(log, logs.encode(*lines))
    roll(log, store, packaged)
    sketch = sketch_of(store)
    values = np.array([line["features"]["temp"][0] for line in lines[1:]])
    temp = sketch.numbers["temp"]
    assert (sketch.rows, sketch.requests, temp.missing) == (len(lines), len(lines), 1)
    assert temp.fractional == np.count_nonzero(values % 1)
    assert (temp.low, temp.high) == (values.min(), values.max())
    np.testing.assert_allclose([temp.total, temp.squares], [values.sum(), (values**2).sum()])
    below = [np.count_nonzero(values <= edge) for edge in temp.edges]
    assert np.cumsum(temp.counts).tolist() == [*below, len(values)]


def test_rolling_up_again_changes_nothing(log: Path, store: Store, packaged: Packaged, lines: Lines) -> None:
    """A second roll-up takes no file and leaves every byte."""
    logs.write(log, logs.encode(*lines))
    assert roll(log, store, packaged).taken == 1
    before = everything(store)
    assert roll(log, store, packaged).taken == 0
    assert everything(store) == before


def test_file_that_grows_is_taken_again_and_counted_once(
    log: Path, store: Store, packaged: Packaged, lines: Lines
) -> None:
    """The file that a server still writes is rolled up to its last whole line, and again when it has more."""
    content = logs.encode(*lines)
    half = len(logs.encode(*lines[:7])) + 40
    logs.write(log, content[:half])
    first = roll(log, store, packaged)
    assert (first.rows, first.torn, first.bad) == (7, 0, 0)
    logs.write(log, content)
    assert roll(log, store, packaged).rows == len(lines)
    assert len(list((store.folder / "rows").rglob("*.parquet"))) == 1


def test_copies_of_a_file_count_once(log: Path, store: Store, packaged: Packaged, lines: Lines) -> None:
    """The same file in another folder, or under another number, or an older state of it, adds nothing and is named."""
    path = logs.write(log, logs.encode(*lines))
    logs.write(log / "backup", logs.encode(*lines))
    logs.write(log, logs.encode(*lines[:3]), number=2)
    summary = roll(log, store, packaged)
    assert (summary.rows, len(summary.copies)) == (len(lines), 2)
    path.unlink()
    shutil.rmtree(log / "backup")
    assert roll(log, store, packaged).rows == len(lines)


def test_half_line_of_a_file_that_ended_is_said(log: Path, store: Store, packaged: Packaged, lines: Lines) -> None:
    """Once a server has begun its next file, a half line in the one before is torn, and is said."""
    logs.write(log, logs.encode(*lines[:3]) + b'{"time": "2026')
    logs.write(log, logs.encode(*lines[3:5]), number=2)
    summary = roll(log, store, packaged)
    assert (summary.rows, summary.torn, summary.bad) == (5, 1, 0)
    assert "1 file with a half line at the end" in "\n".join(wording.troubles(summary))


HOSTILE: dict[str, Any] = {
    "no JSON": b"torn {",
    "no object": b"[1, 2]",
    "an empty line": b"",
    "bytes": b"\xff\xfe\x00binary",
    "half a surrogate": b'{"digest": "\\ud800"}',
    "depth": b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "length": b'{"a": "' + b"x" * 2**24 + b'"}',
    "no digest": {"digest": "../../etc/passwd"},
    "version as a path": {"version": "../../etc/passwd"},
    "version as SQL": {"version": "v1'; drop table held; --"},
    "no time": {"time": "yesterday"},
    "time as a number": {"time": 12},
    "far future": {"time": "9999-01-01T00:00:00.000+00:00"},
    "prediction as text": {"prediction": "many"},
    "no predictions": {"prediction": []},
    "too many predictions": {"prediction": [1.0, 2.0]},
    "prediction that is missing": {"prediction": [None]},
    "prediction that is not a number": {"prediction": [float("nan")]},
    "prediction without an end": {"prediction": [float("inf")]},
    "prediction that the response model refuses": {"prediction": [6000.5]},
    "features as a number": {"features": 3},
    "required input is gone": {"inputs": {"origin": [None]}},
    "too few inputs": {"inputs": {"origin": []}},
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_line_that_no_service_writes_is_counted_and_kept_out(
    kind: str, log: Path, store: Store, packaged: Packaged, lines: Lines
) -> None:
    """Among good lines a hostile one is counted, leaves its neighbours whole, and is no row."""
    given = HOSTILE[kind]
    if isinstance(given, dict):
        inner = {name: {**lines[0][name], **part} for name, part in given.items() if isinstance(part, dict)}
        given = logs.changed(lines[0], **{**given, **inner})
    logs.write(log, logs.encode(lines[1], given, *lines[2:]))
    summary = roll(log, store, packaged)
    assert (summary.rows, summary.bad) == (len(lines) - 1, 1)
    assert [row["request_id"] for row in rows_of(store)] == [line["request_id"] for line in lines[1:]]
    assert "1 line that no service writes" in "\n".join(wording.troubles(summary))


@pytest.mark.parametrize("kind", ["no class", "another class", "no probability", "probability beyond 1", "negative"])
def test_answer_of_classes_that_no_service_writes_is_kept_out(
    kind: str, flower_project: Project, log: Path, store: Store
) -> None:
    """A class is one of the package's, and its probabilities are numbers from 0 to 1; a line of another is no row."""
    (package,) = packages.find([flower_project.path / "models/package"]).values()
    path = months.write_log(months.read(package, flower_project.path), log)
    line, *others = map(json.loads, path.read_bytes().splitlines())
    first = package.classes[0]
    if kind in ("no class", "another class"):
        line["prediction"][0] = None if kind == "no class" else "tulip"
    else:
        line["probabilities"][first][0] = {"no probability": None, "probability beyond 1": 1.5, "negative": -0.5}[kind]
    path.write_bytes(logs.encode(line, *others))
    summary = roll(log, store, package)
    assert (summary.rows, summary.bad) == (sum(len(other["prediction"]) for other in others), 1)


def test_text_of_a_client_is_text(log: Path, store: Store, packaged: Packaged, lines: Lines) -> None:
    """Quotes, formulas and long names that a client sent are values of a column; a sketch names no long ones."""
    evil = ["'; drop table held; --", '"', "=cmd()", "x" * 500]
    for line, text in zip(lines, evil, strict=False):
        line["features"]["dest"] = [text]
    logs.write(log, logs.encode(*lines))
    assert roll(log, store, packaged).rows == len(lines)
    assert [row["feature.dest"] for row in rows_of(store)][:4] == evil
    dest = sketch_of(store).texts["dest"]
    assert (dest.counts["=cmd()"], dest.others) == (1, 1)


def _renamed(packaged: Packaged, names: tuple[str, ...]) -> Packaged:
    """Return a package whose request, and whose features, are numbers of some names."""
    request = [{"name": name, "kind": "number", "description": name, "example": 1.0} for name in names]
    profile = {"columns": {name: {"deciles": [0.0, 1.0, 2.0]} for name in names}}
    manifest = {**packaged.manifest, "request": request, "model": {"numeric": list(names), "categorical": []}}
    return Packaged(manifest, {**packaged.contents, "profile.json": json.dumps(profile).encode()})


def test_names_of_features_are_names(log: Path, store: Store, packaged: Packaged, lines: Lines) -> None:
    """Whatever features are called, their columns hold what the lines say, and sketches count it."""
    names = ('a "quoted" name', '"', "it's", "back\\slash", "new\nline", "{x}", "select", "row", "a.b")
    named = {name: [float(place)] for place, name in enumerate(names)}
    logs.write(log, logs.encode(*[logs.changed(line, inputs=named, features=named) for line in lines]))
    roll(log, store, _renamed(packaged, names))
    assert [rows_of(store)[0][f"feature.{name}"] for name in names] == [value for (value,) in named.values()]
    assert all(sum(sketch_of(store).numbers[name].counts) == len(lines) for name in names)


def test_feature_named_prediction_is_not_the_answer(log: Path, store: Store, packaged: Packaged, lines: Lines) -> None:
    """A feature of the name that the answer has keeps its own column and its own counts, and so does the answer."""
    named = {"prediction": [1.5]}
    logs.write(log, logs.encode(*[logs.changed(line, inputs=named, features=named) for line in lines]))
    roll(log, store, _renamed(packaged, ("prediction",)))
    answers = [answer for line in lines for answer in line["prediction"]]
    found, sketch = rows_of(store), sketch_of(store)
    assert [(row["feature.prediction"], row["input.prediction"]) for row in found] == [(1.5, 1.5)] * len(lines)
    assert [row["prediction"] for row in found] == answers
    counted, feature = sketch.predicted, sketch.numbers["prediction"]
    assert isinstance(counted, sketches.Numbers)
    assert (counted.low, counted.high) == (min(answers), max(answers))
    assert (feature.low, feature.high) == (1.5, 1.5)


def test_names_that_sql_takes_for_one_are_refused(log: Path, store: Store, packaged: Packaged, lines: Lines) -> None:
    """Two features that differ in their case alone are said in one line."""
    logs.write(log, logs.encode(*lines))
    with pytest.raises(MainlineError, match=r"^'size' and 'Size' differ in their case alone"):
        roll(log, store, _renamed(packaged, ("size", "Size")))


def test_file_that_vanished_before_it_was_rolled_up_is_named(
    log: Path, store: Store, packaged: Packaged, lines: Lines
) -> None:
    """A server numbers its files, so one that nobody rolled up is missed; one that was rolled up may go."""
    first = logs.write(log, logs.encode(*lines[:3]))
    roll(log, store, packaged)
    first.unlink()
    logs.write(log, logs.encode(*lines[3:]), number=3)
    summary = roll(log, store, packaged)
    assert (summary.rows, summary.missing) == (len(lines), ("abcdef01-000002",))
    assert "never rolled up, and gone from the log: abcdef01-000002" in "\n".join(wording.troubles(summary))


def test_lines_of_a_package_that_is_not_here_wait_for_it(
    log: Path, store: Store, packaged: Packaged, lines: Lines
) -> None:
    """Lines of another package are counted by its digest, and become rows once the package is there."""
    logs.write(log, logs.encode(*lines))
    waiting = rollup.roll(log, store, {})
    assert (waiting.rows, waiting.bad, waiting.unknown) == (0, 0, {packaged.digest: len(lines)})
    summary = roll(log, store, packaged)
    assert (summary.rows, summary.unknown) == (len(lines), {})


def test_rows_of_two_days_are_apart(log: Path, store: Store, packaged: Packaged, lines: Lines) -> None:
    """A file that runs over midnight, UTC, has rows and a sketch on each day."""
    later = [logs.changed(line, time=line["time"].replace("03-01", "03-02")) for line in lines[5:]]
    logs.write(log, logs.encode(*lines[:5], *later))
    roll(log, store, packaged)
    found = {path.parent.name: path for path in (store.folder / "sketches").rglob("*.json")}
    rows = {day: sketches.Sketch.model_validate_json(path.read_bytes()).rows for day, path in found.items()}
    assert rows == {"2026-03-01": 5, "2026-03-02": len(lines) - 5}


def test_kill_at_any_write_leaves_totals_right(
    log: Path, packaged: Packaged, lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended before any of its renames and removals, a roll-up of a grown log leaves rows that its records name."""
    content = logs.encode(*lines)
    half = len(logs.encode(*lines[:7]))
    finished = False
    for stop in range(100):
        store = Store(tmp_path / f"store-{stop}")
        logs.write(log, content[:half])
        roll(log, store, packaged)
        logs.write(log, content)
        with monkeypatch.context() as patch:
            finished = not _killed(log, store, packaged, stop, patch)
        assert len(rows_of(store)) == sum(record.rows for record in store.records().values())
        assert len(rows_of(store)) in (7, len(lines))
        assert roll(log, store, packaged).rows == len(lines)
        assert (len(rows_of(store)), sketch_of(store).rows) == (len(lines), len(lines))
        assert len(list(store.folder.rglob("*.par*"))) == 1
        if finished:
            break
    assert finished
    assert stop >= 4, "rows, record and sketch are written, and the rows of before are removed"


def test_kill_at_any_write_leaves_the_log_as_it_was(
    log: Path, packaged: Packaged, lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that ended is read where it lies, and no kill and no second try changes it, linked or not."""
    content = {1: logs.encode(*lines[:7]), 2: logs.encode(*lines[7:])}
    files = {number: logs.write(log, text, number=number) for number, text in content.items()}
    finished = False
    for stop in range(100):
        store = Store(tmp_path / f"store-{stop}")
        with monkeypatch.context() as patch:
            finished = not _killed(log, store, packaged, stop, patch)
        with monkeypatch.context() as patch:
            if stop % 2:
                patch.setattr(os, "link", _refuse)
            assert roll(log, store, packaged).rows == len(lines)
        assert {number: file.read_bytes() for number, file in files.items()} == content
        assert (len(rows_of(store)), list(store.scratch.iterdir())) == (len(lines), [])
        if finished:
            break
    assert finished
    assert stop >= 3 * len(files), "the rows, the record and the link of each file are written or removed"


def _refuse(*_: object) -> None:
    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))


def test_file_that_ended_is_not_written_again(
    log: Path, store: Store, packaged: Packaged, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The roll-up reads the file of the log itself, and what a server removes meanwhile is rolled up whole."""
    first = logs.write(log, logs.encode(*lines[:7]))
    logs.write(log, logs.encode(*lines[7:]), number=2)
    held: dict[str, tuple[int, int]] = {}

    def look(reader: loglines.Reader, file: Path, package: Packaged) -> int:
        held[file.name] = (file.stat().st_ino, first.stat().st_ino) if first.exists() else (0, 1)
        first.unlink(missing_ok=True)
        return hold(reader, file, package)

    hold = loglines.Reader.hold
    monkeypatch.setattr(loglines.Reader, "hold", look)
    assert roll(log, store, packaged).rows == len(lines)
    (linked, copied) = (ours == theirs for ours, theirs in held.values())
    assert (linked, copied) == (True, False)


def _killed(log: Path, store: Store, packaged: Packaged, stop: int, patch: pytest.MonkeyPatch) -> bool:
    """Roll up until so many renames and removals have been done; say whether it was killed."""
    kills.before(stop, patch, (os, "replace"), (Path, "replace"), (Path, "unlink"))
    try:
        roll(log, store, packaged)
    except kills.Killed:
        return True
    return False


def test_second_roll_up_at_once_is_refused(log: Path, store: Store, packaged: Packaged, lines: Lines) -> None:
    """While one works in the store, another one is refused in one line."""
    logs.write(log, logs.encode(*lines))
    with store.owned(), pytest.raises(MainlineError, match=r"another roll-up works in .*Wait until it has ended\.$"):
        roll(log, store, packaged)


def test_record_that_is_none_is_refused(log: Path, store: Store, packaged: Packaged, lines: Lines) -> None:
    """A record that somebody damaged is named with what to do, and rolling up without it is right again."""
    logs.write(log, logs.encode(*lines))
    roll(log, store, packaged)
    (record,) = (store.folder / "files").iterdir()
    record.write_text(json.dumps({"format": 2}))
    with pytest.raises(MainlineError, match=r"is not a record of a roll-up\. Remove it"):
        roll(log, store, packaged)
    record.unlink()
    assert roll(log, store, packaged).rows == len(lines)


def test_log_that_is_not_there_is_refused(store: Store, packaged: Packaged, tmp_path: Path) -> None:
    """Without a folder there is nothing to roll up, and the line says what to name."""
    with pytest.raises(MainlineError, match=r"there is no prediction log in .*Name its folder \(--logs\)"):
        roll(tmp_path / "nowhere", store, packaged)


def test_file_of_another_name_is_left_out_and_named(log: Path, store: Store, packaged: Packaged, lines: Lines) -> None:
    """A file that no server names so is not read."""
    logs.write(log, logs.encode(*lines))
    (log / "predictions-copy.jsonl").write_bytes(logs.encode(*lines))
    summary = roll(log, store, packaged)
    assert (summary.rows, summary.strange) == (len(lines), ("predictions-copy.jsonl",))


def test_rows_that_a_server_counted_and_nobody_rolled_up_are_said(
    log: Path, store: Store, packaged: Packaged, lines: Lines, tmp_path: Path
) -> None:
    """A file that vanished as the last of its server leaves no gap in the numbers; the server's counter tells."""
    logs.write(log, logs.encode(*lines))
    summary = roll(log, store, packaged)
    pages = [tmp_path / "now", tmp_path / "before"]
    for page, rows in zip(pages, (len(lines) + 7, 3), strict=True):
        page.write_text(
            f'# TYPE mainline_log_rows_total counter\nmainline_log_rows_total{{writer="abcdef01"}} {rows}.0\n'
        )
    now, before = counters.read(pages)
    check = verdict.of_log(summary, counters.written([now, before]), datetime.now(UTC))
    assert (check.verdict, check.reason) == ("cannot tell", "Server abcdef01 wrote 7 rows more.")
    assert verdict.of_log(summary, counters.written([before]), datetime.now(UTC)).verdict == "pass"


def test_requests_that_a_server_refused_are_said(
    package_dir: Path, packaged: Packaged, store: Store, rows: Lines, tmp_path: Path
) -> None:
    """A client that changed a unit is in no log: the counter of a real server names the field and the share."""
    log, pages = tmp_path / "log", [tmp_path / "before", tmp_path / "now"]
    with running(tmp_path / "server", package_dir, log={"directory": str(log)}) as server:
        assert server.ask("/predict", rows[:3])[0] == 200
        wait_for(lambda: server.metric("mainline_log_rows_total") == 3)
        pages[0].write_bytes(server.ask("/metrics", key=server.admin)[1])
        assert [server.ask("/predict", [{**rows[0], "dep_delay": 1e9}])[0] for _ in range(3)] == [422] * 3
        pages[1].write_bytes(server.ask("/metrics", key=server.admin)[1])
        server.stop()
    before, now = counters.read(pages)
    assert counters.unfit([before], 0.01) == []
    (said,) = counters.unfit([now], 0.01)
    assert re.match(r"Server [0-9a-f]{8} refused 3 of 4 requests since it began: .*, most often in dep_delay, ", said)
    assert counters.unfit([now], 0.75) == []
    (said,) = counters.unfit([now, before], 0.75)
    assert " refused 3 of 3 requests between its first page here and its last: " in said
    check = verdict.of_log(roll(log, store, packaged), counters.written([now]), datetime.now(UTC), [said])
    assert (check.verdict, check.reason) == ("warn", said)


def test_server_that_ran_for_months_does_not_hide_what_changed_today() -> None:
    """Of two of its pages what it was asked in between counts; another server's page is another matter."""
    before = counters.Page({"abcdef01": 10**8}, 10**8, 4, {"seats": 4, "temp": 0})
    now = counters.Page({"abcdef01": 10**8}, 10**8 + 1000, 54, {"seats": 4, "temp": 50})
    other = counters.Page({"abcdef02": 10**6}, 10**6, 0, {})
    assert counters.unfit([now], 0.01) == []
    (said,) = counters.unfit([before, other, now], 0.01)
    assert said.startswith("Server abcdef01 refused 50 of 1,000 requests between its first page here and its last: ")
    assert "most often in temp, and" in said
    assert counters.unfit([now, before, now], 0.06) == []


def test_page_without_a_log_is_refused(tmp_path: Path) -> None:
    """A file that is no page of metrics, or none of a server that logs, is named with what to do."""
    (tmp_path / "page").write_text("mainline_log_rows_total 0\n")
    with pytest.raises(MainlineError, match=r"page names no mainline_log_rows_total of a writer\. Save"):
        counters.read([tmp_path / "page"])
    with pytest.raises(MainlineError, match=r"nothing cannot be read .*Save a server's /metrics there"):
        counters.read([tmp_path / "nothing"])


def test_lines_of_many_rows_fit_in_memory(
    packaged: Packaged, lines: Lines, log: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that asks for thousands of rows at once fills a file with few lines; it is rolled up whole."""
    monkeypatch.setattr(loglines, "MEMORY", "100MB")
    many, line = 2500, lines[0]
    wide = {
        **line, "prediction": line["prediction"] * many, "stale": line["stale"] * many,
        **{part: {name: values * many for name, values in line[part].items()} for part in ("inputs", "features")},
    }  # fmt: skip
    count = 30 * 2**20 // len(logs.encode(wide))
    logs.write(log, logs.encode(*({**wide, "request_id": str(number)} for number in range(count))))
    summary = rollup.roll(log, store, {packaged.digest: packaged})
    assert (summary.rows, summary.bad, list(store.scratch.iterdir())) == (count * many, 0, [])


def _age(store: Store) -> None:
    """Make every record one of before predictions were counted."""
    for record in store.records().values():
        days = [
            one.model_copy(update={"sketch": one.sketch.model_copy(update={"predicted": None})}) for one in record.days
        ]
        store.keep(record.model_copy(update={"days": days}))


def test_record_of_before_predictions_were_counted_is_rolled_up_again(
    log: Path, store: Store, packaged: Packaged, lines: Lines
) -> None:
    """As long as the log has its file, an older store mends itself."""
    logs.write(log, logs.encode(*lines))
    packages = {packaged.digest: packaged}
    rollup.roll(log, store, packages)
    whole = store.records()
    _age(store)
    assert rollup.roll(log, store, packages).taken == 1
    assert store.records() == whole


def test_record_of_before_whose_log_is_gone_is_said_in_one_line(
    log: Path, store: Store, packaged: Packaged, lines: Lines
) -> None:
    """Its predictions cannot be had any more, so nothing is compared with half of them."""
    file = logs.write(log, logs.encode(*lines))
    rollup.roll(log, store, {packaged.digest: packaged})
    _age(store)
    file.unlink()
    with pytest.raises(MainlineError, match=r"1 record of before predictions were counted.*Name another.*--store"):
        rollup.roll(log, store, {packaged.digest: packaged})
