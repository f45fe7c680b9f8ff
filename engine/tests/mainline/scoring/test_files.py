"""Batch scoring: whole, resumable, and honest about bad rows."""

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mainline.__main__ import main
from mainline.errors import MainlineError
from mainline.scoring import files, formats
from mainline.scoring.files import score
from mainline.scoring.tally import Tally
from mainline.serving.answering.model import Model
from tests.project import FLIGHTS

Rows = list[dict[str, Any]]


def write_csv(path: Path, rows: Rows) -> Path:
    """Write rows as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_csv(output: Path) -> list[dict[str, str]]:
    """Read all predictions back."""
    parts = sorted((output / "predictions").glob("*.csv"))
    return [row for path in parts for row in csv.DictReader(path.read_text().splitlines())]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_file_has_the_golden_predictions(
    model: Model, golden: dict[str, Any], tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every row of a file is predicted as the package predicts it; other columns are kept, and progress is told."""
    rows = [row | {"note": number} for number, row in enumerate(golden["requests"])]
    source = tmp_path / f"flights.{kind}"
    write_csv(source, rows) if kind == "csv" else pq.write_table(pa.Table.from_pylist(rows), source)
    scored = score(model, source, tmp_path / "out", part_rows=7)
    assert (scored.rows, scored.quarantined, scored.parts) == (20, 0, 3)
    found = read_csv(tmp_path / "out") if kind == "csv" else pq.read_table(tmp_path / "out/predictions").to_pylist()
    assert [float(row["arr_delay"]) for row in found] == golden["predictions"]
    assert [int(row["note"]) for row in found] == list(range(20))
    assert not (tmp_path / "out/quarantine").exists()
    told = ["0", "7", "14"]
    total = "20" if kind == "parquet" else "about 20"
    assert capsys.readouterr().out.splitlines() == [
        "  kept, but not read, since a request has no such field: note",
        *[f"  predicting flights.{kind}: {number} of {total} rows done ..." for number in told],
    ]


def test_timestamps_and_gaps_of_parquet_are_read(model: Model, golden: dict[str, Any], tmp_path: Path) -> None:
    """Times as timestamps of any zone, whole numbers as floats and missing text as null are what they are in JSON."""
    table = pa.Table.from_pylist(golden["requests"])
    times = pa.array(table["time_hour"].to_pylist()).cast(pa.timestamp("ms", "America/New_York"))
    table = table.set_column(table.schema.get_field_index("time_hour"), "time_hour", times)
    table = table.set_column(table.schema.get_field_index("flight"), "flight", table["flight"].cast(pa.float64()))
    pq.write_table(table, tmp_path / "flights.parquet")
    score(model, tmp_path / "flights.parquet", tmp_path / "out")
    assert pq.read_table(tmp_path / "out/predictions")["arr_delay"].to_pylist() == golden["predictions"]


def test_times_without_a_zone_are_refused_in_every_way_in(model: Model, rows: Rows, tmp_path: Path) -> None:
    """A time that names no offset is refused in Parquet, in CSV and in JSON with the same words."""
    texts = [row["time_hour"].rstrip("Z") for row in rows]
    naive: Rows = [row | {"time_hour": text} for row, text in zip(rows, texts, strict=True)]
    table = pa.Table.from_pylist(rows)
    stamps = pa.array(texts).cast(pa.timestamp("ms"))
    pq.write_table(
        table.set_column(table.schema.get_field_index("time_hour"), "time_hour", stamps), tmp_path / "f.parquet"
    )
    expected = [f"time_hour: is '{text}' (no UTC offset); send UTC, such as '2013-09-01T10:00:00Z'." for text in texts]
    assert files.predict_rows(model, naive) == expected
    for source in (tmp_path / "f.parquet", write_csv(tmp_path / "f.csv", naive)):
        score(model, source, tmp_path / source.suffix)
        lines = (tmp_path / source.suffix / "quarantine/part-00000.jsonl").read_text().splitlines()
        assert [json.loads(line)["reason"] for line in lines] == expected


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_integers_written_with_a_fraction_of_0_are_predicted(
    model: Model, golden: dict[str, Any], tmp_path: Path, kind: str
) -> None:
    """A file in which every whole number ends in .0, as pandas writes it, has the golden predictions."""
    rows = [
        row | {"flight": float(row["flight"]), "sched_dep_time": float(row["sched_dep_time"])}
        for row in golden["requests"]
    ]
    source = tmp_path / f"f.{kind}"
    write_csv(source, rows) if kind == "csv" else pq.write_table(pa.Table.from_pylist(rows), source)
    assert score(model, source, tmp_path / "out").quarantined == 0
    found = read_csv(tmp_path / "out") if kind == "csv" else pq.read_table(tmp_path / "out/predictions").to_pylist()
    assert [float(row["arr_delay"]) for row in found] == golden["predictions"]


