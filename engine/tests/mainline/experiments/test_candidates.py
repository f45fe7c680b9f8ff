"""A search across families: turns, what is hopeless, what the time is too short for, and how families compare."""

import multiprocessing
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mainline.data.dataset import Prepared
from mainline.declared.params import Params
from mainline.declared.tune import EarlyStopping
from mainline.errors import ParamsError
from mainline.experiments import candidates, deadline, search, tournament, trial_code, tuning, variant
from mainline.experiments.trials import Trial
from tests.mainline.experiments.planted_use_case import HGB, MONTHS, declare, draw, write

pytestmark = pytest.mark.usefixtures("use_case")

RIDGE = {"model": {"type": "sklearn.linear_model.Ridge", "params": {}}, "space": {"alpha": [0.1, 1.0, 10.0]}}
CODED = RIDGE | {"preprocessing": {"numeric": "auto", "categorical": "one-hot"}}
FLAT = {"model": {"type": HGB, "params": {"max_iter": 2, "learning_rate": 0.001}}}
EARLY = EarlyStopping(share=0.25, margin=0.5)


def families(trials: int = 6, **section: Any) -> Params:
    """Return the parameters with a search among Ridge, Ridge on columns of its own, and a model that learns nothing."""
    given = {"ridge": RIDGE, "coded": CODED, "flat": FLAT}
    tune = {"trials": trials, "space": {"learning_rate": [0.05, 0.3]}, "candidates": given, **section}
    return declare().model_copy(update={"tune": tune})


@pytest.fixture
def rows() -> tuple[Prepared, Prepared]:
    """Rows to fit on and to judge by."""
    return draw(), draw(seed=6, start=20)


def run(params: Params, rows: tuple[Prepared, Prepared], table: Path, **options: Any) -> list[Trial]:
    """Run a search to its end."""
    planned = candidates.plan(params, candidates.load(params))
    return list(search.run(params, planned, "k", rows, 0.95, table, **options))


def test_candidates_take_turns() -> None:
    """After what is declared, each candidate is tried as it is given before any is tried with another value."""
    params = families(trials=9)
    planned = candidates.plan(params, candidates.load(params))
    assert [one.candidate for one in planned] == [
        "declared", "declared", "ridge", "coded", "flat", "declared", "ridge", "coded", "ridge",
    ]  # fmt: skip
    assert next(one.tried["alpha"] for one in planned if one.candidate == "ridge") == 1.0
    assert planned[3].params.model.type == "sklearn.linear_model.Ridge"
    assert [one.params.preprocessing.categorical for one in planned[2:4]] == ["ordinal", "one-hot"]


def test_more_trials_add_to_those_before() -> None:
    """A larger number of trials begins with the same trials."""
    planned = [candidates.plan(params, candidates.load(params)) for params in (families(5), families(9))]
    few, many = ([(one.candidate, one.tried, one.params.model) for one in trials] for trials in planned)
    assert many[:5] == few


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"trials": 3}, r"tune\.trials: is 3, with 3 candidates beside the declared model; declare 4 or more"),
        ({"space": None, "candidates": {}}, r"tune\.space: is None"),
        ({"candidates": {"declared": RIDGE}}, r"tune\.candidates\.declared: is the name of the declared model"),
        (
            {"candidates": {"r": {"model": {"type": "sklearn.linear_model.Rige", "params": {}}}}},
            r"tune\.candidates\.r\.model\.type: sklearn\.linear_model has no estimator 'Rige'; did you mean 'Ridge'",
        ),
        (
            {"candidates": {"r": {"model": {"type": "sklearn.linear_model.Ridge", "params": {"alpha": "x"}}}}},
            r"tune\.candidates\.r\.model\.params\.alpha: The 'alpha' parameter of Ridge must be",
        ),
        (
            {"candidates": {"r": {"model": {"type": "sklearn.linear_model.LogisticRegression", "params": {}}}}},
            r"tune\.candidates\.r\.model\.type: sklearn.linear_model.LogisticRegression is not a regression estimator",
        ),
        (
            {"candidates": {"r": RIDGE | {"space": {"alfa": [1.0]}}}},
            r"tune\.candidates\.r\.space\.alfa: is not a parameter of .*Ridge; correct its name; did you mean 'alpha'",
        ),
        (
            {"candidates": {"r": RIDGE | {"space": {"alpha": ["x"]}}}},
            r"tune\.candidates\.r\.space\.alpha: holds 'x'; its library says",
        ),
        ({"candidates": {"r": {"space": {"alpha": [1.0]}}}}, r"tune\.candidates\.r\.model: is missing"),
        ({"candidates": {"r": RIDGE | {"spce": {}}}}, r"tune\.candidates\.r\.spce: is not a known key; did you mean"),
        ({"minutes": 0}, r"tune\.minutes: is 0"),
        ({"early_stopping": {"share": 1.0}}, r"tune\.early_stopping\.share: is 1\.0"),
    ],
)  # fmt: skip
def test_wrong_candidates_are_refused(section: dict[str, Any], said: str) -> None:
    """What cannot be searched is refused before anything is fitted, by its place."""
    with pytest.raises(ParamsError, match=rf"^params.yaml: {said}") as raised:
        candidates.load(families(**section))
    assert "\n" not in str(raised.value)


