"""Which periods are lived, and what is refused in one line."""

from pathlib import Path

import pytest
import yaml

from mainline.backtest import timetable
from mainline.errors import ParamsError
from tests.project import FLIGHTS


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' flights, January through September."""
    monkeypatch.chdir(FLIGHTS)


def test_the_second_half_of_the_declared_window_is_lived() -> None:
    """Of nine months five, with a model that is fitted on what was over before."""
    found = timetable.make(None, None, "production")
    assert found.lived == ("2013-05", "2013-06", "2013-07", "2013-08", "2013-09")
    assert found.candidates == ("2013-04", "2013-05", "2013-06", "2013-07", "2013-08")
    assert found.known[0] == "2013-01"


def test_a_candidate_finds_the_parameters_of_a_window_that_ends_with_its_period() -> None:
    """All else is as declared."""
    found = timetable.make("2013-06", "2013-12", "production").parameters("2013-07")
    assert found["data"] == {"from": "2013-01", "through": "2013-07"}
    assert found["model"] == yaml.safe_load(Path("params.yaml").read_text())["model"]


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2013-03", None, "--from: 2013-03 leaves fewer than 3 periods since 2013-01 for the first version; .*2013-04"),
        ("2013-08", "2013-08", "--through: 2013-08 through 2013-08 is fewer than two periods"),
        ("2013-08", "2013-06", "--through: 2013-08 through 2013-06 is fewer than two periods"),
        ("2013-W30", None, "--from: '2013-W30' is a week; write a month"),
        ("May", None, "--from: 'May' is not a period; write a day"),
    ],
)
def test_what_leaves_nothing_to_live_or_to_fit_on_is_refused(first: str, last: str | None, said: str) -> None:
    """The line says what was found and what to do."""
    with pytest.raises(ParamsError, match=f"^backtest: {said}"):
        timetable.make(first, last, "production")
