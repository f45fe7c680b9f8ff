"""Texts that nearly are times are named, with their way of writing and what to write."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainline.look import advice, portraits, sources
from mainline.scaffold import nearly_times
from mainline.scaffold.dialect import TableError
from mainline.scaffold.findings import Wishes
from mainline.scaffold.nearly_times import NearlyTimes
from mainline.scaffold.table import Options, read
from tests.mainline.scaffold.samples import plan, write

DAYS = pd.date_range("2013-01-01 05:04", periods=200, freq="31h")


def _table(texts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"when": texts, "y": np.arange(len(texts)) % 7 + 0.5, "x": np.arange(len(texts)) % 11})


def _of(texts: list[str]) -> NearlyTimes | None:
    return nearly_times.of_text(np.array(texts, dtype=object))


@pytest.mark.parametrize(
    "written",
    [
        "%d.%m.%Y, %H:%M Uhr", "%d.%m.%Y um %H:%M", "%m-%d-%y at %I:%M %p", "%a, %d %b %Y %H:%M:%S GMT",
        "%a %b %d %Y %H:%M:%S GMT+0100", "%A, %d %B %Y", "%y-%m-%d um %H:%M", "%d/%m/%y um %H:%M",
    ],
)  # fmt: skip
def test_a_way_of_writing_is_guessed_and_can_be_said(tmp_path: Path, written: str) -> None:
    """Times between words are text; the option that is printed makes them times."""
    file = write(tmp_path, _table(DAYS.strftime(written).tolist()))
    column = read([file], Options()).columns["when"]
    assert column.times is not None
    assert column.kind == "text"
    assert nearly_times.say("when", column.times).endswith(f"Say --date-format '{written}'")
    told = read([file], Options(date_format=written)).columns["when"]
    unit = "s" if "%S" in written else "min" if "%M" in written else "D"
    assert (told.kind, told.format) == ("time", written)
    assert (pd.DatetimeIndex(told.values) == DAYS.floor(unit)).all()


@pytest.mark.parametrize("written", ["%m/%d/%y %I:%M %p", "%d/%m/%Y, %H:%M:%S", "%d-%b-%y", "%B %Y", "%m/%Y"])
def test_usual_ways_of_writing_need_no_word(tmp_path: Path, written: str) -> None:
    """What Excel, browsers and Oracle write is read as a time without an option."""
    column = read([write(tmp_path, _table(DAYS.strftime(written).tolist()))], Options()).columns["when"]
    assert (column.kind, column.format) == ("time", written)


@pytest.mark.parametrize("is_sorted", [True, False])
@pytest.mark.parametrize(
    "written", ["%y/%m/%d", "%y-%m-%d %H:%M", "%y.%m.%d", "%d-%m-%y", "%d/%m/%y", "%d.%m.%y %H:%M", "%m-%d-%y"]
)
def test_years_of_two_digits_are_found_where_they_stand(tmp_path: Path, written: str, is_sorted: bool) -> None:
    """13/05/01 is in May 2013 and not in January 2001 among days of 2013, in whatever order the rows are."""
    days = DAYS if is_sorted else DAYS[np.random.default_rng(0).permutation(len(DAYS))]
    column = read([write(tmp_path, _table(days.strftime(written).tolist()))], Options()).columns["when"]
    assert (column.kind, column.format) == ("time", written)


def test_date_that_has_its_year_first_or_last_is_asked_for(tmp_path: Path) -> None:
    """Where both readings are as close, a person says which; what is said is taken."""
    file = write(tmp_path, _table(["13-01-05", "05-01-13", "10-02-11", "11-02-10"] * 50))
    with pytest.raises(
        TableError, match=r"^'13-01-05' is .* say which: --date-format '%d-%m-%y' or --date-format '%y-"
    ):
        read([file], Options())
    assert read([file], Options(date_format="%y-%m-%d")).columns["when"].format == "%y-%m-%d"


def test_texts_among_times_are_named_and_can_be_missing(tmp_path: Path) -> None:
    """Of 00.00.0000 and 31.12.9999 nobody but a person knows; the options that are printed make the others times."""
    texts = [*DAYS.strftime("%d.%m.%Y"), *["00.00.0000"] * 4, "31.12.9999"]
    file = write(tmp_path, _table(texts))
    sheet = sources.of_files([file], "", Options(), Wishes())
    (said,) = [sentence for sentence in advice.give(portraits.paint(sheet)) if "looks like times" in sentence]
    assert "beside '00.00.0000' (4 rows), '31.12.9999' (1 row). If these stand for no time, say" in said
    options = tuple((name, text) for name, text in re.findall(r"--missing (\S+) (\S+)", said))
    assert options == (("when", "00.00.0000"), ("when", "31.12.9999"))
    column = read([file], Options(missing=options)).columns["when"]
    assert (column.kind, column.format, column.missing) == ("time", "%d.%m.%Y", 5)


def test_the_plan_names_the_option(tmp_path: Path) -> None:
    """`new` says beside what it takes for text what would make it a time."""
    texts = [*DAYS.strftime("%d.%m.%Y"), "n. n."]
    (finding,) = [found for found in plan(write(tmp_path, _table(texts)), "y").findings if found.about == "dates?"]
    assert (finding.found, finding.sure, finding.option) == (
        "'when' looks like times written as %d.%m.%Y, beside 'n. n.' (1 row)",
        "unsure",
        "--missing when 'n. n.'",
    )


def test_months_in_other_languages_are_shown_as_they_are() -> None:
    """A month that Python cannot read gets an example and no format."""
    found = _of([f"{day:02d}. {month} 2013" for day in range(1, 29) for month in ("Januar", "März", "Dezember")])
    assert found == NearlyTimes("", False, "01. Januar 2013", {})
    assert "such as '01. Januar 2013'. If it holds times, write them as 2024-12-31" in nearly_times.say("when", found)


def test_times_in_two_ways_are_to_be_written_in_one() -> None:
    """Many texts of another way of writing are not offered as missing ones."""
    found = _of([*DAYS[:120].strftime("%d.%m.%Y"), *DAYS[120:].strftime("%m/%d/%Y")])
    assert found is not None
    assert (found.format, len(found.others)) == ("%d.%m.%Y", 80)
    assert nearly_times.say("when", found).endswith(
        " and 77 more. Write all in one way, and leave a cell empty that holds no time."
    )


def test_text_of_parquet_is_to_be_a_timestamp(tmp_path: Path) -> None:
    """A file that has a type for times is asked to use it."""
    _table(DAYS.strftime("%d.%m.%Y").tolist()).to_parquet(tmp_path / "rows.parquet")
    column = read([tmp_path / "rows.parquet"], Options()).columns["when"]
    assert column.times is not None
    assert nearly_times.say("when", column.times).endswith("as %d.%m.%Y. Write timestamps into the Parquet file.")


def test_nothing_of_a_person_is_shown() -> None:
    """Of a column of persons the way of writing is named, and no value."""
    found = _of([*DAYS.strftime("%d.%m.%Y"), "about 1950"])
    assert found is not None
    said = nearly_times.say("birthdate", found, private=True)
    assert said.endswith("times written as %d.%m.%Y, but for 1 row. Write these in the same way, or leave them empty.")
    unread = _of([f"{day:02d}. März 2013" for day in range(1, 29)])
    assert unread is not None
    assert "2013" not in nearly_times.say("birthdate", unread, private=True)


@pytest.mark.parametrize(
    "form",
    ["10.{0}.12.{1}", "{1}.{0}.3", "{0} Main St", "030-{0:04d}-12", "{0} - {1}", "B-{0}-{1}", "{0:05d}-{1:04d}"],
)  # fmt: skip
def test_numbers_with_signs_are_not_times(form: str) -> None:
    """Addresses, versions, telephone numbers, ranges and types of aircraft do not look like times."""
    assert _of([form.format(number, number % 7) for number in range(200)]) is None


@pytest.mark.parametrize("wanted", ["DD.MM.YYYY", "%Y-%m-%d", "%H"])
def test_a_way_of_writing_that_fits_nothing_is_refused(tmp_path: Path, wanted: str) -> None:
    """An option that would be without effect is an error: it says what there is, and how a format is written."""
    file = write(tmp_path, _table(DAYS.strftime("%d.%m.%Y").tolist()))
    said = f"--date-format '{wanted}': no column is written so. Times are written: 'when' as %d.%m.%Y."
    with pytest.raises(TableError, match=f"{re.escape(said)} Write it in the signs of Python's strptime"):
        read([file], Options(date_format=wanted))
