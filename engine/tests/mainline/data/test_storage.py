"""Files of the pipeline: whole or not there, and the same bytes each time."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainline.data import storage
from mainline.errors import DataError

Write = Callable[[Path], None]


def test_a_column_of_numbers_and_text_is_named(tmp_path: Path) -> None:
    """A table that Parquet cannot hold is refused with its file, the column and the types, and nothing is written."""
    frame = pd.DataFrame({"a": [1, 2, 3], "b": pd.Series([1, "x", None], dtype=object)})
    said = r"b\.parquet cannot be written: column 'b' holds int and str; give each column one name and one type"
    with pytest.raises(DataError, match=said):
        storage.write_frame(frame, tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"cannot be written: column 'a' stands twice; give each"):
        storage.write_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]), tmp_path / "b.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("read", "kind"),
    [(storage.read_frame, "Parquet"), (storage.read_columns, "Parquet"), (storage.read_json, "JSON")],
    ids=["frame", "columns", "json"],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, read: Callable[[Path], Any], kind: str) -> None:
    """A file that is absent or of another kind is one line with what brings it back."""
    with pytest.raises(DataError, match=r"a\.file is not there; `make repro` makes it, `./mainline pull` brings it\.$"):
        read(tmp_path / "a.file")
    (tmp_path / "a.file").write_bytes(b"\xff\n\n")
    with pytest.raises(
        DataError, match=rf"a\.file cannot be read as {kind} \(.*\); `./mainline restore` puts it back\.$"
    ):
        read(tmp_path / "a.file")


COLUMNS = {
    "number": np.array([1.5, np.nan, -0.0]),
    "narrow": np.array([1.5, np.nan, 3.0], dtype=np.float32),
    "whole": np.array([1, -2, 3]),
    "text": np.array(["a", None, ""], dtype=object),
}
FRAME = pd.DataFrame(
    {
        "text": pd.Series(["a", None, ""], dtype="str"),
        "time": pd.to_datetime(["2013-01-01", "NaT", "2013-01-02"], utc=True).as_unit("ms"),
        "number": [1.5, np.nan, 3.0],
    }
)
WRITERS: dict[str, Write] = {
    "columns": lambda path: storage.write_columns(COLUMNS, path),
    "frame": lambda path: storage.write_frame(FRAME, path),
    "json": lambda path: storage.write_json({"a": [1.0, np.float64("nan")], "b": {"c": "é"}}, path),
    "csv": lambda path: storage.write_csv([{"a": 1.0, "b": None}, {"a": 2, "b": "x,y"}], path),
}

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
nested = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_written_twice_has_the_same_bytes(tmp_path: Path, write: Write) -> None:
    """The same content gives the same bytes, in folders that are made when needed, and nothing beside them."""
    one, two = tmp_path / "one" / "deep" / "file", tmp_path / "two" / "file"
    write(one)
    write(two)
    write(two)
    assert one.read_bytes() == two.read_bytes()
    assert [path.name for path in two.parent.iterdir()] == ["file"]


def test_columns_survive_the_file(tmp_path: Path) -> None:
    """Columns come back in order with their types; NaN is NaN, missing text None, empty text ''."""
    storage.write_columns(COLUMNS, tmp_path / "a.parquet")
    found = storage.read_columns(tmp_path / "a.parquet")
    assert list(found) == list(COLUMNS)
    for name, values in COLUMNS.items():
        np.testing.assert_array_equal(found[name], values)
        assert found[name].dtype == values.dtype


def test_equal_texts_of_a_column_are_one_object(tmp_path: Path) -> None:
    """A category takes a pointer a row; what is absent stays None, and an empty text stays empty."""
    texts = np.array(["EWR", None, "".join(["E", "WR"]), "", "JFK"], object)
    path = tmp_path / "columns.parquet"
    storage.write_columns({"origin": texts}, path)
    read = storage.read_columns(path)["origin"]
    assert read.tolist() == texts.tolist()
    assert read[0] is read[2]


def test_frame_survives_the_file(tmp_path: Path) -> None:
    """A pandas table comes back with its types, its missing values and its UTC times."""
    storage.write_frame(FRAME, tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(storage.read_frame(tmp_path / "a.parquet"), FRAME)


def test_index_of_a_frame_is_not_written(tmp_path: Path) -> None:
    """The rows of a selection are numbered anew in the file."""
    storage.write_frame(FRAME[FRAME["number"].notna()], tmp_path / "a.parquet")
    found = storage.read_frame(tmp_path / "a.parquet")
    assert list(found) == list(FRAME)
    assert list(found.index) == [0, 1]


def test_only_the_named_columns_are_read(tmp_path: Path) -> None:
    """A reader may ask for some of the columns."""
    storage.write_columns(COLUMNS, tmp_path / "a.parquet")
    assert list(storage.read_columns(tmp_path / "a.parquet", ["text"])) == ["text"]
    assert list(storage.read_frame(tmp_path / "a.parquet", ["whole"])) == ["whole"]
    assert list(storage.read_columns(tmp_path / "a.parquet", [])) == []


def test_fresh_directory_is_empty(tmp_path: Path) -> None:
    """Whatever was in a directory is gone when a stage starts over."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "old.parquet").touch()
    assert list(storage.fresh_directory(tmp_path / "a").iterdir()) == []
    assert storage.fresh_directory(tmp_path / "new" / "deep").is_dir()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (1234567.89, 1234570.0),
        (-0.000123456789, -0.000123457),
        (17.0, 17.0),
        (123456789, 123456789),
        (float("nan"), None),
        (float("-inf"), None),
        (np.float32(0.1), 0.1),
        (np.float64("nan"), None),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (True, True),
        (None, None),
        ("1.23456789", "1.23456789"),
        ((1.23456789, [np.int64(1)]), [1.23457, [1]]),
        ({1: {"a": np.float64(2.0)}}, {"1": {"a": 2.0}}),
    ],
)
def test_tidy_value_is_plain_and_short(value: Any, plain: Any) -> None:
    """Numbers keep six digits, what is not a number is null, numpy's types become Python's own."""
    found = storage.tidy(value)
    assert found == plain
    assert type(found) is type(plain)


@given(content=st.dictionaries(st.text(), nested))
def test_tidy_json_is_read_back_and_tidy_again(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any]
) -> None:
    """Whatever is written as JSON is strict JSON, comes back as it was tidied, and is tidy already."""
    file = tmp_path_factory.getbasetemp() / "a.json"
    storage.write_json(content, file)
    assert storage.read_json(file) == storage.tidy(content) == storage.tidy(storage.tidy(content))
    json.loads(file.read_text(encoding="utf-8"), parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not a number of strict JSON")


def test_json_is_made_to_be_read(tmp_path: Path) -> None:
    """One value per line, in the order given, letters as they are, and an end of line at the end."""
    storage.write_json({"b": "Zoë", "a": [0.1]}, tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "b": "Zoë",\n  "a": [\n    0.1\n  ]\n}\n'


def test_csv_leaves_missing_cells_empty(tmp_path: Path) -> None:
    """NaN and None are empty cells, numbers are tidy, text is quoted where it must be, lines end alike everywhere."""
    storage.write_csv([{"a": 1.23456789, "b": np.nan}, {"a": None, "b": "x,y"}], tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b'a,b\n1.23457,\n,"x,y"\n'


def test_csv_without_rows_is_its_header(tmp_path: Path) -> None:
    """No rows, as a model that learns in one step has for its learning curve, still make a table of columns."""
    storage.write_csv([], tmp_path / "a.csv", ("rows", "metric"))
    assert (tmp_path / "a.csv").read_bytes() == b"rows,metric\n"