def test_bad_rows_are_kept_with_their_reasons(model: Model, rows: Rows, tmp_path: Path) -> None:
    """Rows that do not fit are not predicted and not lost: they are in quarantine, by part and row."""
    rows[3]["flight"], rows[4]["dep_delay"], rows[11]["time_hour"] = "x", "", "yesterday"
    scored = score(model, write_csv(tmp_path / "f.csv", rows), tmp_path / "out", part_rows=10)
    assert (scored.rows, scored.quarantined) == (20, 3)
    found = {path.stem: [json.loads(line) for line in path.read_text().splitlines()]
             for path in sorted((tmp_path / "out/quarantine").iterdir())}  # fmt: skip
    assert {name: [entry["row"] for entry in entries] for name, entries in found.items()} == {
        "part-00000": [3, 4], "part-00001": [1],
    }  # fmt: skip
    assert found["part-00000"][0]["reason"].startswith("flight: is 'x'; send a")
    assert found["part-00000"][0]["inputs"]["flight"] == "x"
    assert len(read_csv(tmp_path / "out")) == 17


def test_prediction_outside_the_response_model_is_quarantined(model: Model, rows: Rows, tmp_path: Path) -> None:
    """What the service would not send, a file does not hold."""
    model._low = 10_000.0
    scored = score(model, write_csv(tmp_path / "f.csv", rows), tmp_path / "out")
    assert scored.quarantined == 20
    entry = json.loads((tmp_path / "out/quarantine/part-00000.jsonl").read_text().splitlines()[0])
    assert entry["reason"].startswith("arr_delay is outside the response model")


def test_killed_run_goes_on_where_it_was(model: Model, rows: Rows, tmp_path: Path, monkeypatch: Any) -> None:
    """A run that ended in the middle computes only what is missing, and the result is that of one run."""
    source = write_csv(tmp_path / "f.csv", rows)
    score(model, source, tmp_path / "whole", part_rows=5)
    answer, calls = model.answer, [0]

    def fail_at_third(columns: Any) -> Any:
        calls[0] += 1
        if calls[0] == 3:
            raise KeyboardInterrupt("stop")
        return answer(columns)

    monkeypatch.setattr(model, "answer", fail_at_third)
    with pytest.raises(KeyboardInterrupt, match="stop"):
        score(model, source, tmp_path / "out", part_rows=5)
    again = score(model, source, tmp_path / "out", part_rows=5)
    assert (again.skipped, again.parts, calls[0]) == (2, 4, 5)
    parts = sorted(path.name for path in (tmp_path / "out/predictions").iterdir())
    assert parts == [f"part-{number:05d}.csv" for number in range(4)]
    for name in parts:
        assert (tmp_path / "out/predictions" / name).read_bytes() == (
            tmp_path / "whole/predictions" / name
        ).read_bytes()


