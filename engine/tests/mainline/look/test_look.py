"""A look at a table names what spoils a model, and shows no value that points at a person."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainline.data.profile import stability_index
from mainline.look import advice, portraits, poster, screen, sources
from mainline.look.portraits import Gallery, Portrait
from mainline.scaffold.dialect import TableError
from mainline.scaffold.findings import Wishes
from mainline.scaffold.table import Options
from tests.browser import WIDTHS, Browser
from tests.project import Project


def paint(*files: Path, label: str = "", wishes: Wishes | None = None) -> Gallery:
    """Look at files."""
    return portraits.paint(sources.of_files(files, label, Options(), wishes or Wishes()))


def portrait(gallery: Gallery, name: str) -> Portrait:
    """Return one column's portrait."""
    return next(one for one in gallery.portraits if one.name == name)


def sentence(gallery: Gallery, part: str) -> str:
    """Return the one sentence of the advice that has a part."""
    (found,) = [said for said in advice.give(gallery) if part in said]
    return found


def test_each_fault_of_a_table_is_named(file: Path) -> None:
    """The leak, the rare class, repetitions, the constant, the gap, the twin and the person: one sentence each."""
    gallery = paint(file, label="late")
    assert "'refund' may say the label" in sentence(gallery, "say the label")
    assert "'yes' is 3.3% of the label" in sentence(gallery, "nearly always right")
    assert sentence(gallery, "repeat another").startswith("3 rows of 3,003 ")
    assert sentence(gallery, "nothing can be learned").endswith(": constant.")
    assert "after 0% before: did the source change?" in sentence(gallery, "'amount' is missing in 56% of 2024-10")
    assert "amount and gross (1.00)" in sentence(gallery, "says little more")
    assert "contact (it holds mail addresses)" in sentence(gallery, "persons")


def test_a_plain_table_has_no_advice(tmp_path: Path) -> None:
    """Independent numbers in a few hundred rows raise nothing."""
    random = np.random.default_rng(1)
    table = pd.DataFrame({name: random.normal(size=600) for name in ("one", "two", "three")})
    table.to_csv(tmp_path / "plain.csv", index=False)
    assert advice.give(paint(tmp_path / "plain.csv", label="three")) == ()


def test_a_label_that_is_missing_is_counted(tmp_path: Path) -> None:
    """Two of many rows are two, not "0.0 %"."""
    random = np.random.default_rng(1)
    table = pd.DataFrame({name: random.normal(size=6000) for name in ("one", "two", "three")})
    table.loc[[7, 80], "three"] = np.nan
    table.to_csv(tmp_path / "plain.csv", index=False)
    said = "The label 'three' is missing in 2 of 6,000 rows: why, and in which?"
    assert advice.give(paint(tmp_path / "plain.csv", label="three")) == (said,)


def test_figures_of_a_column_are_those_of_its_values(file: Path, orders: pd.DataFrame) -> None:
    """Ends, median, missing share, bars, and by period the mean: as pandas computes them."""
    gallery = paint(file, label="late")
    amount = portrait(gallery, "amount")
    assert [amount.low, amount.middle, amount.high] == orders["amount"].quantile([0, 0.5, 1]).tolist()
    assert amount.missing == orders["amount"].isna().mean()
    by_month = orders.groupby(orders["when"].str[:7])["amount"].mean().tolist()
    assert amount.level[:3] == pytest.approx(by_month[:3])
    known = orders["amount"].dropna()
    counts, _ = np.histogram(known, portraits.BINS, (float(known.quantile(0.01)), float(known.quantile(0.99))))
    assert [bar.share for bar in amount.bars] == pytest.approx(counts / len(known))
    assert sum(bar.share for bar in portrait(gallery, "channel").bars) == pytest.approx(1)


def test_a_period_of_few_rows_has_no_figures(file: Path) -> None:
    """The last month has 72 rows: no level and no drift is read from them."""
    amount = portrait(paint(file, label="late"), "channel")
    assert len(amount.level) == 13
    assert math.isnan(amount.level[-1])
    assert math.isnan(amount.drift[-1])
    assert not math.isnan(amount.drift[-2])


