"""Labels, as they come in, and what they are joined to."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline import clocks, missing_values
from mainline.contract import Field
from mainline.data.columns import parse_time
from mainline.monitoring import events, label_feed, rollup
from mainline.monitoring.events import Events
from mainline.monitoring.label_feed import LabelError, Wanted
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store
from tests.mainline.monitoring import logs
from usecase import interface
from usecase import labels as flights

KIND = Wanted((Field("at", "time", "", ""), Field("name", "string", "", "")), "late")
ROWS = [("2026-03-01T10:00:00Z", "a", 1.5, "2026-03-02T10:00:00Z"), ("2026-03-01T12:00:00+01:00", "b", 2.0,
        "2026-03-02T10:00:00Z")]  # fmt: skip


def table(rows: list[tuple[Any, ...]] = ROWS) -> pd.DataFrame:
    """Return labels as a feed would deliver them."""
    return pd.DataFrame(rows, columns=["at", "name", "late", "known_at"])


def test_labels_have_the_types_of_the_request() -> None:
    """Keys are as the request's columns are, times minutes in UTC whatever their offset."""
    found = label_feed.check(table(), KIND, "here")
    assert found["at"].tolist() == [29539320, 29539380]
    assert (found[label_feed.VALUE].tolist(), found["known_at"].tolist()) == ([1.5, 2.0], [29540760, 29540760])


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_file_and_folder_of_labels_are_read_alike(tmp_path: Path, suffix: str) -> None:
    """A file, and the same rows in a folder of two, give the same labels; an empty label is none."""
    rows = [*ROWS, ("2026-03-01T10:00:00Z", "cancelled", np.nan, "2026-03-02T10:00:00Z")]
    (tmp_path / "folder").mkdir()
    parts = {tmp_path / f"all.{suffix}": rows, tmp_path / "folder" / f"1.{suffix}": rows[:1],
             tmp_path / "folder" / f"2.{suffix}": rows[1:]}  # fmt: skip
    for path, part in parts.items():
        frame = table(part)
        frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    together = label_feed.read(tmp_path / f"all.{suffix}", KIND)
    assert len(together) == 3
    assert np.isnan(together[label_feed.VALUE]).sum() == 1
    pd.testing.assert_frame_equal(together, label_feed.read(tmp_path / "folder", KIND))


def test_correction_replaces_the_label_before_in_any_order() -> None:
    """Of two labels of one event the one that became known last counts."""
    late = ("2026-03-01T10:00:00Z", "a", 9.0, "2026-03-05T00:00:00Z")
    for rows in ([*ROWS, late], [late, *ROWS]):
        found = label_feed.check(table(rows), KIND, "here")
        assert found.set_index("name")[label_feed.VALUE].to_dict() == {"a": 9.0, "b": 2.0}


@pytest.mark.parametrize("folder", [False, True])
def test_correction_of_tomorrow_takes_no_label_away_today(tmp_path: Path, folder: bool) -> None:
    """As of a time before a correction, also one by a clock that is ahead, the label that was known then counts."""
    late = ("2026-03-01T10:00:00Z", "a", 9.0, "2026-03-05T00:00:00Z")
    for number, rows in enumerate([ROWS, [late]] if folder else [[*ROWS, late]]):
        table(rows).to_csv(tmp_path / f"{number}.csv", index=False)
    fetch = label_feed.bring(tmp_path if folder else tmp_path / "0.csv", KIND)
    assert fetch is not None
    for day, value in ((4, 1.5), (6, 9.0)):
        found = fetch(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, day, tzinfo=UTC))
        assert found.set_index("name")[label_feed.VALUE].to_dict() == {"a": value, "b": 2.0}