@pytest.mark.parametrize("change", ["source", "rows", "other"])
def test_output_of_another_run_is_left_alone(model: Model, rows: Rows, tmp_path: Path, change: str) -> None:
    """Predictions of another file, of the file as it was, or files that are none are never mixed with new ones."""
    source = write_csv(tmp_path / "f.csv", rows)
    if change == "other":
        (tmp_path / "out").mkdir()
        (tmp_path / "out/notes.txt").write_text("mine")
    else:
        score(model, source, tmp_path / "out")
    if change == "source":
        write_csv(source, rows[:5])
    with pytest.raises(MainlineError, match=r"is not empty and holds no run|holds predictions of another file"):
        score(model, source, tmp_path / "out", part_rows=3 if change == "rows" else files.PART_ROWS)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("f.txt", b"x", r"is neither a \.parquet nor a \.csv file"),
        ("f.csv", b"a,b\n1,2\n", "has no column 'carrier'; it has a, b"),
        (
            "f.csv",
            b"a;b\n1;2\n",
            "it has a;b. Write commas between cells, or say --raw if src/usecase/ reads files such",
        ),
        ("f.csv", b"a,b,a\n1,2,3\n", "has the column 'a' twice"),
        ("f.csv", b"", "is empty; its first line names the columns"),
        ("f.csv", b"\xff\xfe", r"is not UTF-8 in line 1 \(byte 0xff at place 1\); save it .*, or say --raw if"),
        ("f.csv", b"a,b\n1,2\nZo\xeb,3\n", r"is not UTF-8 in line 3 \(byte 0xeb at place 3\)"),
        ("f.csv", b"x" * 200_000, "is not CSV after line 1"),
        ("f.parquet", b"x", "cannot be read as Parquet"),
    ],
)
def test_file_that_cannot_be_read_is_named(
    model: Model, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    """A file of another kind or without the request's columns is an error before anything is written."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MainlineError, match=message):
        score(model, tmp_path / name, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [(b"\xe9\n", r"is not UTF-8 in line 24 \(byte 0xe9"), (b'"open\n', r"is not CSV after line \d+")],
)
def test_file_that_ends_in_another_kind_is_named(
    model: Model, rows: Rows, tmp_path: Path, more: bytes, message: str
) -> None:
    """What cannot be read after good rows is an error that says where; a quote left open swallows no rows."""
    source = write_csv(tmp_path / "f.csv", rows)
    source.write_bytes(source.read_bytes() + b"\n" + b" " * 10_000 + b"\n" + more)
    with pytest.raises(MainlineError, match=message):
        score(model, source, tmp_path / "out")


def test_damaged_parquet_file_is_named(model: Model, rows: Rows, tmp_path: Path) -> None:
    """A page that cannot be read is one line, though the file's end is in order."""
    source = tmp_path / "f.parquet"
    pq.write_table(pa.Table.from_pylist(rows), source)
    content = bytearray(source.read_bytes())
    content[4:60] = b"\xff" * 56
    source.write_bytes(content)
    with pytest.raises(MainlineError, match=r"^[^\n]* cannot be read as Parquet \([^\n]*$"):
        score(model, source, tmp_path / "out")


def test_rows_of_another_width_are_quarantined(model: Model, rows: Rows, tmp_path: Path) -> None:
    """A row with a cell too many or too few is not predicted, since nobody knows which cell is which."""
    lines = write_csv(tmp_path / "f.csv", rows[:4]).read_text().splitlines()
    lines[2] += ",1"
    lines[3] = lines[3].rpartition(",")[0]
    (tmp_path / "f.csv").write_text("\n".join(lines))
    scored = score(model, tmp_path / "f.csv", tmp_path / "out")
    assert (scored.rows, scored.quarantined) == (4, 2)
    found = [json.loads(line) for line in (tmp_path / "out/quarantine/part-00000.jsonl").read_text().splitlines()]
    assert [(entry["row"], entry["reason"]) for entry in found] == [
        (1, "the row has more cells than the header"), (2, "the row has fewer cells than the header"),
    ]  # fmt: skip


def test_byte_order_mark_is_no_part_of_the_first_column(model: Model, golden: dict[str, Any], tmp_path: Path) -> None:
    """A file as spreadsheets write it is read."""
    source = write_csv(tmp_path / "f.csv", golden["requests"])
    source.write_bytes(b"\xef\xbb\xbf" + source.read_bytes())
    score(model, source, tmp_path / "out")
    assert [float(row["arr_delay"]) for row in read_csv(tmp_path / "out")] == golden["predictions"]


def test_parts_of_parquet_have_the_types_of_the_file(model: Model, rows: Rows, tmp_path: Path) -> None:
    """A part whose rows have no value in a column, and one that is all bad, are read together with the others."""
    for number, row in enumerate(rows):
        row |= {"note": "x" if number > 10 else None, "count": 2**63 + number}
        row["flight"] = row["flight"] if number < 15 else -1
    schema = pa.Table.from_pylist([row | {"count": 0} for row in rows]).schema
    schema = schema.set(schema.get_field_index("count"), pa.field("count", pa.uint64()))
    pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / "f.parquet")
    score(model, tmp_path / "f.parquet", tmp_path / "out", part_rows=5)
    assert len(list((tmp_path / "out/predictions").iterdir())) == 4
    found = pq.read_table(tmp_path / "out/predictions")
    assert found["note"].to_pylist() == [None] * 11 + ["x"] * 4
    assert found["count"].to_pylist() == [2**63 + number for number in range(15)]


