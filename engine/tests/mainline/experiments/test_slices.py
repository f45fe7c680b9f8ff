"""What the model relies on in a slice of the test rows, on a real package."""

import re
from dataclasses import replace

import numpy as np
import pytest

from mainline.declared import params
from mainline.errors import MainlineError
from mainline.experiments import slices, valuation, walkthrough
from mainline.experiments.explanation import Form, explain_slice
from mainline.experiments.slices import Reliance
from tests.project import Project
from usecase import scoring


@pytest.fixture
def here(small_project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project as the working directory; tests only read it."""
    monkeypatch.chdir(small_project.path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(slices, "ROWS", 25)
    return small_project


@pytest.mark.usefixtures("here")
def test_contributions_in_a_slice_add_up_to_its_predictions(capsys: pytest.CaptureFixture[str]) -> None:
    """The mean prediction of the rows used is the typical row's and what each reason adds on the average."""
    found = slices.measure(walkthrough.load(), params.load(), "origin=JFK", 0.95, print)
    assert found.reference + sum(one.adds for one in found.reliances) == pytest.approx(found.prediction, abs=1e-9)
    assert capsys.readouterr().out == "explaining 25 rows of the slice and 25 of all\n"
    shares = [one.here for one in found.reliances]
    assert shares == sorted(shares, reverse=True)
    assert all(one.here >= abs(one.adds) for one in found.reliances)


@pytest.mark.usefixtures("here")
def test_a_feature_that_cannot_differ_in_a_slice_is_less_relied_on() -> None:
    """In a slice of one carrier, the commonest, the carrier is typical in every row, so it adds nothing."""
    loaded = walkthrough.load()
    usual = next(iter(loaded[1]["carrier"]["shares"]))
    found = slices.measure(loaded, params.load(), f"carrier={usual}", 0.95, lambda _: None)
    carrier = next(one for one in found.reliances if one.name == "carrier")
    assert carrier.here == 0 < carrier.everywhere
    assert carrier.side(found.z) in ("less", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("carier=UA", r"there is no column 'carier'; did you mean 'carrier'\?"),
        ("UA", r"'UA' is not COLUMN=VALUE, such as carrier=\w\w\."),
        ("origin=EWX", r"no test row has origin=EWX; did you mean 'EWR'\?"),
        ("hour=99", r"no test row has hour=99; known: 05, .* and \d+ more"),
        ("carrier=HA", r"too few rows: carrier=HA has \d+ of at least 500 \(evaluation\.slice_min_rows\)\."),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_slice_that_is_not_there_is_one_line(text: str, said: str) -> None:
    """What is unknown is answered with what was meant, and one without enough rows with how many there are."""
    with pytest.raises(MainlineError, match=f"^--slice: {said}"):
        explain_slice(text)


def test_a_use_case_without_slices_says_so() -> None:
    """What slices() names is what can be asked for."""
    with pytest.raises(MainlineError, match=r"slices\(\) of src/usecase/scoring\.py names none"):
        slices.chosen("a=b", {})


@pytest.mark.usefixtures("here")
def test_the_page_of_a_slice_fits_and_shows_what_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """No line is longer than the page, quality is beside it, and --only shows these features alone."""
    page = explain_slice("origin=EWR", Form(only=("seats", "temp")))
    assert max(map(len, page.splitlines())) <= 100
    assert re.search(r"rmse [\d.]+ there, [\d.]+ on all test rows", page)
    assert {line.split()[0] for line in page.splitlines() if line.startswith("  ") and line.split()[0].isalpha()} >= {
        "seats", "temp"
    }  # fmt: skip
    assert "  visib" not in page
    capsys.readouterr()
    alone = explain_slice("origin=EWR", Form(sentence=True))
    assert alone in " ".join(explain_slice("origin=EWR").split())
    assert "\n" not in alone


@pytest.mark.usefixtures("here")
def test_the_quality_of_a_slice_is_weighted_as_the_metrics_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the rows of a slice count, the metric is the same there and on all test rows."""
    monkeypatch.setattr(scoring, "weight", lambda _label, columns: columns["origin"] == "EWR", raising=False)
    found = re.search(r"rmse ([\d.]+) there, ([\d.]+) on all test rows", explain_slice("origin=EWR"))
    assert found
    assert found[1] == found[2]


@pytest.mark.usefixtures("here")
def test_an_unknown_feature_is_named_with_the_nearest() -> None:
    """A feature that there is not is one line, for a slice as for a model."""
    with pytest.raises(MainlineError, match=r"^--only: there is no feature 'temb'; did you mean 'temp'\?"):
        explain_slice("origin=EWR", Form(only=("temb",)))
    with pytest.raises(MainlineError, match=r"'temb' is not among them; did you mean 'temp'\?"):
        valuation.explain_model(["temb"])


def test_days_that_are_alike_widen_the_error() -> None:
    """Rows of one day that are all alike tell as much as one row; one day alone tells nothing."""
    values, days = np.repeat([1.0, 3.0, 5.0, 7.0], 10), np.repeat(np.arange(4), 10)
    assert slices._error(values, days) == pytest.approx(np.std([1, 3, 5, 7], ddof=1) / 2)
    assert slices._error(values, np.zeros(40)) == np.inf


def test_a_difference_counts_beyond_chance_alone() -> None:
    """What is within so many standard errors, or has none, is neither more nor less."""
    one = Reliance("a", 3.0, 1.0, 0.5, 0.0, 0.0)
    assert [one.side(3), one.side(5), replace(one, here=-1.0).side(3)] == ["more", "", "less"]
    assert replace(one, error=float("inf")).side(3) == ""