def test_drift_is_against_all_rows_before(tmp_path: Path) -> None:
    """A column that changes its level in the fourth month is said to move there."""
    days = pd.date_range("2024-01-01", "2024-06-30 23:00", freq="h")
    random = np.random.default_rng(2)
    table = pd.DataFrame({"at": days, "moves": random.normal(size=len(days)), "stays": random.normal(size=len(days))})
    table.loc[table["at"] >= "2024-04-01", "moves"] += 3
    table.to_parquet(tmp_path / "table.parquet")
    gallery = paint(tmp_path / "table.parquet")
    assert "moves (2024-04:" in sentence(gallery, "move between periods")
    assert "stays" not in sentence(gallery, "move between periods")
    before, since = table[table["at"] < "2024-04-01"], table[table["at"].dt.month == 4]
    expected = stability_index(before["moves"].to_numpy(), since["moves"].to_numpy())
    assert portrait(gallery, "moves").drift[3] == expected


def test_files_of_periods_need_no_time(tmp_path: Path) -> None:
    """Files that are called by their periods are those periods, such as the pipeline's own tables."""
    for month in ("2024-01", "2024-02"):
        pd.DataFrame({"value": np.arange(300.0)}).to_parquet(tmp_path / f"{month}.parquet")
    assert paint(tmp_path).sheet.periods == ("2024-01", "2024-02")


def test_no_hidden_value_is_on_page_or_screen(file: Path, orders: pd.DataFrame) -> None:
    """Addresses and numbers of orders are nowhere; equal ones have one number, so a repetition is still seen."""
    gallery = paint(file, label="late")
    shown = poster.render(gallery) + screen.render(gallery)
    assert not [value for value in orders["contact"].unique() if value in shown]
    assert not re.findall(r"\b1[0-2]\d{3}\b", shown)
    assert re.findall(r'<td class="hidden">#\d+</td>', shown)


def test_a_declared_column_is_hidden(monkeypatch: pytest.MonkeyPatch, small_project: Project) -> None:
    """What the use case declares as personal is shown neither as values nor as bars."""
    monkeypatch.chdir(small_project.path)
    monkeypatch.setattr("usecase.interface.PERSONAL", {"carrier": "who flies"})
    carrier = portrait(portraits.paint(sources.of_pipeline()), "carrier")
    assert carrier.hidden == "it is declared as personal"
    assert screen.values(carrier) == "hidden: it is declared as personal"


def test_test_rows_stay_unseen(monkeypatch: pytest.MonkeyPatch, small_project: Project) -> None:
    """Of the pipeline's data only the training and validation periods are read, also if a table is named."""
    monkeypatch.chdir(small_project.path)
    sheet = sources.of_pipeline()
    assert sheet.periods == ("2013-01", "2013-02")
    assert any("2013-03" in note for note in sheet.notes)
    assert sources.of_files([Path("data/validated/flights")], "", Options(), Wishes()).periods == sheet.periods
    with pytest.raises(TableError, match="these are the test rows"):
        sources.of_files([Path("data/validated/flights/2013-03.parquet")], "", Options(), Wishes())


def test_data_without_time_has_no_periods(timeless_project: Project) -> None:
    """Sides of a split are not periods: nothing moves between them."""
    ran = timeless_project.run("python", "-m", "mainline", "look")
    assert "period" not in ran.stdout.splitlines()[1]
    assert "The test rows (test) are left out" in ran.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["nowhere.csv"], "there is no file nowhere.csv"),
        (["."], "holds no file of .csv"),
        (["--label", "late"], "--label goes with a table"),
    ],
)
def test_what_cannot_be_looked_at_is_one_line(small_project: Project, given: Sequence[str], said: str) -> None:
    """A file that is not there, a folder without tables, a label without a table; no page is written."""
    page = small_project.path / "metrics/report/look.html"
    page.unlink(missing_ok=True)
    ran = small_project.run("python", "-m", "mainline", "look", *given, succeed=False)
    assert said in ran.stderr.splitlines()[-1]
    assert not page.exists()