@pytest.mark.parametrize("text", ["1_400", "\u0661\u0662", "nan(1)", "0x10", "1 400"])
def test_text_that_is_no_number_elsewhere_is_none_here(model: Model, rows: Rows, tmp_path: Path, text: str) -> None:
    """Underscores between digits and digits of other scripts, which Python reads, are refused by name."""
    source = write_csv(tmp_path / "f.csv", [rows[0] | {"distance": text}, rows[1]])
    assert score(model, source, tmp_path / "out").quarantined == 1
    (entry,) = (tmp_path / "out/quarantine/part-00000.jsonl").read_text().splitlines()
    assert json.loads(entry)["inputs"]["distance"] == text


def test_optional_field_that_no_column_has_is_said(
    model: Model, rows: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt column is not read and its field is absent in every row; both are said once."""
    renamed = [{"": "1"} | {("tail" if name == "tailnum" else name): row[name] for name in row} for row in rows]
    assert score(model, write_csv(tmp_path / "f.csv", renamed), tmp_path / "out", part_rows=7).quarantined == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "  kept, but not read, since a request has no such field: '', tail"
    assert said[1] == "  absent in every row, since the file has no such column: tailnum"
    assert not any("tail" in line for line in said[2:])


@pytest.mark.parametrize("blank", ["", " ", "NA", " nan "])
def test_blank_in_a_column_of_numbers_is_a_missing_value(model: Model, rows: Rows, tmp_path: Path, blank: str) -> None:
    """What a raw file has in place of a number that is not there is absent, and so refused where it may not be."""
    source = write_csv(tmp_path / "f.csv", [rows[0] | {"distance": blank}, rows[1]])
    assert score(model, source, tmp_path / "out").quarantined == 1
    (entry,) = (tmp_path / "out/quarantine/part-00000.jsonl").read_text().splitlines()
    assert json.loads(entry)["reason"].startswith("distance: is missing; send a number")


def test_types_of_parquet_are_read_as_training_reads_them(model: Model, golden: dict[str, Any], tmp_path: Path) -> None:
    """A decimal, a category and a number in a column of text are the values that they look like."""
    table = pa.Table.from_pylist(golden["requests"])
    for name, kind in (("distance", pa.decimal128(9, 3)), ("carrier", pa.dictionary(pa.int32(), pa.string()))):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(kind))
    pq.write_table(table, tmp_path / "f.parquet")
    assert score(model, tmp_path / "f.parquet", tmp_path / "out").quarantined == 0
    found = pq.read_table(tmp_path / "out/predictions")
    assert found["arr_delay"].to_pylist() == golden["predictions"]
    assert found.schema.field("distance").type == pa.decimal128(9, 3)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_file_without_rows_has_a_part_without_rows(model: Model, rows: Rows, tmp_path: Path, kind: str) -> None:
    """Who reads the predictions finds a file with the columns, and nothing in it."""
    source = write_csv(tmp_path / "f.csv", rows[:1])
    source.write_text(source.read_text().splitlines()[0] + "\n")
    pq.write_table(pa.Table.from_pylist(rows).slice(0, 0), tmp_path / "f.parquet")
    assert score(model, tmp_path / f"f.{kind}", tmp_path / "out").rows == 0
    part = tmp_path / f"out/predictions/part-00000.{kind}"
    names = part.read_text().strip().split(",") if kind == "csv" else pq.read_schema(part).names
    assert names == [*rows[0], "arr_delay"]


@pytest.mark.parametrize(
    ("place", "content", "message"),
    [("out", "x", "out is a file; name a folder"), ("out/run.json", "{", "run.json is damaged .* Remove .*out")],
)
def test_output_that_cannot_be_used_is_named(
    model: Model, rows: Rows, tmp_path: Path, place: str, content: str, message: str
) -> None:
    """A file where the folder would be, or a damaged record of the run, is one line."""
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(content)
    with pytest.raises(MainlineError, match=message):
        score(model, write_csv(tmp_path / "f.csv", rows), tmp_path / "out")


def test_full_disk_is_one_line(
    package_dir: Path, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing can be written the command says so, and that it can be run again."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(formats, "_write_csv", fail)
    monkeypatch.chdir(FLIGHTS)
    assert main(["predict", str(write_csv(tmp_path / "f.csv", rows)), "--package", str(package_dir)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("mainline: ")
    assert "No space left on device" in said
    assert "run this again" in said


def test_command_says_what_it_did(
    package_dir: Path, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`./mainline predict FILE` counts predictions and bad rows, and says where they are."""
    monkeypatch.chdir(FLIGHTS)
    rows[0]["flight"] = -1
    source = write_csv(tmp_path / "f.csv", rows)
    for end in ("", ", 1 part was there already"):
        assert main(["predict", str(source), "--package", str(package_dir)]) == 0
        said = capsys.readouterr().out
        output = tmp_path / "f.predictions"
        expected = f"19 predictions in {output}/predictions{end}; 1 bad row is in {output}/quarantine with reasons"
        assert said.splitlines()[-1] == expected


def test_a_file_of_which_no_row_fits_is_refused_with_a_reason(
    package_dir: Path, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as one that the source has in other words: the next step is named, also when the command runs again."""
    monkeypatch.chdir(FLIGHTS)
    for row in rows:
        row["flight"] = -1
    source = write_csv(tmp_path / "f.csv", rows)
    for _ in range(2):
        assert main(["predict", str(source), "--package", str(package_dir)]) == 1
        said = " ".join(capsys.readouterr().err.splitlines()[-4:])
        assert "no row of f.csv fits the request; the first: flight: " in said
        assert "say --raw if it is as the source has it" in said


def test_one_of_several_files_of_which_no_row_fits_is_named(
    package_dir: Path, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are predicted and kept."""
    monkeypatch.chdir(FLIGHTS)
    sources = [
        write_csv(tmp_path / "a.csv", rows),
        write_csv(tmp_path / "b.csv", [{**row, "flight": -1} for row in rows]),
    ]
    assert main(["predict", *map(str, sources), "--output", str(tmp_path / "out"), "--package", str(package_dir)]) == 1
    assert "no row of b.csv fits the request" in capsys.readouterr().err
    assert [*(tmp_path / "out").glob("a.predictions/predictions/*.csv")]


def test_what_was_counted_before_a_kill_counts_once(
    model: Model, package_dir: Path, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that goes on knows what the parts before were made of, as one run does."""
    source, whole, parts = write_csv(tmp_path / "f.csv", rows), Tally.load(package_dir), Tally.load(package_dir)
    score(model, source, tmp_path / "whole", part_rows=5, made=whole)
    write, written = formats.write, list[Any]()

    def fail_at_third(*given: Any) -> None:
        written.append(given)
        if len(written) == 3:
            raise KeyboardInterrupt("stop")
        write(*given)

    monkeypatch.setattr(formats, "write", fail_at_third)
    with pytest.raises(KeyboardInterrupt, match="stop"):
        score(model, source, tmp_path / "out", part_rows=5, made=parts)
    again = Tally.load(package_dir)
    score(model, source, tmp_path / "out", part_rows=5, made=again)
    assert again.sketch is not None
    assert whole.sketch is not None
    assert again.sketch.rows == whole.sketch.rows == len(rows)
    assert again.sketch.texts == whole.sketch.texts


def test_predictions_are_there_all_at_once(
    model: Model, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was killed, also after its last part, leaves no predictions that look whole; the next one ends it."""
    source, output = write_csv(tmp_path / "f.csv", rows), tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            score(model, source, output, part_rows=5)
    assert not (output / "predictions").exists()
    assert score(model, source, output, part_rows=5).skipped == 4
    assert len(read_csv(output)) == len(rows)
    assert not (output / "held").exists()


def test_parts_that_a_person_removed_are_made_again(model: Model, rows: Rows, tmp_path: Path) -> None:
    """A record of parts that are not there any more counts nothing."""
    source, output = write_csv(tmp_path / "f.csv", rows), tmp_path / "out"
    score(model, source, output)
    shutil.rmtree(output / "predictions")
    assert score(model, source, output).skipped == 0
    assert len(read_csv(output)) == len(rows)


@pytest.mark.parametrize("arguments", [["predict"], ["predict", "f.csv", "--stream"]])
def test_command_needs_a_file_or_a_stream(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file, or with both, the command says what to do."""
    assert main(arguments) == 1
    assert "name a file, or say --stream" in capsys.readouterr().err
