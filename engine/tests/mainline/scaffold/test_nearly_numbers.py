"""Columns of numbers in which something else stands: errors of a spreadsheet, a total's name, signs for nothing."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from mainline.scaffold import outline, usecase
from mainline.scaffold.dialect import Dialect, TableError
from mainline.scaffold.findings import Finding
from mainline.scaffold.plan import Plan
from tests.mainline.scaffold.samples import ROWS, flats, found, plan, write, written_source

ERRORS = (
    "#N/A", "#NV", "#N/D", "#DIV/0!", "#REF!", "#BEZUG!", "#VALUE!", "#WERT!", "#NAME?", "#NOM?", "#¡NUM!", "#NUL!",
)  # fmt: skip


def _areas(cells: dict[int, str]) -> pd.DataFrame:
    """Return flats of which some areas are texts, by row."""
    areas = flats()["area m²"].astype("str").to_numpy(object)
    for row, cell in cells.items():
        areas[row] = cell
    return flats().assign(**{"area m²": areas})


def _finding(made: Plan) -> Finding:
    (only,) = [finding for finding in made.findings if finding.about == "numbers?"]
    return only


def _wishes(option: str) -> tuple[tuple[str, str], ...]:
    """Return what `--missing COLUMN TEXT ...` says."""
    words = shlex.split(option)
    assert set(words[::3]) == {"--missing"}
    return tuple(zip(words[1::3], words[2::3], strict=True))


def test_errors_of_a_spreadsheet_are_missing_numbers(tmp_path: Path) -> None:
    """However many there are, in any language, beside two other signs; the source reads the file alike."""
    cells = dict(enumerate([*ERRORS, "?", "-"], start=3))
    made = plan(write(tmp_path, _areas(cells)))
    column = made.columns["area m²"]
    found_in = (column.kind, column.missing, column.markers)
    assert found_in == ("number", len(cells), tuple(sorted(cells.values())))
    assert not outline.is_plain(made)
    rows = written_source(made, tmp_path)["read"](made.table.files[0])
    assert rows["area m²"].isna().to_numpy().nonzero()[0].tolist() == [*cells]


@pytest.mark.parametrize("cell", ["#1", "#", "#hashtag", "# N/A", "#####", "#VALUE! or so"])
def test_what_is_no_error_of_a_spreadsheet_is_text(tmp_path: Path, cell: str) -> None:
    """A number sign alone says nothing: cells too narrow for their number have lost it."""
    made = plan(write(tmp_path, _areas({3: cell})))
    assert made.columns["area m²"].kind == "text"
    assert f"'{cell}' (line 5)" in _finding(made).found


def test_error_among_texts_may_be_none(tmp_path: Path) -> None:
    """In a column of text nothing but a person knows, and is told the option."""
    cities = flats()["city"].to_numpy(object)
    cities[:9] = "#NV"
    made = plan(write(tmp_path, flats().assign(city=cities)))
    assert found(made, "text") == ["'#NV' in 'city' is a value (9 rows), and not a missing one"]


def test_name_of_a_total_is_told_with_its_line(tmp_path: Path) -> None:
    """The plan says which cell made numbers text; with the option that it names they are numbers."""
    path = write(tmp_path, _areas({3: "61.5", ROWS - 1: "Gesamt"}).to_csv(index=False).replace("61.5,", '"61.5\n",', 1))
    finding = _finding(plan(path))
    assert (finding.found, finding.sure) == (
        f"'area m²' is text: 239 numbers beside 'Gesamt' (line {ROWS + 2})",
        "unsure",
    )
    again = plan(path, missing=_wishes(finding.option))
    assert (again.columns["area m²"].kind, found(again, "numbers?")) == ("number", [])


@pytest.mark.parametrize(("name", "shown"), [("Filiale Nr.", "'Total'"), ("customer_id", "a text")])
def test_total_among_the_entities_is_for_the_file(tmp_path: Path, name: str, shown: str) -> None:
    """A row without its group can be on no side: the row itself goes. Of persons the line alone is shown."""
    numbers = [*(str(1000 + row % 40) for row in range(ROWS - 1)), "Total"]
    made = plan(write(tmp_path, flats().drop(columns="id").assign(**{name: numbers})))
    assert (made.group, _finding(made).option) == (name, "leave such rows out, in the file")
    assert _finding(made).found == f"'{name}' is text: 239 numbers beside {shown} (line {ROWS + 1})"


def test_signs_of_which_there_are_too_many_are_told(tmp_path: Path) -> None:
    """Three signs for nothing are told once, with an option for each; what was written stays as it is."""
    rooms = flats()["rooms"].astype("str").to_numpy(object)
    rooms[:9], rooms[9:11], rooms[11] = "?", " - ", "unknown"
    path = write(tmp_path, flats().assign(rooms=rooms))
    made = plan(path)
    finding = _finding(made)
    said = "'rooms' is text: 228 numbers beside '?' (9 rows), ' - ' (2 rows), 'unknown' (1 row)"
    assert (finding.found, found(made, "text"), "rooms" in made.texts) == (said, [], True)
    assert plan(path, missing=_wishes(finding.option)).columns["rooms"].missing == 12


def test_many_texts_are_for_the_file(tmp_path: Path) -> None:
    """Of more texts than a few, nobody names each."""
    finding = _finding(plan(write(tmp_path, _areas({row: f"about {row}" for row in range(50)}))))
    assert finding.option == "numbers or empty cells, in the file"
    assert finding.found.startswith("'area m²' is text: 190 numbers beside 'about 0' (1 row), ")


@pytest.mark.parametrize("name", ["phone", "Telefon", "first_name"])
def test_cell_of_a_person_is_not_shown(tmp_path: Path, name: str) -> None:
    """A name that slipped into the numbers of persons is in no line."""
    numbers = [str(1_705_550_000 + row) for row in range(ROWS - 1)]
    made = plan(write(tmp_path, flats().assign(**{name: [*numbers, "Maria Musterfrau"]})))
    assert "Musterfrau" not in " ".join(finding.found + finding.option for finding in made.findings)


def test_codes_and_few_numbers_are_no_numbers(tmp_path: Path) -> None:
    """Zeros in front, keys of letters and digits, and a number or two among words raise nothing."""
    codes = [f"{row:05d}" if row else "none yet" for row in range(ROWS)]
    keys = [f"{row}" if row % 5 else f"{row}a" for row in range(ROWS)]
    words = ["7" if row < 5 else "word" for row in range(ROWS)]
    rows = flats().drop(columns="id").assign(code=codes, key_no=keys, words=words)
    assert found(plan(write(tmp_path, rows), key="key_no"), "numbers?") == []


def test_label_of_numbers_is_told_what_to_say(tmp_path: Path) -> None:
    """A word among the numbers that are to be predicted is named, and so is the option."""
    rows = flats().astype({"price €": "object"})
    rows.loc[3, "price €"] = "sold?"
    path = write(tmp_path, rows)
    with pytest.raises(TableError, match=r"say --missing 'price €' 'sold\?' if these are no values") as refused:
        plan(path)
    option = str(refused.value).split("say ")[1].split(" if")[0]
    assert plan(path, missing=_wishes(option)).target.task == "regression"


def _german(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


AMOUNTS: dict[str, Callable[[float], str]] = {
    "€": lambda value: f"{_german(value)} €",
    "EUR": lambda value: f"{_german(value)}\u00a0EUR",
    "$": lambda value: f"$ {value:,.2f}",
    "%": lambda value: f"{value:.2f}%",
}


@pytest.mark.parametrize("sign", AMOUNTS)
def test_numbers_beside_one_sign_are_numbers(tmp_path: Path, sign: str) -> None:
    """A spreadsheet's amounts are read by the written source as they were meant, label and empty cells among them."""
    rows = flats().drop(columns="area m²").astype({"rooms": "object", "price €": "object"})
    rows["price €"] = [AMOUNTS[sign](value) for value in flats()["price €"]]
    rows["fee"] = [AMOUNTS[sign](-1234.5 - row) for row in range(ROWS)]
    rows.loc[3, "fee"], rows.loc[4, "fee"], rows.loc[5, "fee"] = "", " - ", "#NV"
    path = write(tmp_path, rows.to_csv(index=False, sep=";"))
    made = plan(path, missing=(("fee", rows["fee"][6]),))
    assert (made.columns["fee"].kind, made.columns["fee"].sign, outline.is_plain(made)) == ("number", sign, False)
    assert made.columns["price €"].values.tolist() == flats()["price €"].tolist()
    assert [said.split(":")[0] for said in found(made, "numbers")] == ["'price €' holds numbers", "'fee' holds numbers"]
    source = written_source(made, tmp_path)
    read = source["read"](path)
    assert read["price €"].tolist() == flats()["price €"].tolist()
    assert read["fee"].isna().to_numpy().nonzero()[0].tolist() == [3, 4, 5, 6]
    assert read["fee"][7:].tolist() == [-1234.5 - row for row in range(7, ROWS)]
    rows.drop(columns="price €").to_csv(path, index=False, sep=";")
    assert source["read"](path)["fee"].equals(read["fee"])


@pytest.mark.parametrize("cell", ["12.5", "12.5 $", "- €", "12.5 €/m²", "€ 5 to 6 €"])
def test_numbers_beside_other_signs_are_text(tmp_path: Path, cell: str) -> None:
    """Two currencies, a number without one, and a dash that a spreadsheet shows for zero are left to a person."""
    fees = [cell, *(f"{row}.5 €" for row in range(ROWS - 1))]
    assert plan(write(tmp_path, flats().assign(fee=fees))).columns["fee"].kind == "text"


def test_raw_file_with_signs_needs_the_source(tmp_path: Path) -> None:
    """In a file that is plain otherwise, the sign alone makes `./mainline predict` need `--raw`; it is the unit."""
    made = plan(write(tmp_path, flats().drop(columns="area m²").assign(fee=[f"{row}.5 %" for row in range(ROWS)])))
    assert made.table.dialect == Dialect()
    assert not outline.is_plain(made)
    assert 'unit="%"' in usecase.files(made)["src/usecase/interface.py"]