def test_feed_that_tells_more_than_it_was_asked_is_held_to_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a use case returns beyond the end of the span counts as little as in a file."""
    late = ("2026-03-01T10:00:00Z", "a", 9.0, "2026-03-05T00:00:00Z")
    monkeypatch.setattr(flights, "fetch", lambda *_: table([*ROWS, late]))
    found = label_feed.fetch(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC), KIND)
    assert found.set_index("name")[label_feed.VALUE].to_dict() == {"a": 1.5, "b": 2.0}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"late": float("inf")}, r"here: a value cannot be read \(an infinite number\); correct it\."),
        ({"late": -1e300}, r"here: a value cannot be read \(a number beyond 1e\+140\); correct it\."),
        ({"late": "many"}, r"here: a value cannot be read \(.*many.*\); correct it\."),
        ({"at": "2026-03-01T10:00:00"}, "'2026-03-01T10:00:00' has no offset; write UTC, such as"),
        ({"known_at": "soon"}, "'soon' has no offset"),
        ({"known_at": None}, "a time is missing"),
    ],
)
def test_label_that_cannot_be_read_is_refused(change: dict[str, Any], said: str) -> None:
    """A value of another type is named in one line."""
    frame = table().astype(object)
    for column, value in change.items():
        frame.loc[0, column] = value
    with pytest.raises(LabelError, match=said):
        label_feed.check(frame, KIND, "here")


def test_missing_column_is_refused_by_its_name() -> None:
    """The line names the column, and those that there are."""
    with pytest.raises(LabelError, match=r"^here: there is no column 'known_at'; it has at, name, late\.$"):
        label_feed.check(table().drop(columns="known_at"), KIND, "here")


def test_nothing_to_read_is_refused(tmp_path: Path) -> None:
    """A folder without labels, and a file that is not there, say what to name; a broken file is named."""
    with pytest.raises(LabelError, match=r"there are no labels; name a \.csv or \.parquet file"):
        label_feed.read(tmp_path, KIND)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    with pytest.raises(LabelError, match=r"broken\.parquet: it cannot be read"):
        label_feed.read(tmp_path, KIND)


def test_flights_feed_tells_each_day_once() -> None:
    """The feed of two spans is that of the whole, nothing is known before it happened, cancelled flights are told."""
    start, middle, end = (datetime(2013, 10, day, tzinfo=UTC) for day in (5, 6, 7))
    whole = flights.fetch(start, end)
    parts = pd.concat([flights.fetch(start, middle), flights.fetch(middle, end)])
    key = [*interface.KEY]
    one, other = (given.sort_values(key, ignore_index=True) for given in (whole, parts))
    pd.testing.assert_frame_equal(one, other)
    assert whole["known_at"].between(start, end, inclusive="left").all()
    assert 0 < whole["arr_delay"].isna().mean() < 0.05
    longest = pd.Timedelta(minutes=24 * 60 + whole["arr_delay"].max())
    assert (whole["known_at"] - whole["time_hour"] > longest).all()
    assert len(flights.fetch(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC))) == 0


@pytest.fixture
def asked(packaged: Packaged, rows: list[dict[str, Any]], log: Path, store: Store) -> pd.DataFrame:
    """Predictions of the golden rows, the first of them asked twice with another answer the second time."""
    lines = logs.lines(packaged, rows)
    again = logs.changed(lines[0], time="2026-03-01T05:00:00.000+00:00", prediction=[99.0])
    logs.write(log, logs.encode(*lines, again))
    summary = rollup.roll(log, store, {packaged.digest: packaged})
    files = [store.folder / rolled.columns for record in summary.records.values() for rolled in record.days]
    return events.predictions(files, packaged)


def join(asked: pd.DataFrame, packaged: Packaged, given: pd.DataFrame) -> Events:
    """Join predictions with labels of the flights."""
    kind = label_feed.wanted(interface)
    return events.join(asked, label_feed.check(given, kind, "here"), kind, packaged)


def truth(rows: list[dict[str, Any]], known: str = "2030-01-01T00:00:00Z") -> pd.DataFrame:
    """Return a label for each of the golden rows: its number."""
    keys = [{name: row[name] for name in interface.KEY} for row in rows]
    return pd.DataFrame(keys).assign(arr_delay=np.arange(len(rows), dtype=float), known_at=known)


def test_label_joins_the_last_prediction_of_its_event(
    asked: pd.DataFrame, packaged: Packaged, rows: list[dict[str, Any]]
) -> None:
    """An event counts once, with its last answer; the moment is the event's own, not the server's."""
    found = join(asked, packaged, truth(rows))
    assert (len(found), len(asked)) == (len(rows), len(rows) + 1)
    by_label = dict(zip(found.actual.tolist(), found.predicted.tolist(), strict=True))
    assert by_label[0.0] == 99.0
    assert set(pd.to_datetime(found.moment * 60, unit="s").year) == {2013}


@pytest.mark.parametrize("name", ["label", "found", "moment", "time", "row", "key", "index", "level_0"])
def test_field_of_the_key_may_have_any_name(name: str) -> None:
    """A key that is called as monitoring calls something of its own is joined by, and not lost."""
    kind = Wanted((Field("at", "time", "", ""), Field(name, "string", "", "")), "late")
    found = label_feed.check(table().rename(columns={"name": name}), kind, "here")
    asked = pd.DataFrame({"at": [29539380, 29539320], name: ["b", "a"]})
    assert events.with_labels(asked, found, kind)[events.LABEL].tolist() == [2.0, 1.5]


def test_fields_may_have_any_name(packaged: Packaged, rows: list[dict[str, Any]], log: Path, store: Store) -> None:
    """A field that is called as monitoring calls something of its own keeps its values, and the join its rows."""
    names = ("moment", "served", "prediction", "label", "known_at", "found", "time", "day", "row")
    like = {**packaged.manifest["request"][0], "kind": "number", "optional": True, "example": 1.0}
    request = [*packaged.manifest["request"], *({**like, "name": name} for name in names)]
    named = Packaged({**packaged.manifest, "request": request}, packaged.contents)
    lines = logs.lines(packaged, rows)
    for line in lines:
        line["inputs"] |= {name: [float(place)] for place, name in enumerate(names)}
    logs.write(log, logs.encode(*lines))
    summary = rollup.roll(log, store, {named.digest: named})
    files = [store.folder / rolled.columns for record in summary.records.values() for rolled in record.days]
    found = join(events.predictions(files, named), named, truth(rows))
    assert sorted(found.actual.tolist()) == [float(number) for number in range(len(rows))]
    assert {name: set(found.request[name].tolist()) for name in names} == {
        name: {float(place)} for place, name in enumerate(names)
    }
    assert set(pd.to_datetime(found.moment * 60, unit="s").year) == {2013}


def test_prediction_after_the_label_does_not_count(
    asked: pd.DataFrame, packaged: Packaged, rows: list[dict[str, Any]]
) -> None:
    """A label that was known before its event was asked about joins nothing."""
    assert len(join(asked, packaged, truth(rows, known="2010-01-01T00:00:00Z"))) == 0


def test_event_without_label_stays_and_unknown_labels_are_counted(
    asked: pd.DataFrame, packaged: Packaged, rows: list[dict[str, Any]]
) -> None:
    """Coverage can be told: no label yet, a label that says none will come, and labels of other events."""
    given = truth(rows)
    given.loc[1, "arr_delay"] = np.nan
    given.loc[2, "flight"] = 9998
    found = join(asked, packaged, given)
    assert (len(found), int(found.answered.sum()), int(np.isnan(found.actual).sum())) == (len(rows), len(rows) - 1, 2)
    assert found.unknown == 1


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("names", [("DE", "NA"), ("None", "nan", "null"), ("N/A", "NULL", "NaN"), ("1", "01", "True")])
def test_a_class_is_text_however_it_is_spelled(tmp_path: Path, suffix: str, names: tuple[str, ...]) -> None:
    """A class called like a missing value or a number is that class, and an event called NA is that event."""
    file = tmp_path / f"labels{suffix}"
    events = (*names, "")
    given = table([(ROWS[0][0], f"NA{label}", label, ROWS[0][3]) for label in events])
    given.to_csv(file, index=False) if suffix == ".csv" else given.to_parquet(file)
    found = label_feed.read(file, replace(KIND, classes=names)).set_index("name")[label_feed.VALUE]
    assert found[[f"NA{name}" for name in names]].tolist() == list(range(len(names)))
    assert np.isnan(found["NA"])


@pytest.mark.parametrize("text", missing_values.IN_NUMBERS)
def test_a_number_that_is_missing_is_spelled_as_everywhere(tmp_path: Path, text: str) -> None:
    """A label that is a number is none where `predict` and `new` read none."""
    file = tmp_path / "labels.csv"
    table([(*ROWS[0][:2], text, ROWS[0][3]), ROWS[1]]).to_csv(file, index=False)
    found = label_feed.read(file, KIND).set_index("name")[label_feed.VALUE]
    assert np.isnan(found).to_dict() == {"a": True, "b": False}


ZONED = replace(KIND, key=(replace(KIND.key[0], zone="Europe/Berlin"), KIND.key[1]))
READINGS = {
    "2026-07-01T12:00": "2026-07-01T10:00", "2026-07-01T12:00+00:00": "2026-07-01T12:00",
    "2026-10-25T02:30": "2026-10-25T00:30", "2026-10-25T02:30+01:00": "2026-10-25T01:30",
    "2026-03-29T02:30": "2026-03-29T01:30",
}  # fmt: skip
"""What a feed says and which moment (UTC) it means; on two of the days the clock is changed."""


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_time_of_an_event_is_read_by_the_declared_zone(tmp_path: Path, suffix: str) -> None:
    """A key without an offset is read by the clock of its field, at both changes as in a request."""
    file = tmp_path / f"labels{suffix}"
    rows = table([(reading, "a", 1.0, ROWS[0][3]) for reading in READINGS])
    rows.to_csv(file, index=False) if suffix == ".csv" else rows.to_parquet(file)
    expected = sorted(parse_time(f"{moment}Z") for moment in READINGS.values())
    assert sorted(label_feed.read(file, ZONED)["at"]) == expected
    assert sorted(parse_time(reading, clocks.of(ZONED.key[0])) for reading in READINGS) == expected


def test_readings_of_a_batch_are_read_by_the_declared_zone() -> None:
    """A column of datetimes without a zone is the clock's; when a label became known still says its offset."""
    bare = [reading for reading in READINGS if "+" not in reading]
    rows = table([(reading, "a", 1.0, ROWS[0][3]) for reading in bare])
    found = label_feed.check(rows.assign(at=pd.to_datetime(rows["at"])), ZONED, "here")
    assert sorted(found["at"]) == sorted(parse_time(f"{READINGS[reading]}Z") for reading in bare)
    with pytest.raises(LabelError, match="'2026-03-02T10:00' has no offset; write UTC"):
        label_feed.check(rows.assign(known_at="2026-03-02T10:00"), ZONED, "here")


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-29", "20260329", "2026-03-29T10:00", "20260329T1000", "2026-03-29T10", "2026-03-29 10:00:00+02",
        "2026-03-29T10:00:00.5-03:00", "2026-03-29T10:00:00+0200", "2026-03-29T10+02", "2026-03-29T10:00Z",
    ],
)  # fmt: skip
def test_time_of_an_event_is_read_as_a_request_reads_it(text: str) -> None:
    """A day without a clock is its midnight there: what its date ends in is not an offset."""
    found = label_feed.check(table([(text, "a", 1.0, ROWS[0][3])]), ZONED, "here")
    assert found["at"].tolist() == [parse_time(text, clocks.of(ZONED.key[0]))]


