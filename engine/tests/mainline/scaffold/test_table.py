"""Files as they are written by programs of all kinds: read as they were meant, or refused in one line."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainline.scaffold.dialect import Dialect, TableError
from mainline.scaffold.table import Options, listed, query, read
from tests.mainline.scaffold.samples import ROWS, flats, write

Write = Callable[[pd.DataFrame], bytes]


def _german(rows: pd.DataFrame) -> bytes:
    """Write numbers as `234.567,89` between semicolons."""
    swap = str.maketrans(",.", ".,")
    texts = rows.astype({"area m²": "str"}).assign(
        **{
            "area m²": [str(value).translate(swap) for value in rows["area m²"]],
            "price €": [f"{value:,.2f}".translate(swap) for value in rows["price €"]],
        }
    )
    return texts.to_csv(index=False, sep=";").encode()


def _american(rows: pd.DataFrame) -> bytes:
    """Write prices as `"234,567.89"`."""
    return rows.assign(**{"price €": [f"{value:,.2f}" for value in rows["price €"]]}).to_csv(index=False).encode()


@pytest.mark.parametrize(
    ("written", "dialect"),
    [
        (lambda rows: rows.to_csv(index=False).encode(), Dialect()),
        (lambda rows: rows.to_csv(index=False).encode("utf-8-sig"), Dialect("utf-8-sig")),
        (lambda rows: rows.to_csv(index=False).encode("cp1252"), Dialect("cp1252")),
        (lambda rows: rows.to_csv(index=False).encode("utf-16"), Dialect("utf-16")),
        (lambda rows: rows.to_csv(index=False).encode("utf-16-le"), Dialect("utf-16-le")),
        (lambda rows: rows.to_csv(index=False).encode("utf-16-be"), Dialect("utf-16-be")),
        (lambda rows: rows.to_csv(index=False, sep="\t").encode(), Dialect(delimiter="\t")),
        (lambda rows: rows.to_csv(index=False, sep="|", lineterminator="\r\n").encode(), Dialect(delimiter="|")),
        (_german, Dialect(delimiter=";", decimal=",", thousands=".")),
        (_american, Dialect(thousands=",")),
    ],
    ids=["plain", "bom", "latin", "utf-16", "little endian", "big endian", "tabs", "bars", "german", "american"],
)
def test_text_is_read_as_it_was_meant(tmp_path: Path, written: Write, dialect: Dialect) -> None:
    """Whatever the encoding, the separator and the look of numbers, the same cells come out."""
    table = read([write(tmp_path, written(flats()))], Options())
    assert table.dialect == dialect
    assert {name: column.kind for name, column in table.columns.items()} == {
        "id": "text", "area m²": "number", "rooms": "integer", "city": "text", "price €": "number",
    }  # fmt: skip
    for name, values in flats().items():
        assert table.columns[str(name)].values.tolist() == values.tolist()


PLAIN = flats().to_csv(index=False)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("flats.csv", "", "is empty; its first line names the columns"),
        ("flats.csv", PLAIN.splitlines()[0], r"has 0 rows; a model, and what judges it, need 20 or more"),
        ("flats.csv", "\n".join(PLAIN.splitlines()[:2]), r"has 1 row; a model"),
        ("flats.csv", PLAIN.replace("rooms", "city", 1), "has the column 'city' twice; rename or remove one"),
        ("flats.csv", PLAIN + "F9,80.5\n", "line 242 has 2 cells, the header has 5; correct the line"),
        ("flats.csv", PLAIN + "F9,80.5,3,Bonn,100,,\n", "line 242 has 7 cells, the header has 5"),
        ("flats.csv", PLAIN + '"never closed', r"is not a table after line 242 \(unexpected end of data\)"),
        ("flats.csv", "Flats of 2024\n" + PLAIN, "the first line is not the header: it has one cell, and 241 lines"),
        ("flats.csv", "5.1,3.5\n" * 30, "the first line names no columns, it begins with 5.1, 3.5; add a line"),
        ("flats.csv", "price\n" + "1\n" * 30, "has one column; name what separates its cells"),
        (
            "flats.csv",
            PLAIN + "F9,80.5,3," + "B" * 200_000 + ",100\n",
            r"is not a table .*field larger than field limit",
        ),
        ("flats.csv", PLAIN.replace("Bonn", "B" * 200_000, 1), r"is not a table \(field larger than field limit"),
        ("flats.csv", b"PK\x03\x04 and so on", "is a ZIP archive or a workbook of Excel, not text; unpack it"),
        ("flats.csv", bytes(range(256)) * 20, "holds zero bytes and is not text"),
        ("flats.xlsx", b"PK", "is none of .csv, .tsv, .txt, .parquet; save the table as CSV or Parquet"),
        ("flats.parquet", b"PAR1 and no more", "cannot be read as Parquet"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    """One line says what was found, where, and what to do."""
    with pytest.raises(TableError, match=rf"^\S*{re.escape(name)}.*{said}") as refused:
        read([write(tmp_path, content, name)], Options())
    assert "\n" not in str(refused.value)


def test_wrong_encoding_is_refused(tmp_path: Path) -> None:
    """An encoding that a person names and the file is not in is said."""
    with pytest.raises(TableError, match=r"is not 'ascii' .* name its encoding: --encoding cp1252"):
        read([write(tmp_path, PLAIN)], Options(encoding="ascii"))


@pytest.mark.parametrize("encoding", ["no-such", "base64", "a\nb"])
def test_encoding_that_there_is_not_is_refused(tmp_path: Path, encoding: str) -> None:
    """A word that names no encoding of text is said in one line."""
    with pytest.raises(TableError, match=r"name its encoding: --encoding cp1252") as refused:
        read([write(tmp_path, PLAIN)], Options(encoding=encoding))
    assert repr(encoding) in str(refused.value)


@pytest.mark.parametrize("delimiter", [";;", "\n", '"', "tab"])
def test_separator_that_cannot_be_is_refused(tmp_path: Path, delimiter: str) -> None:
    """What is not one character, ends a line or quotes a cell does not separate cells."""
    with pytest.raises(TableError, match=r"is not one character that can stand between cells"):
        read([write(tmp_path, PLAIN)], Options(delimiter=delimiter))


def test_tab_may_be_written_as_in_a_shell(tmp_path: Path) -> None:
    """A backslash and a t are a tab."""
    path = write(tmp_path, flats().to_csv(index=False, sep="\t"))
    assert read([path], Options(delimiter="\\t")).dialect == Dialect(delimiter="\t")


def test_numbers_with_blanks_are_numbers(tmp_path: Path) -> None:
    """Blank cells, spaces and one placeholder are missing numbers; a whole number is then no integer."""
    rows = flats().astype({"rooms": "object", "area m²": "object"})
    rows.loc[3, "rooms"], rows.loc[5, "area m²"], rows.loc[6, "area m²"] = "?", " ", ""
    table = read([write(tmp_path, rows)], Options())
    assert (table.columns["rooms"].kind, table.columns["rooms"].markers) == ("number", ("?",))
    assert (table.columns["area m²"].missing, table.columns["area m²"].markers) == (2, (" ",))


def test_numbers_that_are_codes_are_text(tmp_path: Path) -> None:
    """Digits that begin with zeros are text: a number would lose them."""
    rows = flats().assign(code=[f"{number:05d}" for number in range(ROWS)])
    assert read([write(tmp_path, rows)], Options()).columns["code"].kind == "text"


@pytest.mark.parametrize("form", ["%b %d %Y %I:%M%p", "%m/%d/%Y %I:%M:%S%p", "%d.%m.%Y %H:%M"])
def test_clock_of_twelve_hours_needs_no_space(tmp_path: Path, form: str) -> None:
    """SQL Server writes Mar 01 2022 09:00AM; it is a time, to the minute."""
    moments = pd.date_range("2022-03-01 09:00", periods=ROWS, freq="13h")
    rows = flats().assign(tested=moments.strftime(form))
    column = read([write(tmp_path, rows)], Options()).columns["tested"]
    assert (column.kind, column.format) == ("time", form)
    assert (column.values == moments.to_numpy()).all()


def test_mixed_types_are_said(tmp_path: Path) -> None:
    """A word among numbers makes a column text, and the word is kept to be shown."""
    rows = flats().astype({"area m²": "object"})
    rows.loc[3, "area m²"] = "large"
    column = read([write(tmp_path, rows)], Options()).columns["area m²"]
    assert (column.kind, column.stray) == ("text", ("large",))


@pytest.mark.parametrize("name", ["a b", 'select "x"', "it's", "🏠", "drop table; --", "naïve", "价格", "x" * 200])
def test_any_name_is_a_name(tmp_path: Path, name: str) -> None:
    """Spaces, quotes, emoji, SQL and other alphabets are names as they stand."""
    table = read([write(tmp_path, flats().rename(columns={"rooms": name}))], Options())
    assert table.columns[name].values.tolist() == flats()["rooms"].tolist()


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    """Parquet says its types; flags are text, and lists are left out with the reason."""
    rows = flats().assign(new=[True, False] * (ROWS // 2), seen=pd.date_range("2024-01-01", periods=ROWS, tz="UTC"))
    rows["list"] = [[1]] * ROWS
    rows["city"] = rows["city"].astype("category")
    path = tmp_path / "flats.parquet"
    rows.to_parquet(path)
    table = read([path], Options())
    kinds = {name: column.kind for name, column in table.columns.items()}
    assert kinds == {
        "id": "text", "area m²": "number", "rooms": "integer", "city": "text", "price €": "number", "new": "text",
        "seen": "time",
    }  # fmt: skip
    assert (table.columns["seen"].zoned, [*table.left_out]) == (True, ["list"])
    assert set(table.columns["new"].values) == {"True", "False"}


@pytest.mark.parametrize(("largest", "kind"), [(2**63 - 1, "integer"), (2**63, "number"), (2**64 - 1, "number")])
def test_whole_numbers_without_a_sign_stay_what_they_are(tmp_path: Path, largest: int, kind: str) -> None:
    """Those of uint64 that int64 does not hold are numbers of about the same size, never negative ones."""
    path = tmp_path / "flats.parquet"
    flats().assign(rooms=np.array([largest, *range(1, ROWS)], np.uint64)).to_parquet(path)
    rooms = read([path], Options()).columns["rooms"]
    assert (rooms.kind, rooms.values[:2].tolist()) == (kind, [largest if kind == "integer" else float(largest), 1])


def test_several_files_are_one_table(tmp_path: Path) -> None:
    """Files of the same columns are read one after another, whatever the order of their columns."""
    first, second = flats().iloc[:100], flats().iloc[100:][["city", "id", "rooms", "price €", "area m²"]]
    files = [write(tmp_path, first, "a.csv"), write(tmp_path, second, "b.csv")]
    table = read(files, Options())
    assert table.columns["id"].values.tolist() == flats()["id"].tolist()
    with pytest.raises(TableError, match=r"a\.csv has the column 'city' and \S+c\.csv has not"):
        read([files[0], write(tmp_path, second.drop(columns="city"), "c.csv")], Options())


def test_rows_of_sqlite_become_a_file(tmp_path: Path) -> None:
    """A query of SQLite is written as CSV; other databases and wrong queries are refused."""
    with sqlite3.connect(tmp_path / "flats.db") as connection:
        flats().to_sql("flats", connection, index=False)
    connection.close()
    url = f"sqlite:///{tmp_path}/flats.db"
    path = query(url, "select * from flats where rooms > 2", tmp_path / "rows.csv")
    assert read([path], Options()).rows == np.sum(flats()["rooms"] > 2)
    with pytest.raises(TableError, match=r"the query fails .*no such table: houses"):
        query(url, "select * from houses", tmp_path / "rows.csv")
    for statement in ("", "-- nothing", f"attach '{tmp_path}/flats.db' as other"):
        with pytest.raises(TableError, match=r"the query gives no rows; say a select"):
            query(url, statement, tmp_path / "rows.csv")
    for statement in ("delete from flats", f"vacuum into '{tmp_path}/copy.db'", "select 1; select 2"):
        with pytest.raises(TableError, match=r"the query fails"):
            query(url, statement, tmp_path / "rows.csv")
    with pytest.raises(TableError, match=r"^http needs a driver"):
        query("http://[", "select 1", tmp_path / "rows.csv")
    with pytest.raises(TableError, match="postgresql needs a driver that is not in the lock"):
        query("postgresql://host/db", "select 1", tmp_path / "rows.csv")


def _dates(written: str, rows: pd.DatetimeIndex) -> str:
    return flats().assign(when=rows.strftime(written)).to_csv(index=False)


@pytest.mark.parametrize(
    "written",
    [
        "%Y-%m-%d",
        "%d.%m.%Y",
        "%m/%d/%Y",
        "%Y-%m-%dT%H:%M:%SZ",
        "%d %b %Y",
        "%Y-%m-%d %H:%M:%S",
        "%d/%m/%Y %H:%M",
        "%Y-%m-%d %H:%M:%S+00",
    ],
)
def test_dates_are_found(tmp_path: Path, written: str) -> None:
    """Times in the usual ways of writing are times."""
    days = pd.date_range("2024-01-01", periods=ROWS)
    column = read([write(tmp_path, _dates(written, days))], Options()).columns["when"]
    assert (column.kind, column.zoned) == ("time", written.endswith(("Z", "+00")))
    assert (pd.DatetimeIndex(column.values) == days).all()


def test_ambiguous_dates_are_refused(tmp_path: Path) -> None:
    """Dates of which nobody can say what is the day are refused, and the option decides."""
    random = np.random.default_rng(5)
    days = pd.DatetimeIndex([pd.Timestamp(2024, month, day) for month, day in random.integers(1, 13, (ROWS, 2))])
    path = write(tmp_path, _dates("%m/%d/%Y", days))
    with pytest.raises(TableError, match=r"' is \d\d \w+ 2024 or \d\d \w+ 2024; say which: --date-format '%d/%m/%Y'"):
        read([path], Options())
    column = read([path], Options(date_format="%m/%d/%Y")).columns["when"]
    assert (pd.DatetimeIndex(column.values) == days).all()


def test_ambiguous_dates_in_order_are_read_so(tmp_path: Path) -> None:
    """If the rows are in the order of time in one way alone, that way is taken, and the other one is named."""
    days = pd.DatetimeIndex([pd.Timestamp(2024, 1 + row // 20, 1 + row // 2 % 10) for row in range(ROWS)])
    column = read([write(tmp_path, _dates("%d/%m/%Y", days))], Options()).columns["when"]
    assert (column.format, column.other_format) == ("%d/%m/%Y", "%m/%d/%Y")


def test_folders_are_listed_by_name(tmp_path: Path) -> None:
    """A folder stands for the tables in it, in the order of their names; a file stays what it is."""
    for name in ("b.csv", "a.PARQUET", "note.md"):
        (tmp_path / name).touch()
    other = tmp_path / "other.md"
    assert listed([other, tmp_path]) == [other, tmp_path / "a.PARQUET", tmp_path / "b.csv"]


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("date=2024-01-01/part-0.parquet", r"name those in its folders: .*\*/\*\.parquet\."),
        ("a.md", "name a folder or "),
    ],
)
def test_folder_without_tables_names_what_to_name(tmp_path: Path, inside: str, said: str) -> None:
    """Tables in partitions are found by a pattern of the shell."""
    (tmp_path / inside).parent.mkdir(exist_ok=True)
    (tmp_path / inside).touch()
    with pytest.raises(TableError, match=said):
        listed([tmp_path])