def test_a_label_that_is_not_there_is_named_with_the_nearest(file: Path) -> None:
    """A typo is met by what was meant."""
    with pytest.raises(TableError, match="did you mean 'late'"):
        paint(file, label="lat")


def test_the_page_fits_every_screen(browser: Browser, file: Path) -> None:
    """In a real browser nothing is wider than a phone but what scrolls, and nothing is loaded."""
    for width, measured in zip(WIDTHS, browser.measure([poster.render(paint(file, label="late"))]), strict=True):
        assert measured["scrolled"] <= width, width
        assert (measured["foreign"], measured["sections"]) == (0, 4)


def test_text_from_a_table_is_only_text(tmp_path: Path) -> None:
    """Names and values with HTML in them are shown as they are written."""
    table = pd.DataFrame({"<b>name</b>": ["<script>1</script>", "plain"] * 200, "y": [0, 1] * 200})
    table.to_csv(tmp_path / "table.csv", index=False)
    page = poster.render(paint(tmp_path / "table.csv", label="y"))
    assert "<script>" not in page
    assert "<b>name" not in page
    assert "&lt;script&gt;1&lt;/script&gt;" in page


def _written(folder: Path, **columns: object) -> Path:
    """Write a table of 600 rows with a label `y`."""
    path = folder / "table.parquet"
    pd.DataFrame({**columns, "y": np.arange(600) % 2}).to_parquet(path)
    return path


def test_no_text_among_the_numbers_of_a_person_is_shown(tmp_path: Path) -> None:
    """A name that slipped into a column of telephone numbers is on neither screen nor page."""
    cells = [str(1_705_550_000 + row % 90) for row in range(600)]
    cells[5] = "Maria Musterfrau"
    path = tmp_path / "table.csv"
    pd.DataFrame({"phone": cells, "y": np.arange(600) % 2}).to_csv(path, index=False)
    gallery = paint(path, label="y")
    assert sentence(gallery, "is taken as text").endswith("numbers stand beside others.")
    assert "Musterfrau" not in screen.render(gallery) + poster.render(gallery)


def test_numbers_and_texts_in_one_column_are_told(tmp_path: Path) -> None:
    """A quarter of numbers among words is told; a code that begins with zeros, and a number or two, are not."""
    mixed = [f"{row},5" if row % 4 == 0 else "below" for row in range(600)]
    codes = [f"{row % 50:05d}" if row % 4 == 0 else "none yet" for row in range(600)]
    rare = [str(row) if row % 100 == 0 else "word" for row in range(600)]
    path = tmp_path / "table.csv"
    columns = {"mixed": mixed, "codes": codes, "rare": rare, "y": np.arange(600) % 2}
    pd.DataFrame(columns).to_csv(path, index=False, sep=";")
    gallery = paint(path, label="y")
    told = [said for said in advice.give(gallery) if "of its cells are numbers" in said]
    assert told == ["'mixed' is taken as text, and 25% of its cells are numbers: are the others values?"]


@pytest.mark.parametrize("name", ["E-Mail", "FirstName", "customer_phone"])
def test_names_of_a_persons_data_are_known_however_they_are_written(tmp_path: Path, name: str) -> None:
    """Hyphens, capitals and words in front hide no name."""
    gallery = paint(_written(tmp_path, **{name: [f"maria{row % 9}" for row in range(600)]}), label="y")
    assert "maria" not in screen.render(gallery) + poster.render(gallery)


def test_a_label_that_points_at_persons_is_not_shown(tmp_path: Path) -> None:
    """Classes that are mail addresses are numbered as any other such column is."""
    path = tmp_path / "table.csv"
    agents = ["rare@example.org" if row % 60 == 0 else f"maria{row % 2}@example.org" for row in range(600)]
    pd.DataFrame({"x": np.arange(600) % 7, "agent": agents}).to_csv(path, index=False)
    gallery = paint(path, label="agent")
    assert "@example" not in screen.render(gallery) + poster.render(gallery)