def test_day_on_which_a_label_became_known_says_no_zone() -> None:
    """Whoever says a date alone may mean a day of any zone, so it is refused as a time without an offset is."""
    with pytest.raises(LabelError, match="'2026-03-02' has no offset; write UTC, such as 2013-09-01T10:00:00Z"):
        label_feed.check(table([(ROWS[0][0], "a", 1.0, "2026-03-02")]), KIND, "here")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_label_that_is_a_class_is_read_as_its_place(tmp_path: Path, suffix: str) -> None:
    """Text of two classes becomes 0 and 1, nothing stays nothing, and what is no class is named."""
    kind = replace(KIND, classes=("No", "Yes"))

    def read(*labels: str | None) -> dict[str, float]:
        file = tmp_path / f"labels{suffix}"
        given = table([(ROWS[0][0], name, label, ROWS[0][3]) for name, label in zip("abc", labels, strict=True)])
        given.to_csv(file, index=False) if suffix == ".csv" else given.to_parquet(file)
        found = label_feed.read(file, kind)
        return dict(zip(found["name"], found[label_feed.VALUE], strict=True))

    assert read("Yes", None, "No") == pytest.approx({"a": 1, "b": np.nan, "c": 0}, nan_ok=True)
    with pytest.raises(LabelError, match=r"a value cannot be read \('maybe' is none of No, Yes\); correct it"):
        read("Yes", "maybe", "No")


