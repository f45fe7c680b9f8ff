"""A person at a terminal is asked little, and Enter takes what was inferred."""

from pathlib import Path

import pandas as pd
import pytest

from mainline.scaffold import questions
from mainline.scaffold.findings import Wishes
from tests.mainline.scaffold.samples import ROWS, flats, found, plan, write


def _ask(
    monkeypatch: pytest.MonkeyPatch, path: Path, *answers: str, label: str = "price €"
) -> tuple[list[str], Wishes]:
    asked: list[str] = []
    given = iter(answers)

    def answer(question: str) -> str:
        asked.append(question)
        return next(given)

    monkeypatch.setattr("builtins.input", answer)
    return asked, questions.ask(plan(path, label), Wishes())


def test_texts_that_may_be_missing_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """NA is Namibia by Enter, and stands for no value by "n"; of many such texts none is asked for."""
    path = write(tmp_path, flats().assign(country=["NA", "DE"] * (ROWS // 2)))
    asked, wishes = _ask(monkeypatch, path, "")
    assert (asked, wishes) == (["Is 'NA' in 'country' a value, not a missing one? [Y/n] "], Wishes())
    assert _ask(monkeypatch, path, "n")[1] == Wishes(missing=(("country", "NA"),))
    many = flats().assign(**{name: ["NA", "DE"] * (ROWS // 2) for name in "abcd"})
    assert _ask(monkeypatch, write(tmp_path, many)) == ([], Wishes())


def test_nothing_is_asked_of_a_table_that_is_clear(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where nothing is unsure, nothing is asked."""
    assert _ask(monkeypatch, write(tmp_path, flats())) == ([], Wishes())


def test_time_and_zone_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A clock without a zone is asked for; a time that is none makes the data one without."""
    times = pd.date_range("2023-01-01", periods=ROWS, freq="37h").strftime("%Y-%m-%d %H:%M")
    path = write(tmp_path, flats().assign(sold=times))
    asked, wishes = _ask(monkeypatch, path, "", "Europe/Berlin")
    assert len(asked) == 2
    assert wishes == Wishes(zone="Europe/Berlin")
    assert _ask(monkeypatch, path, "n")[1] == Wishes(time="none")


@pytest.mark.parametrize("written", ["%Y-%m-%d", "%Y-%m", "%Y"])
def test_zone_of_a_date_is_not_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str) -> None:
    """A day, a month and a year are the same by every clock: the plan has no line on a zone, and nothing is asked."""
    times = pd.date_range("2013-01-01", periods=ROWS, freq="371h").strftime(written)
    path = write(tmp_path, flats().assign(sold=times))
    given = {"time": "sold"} if written == "%Y" else {}
    assert found(plan(path, **given), "zone") == []
    assert _ask(monkeypatch, path, *[""] * (written != "%Y"))[1] == Wishes()
    assert found(plan(path, zone="Asia/Tokyo", time="sold"), "zone") == ["Asia/Tokyo: the table names none"]


def test_zone_of_year_month_and_day_is_not_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same holds if the date is in three columns; an hour beside them makes it a clock."""
    days = pd.date_range("2023-01-01", periods=ROWS, freq="37h")
    rows = flats().assign(year=days.year, month=days.month, day=days.day)
    asked, _ = _ask(monkeypatch, write(tmp_path, rows), "")
    assert asked == ["Is 'time' when a row is predicted? [Y/n] "]
    asked, _ = _ask(monkeypatch, write(tmp_path, rows.assign(hour=days.hour)), "", "")
    assert asked[1:] == ["Which clock are the times of, such as Europe/Berlin? [UTC] "]


def test_suspects_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A column that seems to say the label stays out by Enter, and is a feature by "n"."""
    path = write(tmp_path, flats().assign(net=flats()["price €"] * 0.8))
    assert _ask(monkeypatch, path, "")[1] == Wishes()
    assert _ask(monkeypatch, path, "n")[1] == Wishes(keep=("net",))


def test_positive_class_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of two classes of which none says so, a person names the one to predict."""
    path = write(tmp_path, flats().assign(kind=["red", "blue", "blue"] * (ROWS // 3)))
    assert _ask(monkeypatch, path, "blue", label="kind")[1] == Wishes(positive="blue")