def test_numbers_beyond_what_a_feature_holds_are_said_and_left_out(tmp_path: Path) -> None:
    """Infinite ones and those beyond a float32 count as missing; the others have their figures."""
    numbers = np.arange(600, dtype=float)
    numbers[:3] = np.inf, -np.inf, 1e300
    gallery = paint(_written(tmp_path, x=numbers, none=np.full(600, np.inf)), label="y")
    assert (portrait(gallery, "x").low, portrait(gallery, "x").high) == (3, 599)
    assert any("'x' is infinite or beyond 1e+37 in 3 rows" in note for note in gallery.sheet.notes)
    assert "'none' is infinite" in screen.render(gallery)


def test_numbers_between_which_there_is_no_other_have_one_bar(tmp_path: Path) -> None:
    """Twelve bins need twelve numbers."""
    numbers = np.where(np.arange(600) < 300, 1e16, 1e16 + 2)
    assert [bar.share for bar in portrait(paint(_written(tmp_path, x=numbers), label="y"), "x").bars] == [1.0]


def test_a_long_text_does_not_fill_the_page(tmp_path: Path) -> None:
    """Two texts of 200,000 letters, which are no prose, are cut."""
    path = _written(tmp_path, code=np.where(np.arange(600) % 3 > 0, "x" * 200_000, "z" * 200_000))
    assert len(poster.render(paint(path, label="y"))) < 50_000


def test_a_wide_table_does_not_fill_the_terminal(tmp_path: Path) -> None:
    """Of hundreds of columns those are shown that say most of the label, the others counted; the page has all."""
    random = np.random.default_rng(1)
    rows = pd.DataFrame({f"c{number}": random.normal(size=90) for number in range(200)})
    rows["y"] = rows["c150"] + random.normal(size=90) / 9
    file = tmp_path / "wide.csv"
    rows.to_csv(file, index=False)
    gallery = paint(file, label="y")
    text = screen.render(gallery)
    shown = [line.split()[0] for line in text.splitlines() if line.startswith("  ") and " number " in line]
    assert (len(shown), shown[:2]) == (screen.MOST, ["y", "c150"])
    assert "  161 more columns say less of the label and are on the page." in text.splitlines()
    page = poster.render(gallery)
    assert all(f">c{number}<" in page for number in range(200))


def test_few_rows_in_common_say_nothing_of_a_pair(tmp_path: Path) -> None:
    """A column with a handful of values goes with each other one by chance, and no sentence says so."""
    rows = pd.DataFrame({"rare": ["a", "b", "a"] + [""] * 97, "kind": ["x", "y", "x", "y"] * 25, "y": range(100)})
    file = tmp_path / "rare.csv"
    rows.to_csv(file, index=False)
    said = advice.give(paint(file, label="y"))
    assert not [sentence for sentence in said if "Pairs" in sentence]


def test_the_map_says_of_each_two_columns_how_they_go_together(file: Path) -> None:
    """Its cells are the associations by tenths, the label's first; a column and its multiple are 1."""
    gallery = paint(file, label="late")
    page = poster.render(gallery)
    (table,) = re.findall(r'<table class="pairs">(.*?)</table>', page, re.DOTALL)
    shown = [re.findall(r'<td class="t\d+">(.*?)</td>', row) for row in re.findall("<tr>(.*?)</tr>", table)[1:]]
    assert gallery.compared[0] == "late"
    assert [[float(cell or 0) for cell in row] for row in shown] == np.nan_to_num(gallery.pairs).round(1).tolist()
    one, other = (gallery.compared.index(name) for name in ("amount", "gross"))
    assert shown[one][other] == shown[other][one] == "1"
    assert shown[one][0] != shown[one][other]