TYPED = replace(KIND, key=(*KIND.key, Field("flight", "integer", "", "")))
LINE = "2026-03-01T10:00:00Z,a,1.5,2026-03-02T10:00:00Z,11\n"
TORN = {
    "a fraction in the place of a whole number": (LINE.replace("11", "1.5"), r"cannot be read \(.*int64\); name a"),
    "no number": (LINE.replace("11", ""), r"\('flight' is missing in 1 of 2 rows\); correct it"),
    "a number that no computer holds": (LINE.replace("11", "9" * 30), r"cannot be read \(.*\); name a"),
    "one value too many in each line": (LINE.replace("11", "11,"), r"cannot be read \(.*does not match.*\); name a"),
    "half a line": (LINE[:22], r"\(.* is missing in 1 of 2 rows\)|has no offset"),
    "half a time": (LINE[:34], r"\('2026-03' has no offset; write UTC, such as 2013-09-01T10:00:00Z\)"),
    "a day that no calendar has": (LINE.replace("03-02", "02-30"), r"\('2026-02-30T10:00:00Z' is not a time; write it"),
    "a quote that does not end": (LINE.replace(",a,", ',"a,'), r"cannot be read \(.*EOF.*\); name a"),
    "other bytes": ("\xff\xfe", r"cannot be read \(.*utf-8.*\); name a"),
    "no label that is finite": (LINE.replace("1.5", "1e400"), r"\(an infinite number\); correct it"),
}