def test_a_search_needs_something_to_try() -> None:
    """Without values and candidates there is no search."""
    with pytest.raises(ParamsError, match=r"tune\.space: is missing; declare values to try, or candidates"):
        candidates.load(declare().model_copy(update={"tune": {"trials": 3}}))


def test_the_search_of_one_family_writes_its_table_as_ever(tmp_path: Path, rows: tuple[Prepared, Prepared]) -> None:
    """Columns of candidates and of shares are for searches that have them."""
    run(declare(), rows, tmp_path / "one.csv")
    head = (tmp_path / "one.csv").read_text().splitlines()[0]
    assert head == "model,trial,learning_rate,max_leaf_nodes,metric,difference,low,high,seconds,search"
    run(families(), rows, tmp_path / "several.csv", early=EARLY)
    head = (tmp_path / "several.csv").read_text().splitlines()[0]
    assert head == "model,trial,candidate,learning_rate,alpha,metric,difference,low,high,seconds,share,search"


def test_what_is_hopeless_ends_on_few_rows(
    tmp_path: Path, rows: tuple[Prepared, Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model that learns nothing sees a quarter of the rows alone; every other trial is judged as without."""
    fitted: list[tuple[str, int]] = []
    fit = variant.fit

    def note(params: Params, fitted_on: Prepared) -> Any:
        fitted.append((str(params.model.params.get("max_iter")), len(fitted_on)))
        return fit(params, fitted_on)

    monkeypatch.setattr(variant, "fit", note)
    found = run(families(), rows, tmp_path / "t.csv", early=EARLY)
    assert [trial.number for trial in found if trial.stopped] == [4]
    assert [rows for iterations, rows in fitted if iterations == "2"] == [len(rows[0]) // 4]
    whole = run(families(), rows, tmp_path / "w.csv")
    same = [(one.metric, one.difference, one.low, one.high) for one in found if not one.stopped]
    assert same == [(one.metric, one.difference, one.low, one.high) for one in whole if one.number != 4]
    assert 4 not in {trial.number for trial in search.ranked(found, variant.primary(families()))}


def test_a_stopped_trial_is_read_again(tmp_path: Path, rows: tuple[Prepared, Prepared]) -> None:
    """A finished search with stopped trials is read from its table, and nothing is fitted."""
    found = run(families(), rows, tmp_path / "t.csv", early=EARLY)
    assert run(families(), rows, tmp_path / "t.csv", early=EARLY) == found


def test_a_trial_that_is_worse_by_less_than_the_margin_goes_on(tmp_path: Path, rows: tuple[Prepared, Prepared]) -> None:
    """What is hopeless is declared: with a margin that nothing passes, nothing is stopped."""
    found = run(families(), rows, tmp_path / "t.csv", early=EarlyStopping(share=0.25, margin=100.0))
    assert not [trial for trial in found if trial.stopped]


def test_key_follows_candidates_and_not_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other candidates, and another rule of what is hopeless, are another search; another limit of time is the same."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trial_code, "files", lambda _: [])
    write(tmp_path, MONTHS[:5])

    def key(params: Params) -> str:
        return search.key(params, candidates.load(params))

    first = key(families())
    assert key(families(minutes=5)) == first
    others = {key(families(candidates={"ridge": RIDGE})), key(families(early_stopping={"share": 0.5})), key(declare())}
    assert len({first, *others}) == 4


def test_families_are_compared_by_the_best_of_each(
    tmp_path: Path, rows: tuple[Prepared, Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The truth is a line: the report puts Ridge first, counts the stopped, and widens each interval for all trials."""
    monkeypatch.setenv("COLUMNS", "100")
    params = families(trials=9)
    planned = candidates.plan(params, candidates.load(params))
    found = run(params, rows, tmp_path / "t.csv", early=EARLY)
    said = tournament.conclusion(variant.primary(params), found, planned, 20, 0.95)
    text = "\n".join(said)
    assert "its interval is widened for 8 trials" in text
    lines = text.partition("its interval is widened")[2].splitlines()
    order = [line.split()[0] for line in lines if line.split()[:1] and line.split()[0] in ("coded", "ridge", "flat")]
    assert order[0] == "coded"
    assert order[-1] == "flat"
    best = search.ranked(found, variant.primary(params))[0]
    wide = search.widen(best, 8, 20, 0.95)
    assert f"{100 * wide.low:+.2f} to {wide.high:+.2%}".replace("%", " %") in text
    assert wide.high - wide.low > 1.2 * (best.high - best.low)
    assert max(map(len, text.splitlines())) <= 100


def test_stopped_trials_had_their_chance(tmp_path: Path, rows: tuple[Prepared, Prepared]) -> None:
    """A trial that was given up counts among those that the best was picked from."""
    params = families(trials=6)
    planned = candidates.plan(params, candidates.load(params))
    found = run(params, rows, tmp_path / "t.csv", early=EARLY)
    assert any(trial.stopped for trial in found)
    assert "picked from 5," in "\n".join(tournament.conclusion(variant.primary(params), found, planned, 20, 0.95))


def _forever(number: int) -> int:
    if number == 2:
        threading.Event().wait()
    return number


def test_a_trial_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time is over, what is finished was handed on, and no process is left."""
    clock = count()
    monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: 1000 * next(clock)))
    assert list(deadline.run(_forever, [1, 2, 3], 1, 1000)) == [1]
    assert not multiprocessing.active_children()


def test_trials_within_a_time_find_the_same(tmp_path: Path, rows: tuple[Prepared, Prepared]) -> None:
    """In processes that can be ended the results are those of this one."""

    def within(attempt: Callable[[int], Trial], numbers: Any) -> Any:
        return deadline.run(attempt, numbers, 2, 1e9)

    params = families()
    found = sorted(run(params, rows, tmp_path / "t.csv", compute=within), key=lambda trial: trial.number)
    again = run(params, rows, tmp_path / "o.csv")
    assert [(one.number, one.metric, one.low) for one in found] == [(one.number, one.metric, one.low) for one in again]


@pytest.mark.parametrize(("minutes", "named"), [(1, "1 minute"), (0.5, "0.5 minutes"), (10, "10 minutes")])
def test_what_a_time_does_not_suffice_for_is_counted(minutes: float, named: str) -> None:
    """The trials that are left are said, with the time that was declared; nothing is said if none is left."""
    params = families(trials=6, minutes=minutes)
    planned, wanted = candidates.plan(params, candidates.load(params)), candidates.load(params)
    assert (
        tuning._over([], planned, wanted)[0] == f"{named} did not suffice for 6 of 6 trials; the same command goes on."
    )
    assert tuning._over(planned, planned, wanted) == []  # type: ignore[arg-type]
