"""A text that is spelled like a missing value is that text, in every file and by whoever reads it."""

import csv
import re
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainline.contract import Field
from mainline.missing_values import IN_NUMBERS
from mainline.scaffold import outline, usecase
from mainline.scaffold.dialect import TableError
from mainline.scaffold.plan import Plan
from mainline.scoring import cells
from tests.mainline.scaffold.samples import found, plan, write

CODES = ["NA", "None", "null", "nan", "N/A", "DE"]
"""Codes of countries, of which one is Namibia's, and worse ones."""
FIELDS = [Field("country", "string", "", ""), Field("code", "string", "", ""), Field("age", "number", "", 0)]


def _rows(rows: int = 60) -> pd.DataFrame:
    """Return rows of each code, with an id and a class that are spelled like them, and a number with gaps."""
    codes = np.array(CODES * (rows // len(CODES)), dtype=object)
    numbers = np.arange(rows)
    return pd.DataFrame(
        {
            "code": [*CODES, *(f"K{number}" for number in numbers[len(CODES) :])],
            "country": codes,
            "age": np.where(numbers % 7 == 3, "NA", numbers.astype(str)),
            "class": np.array(["None", "NA", "null"], object)[numbers // 6 % 3],
        }
    )


def _write(folder: Path, rows: pd.DataFrame, kind: str) -> Path:
    if kind == "csv":
        return write(folder, rows, "rows.csv")
    path = folder / "rows.parquet"
    rows.assign(age=pd.to_numeric(rows["age"], errors="coerce")).to_parquet(path, index=False)
    return path


def _read(made: Plan, file: Path) -> pd.DataFrame:
    """Read a file by the `read` of the source that is written of a table."""
    files = usecase.files(made)
    code = files["src/usecase/schema.py"] + files["src/usecase/source.py"]
    module = file.with_name("source.py")
    module.write_text(re.sub(r"^from usecase.schema import .*$", "", code, flags=re.MULTILINE), encoding="utf-8")
    rows: pd.DataFrame = runpy.run_path(str(module))["read"](file)
    return rows


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_texts_are_kept_as_they_are(tmp_path: Path, kind: str) -> None:
    """Id, feature and class keep each text; of the numbers, NA is missing."""
    rows = _rows()
    file = _write(tmp_path, rows, kind)
    made = plan(file, "class", key="code")
    assert made.target.classes == ("NA", "None", "null")
    assert (made.texts, made.columns["country"].missing) == (("country",), 0)
    read = _read(made, file)
    for name in ("code", "country", "class"):
        assert read[name].tolist() == rows[name].tolist()
    assert read["age"].isna().tolist() == (rows["age"] == "NA").tolist()


def test_predict_reads_the_raw_file_as_the_source_does(tmp_path: Path) -> None:
    """`./mainline predict` sends the texts of the file itself, and leaves out the numbers that are missing."""
    file = _write(tmp_path, _rows(), "csv")
    made = plan(file, "class", key="code")
    assert outline.is_plain(made)
    read = _read(made, file)
    with file.open(newline="") as opened:
        asked = [cells.request(row, FIELDS) for row in csv.DictReader(opened)]
    for name in ("country", "code"):
        assert [row[name] for row in asked] == read[name].tolist()
    assert [row["age"] is None for row in asked] == read["age"].isna().tolist()


def test_plan_says_which_texts_may_be_none(tmp_path: Path) -> None:
    """Each is said with the option that makes it missing."""
    made = plan(_write(tmp_path, _rows(), "csv"), "class", key="code")
    assert "'NA' in 'country' is a value (10 rows), and not a missing one" in found(made, "text")
    assert "--missing country NA" in [finding.option for finding in made.findings]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_declared_text_is_missing_in_its_column_alone(tmp_path: Path, kind: str) -> None:
    """What a person says stands for a missing value does in that column, and in no other."""
    rows = _rows()
    rows["age"] = rows["age"].replace("5", "-999")
    rows["other"] = [-999, *range(1, len(rows))]
    file = _write(tmp_path, rows, kind)
    made = plan(file, "class", key="code", missing=(("country", "NA"), ("class", "null"), ("age", "-999")))
    assert made.target.classes == ("None", "NA")
    assert not outline.is_plain(made)
    read = _read(made, file)
    assert read["country"].tolist() == rows["country"].replace("NA", "").tolist()
    assert read["class"].tolist() == rows["class"].replace("null", "").tolist()
    assert read["age"].isna().tolist() == rows["age"].isin(["NA", "-999"]).tolist()
    assert read["other"].tolist() == rows["other"].tolist()
    file_to_predict = _write(tmp_path, rows.drop(columns="class"), kind)
    assert _read(made, file_to_predict)["country"].tolist() == read["country"].tolist()


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (("land", "NA"), r"--missing: .*rows.csv has no column 'land'; "),
        (
            ("country", "n.a."),
            r"^--missing country n\.a\.: no cell of 'country' is that; write it as it stands there\.$",
        ),
    ],
)
def test_declared_text_that_is_not_there_is_refused(tmp_path: Path, missing: tuple[str, str], said: str) -> None:
    """A column or a text that the table does not have is named."""
    with pytest.raises(TableError, match=said):
        plan(_write(tmp_path, _rows(), "csv"), "class", missing=(missing,))


def test_dates_may_be_missing_as_numbers_are(tmp_path: Path) -> None:
    """A column of dates in which some are NA is of dates, and not text of many values."""
    days = [f"2024-03-{1 + number % 28:02d}" for number in range(60)]
    seen = [text if text in IN_NUMBERS else day for text, day in zip(CODES * 10, days, strict=True)]
    rows = _rows().assign(seen=seen)
    assert plan(_write(tmp_path, rows, "csv"), "class").columns["seen"].kind == "time"