@pytest.mark.parametrize("kind", TORN)
def test_file_that_is_not_whole_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    """Whatever stands in a file, its name and what is wrong are one line; no value slides into another column."""
    text, said = TORN[kind]
    file = tmp_path / "labels.csv"
    lines = text * 2 if "each line" in kind else LINE.replace(",a,", ",b,") + text
    file.write_bytes(f"at,name,late,known_at,flight\n{lines}".encode("latin-1"))
    with pytest.raises(LabelError, match=rf"^{file}: .*{said}") as raised:
        label_feed.read(file, TYPED)
    assert len(str(raised.value).splitlines()) == 1


def test_file_that_is_being_written_is_not_read_yet(tmp_path: Path) -> None:
    """What a program writes under a name with a point is no label before it has its name."""
    table().to_csv(tmp_path / "1.csv", index=False)
    (tmp_path / ".2.csv").write_text("at,na")
    assert len(label_feed.read(tmp_path, KIND)) == len(ROWS)


def test_folder_of_a_thousand_files_is_read(tmp_path: Path) -> None:
    """A file for each delivery: every label is there once, and the last correction counts, whatever its file's name."""
    for number in range(1000):
        known = f"2026-03-{2 + number % 19:02d}T10:00:00Z"
        text = f"2026-03-01T10:00:00Z,{number % 500},{number},{known}\n"
        (tmp_path / f"{999 - number}.csv").write_text(f"at,name,late,known_at\n{text}")
    found = label_feed.read(tmp_path, KIND).set_index("name")[label_feed.VALUE]
    assert len(found) == 500
    expected = {str(name): max((name, name + 500), key=lambda number: number % 19) for name in range(500)}
    assert found.to_dict() == expected
